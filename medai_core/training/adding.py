"""A model from elsewhere as a folder: exported, checked, timed, and measured where images are given."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from medai_core.cards import Card, Provenance
from medai_core.errors import Message
from medai_core.evaluation.parts import VALIDATION, OwnImages
from medai_core.training import own_card, recipes
from medai_core.training.export import write_network
from medai_core.training.foreign_networks import Foreign, read_foreign
from medai_core.training.own_card import Measuring, Serve
from medai_core.training.tuning import Tell

ALWAYS = ("add.unchecked_words", "add.unchecked_training", "add.unchecked_foreign")
UNMEASURED = ("add.unchecked_performance", "add.unchecked_range", "add.unchecked_order", "add.unchecked_limits")


@dataclass(frozen=True)
class Newcomer:
    """What is to be added.

    Attributes
    ----------
    table : its card. weights : the file. folder : of the new model, which is there and empty.
    command : as it will stand in the card; it must name no place and nobody.
    """

    table: dict[str, Any]
    weights: Path
    folder: Path
    command: str
    seed: int
    started: float = field(default_factory=time.monotonic)


def add(new: Newcomer, own: OwnImages | None, serve: Serve, tell: Tell) -> None:
    """Make the new model's folder; without images of one's own it has weights and no measures, and cannot be asked.

    Raises
    ------
    ModelError : the file does not fit its card, or does not answer alike where it would serve.
    """
    found = read_foreign(new.weights, own_card.write_card(new.table, new.folder))
    unchecked = (*ALWAYS, *found.lacks, *(() if own else UNMEASURED))
    said = [Message(id).text for id in unchecked]
    card = own_card.write_card(new.table | {"unchecked": said}, new.folder)
    tell("export")
    if own is None:
        _unmeasured(found, card, new.folder, tell)
        return
    own_card.export(found.network, own, VALIDATION, new.folder)
    given = Measuring(new.folder, own, _provenance(new, own, card), new.seed)
    measured = own_card.calibrate(card, given, ())
    tell("speed", milliseconds=measured.milliseconds or 0.0)
    tell("measure")
    answering = replace(card, measured=measured)
    own_card.measure(answering, given, serve(new.folder).answer(answering))


def _unmeasured(found: Foreign, card: Card, folder: Path, tell: Tell) -> None:
    """The weights alone: a card without measures is not asked, and these are replaced when it is measured."""
    write_network(found.network, folder)
    shape = (own_card.CALLS, *card.input.size, card.input.channels)
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    own_card.check_parity(found.network, images[:8], folder)
    tell("speed", milliseconds=own_card.milliseconds(folder, images[0]))


def _provenance(new: Newcomer, own: OwnImages, card: Card) -> Provenance:
    counted = own.counted([finding.name for finding in card.findings])
    now, seconds = datetime.now(UTC).date().isoformat(), round(time.monotonic() - new.started)
    return Provenance(recipes.commit(), new.command, new.seed, now, seconds, f"measured on: {counted}")
