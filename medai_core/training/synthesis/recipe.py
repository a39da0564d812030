"""The recipe of a generator: learn, compare on held-out images, guard, measure on the test split, export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from medai_core.cards import Applicability, Approach, Calibration, Card, Guard, Measured, read_card
from medai_core.imaging.synthesis import as_png, load_model, synthesize
from medai_core.runtime import Network
from medai_core.training import recipes, reporting
from medai_core.training.recipes import Pixels, say
from medai_core.training.synthesis import serving
from medai_core.training.synthesis.images import draw_parts, read_parts, scaled
from medai_core.training.synthesis.learning import Known, Stage, Taught, learn, spent
from medai_core.training.synthesis.networks import discriminator, generator
from medai_core.training.synthesis.report import performance
from medai_core.training.synthesis.study import JUDGED, Served, Study, draws, judge_of
from medai_core.training.synthesis.ways import compared

SMOKE = (Stage(32, 2, 8),)
SIZES = (32, 64, 128)


@dataclass(frozen=True)
class Recipe:
    """What sets one generator's training apart.

    Attributes
    ----------
    folder : the model's. stages : of the game, from small to large.
    draw : makes an image (y, x) of a label number, for a smoke run.
    """

    folder: Path
    stages: tuple[Stage, ...]
    draw: Callable[[int, np.random.Generator], Pixels]


def run(recipe: Recipe, served: Callable[[Path], Served]) -> None:
    """Train the model.

    Parameters
    ----------
    served : the models of a folder of models, as they are served; the card's classifier must be among them.
    """
    given = recipes.options(recipe.folder, measures=True, goes_on=True)
    earlier = recipes.begun_card(given, recipe.folder)
    card = read_card(recipe.folder)
    spec = card.synthesis
    assert spec is not None
    names = [finding.name for finding in card.findings]
    if given.smoke:
        draw_parts(given.data / spec.develop, names, recipe.draw)
    judge = None if given.smoke else judge_of(card, recipe.folder.parent, served)
    training, held_out = read_parts(given.data, card, "train", given.seed)
    study = Study(given, card, judge, training, held_out)
    network, approaches = _made(study, recipe.stages, earlier)
    guard = _exported(study, network)
    measured = recipes.write_hashes(_draft(study, approaches, guard, earlier), given.out)
    if given.smoke:
        say("smoke run: learnt, exported and guarded")
        return
    test = read_parts(given.data, card, "test", given.seed)[0]
    found, confusion = performance(study, network, test)
    log = reporting.logged(earlier, found, "card")
    measured = replace(measured, performance=tuple(found), confusion=confusion, test_evaluations=log)
    measured = recipes.write_hashes(measured, given.out)
    write_examples(replace(card, measured=measured), given.out)


def _made(
    study: Study, stages: tuple[Stage, ...], earlier: Measured | None
) -> tuple[keras.Model, tuple[Approach, ...]]:
    """The generator that serves and how it compares; read from the folder where nothing is to be learnt."""
    given, training = study.given, study.training
    if given.measure:
        assert earlier is not None
        return keras.saving.load_model(given.out / "model.keras", compile=False), earlier.approaches
    taught = Taught(training.pixels, training.labelled.label, study.labels)
    stages, work, known = SMOKE if given.smoke else stages, given.work, None
    if given.further:
        known = known_networks(given.out, study.labels, training.pixels.shape[-1])
        size = known.generator.output.shape[1]
        # Of these weights alone: what was begun from others is not gone on with.
        begun_with = hashlib.sha256((given.out / "model.keras").read_bytes()).hexdigest()
        stages = (replace(stages[-1], size=size, steps=given.further),)
        work = given.work / f"further_{begun_with[:12]}"
    averaged, told = learn(taught, stages, work, given.seed, known)
    serving.write_discriminator(told, given.out)
    return averaged, () if given.smoke else compared(study, taught, averaged)


def known_networks(folder: Path, labels: int, channels: int) -> Known:
    """The networks in the folder.

    Raises
    ------
    ValueError : they are of another design than is taught here.
    """
    network = keras.saving.load_model(folder / "model.keras", compile=False)
    ours = generator(network.output.shape[1], labels, channels)
    if [tuple(w.shape) for w in network.weights] != [tuple(w.shape) for w in ours.weights]:
        raise ValueError(f"{folder.name}/model.keras is of an earlier design; teach it anew, without --further")
    told = discriminator(network.output.shape[1], labels, channels)
    return Known(network, serving.read_discriminator(told, folder))


def _exported(study: Study, network: keras.Model) -> Guard:
    """The serving graph, the generator that can be trained further, and the guard, written into the folder."""
    out, size = study.given.out, network.output.shape[1]
    training, held_out = (
        serving.features_of(scaled(part.labelled.pixels, size), size) for part in (study.training, study.held_out)
    )
    projection = serving.fit_projection(training)
    made, _ = draws(network, study.labels, 16 if study.given.smoke else JUDGED, study.given.seed)
    seen = serving.features_of(scaled(made[..., 0], size), size)
    network.save(out / "model.keras")
    serving.write_serving(network, projection, out)
    return serving.write_guard(projection(training), projection(held_out), projection(seen), out)


def _draft(study: Study, approaches: tuple[Approach, ...], guard: Guard, earlier: Measured | None) -> Measured:
    """What is known before the test."""
    n = [len(part.labelled.label) for part in (study.training, study.held_out)]
    made_by = recipes.provenance(study.given, f"{n[0]} images to learn from, {n[1]} of other groups to compare with")
    if not study.given.further:
        made_by = replace(made_by, seconds=max(made_by.seconds, spent(study.given.work, *SIZES)))
    if study.given.further and earlier is not None:
        made_by = replace(made_by, seconds=made_by.seconds + earlier.provenance.seconds)
    if study.given.measure and earlier is not None:
        made_by = earlier.provenance
    nothing = Calibration(1.0, ())
    return Measured({}, {}, "", nothing, Applicability(0.0), (), (), (), approaches, (), made_by, guard=guard)


EXAMPLES, SEED = 2, 2026
"""Examples of each label, and the seed that they are drawn from."""


def write_examples(card: Card, folder: Path) -> None:
    """The first images of a seed, of each label, and what must come of that seed."""
    model = load_model(card, Network(folder / "model.tflite"), folder / "guard.npz")
    drawn = {}
    for label in model.labels:
        for image in synthesize(model, label, EXAMPLES, SEED).images:
            name = f"example_{label}_{image.number + 1}.png"
            (folder / name).write_bytes(as_png(image))
            drawn[name] = {"label": label, "number": image.number, "nearest": round(image.nearest, 4)}
    expected = {"seed": SEED, "tolerance": 0.02, "grey_tolerance": 2, "examples": drawn}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
