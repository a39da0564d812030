"""A risk is a calibrated probability with its interval, moves as the card promises, and is the measured model's."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from medai_core.cards import Card, PredictorSpec, SurvivalCurve
from medai_core.catalog import find_models
from medai_core.errors import ModelError
from medai_core.prognosis.risk import RiskModel, estimate, load_model, logistic, save_model, survival
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees
from tests.risks import MODELS, SHIPPED, Row, crowd, every_kind, every_risk, patients, small, table, values

PROMISES = [(card, p) for card in SHIPPED for p in card.predictors if p.monotone]
TIMED = [card for card in SHIPPED if card.measured and card.measured.survival]


@every_risk
def test_a_risk_lies_within_its_interval_and_is_a_probability_for_any_plausible_patient(card: Card) -> None:
    model = MODELS.risk_model(card)

    @given(st.lists(patients(card), min_size=1, max_size=5))
    @settings(derandomize=True, max_examples=15, deadline=None)
    def holds(people: list[Row]) -> None:
        found = estimate(model, table(card, *people))
        assert (found.low <= found.risk).all()
        assert (found.risk <= found.high).all()
        assert (found.low >= 0).all()
        assert (found.high <= 1).all()
        assert (found.low < found.high).all()
        assert logistic(found.log_odds) == pytest.approx(found.risk)

    holds()


@pytest.mark.parametrize(("card", "p"), PROMISES, ids=[f"{c.name}-{p.name}" for c, p in PROMISES])
def test_a_risk_never_moves_against_the_direction_that_the_card_promises(card: Card, p: PredictorSpec) -> None:
    model = MODELS.risk_model(card)

    @given(patients(card), st.lists(values(p, unknown=False), min_size=4, max_size=12))
    @settings(derandomize=True, max_examples=40, deadline=None)
    def keeps(patient: dict[str, float | str | None], given: list[float]) -> None:
        whole = [*sorted(given), *range(math.ceil(p.low), min(math.floor(p.high), math.ceil(p.low) + 20))]
        rising = table(card, *({**patient, p.name: float(v)} for v in sorted(whole)))
        assert (p.monotone * np.diff(estimate(model, rising).log_odds) >= -1e-9).all()

    keeps()


@every_risk
def test_a_patient_of_whom_nothing_is_known_gets_the_risk_of_what_stands_in_for_unknown(card: Card) -> None:
    model = MODELS.risk_model(card)
    encoding = model.encoding
    stand_in = {
        p.name: float(fill) if p.kind == "number" else p.categories[int(fill)].name
        for p, fill, flag in zip(card.predictors, encoding.fill, encoding.flagged, strict=True)
        if not flag  # what the cohort itself often lacks has a column that says so
    }
    nothing = estimate(model, table(card, {}))
    assert np.isfinite(nothing.risk).all()
    assert nothing.low[0] < nothing.risk[0] < nothing.high[0]
    assert nothing.risk == pytest.approx(estimate(model, table(card, stand_in)).risk, abs=1e-12)


@every_risk
def test_what_stands_in_for_unknown_is_what_the_card_calls_typical(card: Card) -> None:
    model = MODELS.risk_model(card)
    for p, s, fill in zip(card.predictors, model.measured.predictors, model.encoding.fill, strict=True):
        if p.kind == "category":
            assert p.categories[int(fill)].name == s.typical, p.name
        else:
            assert s.quantiles[2] <= fill <= s.quantiles[4], p.name


@every_risk
def test_a_risk_does_not_hang_on_who_else_is_in_the_table(card: Card) -> None:
    model, people = MODELS.risk_model(card), crowd(card, 60)
    together = estimate(model, people)
    for i in (0, 31, 59):
        alone = estimate(model, people.iloc[[i]])
        assert alone.risk[0] == pytest.approx(together.risk[i], abs=1e-12)
        assert alone.high[0] == pytest.approx(together.high[i], abs=1e-12)


@every_kind
def test_nobody_has_no_risk_and_more_than_a_chunk_are_estimated_in_order(kind: str) -> None:
    model = small(kind)
    assert estimate(model, crowd(model.card, 0)).risk.shape == (0,)
    people = crowd(model.card, 50)
    many = people.iloc[np.arange(20_050) % 50].reset_index(drop=True)
    assert estimate(model, many).risk == pytest.approx(np.resize(estimate(model, people).risk, 20_050), abs=1e-12)


@every_kind
def test_the_interval_is_as_wide_as_the_refits_lie_apart(kind: str) -> None:
    model = small(kind)
    people = crowd(model.card, 10)
    each = model.log_odds(model.encoding.encode(people), refits=True)
    found = estimate(model, people)
    assert each[:, 0] == pytest.approx(found.log_odds)
    half = model.spread * np.std(each[:, 1:], axis=1, ddof=1)
    assert found.high == pytest.approx(1 / (1 + np.exp(-(each[:, 0] + half))))
    assert found.low == pytest.approx(1 / (1 + np.exp(-(each[:, 0] - half))))


def test_calibration_stretches_the_score_by_the_temperature_and_then_shifts_it() -> None:
    model = small("additive")
    X = model.encoding.encode(crowd(model.card, 5))
    known = model.measured.calibration
    assert model.log_odds(X) == pytest.approx(model.estimator.scores(X) / known.temperature + known.offsets[1])


# The survival curve


@pytest.mark.parametrize("card", TIMED, ids=lambda card: card.name)
def test_survival_starts_whole_only_falls_and_is_what_the_risk_leaves_at_the_horizon(card: Card) -> None:
    model, prediction = MODELS.risk_model(card), card.prediction
    assert prediction is not None

    @given(patients(card))
    @settings(derandomize=True, max_examples=40, deadline=None)
    def holds(patient: dict[str, float | str | None]) -> None:
        row = table(card, patient)
        found, curve = estimate(model, row), survival(model, row)
        assert curve is not None
        at = int(np.flatnonzero(curve.years == prediction.horizon_years)[0])
        assert (curve.years[0], curve.share[0]) == (0, 1)
        for share, risk in ((curve.share, found.risk), (curve.low, found.high), (curve.high, found.low)):
            assert (np.diff(share) <= 1e-15).all()
            assert share[at] == pytest.approx(1 - risk[0], abs=1e-12)
        assert (curve.low <= curve.share).all()
        assert (curve.share <= curve.high).all()
        assert curve.share.min() >= 0

    holds()


def test_a_question_that_is_not_of_time_has_no_survival_curve() -> None:
    model = small("additive")
    assert survival(model, crowd(model.card, 1)) is None


def test_survival_of_the_surest_patients_stays_a_curve() -> None:
    """At log-odds of 50 a probability is 1 to the last digit; its own log-odds can no longer be had from it."""
    model = small("additive")
    sure = dataclasses.replace(
        model.measured, survival=SurvivalCurve((5.0, 10.0, 15.0), (-1.0, 0.0, 1.0), (0.9, 1.0, 1.1))
    )
    for offset in (50.0, -50.0):
        known = dataclasses.replace(sure, calibration=dataclasses.replace(sure.calibration, offsets=(0.0, offset)))
        certain = dataclasses.replace(model, card=dataclasses.replace(model.card, measured=known))
        found = survival(certain, crowd(model.card, 1))
        assert found is not None
        assert np.isfinite([found.share, found.low, found.high]).all()


def test_a_year_before_the_horizon_never_takes_more_than_the_horizon_does() -> None:
    """Each year is fitted on its own: for the least risks the ninth can lie above the tenth."""
    model = small("additive")
    crossing = SurvivalCurve((9.0, 10.0, 11.0), (2.0, 0.0, -2.0), (1.0, 1.0, 1.0))
    known = dataclasses.replace(model.measured, survival=crossing)
    assert model.card.prediction is not None
    card = dataclasses.replace(
        model.card, measured=known, prediction=dataclasses.replace(model.card.prediction, horizon_years=10.0)
    )
    model = dataclasses.replace(model, card=card)
    row = crowd(card, 1)
    found, risk = survival(model, row), estimate(model, row).risk[0]
    assert found is not None
    assert found.share == pytest.approx([1, 1 - risk, 1 - risk, 1 - risk])


# What the estimators are


def test_a_kernel_machine_is_scikit_learns_kernel_times_its_coefficients() -> None:
    model = small("kernel")
    machine = model.estimator
    assert isinstance(machine, Kernel)
    X = model.encoding.encode(crowd(model.card, 5000))
    z = (X - machine.centre) / machine.scale
    features = rbf_kernel(z, machine.landmarks, gamma=machine.gamma)
    wanted = features @ machine.coefficients[:, 1:].T + machine.coefficients[:, 0]
    assert machine.scores(X, refits=True) == pytest.approx(wanted, abs=1e-9)
    assert machine.scores(X) == pytest.approx(wanted[:, 0], abs=1e-9)


def test_an_additive_model_is_a_line_for_each_column_that_bends_at_its_knots() -> None:
    model = Additive(
        np.array([10.0, 0.0]), np.array([2.0, 1.0]), np.array([[0.0, 1.0], [np.nan, np.nan]]),
        np.array([[0.5, 1.0, -0.5, 0.25, 3.0, 99.0, 99.0]]),
    )  # fmt: skip
    X = np.array([[8.0, 0.0], [11.0, 1.0], [14.0, 0.0]])  # standardised -1, 0.5 and 2
    assert model.scores(X) == pytest.approx([0.5 - 1, 0.5 + 0.5 - 0.25 + 3, 0.5 + 2 - 1 + 0.25])
    assert model.terms(X).sum(axis=1) + 0.5 == pytest.approx(model.scores(X))


def test_a_tree_goes_left_at_its_threshold_and_right_above_it() -> None:
    tree = Trees(
        np.array([0, -1, -1]), np.array([2.5, 0, 0]), np.array([1, 1, 2]), np.array([2, 1, 2]),
        np.array([0, -1.0, 1.0]), np.array([0]), np.array([0]), np.array([0.25]),
    )  # fmt: skip
    assert tree.scores(np.array([[2.5], [np.nextafter(2.5, 3)]])) == pytest.approx([-0.75, 1.25])


# What is stored


@every_kind
def test_a_stored_model_is_the_same_model(kind: str, tmp_path: Path) -> None:
    model = small(kind)
    save_model(model, tmp_path / "model.npz")
    again = load_model(model.card, tmp_path / "model.npz")
    people = crowd(model.card, 20)
    for name in ("risk", "low", "high"):
        np.testing.assert_array_equal(getattr(estimate(again, people), name), getattr(estimate(model, people), name))
    assert again.estimator.kind == kind
    np.testing.assert_array_equal(again.background, model.background)


@every_risk
def test_what_is_stored_are_plain_numbers_that_cannot_run(card: Card) -> None:
    with np.load(MODELS.folder / card.name / "model.npz", allow_pickle=False) as stored:
        for name in stored.files:
            assert stored[name].dtype.kind in "bifuU", name
            if stored[name].dtype.kind == "f" and not name.endswith("knots"):
                assert np.isfinite(stored[name]).all(), name


@every_risk
def test_the_background_are_centroids_of_ten_people_or_more(card: Card) -> None:
    assert card.measured is not None
    model, people = MODELS.risk_model(card), int(card.measured.provenance.data.split()[-2])
    assert model.background_weight.sum() == pytest.approx(1)
    assert model.background_weight.min() * people >= 10 - 1e-6


def copied(card: Card, folder: Path) -> Path:
    """The model's folder in a folder of models of its own."""
    shutil.copytree(MODELS.folder / card.name, folder / card.name)
    return folder / card.name / "model.npz"


@pytest.fixture
def a_card() -> Card:
    return min(SHIPPED, key=lambda card: (MODELS.folder / card.name / "model.npz").stat().st_size)


def complaint(folder: Path, name: str) -> str:
    models = find_models(folder)
    with pytest.raises(ModelError) as caught:
        models.risk_model(models.card(name))
    return caught.value.message.id


def test_parameters_that_are_not_the_measured_ones_are_refused(a_card: Card, tmp_path: Path) -> None:
    file = copied(a_card, tmp_path)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert complaint(tmp_path, a_card.name) == "model.changed"
    file.unlink()
    assert complaint(tmp_path, a_card.name) == "model.no_weights"


def test_a_model_of_images_has_no_risk() -> None:
    (router,) = MODELS.trained("applicability")[:1]
    with pytest.raises(ModelError) as caught:
        MODELS.risk_model(router)
    assert caught.value.message.id == "model.no_risk"


def test_a_model_is_read_once(a_card: Card) -> None:
    first: RiskModel = MODELS.risk_model(a_card)
    assert MODELS.risk_model(a_card) is first
