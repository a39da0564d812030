"""A shipped classifier fitted further on one's own images: a new folder that states its parent and what changed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from medai_core.cards import Approach, Card, Cohort, Parent, Provenance, read_card
from medai_core.errors import ModelError
from medai_core.evaluation import Answer, Predictions, predict
from medai_core.evaluation.gains import compare
from medai_core.evaluation.parts import TEST, TRAIN, OwnImages
from medai_core.training import own_card, recipes
from medai_core.training.own_card import Measuring, Serve
from medai_core.training.tuning import Tell, Tuning, tune

TRAINABLE = "model.keras"
STAGES = {
    "before": "the parent's weights as they are",
    "head": "the last layers fitted further",
    "all": "then all layers",
}


@dataclass(frozen=True)
class Order:
    """What is to be made of what.

    Attributes
    ----------
    parent : its card; source : its folder. folder : of the new model, called by its name; not there yet.
    original : images that the parent was tested on, as a manifest's rows; None where they are not here.
    command : as it will stand in the card; it must name no place and nobody.
    """

    parent: Card
    source: Path
    folder: Path
    command: str
    how: Tuning = Tuning()
    original: pd.DataFrame | None = None
    draws: int = 1000
    started: float = field(default_factory=time.monotonic)


def fine_tune(order: Order, own: OwnImages, serve: Serve, tell: Tell) -> None:
    """Make the new model's folder: card, weights, what was measured, and the comparison with its parent.

    Raises
    ------
    ModelError : the parent's weights are absent or altered, or the new ones do not answer alike where they serve.
    """
    network = fittable(order)
    least = tune(network, own, order.how, tell)
    tell("export")
    order.folder.mkdir(parents=True)
    own_card.export(network, own, TRAIN, order.folder)
    card = own_card.write_card(_table(order, own), order.folder)
    given = Measuring(order.folder, own, _provenance(order, own), order.how.seed)
    assert order.parent.measured is not None
    own_card.calibrate(card, given, _approaches(least), order.parent.measured.applicability.template)
    tell("measure")
    _measure(order, given, serve, tell)


def fittable(order: Order) -> keras.Model:
    """The parent's network with the outputs that a fit needs: ``logits``, ``evidence`` and ``features``.

    Raises
    ------
    ModelError : its file is absent, or is not the one that its card was measured on.
    """
    path, measured = order.source / TRAINABLE, order.parent.measured
    if measured is None or not path.exists():
        raise ModelError("model.no_weights", name=order.parent.name, file=TRAINABLE)
    if hashlib.sha256(path.read_bytes()).hexdigest() != measured.sha256.get(TRAINABLE):
        raise ModelError("model.changed", name=order.parent.name, file=TRAINABLE)
    network = keras.saving.load_model(path, compile=False, safe_mode=True)
    outputs = {name: value for name, value in network.output.items() if name != "embedding"}
    return keras.Model(network.inputs[0], outputs | {"features": network.get_layer("white").input})


def _approaches(least: dict[str, float]) -> tuple[Approach, ...]:
    """The losses on the validation part of what was tried; the least one serves."""
    best = min(least, key=lambda name: least[name])
    note = "on one's own validation part, less is better"
    return tuple(Approach(STAGES[name], "log_loss", loss, name == best, note) for name, loss in least.items())


def _provenance(order: Order, own: OwnImages) -> Provenance:
    names = [finding.name for finding in order.parent.findings]
    now, seconds = datetime.now(UTC).date().isoformat(), round(time.monotonic() - order.started)
    return Provenance(recipes.commit(), order.command, order.how.seed, now, seconds, f"own: {own.counted(names)}")


def _table(order: Order, own: OwnImages) -> dict[str, Any]:
    """The new model's card: the parent's words, and what sets it apart."""
    parent, table = order.parent, own_card.card_table(order.source)
    assert parent.measured is not None
    names = [finding.name for finding in parent.findings]
    original = parent.parent.original if parent.parent else parent.name
    made_from = Parent(parent.name, parent.version, parent.measured.sha256[TRAINABLE], original)
    own_cohort = Cohort("Own data", "one's own manifest, not published", "", "not stated", "not stated")
    table |= {
        "title": f"{parent.title} (fine-tuned)",
        "version": "1.0.0",
        "limits": [*parent.limits, _limit(parent, own)],
        "cohorts": [*table.get("cohorts", []), asdict(own_cohort) | {"note": own.counted(names)}],
        "parent": asdict(made_from),
    }
    chinese = table.get("translations", {}).get("zh_CN")
    if chinese:
        chinese["title"] += "（微调）"
        chinese["limits"] = [*chinese["limits"], _limit_in_chinese(parent, own)]
    table.pop("added", None)
    return table


def _limit(parent: Card, own: OwnImages) -> str:
    return (
        f"Fine-tuned from {parent.name} {parent.version} on {len(own.rows(TRAIN))} images of one's own; its measures "
        "are of that data alone, and on images of other places it may have lost what its parent knew."
    )


def _limit_in_chinese(parent: Card, own: OwnImages) -> str:
    return (
        f"由 {parent.name} {parent.version} 在本机构的{len(own.rows(TRAIN))}幅图像上微调而成；"
        "各项指标只来自这些数据，对其他机构的图像可能丢失原模型已有的能力。"
    )


def _measure(order: Order, given: Measuring, serve: Serve, tell: Tell) -> None:
    """The new model on the held-out part, and both models there and, where they are here, on the original images."""
    served, card = serve(order.folder), read_card(order.folder)
    answer, before = served.answer(card), served.answer(order.parent)
    made = own_card.measure(card, given, answer)
    tell("compare")
    _compare(order, card, "own", (_answers(order, before, given.own.of(TEST)), made))
    if order.original is not None:
        tell("original")
        both = (_answers(order, before, order.original), _answers(order, answer, order.original))
        _compare(order, card, "original", both)
    own_card.borrow_examples(order.source, card, answer, order.folder)


def _answers(order: Order, answer: Answer, table: pd.DataFrame) -> Predictions:
    made, unread = predict(table, [finding.name for finding in order.parent.findings], answer)
    own_card.refuse_unread(unread)
    return made


def _compare(order: Order, card: Card, data: str, made: tuple[Predictions, Predictions]) -> None:
    rules = (own_card.rule_of(order.parent), own_card.rule_of(card))
    found = compare(*made, rules, data=data, seed=order.how.seed, draws=order.draws)
    own_card.add_comparison(order.folder, found)
