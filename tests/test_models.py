"""Every model folder keeps what its card promises."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Picture
from threadpoolctl import threadpool_limits

from medai_core.cards import Card
from medai_core.catalog import find_models, sha256
from medai_core.evaluation import decide
from medai_core.imaging.applicability import recognise
from medai_core.imaging.classification import Map, classify, crop_box
from medai_core.imaging.saliency import evidence_over_image
from medai_core.imaging.segmentation import segment
from medai_core.metrics import softmax
from medai_core.prognosis.assessment import assess, typical
from medai_core.prognosis.monitoring import ENSEMBLE, ESTIMATORS, Hours, MonitorModel, by_hour, watch
from medai_core.prognosis.monitoring.watching import moments
from medai_core.readings import finder, read_scan, read_together
from medai_core.runtime import Arrays, Network
from medai_core.sources.intake import in_card_words
from medai_core.sources.observations import open_observations
from medai_core.sources.tables import open_table
from tests.recipes import smoke_run
from tests.scans import grey

FOUND = find_models()
MODELS = replace(FOUND, cards=tuple(card for card in FOUND.cards if not card.own))
"""Those that came with the project: whoever runs the tests may have some of their own beside them."""
AREA = "largest area alone"
ROOT = MODELS.folder.parent
every_model = pytest.mark.parametrize("card", MODELS.cards, ids=lambda card: card.name)
NOT_OF_IMAGES = ("risk", "monitoring", "survival", "genomics", "dosing", "synthesis")
WITHOUT_NETWORK = ("risk", "survival", "genomics")
OF_ONE_THING = ("risk", "monitoring", "survival", "dosing")
"""Tasks whose models tell no classes apart."""
PROMISES_NOTHING = (*OF_ONE_THING, "synthesis")
"""Tasks whose models give no sets or intervals of classes."""
every_image_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task not in NOT_OF_IMAGES], ids=lambda card: card.name
)
every_risk_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task == "risk"], ids=lambda card: card.name
)
every_watching_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task == "monitoring"], ids=lambda card: card.name
)
every_classifier = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task == "classification"], ids=lambda card: card.name
)
every_reader = pytest.mark.parametrize(
    "card",
    [card for card in MODELS.cards if card.task in ("classification", "segmentation")],
    ids=lambda card: card.name,
)


def headline(card: Card) -> str:
    """The measure that says how good a model is."""
    if card.outline is not None:
        return "f1_iou50" if card.outline.many else "dice"
    if card.monitoring is not None:
        return f"auc at {card.monitoring.last_hour} h" if card.monitoring.last_hour else "auc"
    if card.survival is not None:
        return "c_index"
    named = {"risk": "auc", "dosing": "time_in_range", "synthesis": "synthetic_to_real_ratio"}
    return named.get(card.task, "accuracy")


every_joining_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.input.unit], ids=lambda card: card.name
)
"""The models that read several images as one."""


def folder(card: Card) -> Path:
    return MODELS.folder / card.name


def examples(card: Card) -> list[Path]:
    return sorted(folder(card).glob("example*.png"))


def held_out(card: Card) -> str:
    """What the people or images are called that the model was tested on."""
    assert card.measured is not None
    return card.measured.test_evaluations[-1].note if card.task in WITHOUT_NETWORK else "test"


@every_model
def test_a_card_is_complete(card: Card) -> None:
    made = card.measured
    assert made is not None, "the recipe has not run"
    assert made.performance
    assert made.reliability or card.outline or card.dosing or card.synthesis
    assert card.task in (*OF_ONE_THING, "segmentation") or sum(map(sum, made.confusion)) > 0
    assert any(approach.chosen for approach in made.approaches)
    assert made.provenance.command.startswith(f"python models/{card.name}/train.py")
    assert made.provenance.seconds > 0
    assert card.limits
    assert all(cohort.licence and (cohort.doi or cohort.source) for cohort in card.cohorts)


@every_model
def test_a_card_speaks_chinese_too(card: Card) -> None:
    words = card.translations["zh_CN"]
    assert len(words.limits) == len(card.limits)
    assert set(words.findings) == {finding.name for finding in card.findings}
    assert bool(words.precondition) == bool(card.precondition)
    said = [words.title, words.intended_use, words.not_for, words.population, *words.limits, *words.findings.values()]
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in said)


@every_model
def test_every_measure_has_an_interval_and_the_number_of_images_and_groups(card: Card) -> None:
    assert card.measured is not None
    for m in card.measured.performance:
        assert m.n > 0, m
        assert 0 < m.groups <= m.n, m
        assert math.isnan(m.value) or (math.isfinite(m.low) and math.isfinite(m.high) and m.low <= m.high), m
        assert m.measure != "calibration_error" or m.ideal is not None, m
    slopes = {"segmentation": "pixel_calibration_slope", "dosing": "band_coverage", "synthesis": "label_agreement"}
    slope = slopes.get(card.task, "calibration_slope")
    assert (slope, held_out(card)) in {(m.measure, m.data) for m in card.measured.performance}


@every_image_model
def test_an_image_model_is_measured_on_degraded_images_too(card: Card) -> None:
    assert card.measured is not None
    known = {(m.measure, m.data) for m in card.measured.performance}
    of_classes = ("accuracy", "balanced_accuracy", "coverage", "calibration_slope", "calibration_error")
    for name in (headline(card), "dice", "dice_median") if card.outline else of_classes:
        assert {(name, "test"), (name, "test, degraded")} <= known


@every_model
def test_the_first_use_of_what_was_held_out_is_logged_and_the_last_one_is_the_cards(card: Card) -> None:
    assert card.measured is not None
    log = card.measured.test_evaluations
    assert log
    assert [entry.date for entry in log] == sorted(entry.date for entry in log)
    assert headline(card) in log[0].values
    where = (held_out(card), "", "")
    own = [m for m in card.measured.performance if (m.data, m.subgroup, m.model) == where]
    shown = {f"{m.measure} at {m.hour} h" if m.hour else m.measure: m.value for m in own}
    for name, value in log[-1].values.items():
        assert shown[name] == pytest.approx(value, rel=1e-5)
    if card.task not in PROMISES_NOTHING:
        promised = card.measured.promised
        assert promised.value == shown[promised.measure]


@every_model
def test_the_weights_are_those_that_were_measured(card: Card) -> None:
    assert card.measured is not None
    weights = sorted(p.name for p in folder(card).iterdir() if p.suffix in {".tflite", ".keras", ".npz"})
    assert weights == sorted(card.measured.sha256)
    if card.task in WITHOUT_NETWORK:
        assert weights == ["model.npz"]
    elif card.task == "monitoring":
        assert weights == ["model.keras", "model.npz", "model.tflite"]
    else:
        assert {"model.tflite", "model.keras"} <= set(weights)
    for name in weights:
        assert sha256(folder(card) / name) == card.measured.sha256[name]


@every_image_model
def test_examples_are_small_and_marked_synthetic_in_the_files_own_words(card: Card) -> None:
    assert 2 <= len(examples(card)) <= max(4, 2 * len(card.findings))
    for path in examples(card):
        with Picture.open(path) as picture:
            picture.load()
            assert "SYNTHETIC" in picture.text["Description"]  # type: ignore[attr-defined]
            assert max(picture.size) <= 256


@every_image_model
def test_a_model_still_returns_what_it_returned_when_it_was_measured(card: Card) -> None:
    expected = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    assert set(expected["examples"]) == {path.name for path in examples(card)}
    for path in examples(card):
        wanted, model = expected["examples"][path.name], None if card.task == "applicability" else card.name
        reading = read_scan(path.read_bytes(), "", MODELS, model=model, affirm=True)[0]
        assert reading.kind is not None
        if card.outline:
            assert reading.outline is not None
            assert reading.outline.count == wanted["count"]
            assert reading.outline.area_px == pytest.approx(wanted["area_px"], rel=expected["area_tolerance"])
            continue
        if card.task == "classification":
            assert (reading.model, reading.refusal is not None) == (card.name, wanted["refused"])
            found = {finding.name: finding.probability for finding in reading.findings}
        else:
            found = reading.kind.probabilities
        assert found == pytest.approx(wanted["probabilities"], abs=expected["tolerance"])
        names = [finding.name for finding in card.findings]
        called = names[decide(np.array([[found[n] for n in names]]), names, card.measured.thresholds)[0]]  # type: ignore[union-attr]
        assert called in path.name


def kinds_of(card: Card) -> tuple[str, ...]:
    """The kinds of image that a model's examples are."""
    return MODELS.card(card.synthesis.classifier).input.kinds if card.synthesis else card.input.kinds


@every_reader
def test_no_model_accepts_the_examples_of_another(card: Card) -> None:
    for other in MODELS.cards:
        of_one_kind = set(kinds_of(other)) & set(card.input.kinds)
        for path in examples(other) if not of_one_kind else ():
            if other.task == "applicability" and any(kind in path.name for kind in card.input.kinds):
                continue  # the router's own example of the kind that the model is for
            (reading,) = read_scan(path.read_bytes(), "", MODELS, model=card.name, affirm=True)
            assert reading.refusal is not None, path
            assert (reading.findings, reading.outline) == ((), None)


@every_joining_model
def test_a_model_that_reads_images_together_is_compared_with_area_alone_on_the_same_units(card: Card) -> None:
    assert card.measured is not None
    known = {(m.measure, m.data, m.model): m for m in card.measured.performance if not m.subgroup}
    for data in ("test", "cross-validation"):
        own, area, gain = (
            known[key, data, model] for key, model in (("auc", ""), ("auc", AREA), ("auc_above_area", ""))
        )
        assert own.n == area.n == gain.n
        assert gain.value == pytest.approx(own.value - area.value, abs=1e-5)
    assert known["auc_above_area", "cross-validation", ""].low > 0
    assert known["auc", "test", "mean of the slices' probabilities, each read alone"].n == known["auc", "test", ""].n
    assert {m.subgroup for m in card.measured.performance if m.data == "test"} > {""}


@every_joining_model
def test_examples_read_together_are_one_reading_between_what_each_says(card: Card) -> None:
    files = [(path.name, path.read_bytes()) for path in examples(card)]
    each = [read_scan(data, name, MODELS)[0] for name, data in files]
    (whole,) = read_together(files, MODELS)
    assert whole.refusal is None
    assert whole.file in {name for name, _ in files}
    for k, finding in enumerate(whole.findings):
        alone = [reading.findings[k].probability for reading in each]
        assert min(alone) < finding.probability < max(alone)


class Watched:
    """A network that remembers what it was given and what it answered."""

    def __init__(self, network: Network) -> None:
        self.network, self.given, self.answered = network, Arrays(), Arrays()

    def __call__(self, **inputs: Any) -> Arrays:
        self.given, self.answered = inputs, self.network(**inputs)
        return self.answered


@pytest.fixture(scope="module")
def asked() -> Any:
    """Each network of a model with what it was given for the model's first example, by file."""
    known: dict[str, dict[str, Watched]] = {}

    def asked(card: Card) -> dict[str, Watched]:
        if card.name not in known:
            seen = {p.name: Watched(MODELS.network(card, p.name)) for p in sorted(folder(card).glob("*.tflite"))}
            display = grey(examples(card)[0])
            if card.task == "classification":
                classify(card, seen.__getitem__, display, find=finder(card, MODELS))  # type: ignore[arg-type]
            elif card.task == "segmentation":
                segment(card, seen["model.tflite"], display)  # type: ignore[arg-type]
            else:
                recognise(display, card, seen["model.tflite"])  # type: ignore[arg-type]
            known[card.name] = seen
        return known[card.name]

    return asked


@pytest.fixture(scope="module")
def trainable() -> Iterator[Any]:
    """The Keras network of a file, read once."""
    import keras

    known: dict[Path, Any] = {}

    def trainable(path: Path) -> Any:
        if path not in known:
            known[path] = keras.saving.load_model(path, compile=False)
        return known[path]

    yield trainable
    keras.utils.clear_session()


def answer(network: Any, given: Arrays) -> Arrays:
    """What a Keras network answers."""
    answered = network([given[x.name] for x in network.inputs])
    return {name: np.asarray(value) for name, value in answered.items()}


@every_image_model
def test_what_serves_answers_as_what_was_trained(card: Card, asked: Any, trainable: Any) -> None:
    for name, served in asked(card).items():
        found = answer(trainable(folder(card) / name.replace(".tflite", ".keras")), served.given)
        assert found.keys() == served.answered.keys()
        for output, value in served.answered.items():
            # Of a logit, at thousands of places; and whitening enlarges the rounding of what hardly varies.
            atol = 1e-3 if output in ("mask", "embedding") else 1e-4
            np.testing.assert_allclose(value, found[output], rtol=1e-4, atol=atol, err_msg=f"{name} {output}")
        if "logits" in found:
            assert softmax(found["logits"]) == pytest.approx(softmax(served.answered["logits"]), abs=1e-4)


@every_classifier
def test_evidence_comes_from_what_was_learnt_and_is_gone_when_the_head_is_random(
    card: Card, asked: Any, trainable: Any
) -> None:
    """Adebayo 2018: a map that survives random weights shows the image's edges, not the network's reasons."""
    given, network = asked(card)["model.tflite"].given, trainable(folder(card) / "model.keras")
    learnt = answer(network, given)
    k, heads = int(learnt["logits"].argmax()), list(evidence_layers(network))
    kept = [head.get_weights() for head in heads]
    alike = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for head, weights in zip(heads, kept, strict=True):
            head.set_weights([rng.normal(0, w.std(), w.shape) for w in weights])
        alike.append(
            np.corrcoef(over_image(learnt, card)[k].ravel(), over_image(answer(network, given), card)[k].ravel())
        )
    for head, weights in zip(heads, kept, strict=True):
        head.set_weights(weights)
    assert len(heads) >= 1
    assert np.mean(alike, axis=0)[0, 1] < 0.5
    assert over_image(answer(network, given), card) == pytest.approx(over_image(learnt, card))


def evidence_layers(network: Any) -> Iterator[Any]:
    """The layers that give a map for each class, in every averaged member."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from evidence_layers(layer)
        elif layer.name.endswith("evidence") and layer.get_weights():
            yield layer


def over_image(outputs: Arrays, card: Card) -> np.ndarray:
    """The evidence of a network's outputs over an image of 128 x 128, whose region is its middle."""
    extents = {"evidence": (0.0, 0.0, 128.0, 128.0), "slice_evidence": (0.0, 0.0, 128.0, 128.0)}
    if card.input.region:
        extents["evidence"] = crop_box((44, 44, 84, 84), card.input.region.margin)
    maps = [Map(np.moveaxis(outputs[name][0], -1, 0), extents[name]) for name in extents if name in outputs]
    return evidence_over_image(maps, (128, 128))


@pytest.mark.filterwarnings("ignore")  # of Keras, about how its own parts call each other
@every_image_model
def test_a_recipe_runs_on_images_that_it_draws_itself(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, made = smoke_run(card, tmp_path, monkeypatch)
    for file in ("card.toml", "measured.toml", "model.tflite", "model.keras"):
        assert (tmp_path / card.name / file).stat().st_size > 0, file
    found.network(made)


def test_a_recipe_finds_the_project_by_itself(tmp_path: Path) -> None:
    card = next(card for card in MODELS.cards if card.task == "classification")
    words = [sys.executable, f"models/{card.name}/train.py", "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, env=without_python_path())
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"export {card.name}" in done.stdout


def without_python_path() -> dict[str, str]:
    """A recipe must find the project by itself."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


# Risks


@every_risk_model
def test_an_example_of_a_risk_model_is_made_of_quantiles_and_gets_the_risk_that_it_got(card: Card) -> None:
    wanted = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    intake = in_card_words(open_table(folder(card) / wanted["file"]), card.predictors)
    assert intake.good.all()
    assert set(intake.matched) == {p.name for p in card.predictors}
    model = MODELS.risk_model(card)
    found = assess(model, intake.rows, explained=True)
    assert found.contributions is not None
    for name in ("risk", "low", "high"):
        assert getattr(found.estimates, name) == pytest.approx(wanted[name], abs=wanted["tolerance"])
    names = [p.name for p in card.predictors]
    assert [list(each) for each in wanted["contributions"]] == [names] * len(intake.rows)
    for row, each in zip(found.contributions.values, wanted["contributions"], strict=True):
        assert row == pytest.approx([each[name] for name in names], abs=wanted["tolerance"])
    assert found.contributions.base == pytest.approx(wanted["base"], abs=wanted["tolerance"])
    for p, s in zip(card.predictors, model.measured.predictors, strict=True):
        known = {round(q, p.decimals) for q in s.quantiles} or {s.typical}
        assert set(intake.rows[p.name]) <= known, "an example is of no one"


@every_risk_model
def test_a_risk_is_compared_with_plain_models_on_the_same_people(card: Card) -> None:
    assert card.measured is not None
    where = held_out(card)
    known = {(m.measure, m.model): m for m in card.measured.performance if m.data == where and not m.subgroup}
    rivals = {model for _, model in known if model}
    assert {"plain logistic regression", "plain boosting"} <= rivals
    for rival in rivals:
        gain = known["auc_gain", rival]
        assert gain.value == pytest.approx(known["auc", ""].value - known["auc", rival].value, abs=1e-5)
        assert gain.low <= gain.value <= gain.high
    assert any(m.subgroup for m in card.measured.performance)
    assert any(m.data == "cross-validation" for m in card.measured.performance)


ONE_OF_EACH = {card.prediction.estimator: card for card in reversed(MODELS.cards) if card.prediction is not None}
"""A model for each estimator: they share one recipe."""


@pytest.mark.parametrize("card", ONE_OF_EACH.values(), ids=ONE_OF_EACH.keys())
def test_the_recipe_of_risks_runs_on_people_that_it_draws_itself(card: Card, tmp_path: Path) -> None:
    out = tmp_path / card.name
    words = [f"models/{card.name}/train.py", "--smoke", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, env=without_python_path()
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (made,) = find_models(tmp_path).cards
    assert made.measured is not None
    assert "--smoke" in made.measured.provenance.command
    model = find_models(tmp_path).risk_model(made)
    found = assess(model, pd.DataFrame([typical(model)]), explained=True)
    assert found.estimates.low[0] <= found.estimates.risk[0] <= found.estimates.high[0]


# Stays that are watched


def example_of(card: Card) -> tuple[MonitorModel, Hours]:
    """The model of a card, and its example by the hour."""
    observations = open_observations(folder(card) / "example.csv", card.predictors)
    assert observations.left_out.empty
    model = MODELS.monitor_model(card)
    return model, by_hour(observations.table, observations.stays, card.predictors)


@every_watching_model
def test_the_example_of_a_stay_gets_the_risks_that_it_got_and_is_no_ones(card: Card) -> None:
    wanted = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    assert wanted["file"] == "example.csv"
    assert 0 < wanted["tolerance"] <= 1e-3
    model, stays = example_of(card)
    assert stays.stays == ("SYNTHETIC-1",)
    assert set(stays.parameter.tolist()) == set(range(len(card.predictors))), "it shows everything that is taken"
    found = watch(model, stays, wanted["hours"])
    for name in ("risk", "low", "high"):
        assert getattr(found, name)[0] == pytest.approx(wanted[name], abs=wanted["tolerance"])
    assert found.estimator == model.monitored.recommended
    assert set(wanted["estimators"]) == set(model.monitored.calibration)
    for estimator, risk in wanted["estimators"].items():
        said = watch(model, stays, wanted["hours"], estimator=estimator).risk[0]
        assert said == pytest.approx(risk, abs=wanted["tolerance"])


@every_watching_model
def test_what_serves_answers_hour_by_hour_as_what_was_trained_answers_whole_stays(card: Card, trainable: Any) -> None:
    """The one-step network as LiteRT, its memory carried on, against the networks that may be trained further."""
    model, stays = example_of(card)
    steps = list(moments(model, stays, stays.length))
    network = trainable(folder(card) / "model.keras")
    columns = np.stack([step.X[0] for step in steps])
    assert network.input_shape == (None, None, len(model.columns.names))
    whole = np.asarray(network(columns[None])["score"])[0]
    assert whole.shape == (int(stays.length[0]), model.members)
    np.testing.assert_allclose(np.stack([step.score[0] for step in steps]), whole, atol=1e-4)
    assert np.abs(np.diff(whole, axis=0)).max() > 1e-3, "a network that says one thing throughout shows nothing"


@every_watching_model
def test_the_files_of_a_model_that_watches_hold_weights_of_the_shapes_that_it_needs_and_nothing_else(
    card: Card, trainable: Any
) -> None:
    model = MODELS.monitor_model(card)
    columns, predictors, members = len(model.columns.names), len(card.predictors), model.members
    with np.load(folder(card) / "model.npz", allow_pickle=False) as stored:
        shapes = {name: stored[name].shape for name in stored.files}
    nodes = shapes["trees_column"]
    assert shapes.pop("units") == ()
    assert shapes.pop("coefficients") == (members, 1 + columns)
    assert {shapes.pop(name) for name in ("logged", "centre", "scale")} == {(predictors,)}
    of_nodes = ("trees_column", "trees_threshold", "trees_left", "trees_right", "trees_value")
    assert {shapes.pop(name) for name in of_nodes} == {nodes}
    assert shapes.pop("trees_root") == shapes.pop("trees_refit")
    assert shapes.pop("trees_base") == (members,)
    assert not shapes
    units = model.units // (2 * members)
    dense, cell, last = [(columns, units), (units,)], [(units, 4 * units)] * 2 + [(4 * units,)], [(units, 1), (1,)]
    kept = [tuple(w.shape) for w in trainable(folder(card) / "model.keras").get_weights()]
    assert kept == (dense + cell + last) * members


@every_watching_model
def test_every_estimator_is_calibrated_and_compared_on_the_same_hours(card: Card) -> None:
    assert card.measured is not None and card.measured.monitored is not None
    monitored = card.measured.monitored
    assert set(monitored.calibration) == {ENSEMBLE, *ESTIMATORS}
    assert monitored.recommended in monitored.calibration
    for fitted in monitored.calibration.values():
        assert len(fitted.hours) == len(fitted.intercept) == len(fitted.slope)
        assert list(fitted.hours) == sorted(set(fitted.hours))
        assert all(map(math.isfinite, (*fitted.intercept, *fitted.slope)))
    assert min(monitored.calibration[monitored.recommended].slope) > 0
    known = {(m.measure, m.model, m.hour): m for m in card.measured.performance if m.data == "test" and not m.subgroup}
    hours = card.monitoring.hours if card.monitoring and card.monitoring.hours else (0,)
    for hour, rival in product(hours, set(monitored.calibration) - {monitored.recommended}):
        own, other, gain = (known[key] for key in (("auc", "", hour), ("auc", rival, hour), ("auc_gain", rival, hour)))
        assert own.n == other.n == gain.n
        assert gain.value == pytest.approx(own.value - other.value, abs=1e-5)
        assert gain.low <= gain.value <= gain.high
    chosen = {a.name.partition(", ")[0] for a in card.measured.approaches if a.chosen}
    assert chosen == {monitored.recommended}


@every_watching_model
def test_alarm_levels_rise_and_the_highest_costs_and_catches_less_than_the_lowest(card: Card) -> None:
    assert card.measured is not None and card.measured.monitored is not None
    levels = card.measured.monitored.levels
    assert len(levels) >= 5
    assert card.measured.monitored.level in [v.level for v in levels]
    assert all(lower.level < higher.level for lower, higher in pairwise(levels))
    assert levels[0].alarms.value > levels[-1].alarms.value
    assert levels[0].caught.value > levels[-1].caught.value
    for v in levels:
        assert 0 <= v.false.value <= v.alarms.value
        assert 0 <= v.caught.value <= 1
        for bounds in (v.alarms, v.false, v.caught):
            assert bounds.low <= bounds.value <= bounds.high
    known = {m.measure for m in card.measured.performance if m.data == "test"}
    assert {"alarms_per_patient_day", "patients_caught"} <= known
    assert ("utility" in known) == bool(card.monitoring and card.monitoring.outcomes.hour)


@every_watching_model
def test_what_is_watched_is_asked_and_every_word_of_it_is_there_in_chinese(card: Card) -> None:
    spec, names = card.monitoring, {p.name for p in card.predictors}
    assert spec is not None
    assert {*spec.fixed, *spec.shown, *spec.stale_hours} <= names
    assert not set(spec.fixed) & {*spec.shown, *spec.stale_hours}
    assert len(names) == len(card.predictors)
    assert all(p.low < p.high for p in card.predictors if p.kind == "number")
    said = card.translations["zh_CN"]
    assert set(said.predictors) == names
    assert {c.title for p in card.predictors for c in p.categories} <= set(said.categories)
    assert said.horizon
    assert bool(said.why) == bool(spec.why)


@pytest.mark.filterwarnings("ignore")  # of Keras, about how its own parts call each other
@every_watching_model
def test_a_recipe_runs_on_stays_that_it_draws_itself(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with threadpool_limits(1):  # the boosting's threads would wait for those of other tests
        found, made = smoke_run(card, tmp_path, monkeypatch)
    model = found.monitor_model(made)
    said = watch(model, example_of(card)[1], [made.monitoring.last_hour or 12])  # type: ignore[union-attr]
    assert 0 < said.risk[0, 0] < 1
