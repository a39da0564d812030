"""The folder of a model of one's own: its card in words, and what was measured on one's own images."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tomli_w
from numpy.typing import NDArray

from medai_core.cards import Applicability, Approach, Card, Comparison, Measured, Provenance, read_card
from medai_core.cards.parsing import read_toml
from medai_core.errors import ModelError
from medai_core.evaluation import Answer, Predictions, Rule, Unread, predict, with_and_without_refusals
from medai_core.evaluation.parts import TEST, TRAIN, VALIDATION, OwnImages
from medai_core.imaging.applicability import template_correlation
from medai_core.imaging.classification import Networks
from medai_core.metrics import Floats
from medai_core.training import examples, recipes, reporting
from medai_core.training.calibration import mean_picture
from medai_core.training.export import with_embedding, write_network
from medai_core.training.fitting import predict as outputs_of
from medai_core.training.samples import inputs

DIMENSIONS = 16
"""Of the embedding, as the shipped models have them; fewer where there are fewer images to whiten it with."""
LEAST_SPREAD = 1e-2
"""Of a direction, as a share of the widest: along a narrower one, whitening would blow up what is but noise."""
FEWEST_FOR_TEMPLATE = 200
PARITY = 1e-3
"""How far the exported network's logits may lie from the trained one's."""
CALLS = 25
"""Of the network, whose median is its speed."""


class Served(Protocol):
    """The models as they are served, the new one among them; training itself does not know them."""

    def answer(self, card: Card) -> Answer:
        """What a card's model answers to the bytes of a file."""

    def networks(self, card: Card) -> Networks:
        """A card's networks by file name."""


Serve = Callable[[Path], Served]
"""From the folder of the new model to the models with it among them."""


@dataclass(frozen=True)
class Measuring:
    """What a new model is measured with.

    Attributes
    ----------
    folder : the model's. own : the images. provenance : how its weights came about.
    """

    folder: Path
    own: OwnImages
    provenance: Provenance
    seed: int


def write_card(table: Mapping[str, Any], folder: Path) -> Card:
    """The card of a new model from its table, checked as it is read back."""
    (folder / "card.toml").write_text(tomli_w.dumps(dict(table), multiline_strings=False), encoding="utf-8")
    return read_card(folder)


def card_table(folder: Path) -> dict[str, Any]:
    """The card in a folder as its table."""
    return read_toml(folder / "card.toml")


def export(network: keras.Model, own: OwnImages, fitted: int, folder: Path) -> None:
    """Write the network with an embedding whitened by the images of the part ``fitted``, and check what serves.

    Raises
    ------
    ModelError : the exported network does not answer as the trained one.
    """
    pixels = own.pixels[own.rows(fitted)]
    features = np.asarray(outputs_of(network, inputs(pixels))["features"], np.float64)
    embedded = with_embedding(network, features, _dimensions(features))
    whole = keras.Model(embedded.inputs[0], embedded.output)  # an image, and not a list of one
    write_network(whole, folder)
    check_parity(whole, inputs(pixels[:8]), folder)


def _dimensions(features: Floats) -> int:
    """How many coordinates the embedding has: directions in which the images do differ, one of them left over."""
    spread = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
    return max(1, min(DIMENSIONS, len(features) // 4, int((spread > LEAST_SPREAD * spread[0]).sum()) - 1))


def check_parity(network: keras.Model, images: NDArray[np.float32], folder: Path) -> None:
    """See that LiteRT answers as Keras does.

    Raises
    ------
    ModelError : it does not.
    """
    from medai_core.runtime import Network

    served, wanted = Network(folder / "model.tflite"), outputs_of(network, images)["logits"]
    found = np.concatenate([served(image=image[None])["logits"] for image in images])
    if not np.allclose(found, wanted, rtol=PARITY, atol=PARITY):
        raise ModelError("train.parity", difference=float(np.abs(found - wanted).max()))


def milliseconds(folder: Path, image: NDArray[np.float32]) -> float:
    """The median time that the exported network takes for one image, (rows, columns, channels)."""
    from medai_core.runtime import Network

    served, taken = Network(folder / "model.tflite"), []
    for _ in range(CALLS):
        start = time.perf_counter()
        served(image=image[None])
        taken.append(time.perf_counter() - start)
    return round(1000 * float(np.median(taken[1:])), 3)


def calibrate(card: Card, given: Measuring, approaches: tuple[Approach, ...], template: Any = ()) -> Measured:
    """What is known before the test part is touched, from the validation part; written beside the weights."""
    own, rows = given.own, given.own.rows(VALIDATION)
    network = keras.saving.load_model(given.folder / "model.keras", compile=False, safe_mode=True)
    seen = outputs_of(network, inputs(own.pixels[rows]))
    distances = np.linalg.norm(seen["embedding"], axis=1)
    limits = _limits(own, distances, template)
    known = (own.label[rows], seen["logits"], limits, approaches, given.provenance)
    measured = reporting.draft(card, *known, cautious=True)
    speed = milliseconds(given.folder, inputs(own.pixels[rows[:1]])[0])
    return recipes.write_hashes(replace(measured, milliseconds=speed), given.folder)


def _limits(own: OwnImages, distances: NDArray[np.floating], template: Any) -> Applicability:
    """The limits of applicability.

    Parameters
    ----------
    template : the parent's mean picture, where it has one: a model of images that are all the same way up. It is
        replaced by the mean of one's own training images where those are enough to show no one.
    """
    training = own.pixels[own.rows(TRAIN)]
    if template and training.ndim == 3 and len(training) >= FEWEST_FOR_TEMPLATE:
        template = mean_picture(training)
    mean, held = np.array(template), own.pixels[own.rows(VALIDATION)]
    likeness = [template_correlation(pixels, mean) if len(mean) else 1.0 for pixels in held]
    kinds = own.kind[own.rows(VALIDATION)]
    return reporting.limits_from(np.asarray(distances, np.float64), np.array(likeness), kinds, template)


def measure(card: Card, given: Measuring, answer: Answer) -> Predictions:
    """Write the measures on the held-out part beside the weights; the predictions that they are from."""
    assert card.measured is not None
    rule = rule_of(card)
    names = tuple(finding.name for finding in card.findings)
    made, unread = predict(given.own.of(TEST), names, answer)
    refuse_unread(unread)
    found = with_and_without_refusals(made, rule, data="test", seed=given.seed)
    recipes.write_hashes(reporting.tested(card.measured, found, made, None, "own"), given.folder)
    return made


def refuse_unread(unread: tuple[Unread, ...]) -> None:
    """Refuse to compare where a file could not be read: two models must be judged by the same images.

    Raises
    ------
    ModelError : there is one.
    """
    if unread:
        raise ModelError("train.unread", count=len(unread), detail=unread[0].reason)


def rule_of(card: Card) -> Rule:
    """How the card's probabilities become decisions."""
    assert card.measured is not None
    return Rule(card.measured.thresholds, card.measured.sets().quantiles)


def add_comparison(folder: Path, found: tuple[Comparison, ...]) -> None:
    """Write what was gained and lost into what was measured."""
    measured = read_card(folder).measured
    assert measured is not None
    recipes.write_measured(replace(measured, comparison=(*measured.comparison, *found)), folder)


def borrow_examples(source: Path, card: Card, answer: Answer, folder: Path) -> None:
    """The parent's SYNTHETIC examples, and what the new model must return for them.

    Nothing is drawn from one's own images: the examples of the parent show no one either way.
    """
    for path in sorted(source.glob("example*.png")):
        shutil.copyfile(path, folder / path.name)
    if any(folder.glob("example*.png")):
        examples.write_expected(card, answer, folder)
