"""The folder that is followed live: one ward of it for each model, for the whole program."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st

from medai_core.cards import Card
from medai_core.prognosis.monitoring import Feed, MonitorModel, Polled, Ward
from ui.cached import models

EVERY_S = 5


class Live:
    """A feed that is looked at once for all who watch it.

    Attributes
    ----------
    polled : what the last look brought; None before the first. at : when that was.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.polled: Polled | None = None
        self.at: datetime | None = None
        self._lock = threading.Lock()

    @property
    def ward(self) -> Ward:
        """The stays that are followed."""
        return self.feed.ward

    def look(self) -> None:
        """Take what is new, unless somebody else just did, or does.

        Raises
        ------
        ManifestError : the folder is gone.
        """
        if not self._lock.acquire(blocking=self.at is None):
            return
        try:
            now = datetime.now(UTC)
            if self.at is None or now - self.at > timedelta(seconds=0.8 * EVERY_S):
                self.polled, self.at = self.feed.poll(now), now
        finally:
            self._lock.release()


def followed(card: Card, folder: Path) -> Live:
    """The ward that a model follows in a folder.

    Raises
    ------
    MedAIError : there is no such folder, or the model is absent or altered; asked again, it is tried again.
    """
    model = models().monitor_model(card)
    return _followed(str(folder), (card.name, *sorted(model.measured.sha256.values())), model)


@st.cache_resource(show_spinner=False)
def _followed(folder: str, named: tuple[str, ...], _model: MonitorModel) -> Live:
    return Live(Feed(Path(folder), Ward(_model)))
