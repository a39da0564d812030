"""A file's stays ranked by their risk, and what is said of those on one page of the list; for its own session only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import streamlit as st

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring import Answers, answer
from medai_core.prognosis.monitoring.watching import all_scores
from medai_core.prognosis.monitoring.watching import course as course_of
from ui.cached.stays import Watched
from ui.language import _

TOGETHER, CELLS_MAX = 512, 100_000
"""Stays that are followed side by side, and the hours of all of them together, so that memory stays flat."""
PAGE = 50
RANKINGS, LISTS = 6, 40
"""Rankings, and pages of them, that are kept of a file."""
LONG = 2000
"""Hours of all stays together from which a bar is shown."""
Tell = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Ranked:
    """The n stays of a file, the highest risk first and those without one last.

    Attributes
    ----------
    asked : the estimator, and the hour that was asked for (0 for the latest of each).
    place : (n,), in the file's ``stays``. hour : (n,), from 1, at whose end the risk is.
    courses : of each, (3, hour): risk, low and high at the hours so far.
    """

    asked: tuple[str, int]
    place: Ints
    hour: Ints
    courses: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, eq=False)
class Line:
    """One stay of the list.

    Attributes
    ----------
    course : (3, hour), as in ``Ranked``. answers, at : what is said of its last hour, and where in them.
    newest_minute : of its newest observation by the end of the hour; nan where there is none.
    """

    stay: str
    hour: int
    course: Floats
    answers: Answers
    at: int
    newest_minute: float


@st.cache_resource(scope="session", max_entries=3, show_spinner=False)
def _rankings(id: str) -> dict[tuple[str, int], Ranked]:
    """The newest ones of a file. A cached function could not show a bar: Streamlit would show it again at each hit."""
    return {}


@st.cache_resource(scope="session", max_entries=3, show_spinner=False)
def _lists(id: str) -> dict[tuple[str, int, int], tuple[Line, ...]]:
    """As ``_rankings``, by what was asked and the number of the page."""
    return {}


def ranked(watched: Watched, estimator: str, hour: int = 0) -> Ranked:
    """The stays by their risk at an hour (from 1), or each at its latest that the model was measured at, where 0."""
    kept, asked = _rankings(watched.id), (estimator, hour)
    if asked not in kept:
        kept[asked] = _ranked(watched, estimator, hour)
        while len(kept) > RANKINGS:
            del kept[next(iter(kept))]
    return kept[asked]


def _ranked(watched: Watched, estimator: str, hour: int) -> Ranked:
    n = len(watched.hours.stays)
    until = np.full(n, hour, dtype=np.int64) if hour else _latest(watched)
    courses: list[Floats] = [np.zeros((3, 0))] * n
    total, done = int(until.sum()), 0
    with _telling(total) as tell:
        for part in _parts(until):
            for place, own in zip(part.tolist(), _courses(watched, part, until[part], estimator), strict=True):
                courses[place] = own
            done += int(until[part].sum())
            tell(done / total)
    risk = np.array([own[0, -1] for own in courses])
    order = np.lexsort((np.arange(n), -np.nan_to_num(risk, nan=-1.0)))
    return Ranked((estimator, hour), order, until[order], tuple(courses[i] for i in order.tolist()))


def _latest(watched: Watched) -> Ints:
    last = watched.spec.last_hour
    return np.minimum(watched.hours.length, last) if last else watched.hours.length


def _parts(until: Ints) -> Iterator[Ints]:
    """Stays of about the same length, a few at a time."""
    order, start = np.argsort(until, kind="stable"), 0
    while start < len(order):
        longest = 2 * int(until[order[start]])
        end = start + int(np.searchsorted(until[order[start:]], longest, side="right"))
        end = min(end, start + max(1, min(TOGETHER, CELLS_MAX // longest)))
        yield order[start:end]
        start = end


def _courses(watched: Watched, part: Ints, until: Ints, estimator: str) -> list[Floats]:
    some, at = watched.hours.chosen(part), range(1, int(until.max()) + 1)
    scores = all_scores(watched.model, some, at, names=(estimator,), until=until)[estimator]
    found = course_of(watched.model, some.stays, at, scores, estimator)
    every = np.stack([found.risk, found.low, found.high], axis=1)
    return [every[i, :, :hour].copy() for i, hour in enumerate(until.tolist())]


@contextmanager
def _telling(hours: int) -> Iterator[Tell]:
    """A bar while so many hours are followed, where that takes a while."""
    place = st.empty()

    def tell(share: float) -> None:
        if hours > LONG:
            place.progress(min(share, 1.0), _("Following the stays…"))

    try:
        yield tell
    finally:
        place.empty()


def lines(watched: Watched, found: Ranked, page: int) -> tuple[Line, ...]:
    """What is said of the stays on a page of the list (from 1), their drivers among it."""
    kept, asked = _lists(watched.id), (*found.asked, page)
    if asked not in kept:
        kept[asked] = _page(watched, found, range((page - 1) * PAGE, min(page * PAGE, len(found))))
        while len(kept) > LISTS:
            del kept[next(iter(kept))]
    return kept[asked]


def _page(watched: Watched, found: Ranked, ranks: range) -> tuple[Line, ...]:
    """Stays at the same hour are answered together."""
    by_hour: dict[int, list[int]] = {}
    for rank in ranks:
        by_hour.setdefault(int(found.hour[rank]), []).append(rank)
    made: dict[int, Line] = {}
    total, done = sum(by_hour), 0
    with _telling(total * PAGE) as tell:
        for hour, own in by_hour.items():
            some = watched.hours.chosen(found.place[own])
            answers = answer(watched.model, some, (hour,), estimator=found.asked[0])
            for at, rank in enumerate(own):
                newest = _newest_minute(watched, some.stays[at], hour)
                made[rank] = Line(some.stays[at], hour, found.courses[rank], answers, at, newest)
            done += hour
            tell(done / total)
    return tuple(made[rank] for rank in ranks)


def _newest_minute(watched: Watched, stay: str, hour: int) -> float:
    """Of a stay's newest observation by the end of an hour; what is fixed does not count."""
    own = watched.rows(stay)
    own = own[(own["minute"] <= 60 * hour) & ~own["parameter"].isin(watched.spec.fixed)]
    return float(own["minute"].max()) if len(own) else float("nan")
