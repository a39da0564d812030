"""How models that watch are fitted: what the recipe learns from is what the served model is shown, hour by hour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medai_core.cards import Card
from medai_core.catalog import find_models
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring import by_hour
from medai_core.prognosis.monitoring.cohort import StayCohort
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.summaries import Columns
from medai_core.prognosis.monitoring.watching import moments
from medai_core.training import drawn_stays, monitoring, stays
from medai_core.training.recurrent import (
    Rows,
    network_scores,
    one_step,
    owners,
    padded,
    recurrent_network,
    together,
)
from medai_core.training.trees import joined

WATCHING = {c.outcome: c for c in find_models().cards if c.task == "monitoring" and not c.own}
UNITS = 5


@pytest.fixture(scope="module")
def mortality() -> Card:
    """Its outcome is one for the whole stay."""
    return WATCHING["icu_mortality"]


@pytest.fixture(scope="module")
def sepsis() -> Card:
    """Its outcome is dated by the hour."""
    return WATCHING["sepsis_6h"]


def drawn_cohort(card: Card, count: int = 8, seed: int = 0) -> StayCohort:
    """Stays that are no one's; every second one has the event, from half of its hours on where that is dated."""
    spec, rng = card.monitoring, np.random.default_rng(seed)
    assert spec is not None
    names = [str(i) for i in range(count)]
    table = pd.concat(
        [
            drawn_stays.drawn_stay(card, name, spec.last_hour or 6 + i, 2.0 * (i % 2), rng, {})
            for i, name in enumerate(names)
        ]
    ).sort_values("minute", kind="stable")
    hours = by_hour(table, names, card.predictors, length=spec.last_hour or None)
    label = np.full((count, int(hours.length.max())), -1, dtype=np.int64)
    for i, length in enumerate(hours.length.tolist()):
        begin = 0 if spec.last_hour else length // 2
        label[i, :length] = (i % 2) * (np.arange(length) >= begin)
    return StayCohort(hours, label, np.arange(count, dtype=np.int64))


@pytest.fixture(scope="module", params=sorted(WATCHING))
def prepared(request: pytest.FixtureRequest) -> tuple[Card, StayCohort, Columns, Rows]:
    card = WATCHING[request.param]
    cohort = drawn_cohort(card)
    return card, cohort, *stays.prepared(card, cohort)


@pytest.fixture(scope="module")
def members(prepared: tuple[Card, StayCohort, Columns, Rows]) -> list[Any]:
    """Two networks with random weights, biases among them."""
    rng, made = np.random.default_rng(1), []
    for _ in range(2):
        network = recurrent_network(prepared[3].X.shape[1], UNITS)
        network.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in network.get_weights()])
        made.append(network)
    return made


# What is learnt from is what is shown when it is served


def test_rows_are_the_columns_that_the_served_model_is_shown_at_every_hour(
    prepared: tuple[Card, StayCohort, Columns, Rows], members: list[Any]
) -> None:
    """And its network, one hour at a time, says what the networks of whole stays say."""
    card, cohort, columns, rows = prepared
    network, units = one_step(members)

    def step(**given: Any) -> dict[str, Any]:
        return {name: np.asarray(v) for name, v in network([given[i.name] for i in network.inputs]).items()}

    boosting = stays.fit_boosting(rows.X, rows.label, np.ones(len(rows.X)), 1, 0)
    nodes, base = stays.Member(None, boosting, np.zeros(0)).trees
    line = np.zeros((2, 1 + rows.X.shape[1]))
    model = MonitorModel(card, columns, step, units, joined([nodes, nodes], [base, base]), line)
    every = np.arange(len(cohort))
    expected = np.stack([network_scores(m, rows, every) for m in members], axis=1)
    seen = 0
    for moment in moments(model, cohort.hours, cohort.hours.length):
        at = rows.start[moment.stays] + moment.hour - 1
        np.testing.assert_array_equal(moment.X, rows.X[at])
        np.testing.assert_allclose(moment.score, expected[at], atol=1e-5)
        seen += len(at)
    assert seen == len(rows.X) == cohort.hours.length.sum()


def test_members_together_are_each_by_itself(
    prepared: tuple[Card, StayCohort, Columns, Rows], members: list[Any]
) -> None:
    rows = prepared[3]
    x = padded(rows, np.arange(3))[0]
    each = [np.asarray(m(x)["score"])[..., 0] for m in members]
    np.testing.assert_allclose(np.asarray(together(members)(x)["score"]), np.stack(each, axis=-1), atol=1e-6)


def test_scores_come_in_the_order_of_the_stays_however_long_each_is(
    prepared: tuple[Card, StayCohort, Columns, Rows], members: list[Any]
) -> None:
    rows = prepared[3]
    some = np.array([5, 0, 7, 5])
    alone = np.concatenate([network_scores(members[0], rows, np.array([i])) for i in some.tolist()])
    np.testing.assert_allclose(network_scores(members[0], rows, some, together=3), alone, atol=1e-5)
    assert len(alone) == len(rows.of(some))


def test_a_predictor_that_is_forgotten_is_one_that_was_never_measured(
    prepared: tuple[Card, StayCohort, Columns, Rows],
) -> None:
    """What a network is shown while it is fitted, against the stays with every measurement of it taken out."""
    card, cohort, columns, rows = prepared
    owner, watched = owners(columns)
    assert watched.sum() == 10 * len(columns.changing)
    for i in columns.changing[::7]:
        removed = replace(cohort, hours=cohort.hours.without(i))
        expected = stays.rows_of(card, columns, removed).X
        forgotten = np.where((owner == i) & watched, columns.never(rows.X), rows.X)
        assert (forgotten != rows.X).any()
        np.testing.assert_allclose(forgotten, expected, atol=2e-6)
    nothing = replace(cohort, hours=cohort.hours.chosen(np.arange(len(cohort))))
    for i in range(len(card.predictors)):
        nothing = replace(nothing, hours=nothing.hours.without(i))
    np.testing.assert_allclose(columns.never(rows.X), stays.rows_of(card, columns, nothing).X, atol=2e-6)


# Stays side by side


def counted(*length: int) -> Rows:
    """Stays whose only column is the number of the row, from 1."""
    start = np.concatenate([[0], np.cumsum(length)])
    X = np.arange(1, start[-1] + 1, dtype=np.float32)[:, None]
    return Rows(X, start, (X[:, 0] % 2).astype(np.float32), X[:, 0] / 10)


def test_stays_side_by_side_keep_their_hours_and_what_lies_beyond_weighs_nothing() -> None:
    x, y, w = padded(counted(2, 4, 1), np.array([1, 0, 1]))
    assert x[..., 0].tolist() == [[3, 4, 5, 6], [1, 2, 0, 0], [3, 4, 5, 6]]
    assert y.tolist() == [[1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0]]
    assert w == pytest.approx(x[..., 0] / 10)


def test_of_a_long_stay_hours_in_a_row_are_taken_from_anywhere_and_of_a_short_one_all() -> None:
    rows, rng, begun = counted(9, 2), np.random.default_rng(0), set()
    for _ in range(60):
        x, _y, w = padded(rows, np.array([0, 1]), 4, rng)
        first = int(x[0, 0, 0])
        assert x[0, :, 0].tolist() == [first, first + 1, first + 2, first + 3]
        assert x[1, :, 0].tolist() == [10, 11, 0, 0]
        assert w == pytest.approx(x[..., 0] / 10)
        begun.add(first)
    assert begun == {1, 2, 3, 4, 5, 6}


def test_rows_of_some_stays_come_in_the_order_asked() -> None:
    rows = counted(2, 3, 1)
    assert rows.of(np.array([2, 0])).tolist() == [5, 0, 1]
    assert rows.stay.tolist() == [0, 0, 1, 1, 1, 2]


# What is learnt from


def test_early_hours_weigh_less_where_one_label_holds_for_the_whole_stay(mortality: Card) -> None:
    cohort = drawn_cohort(mortality, 3)
    _columns, rows = stays.prepared(mortality, cohort)
    weight = rows.weight.reshape(3, -1)
    assert weight[0, 0] == pytest.approx(0.2)
    assert weight[0, -1] == pytest.approx(0.2 + 0.8 * 47 / 48)
    assert (np.diff(weight) > 0).all()
    assert rows.label.reshape(3, -1).tolist() == cohort.label.tolist()


def test_an_hour_that_is_not_judged_weighs_nothing(sepsis: Card) -> None:
    cohort = drawn_cohort(sepsis, 4)
    label = cohort.label.copy()
    label[1, 2] = -1
    _columns, rows = stays.prepared(sepsis, replace(cohort, label=label))
    assert rows.weight[rows.start[1] + 2] == 0
    assert (np.delete(rows.weight, rows.start[1] + 2) == 1).all()
    assert set(rows.label.tolist()) == {0.0, 1.0}


def test_trees_and_lines_see_every_twelfth_hour_of_a_stay_with_one_label(mortality: Card) -> None:
    _columns, rows = stays.prepared(mortality, drawn_cohort(mortality, 4))
    own, weight = stays.summary_rows(mortality, rows, np.array([2, 0]), seed=0)
    assert (own - rows.start[rows.stay[own]] + 1).tolist() == [12, 24, 36, 48] * 2
    assert rows.stay[own].tolist() == [2] * 4 + [0] * 4
    assert (weight == 1).all()


def test_trees_and_lines_see_every_hour_with_the_event_and_a_quarter_of_the_others(sepsis: Card) -> None:
    _columns, rows = stays.prepared(sepsis, drawn_cohort(sepsis, 40))
    every = np.arange(40)
    own, weight = stays.summary_rows(sepsis, rows, every, seed=0)
    event = rows.label > 0
    assert set(np.flatnonzero(event)) <= set(own.tolist())
    others = ~event[own]
    assert set(weight[others]) == {4.0}
    assert set(weight[~others]) == {1.0}
    assert weight[others].sum() == pytest.approx((~event).sum(), rel=0.2)


def test_patients_are_resampled_with_all_of_their_stays() -> None:
    group = np.array([4, 4, 9, 1])
    for seed in range(20):
        count = stays.resample(group, seed)
        assert count[0] == count[1]
        assert count[[0, 2, 3]].sum() == 3
    assert len({tuple(stays.resample(group, seed)) for seed in range(20)}) > 3


def test_values_are_scaled_and_the_lopsided_ones_by_their_logarithms(mortality: Card) -> None:
    rng = np.random.default_rng(0)
    names = [p.name for p in mortality.predictors]
    lopsided, even = rng.lognormal(1, 1.2, 400), rng.normal(80, 10, 400)
    table = pd.DataFrame(
        {
            "stay": "1",
            "minute": np.tile(np.arange(400) * 60.0 + 1, 2),
            "parameter": ["lactate"] * 400 + ["heart_rate"] * 400,
            "value": [*lopsided, *even],
        }
    )
    rare = pd.DataFrame(
        {"stay": "1", "minute": np.arange(9) * 60.0 + 1, "parameter": "weight", "value": np.arange(9.0)}
    )
    hours = by_hour(pd.concat([table, rare]).sort_values("minute", kind="stable"), ["1"], mortality.predictors)
    found = stays.fit_scaling(hours)
    lactate, rate, weight = (names.index(n) for n in ("lactate", "heart_rate", "weight"))
    assert (found.logged[lactate], found.logged[rate]) == (1, 0)
    assert found.centre[lactate] == pytest.approx(np.log1p(lopsided).mean())
    assert (found.centre[rate], found.scale[rate]) == pytest.approx((even.mean(), even.std()))
    assert (found.centre[weight], found.scale[weight]) == (0, 1), "nine values say nothing of a cohort"


def test_what_is_typical_is_told_only_of_what_a_hundred_stays_have(mortality: Card) -> None:
    names = [str(i) for i in range(100)]
    heart = pd.DataFrame({"stay": names, "minute": 5.0, "parameter": "heart_rate", "value": np.arange(100.0) + 50})
    lactate = pd.DataFrame({"stay": names[:99], "minute": 5.0, "parameter": "lactate", "value": 1.0})
    hours = by_hour(pd.concat([heart, lactate]), names, mortality.predictors, length=48)
    cohort = StayCohort(hours, np.zeros((100, 48), np.int64), np.arange(100))
    found = monitoring.typical(mortality, cohort)
    assert set(found) == {"heart_rate"}
    assert found["heart_rate"] == pytest.approx((54.95, 99.5, 144.05))


def test_trees_of_the_members_as_plain_arrays_say_what_the_library_says() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 6)).astype(np.float32)
    label = (X[:, 0] + rng.normal(size=500) > 0).astype(np.float32)
    made = [stays.fit_boosting(X, label, np.ones(500), 12, seed) for seed in (0, 1)]
    members = [stays.Member(None, boosting, np.zeros(7)) for boosting in made]
    nodes, bases = zip(*(m.trees for m in members), strict=True)
    found = joined(nodes, bases).scores(X.astype(np.float64), refits=True)
    for k, boosting in enumerate(made):
        np.testing.assert_allclose(found[:, k], boosting.decision_function(X), atol=1e-9)


def test_a_line_knows_how_much_each_row_counts_beside_the_others_and_no_more() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)).astype(np.float32)
    label = (X[:, 0] + rng.normal(size=60) > 0).astype(np.float32)
    count = rng.integers(1, 4, 60).astype(np.float64)
    found = stays.fit_line(X, label, count)
    assert found == pytest.approx(stays.fit_line(X, label, 7 * count), abs=1e-6)
    assert stays.fit_line(X, label, np.where(label > 0, 3 * count, count))[0] > found[0] + 0.5
    assert found[1] > 0


# What is said of stays that were held out


def test_each_stay_is_judged_by_what_never_saw_it(sepsis: Card, tmp_path: Path) -> None:
    """From the scores that an earlier run kept: a number that tells which fold and member they are of."""
    cohort = drawn_cohort(sepsis, 6)
    columns, rows = stays.prepared(sepsis, cohort)
    fold, effort = np.array([0, 1, 2, 2, 1, 0]), stays.Effort(members=2, folds=3)
    for k in range(3):
        own = rows.of(np.flatnonzero(fold == k))
        for m in range(2):
            kept = {name: np.full(len(own), 10.0 * k + m) for name in ("lstm", "boosting", "logistic")}
            kept["lstm"] = kept["lstm"] + own / 1000
            np.savez(tmp_path / f"fold_{k}_member_{m}.npz", allow_pickle=False, **kept)
    found = stays.held_out(sepsis, rows, columns, cohort, fold, tmp_path, effort, 0)
    k = fold[rows.stay]
    assert found["logistic"] == pytest.approx(10.0 * k[:, None] + np.arange(2))
    assert found["lstm"] == pytest.approx(10.0 * k[:, None] + np.arange(2) + np.arange(len(k))[:, None] / 1000)


def known_rows(hours: int, count: int, seed: int = 0) -> tuple[Rows, Floats]:
    """Rows of a cohort with one label a stay, and the log-odds that its labels were drawn with."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-0.5, 1.5, count)
    label = (rng.random(count) < 1 / (1 + np.exp(-z))).astype(np.float32)
    start = np.arange(count + 1) * hours
    one = np.ones(count * hours, np.float32)
    return Rows(np.zeros((count * hours, 1), np.float32), start, np.repeat(label, hours), one), np.repeat(z, hours)


def test_calibration_is_fitted_at_every_twelfth_hour_where_stays_have_one_label(mortality: Card) -> None:
    rows, _z = known_rows(48, 30)
    windows = monitoring.hour_windows(mortality, rows)
    assert list(windows) == [12, 24, 36, 48]
    for hour, at in windows.items():
        assert (at - rows.start[rows.stay[at]] + 1 == hour).all()
        assert len(at) == 30


def test_calibration_is_fitted_in_windows_of_hours_where_each_has_its_own_label(sepsis: Card) -> None:
    rows, _z = known_rows(100, 60)
    windows = monitoring.hour_windows(sepsis, rows)
    assert list(windows) == list(monitoring.KNOTS)
    every = np.sort(np.concatenate(list(windows.values())))
    assert every.tolist() == list(range(len(rows.X))), "each hour is in one window"
    for hour, at in windows.items():
        assert hour in (at - rows.start[rows.stay[at]] + 1)


def test_a_window_with_fewer_than_twenty_hours_of_the_event_is_left_out(sepsis: Card) -> None:
    rows, _z = known_rows(100, 60)
    hour = np.arange(len(rows.X)) - rows.start[rows.stay] + 1
    late = replace(rows, label=np.where(hour > 40, rows.label, 0).astype(np.float32))
    assert list(monitoring.hour_windows(sepsis, late)) == [32, 64]
    never = replace(rows, label=np.zeros_like(rows.label))
    (fallback,) = monitoring.hour_windows(sepsis, never).items()
    assert fallback[0] == 1
    assert len(fallback[1]) == len(rows.X)


def test_calibration_undoes_what_a_score_does_to_the_log_odds(mortality: Card) -> None:
    rows, z = known_rows(48, 1500, seed=4)
    hour = np.arange(len(z)) % 48 + 1
    seen = {name: np.stack([z, z], axis=1) for name in ("ensemble", "lstm", "boosting", "logistic")}
    stretched = 1.25 * z + hour / 48
    seen["lstm"] = np.stack([stretched - 1, stretched + 1], axis=1)
    cohort = drawn_cohort(mortality, 2)
    found = monitoring.calibrated(mortality, cohort, rows, seen, "ensemble", 6)
    right, moved = found.calibration["logistic"], found.calibration["lstm"]
    assert right.hours == moved.hours == (12, 24, 36, 48)
    assert right.slope == pytest.approx([1] * 4, abs=0.15)
    assert right.intercept == pytest.approx([0] * 4, abs=0.15)
    assert moved.slope == pytest.approx([s / 1.25 for s in right.slope], rel=1e-4)
    shift = [a - b * h / 48 / 1.25 for a, b, h in zip(right.intercept, right.slope, right.hours, strict=True)]
    assert moved.intercept == pytest.approx(shift, abs=1e-4)
    assert found.spread == pytest.approx(2.5706, abs=1e-4), "of Student's t with five degrees of freedom"
    assert found.recommended == "ensemble"


@pytest.mark.parametrize("stretch", (1.5, 2.0, 3.0))
def test_calibration_settles_however_sure_of_themselves_scores_are(mortality: Card, stretch: float) -> None:
    rows, z = known_rows(48, 1500, seed=4)
    score = stretch * z[:, None] + np.array([1.0, 3.0])
    seen = {name: score for name in ("ensemble", "lstm", "boosting", "logistic")}
    found = monitoring.calibrated(mortality, drawn_cohort(mortality, 2), rows, seen, "lstm", 2).calibration["lstm"]
    assert found.slope == pytest.approx([1 / stretch] * 4, rel=0.15)


@pytest.mark.parametrize("best", ("lstm", "boosting", "logistic", "ensemble"))
def test_the_estimator_that_tells_stays_apart_best_is_chosen(mortality: Card, best: str) -> None:
    rows, z = known_rows(48, 200)
    rng = np.random.default_rng(0)
    noise = {
        name: rng.normal(0, 0.1 if name == best else 4, len(z)) for name in ("lstm", "boosting", "logistic", "ensemble")
    }
    seen = {name: np.stack([z + n, z + n], axis=1) for name, n in noise.items()}
    found = monitoring.compare(mortality, rows, seen)
    assert found.best == best
    chosen = {a.name for a in found.approaches if a.chosen}
    assert chosen == {f"{best}, hour {hour}" for hour in (12, 24, 48)}
    assert {a.measure for a in found.approaches} == {"auc", "average_precision"}


def test_a_fifth_of_the_patients_is_held_out_where_the_card_names_no_file_to_test_on(
    sepsis: Card, tmp_path: Path
) -> None:
    drawn_stays.write(sepsis, tmp_path, count=20)
    given: Any = type("Options", (), {"data": tmp_path, "seed": 7})()
    develop, test = monitoring.parts_of(sepsis, given)
    assert len(develop) == 16
    assert len(test) == 4
    assert not set(develop.hours.stays) & set(test.hours.stays)
    assert 0 < test.event.sum() < 4
