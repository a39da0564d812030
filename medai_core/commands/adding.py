"""``add-model``: a network from elsewhere with a card becomes a model's folder; what cannot be checked is said."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from medai_core.cards import KINDS, Card, parse, read_card
from medai_core.cards.parsing import read_toml
from medai_core.catalog import Catalog
from medai_core.commands.making import making
from medai_core.commands.own_models import STOPPED, check_name, read_own_images, say_worth, silence
from medai_core.commands.progress import Progress
from medai_core.errors import Message, ModelError

SIDES = (8, 1024)
"""Rows and columns of an input, at least and at most."""
MOST_CARD_BYTES = 2**20


def add_model(options: argparse.Namespace, models: Catalog) -> int:
    """Make the folder; 0 when it is there, ``STOPPED`` when somebody stopped it."""
    try:
        return _add(options, models)
    except KeyboardInterrupt:
        print(Message("train.stopped").text)
        return STOPPED


def _add(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands.training import served_beside
    from medai_core.training.keras_files import check_file

    folder, progress = options.out or models.folder, Progress(None)
    name = options.name or _usual_name(options.card)
    again = _unmeasured(name, folder)
    if not again:
        check_name(name, folder, models)
    known = Catalog(models.folder, tuple(card for card in models.cards if card.name != name))
    table, card = card_to_add(options.card, name)
    check_file(options.weights)
    with making(folder, name, replace=again) as made:
        made.mkdir()
        own = None
        if options.manifest:
            own = read_own_images(options.manifest, card, known, options.seed, progress, learns=False)
        silence()
        from medai_core.training.adding import Newcomer, add

        command = "python -m medai_core add-model CARD.toml WEIGHTS.keras" + (
            f" --manifest MANIFEST.csv --name {name} --seed {options.seed}" if own else f" --name {name}"
        )
        new = Newcomer(table, options.weights, made, command, options.seed)
        add(new, own, partial(served_beside, known), progress)
        _say(read_card(made), known)
    return 0


def _say(card: Card, models: Catalog) -> None:
    if card.measured is None:
        for sentence in card.unchecked:
            print(sentence)
        print(Message("add.unmeasured", {"name": card.name}).text)
    else:
        say_worth(card, models)
        print(Message("add.done", {"name": card.name}).text)


def _usual_name(card: Path) -> str:
    return card.absolute().parent.name if card.stem == "card" else card.stem


def _unmeasured(name: str, folder: Path) -> bool:
    """Whether a model of this name was added without being measured; it is replaced when it is added again."""
    at = folder / Path(name).name
    if not (at / "card.toml").is_file():
        return False
    card = read_card(at)
    return card.added and not card.trained


def card_to_add(path: Path, name: str) -> tuple[dict[str, Any], Card]:
    """The card, and its table, that somebody wrote for a network, checked; ``added`` is set, and no parent is believed.

    Raises
    ------
    CardError : it is no card. ModelError : it is of a model that cannot be added.
    """
    try:
        if path.stat().st_size > MOST_CARD_BYTES:
            raise ModelError("add.too_large", file=path.name, limit_mb=1)
    except OSError as error:
        raise ModelError("add.card", file=path.name, detail=error.strerror or type(error).__name__) from error
    table = read_toml(path)
    for own in ("parent", "unchecked", "outcome", "recommended"):
        table.pop(own, None)
    table |= {"added": True}
    card = parse(Card, table | {"name": name}, path.name)
    check_card(card)
    return table, card


def check_card(card: Card) -> None:
    """See that a card is of a classifier that reads one image alone.

    Raises
    ------
    ModelError : it is not.
    """
    spec, names = card.input, [finding.name for finding in card.findings]
    if card.task != "classification" or spec.region or spec.unit or card.predictors or card.outline:
        raise ModelError("add.task", task=card.task)
    if not spec.kinds or not set(spec.kinds) <= set(KINDS) - {"other"}:
        raise ModelError("add.kinds", found=", ".join(spec.kinds) or "-", known=", ".join(KINDS[:-1]))
    low, high = SIDES
    if len(spec.size) != 2 or not all(low <= side <= high for side in spec.size) or spec.channels not in (1, 3):
        size = " x ".join(map(str, spec.size)) or "-"
        raise ModelError("add.size", size=size, channels=spec.channels, least=low, most=high)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ModelError("add.findings", count=len(names))
