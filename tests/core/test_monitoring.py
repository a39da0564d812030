"""Stays that are watched hour by hour: nothing from the future, one hour at a time, and what drives the risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medai_core.catalog import find_models
from medai_core.errors import ManifestError, ModelError
from medai_core.prognosis.monitoring import Hours, MonitorModel, answer, by_hour, watch
from medai_core.prognosis.monitoring.cohort import with_outcomes
from medai_core.prognosis.monitoring.drivers import changes, drivers, gaps, quick_drivers, state_at
from medai_core.prognosis.monitoring.hours import COUNT, HIGH, LAST, LOW, TOTAL, hour_of
from medai_core.prognosis.monitoring.summaries import COLUMNS
from medai_core.prognosis.monitoring.watching import all_scores, moments
from tests.watched import drawn_table

NAMES = ("icu_mortality_lstm", "sepsis_6h_lstm")


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> MonitorModel:
    models = find_models()
    return models.monitor_model(models.card(request.param))


@pytest.fixture(scope="module")
def mortality() -> MonitorModel:
    models = find_models()
    return models.monitor_model(models.card("icu_mortality_lstm"))


def hours_in(model: MonitorModel, table: pd.DataFrame) -> Hours:
    return by_hour(table, sorted(table["stay"].unique()), model.card.predictors)


def test_the_minute_that_ends_an_hour_belongs_to_it() -> None:
    assert hour_of(np.array([-30.0, 0.0, 1.0, 60.0, 60.5, 120.0, 2880.0])).tolist() == [0, 0, 0, 0, 1, 1, 47]


def test_an_hour_keeps_the_last_value_its_extremes_and_how_many_there_were(mortality: MonitorModel) -> None:
    table = pd.DataFrame(
        {"stay": "A", "minute": [5.0, 30.0, 59.0, 61.0], "parameter": "heart_rate", "value": [80.0, 120.0, 90.0, 70.0]}
    )
    hours = hours_in(mortality, table)
    place = [p.name for p in mortality.card.predictors].index("heart_rate")
    first, second = hours.at(0)[0, place], hours.at(1)[0, place]
    assert (first[LAST], first[LOW], first[HIGH], first[TOTAL], first[COUNT]) == (90, 80, 120, 290, 3)
    assert (second[LAST], second[COUNT]) == (70, 1)
    assert hours.length.tolist() == [2]


def test_the_risk_at_an_hour_does_not_know_what_comes_after_it(model: MonitorModel) -> None:
    table = drawn_table(model.card, stays=3, hours=48)
    changed = table.copy()
    later = changed["minute"] > 24 * 60
    numbers = changed["parameter"].isin([p.name for p in model.card.predictors if p.kind == "number"])
    changed.loc[later & numbers, "value"] *= 0.7
    gone = table[~later]
    at = [12, 20, 24]
    whole, other, cut = (watch(model, hours_in(model, t), at) for t in (table, changed, gone))
    assert np.array_equal(whole.risk, other.risk)
    assert np.array_equal(whole.risk, cut.risk)
    assert not np.array_equal(
        watch(model, hours_in(model, table), [48]).risk, watch(model, hours_in(model, changed), [48]).risk
    )


def test_stays_side_by_side_are_answered_as_each_alone(model: MonitorModel) -> None:
    table = drawn_table(model.card, stays=4, hours=20)
    together = watch(model, hours_in(model, table), [12, 20])
    for i, stay in enumerate(together.stays):
        alone = watch(model, hours_in(model, table[table["stay"] == stay]), [12, 20])
        assert np.allclose(alone.log_odds[0], together.log_odds[i], atol=1e-5)


def test_a_risk_lies_in_its_interval_and_hours_that_were_not_measured_have_none(mortality: MonitorModel) -> None:
    course = watch(mortality, hours_in(mortality, drawn_table(mortality.card, stays=3, hours=48)), [6, 11, 12, 48, 49])
    assert np.isnan(course.risk[:, [0, 1, 4]]).all()
    inside = slice(2, 4)
    assert (course.low[:, inside] <= course.risk[:, inside]).all()
    assert (course.risk[:, inside] <= course.high[:, inside]).all()


def test_drivers_are_the_exact_difference_had_a_predictor_never_been_measured(model: MonitorModel) -> None:
    stay = hours_in(model, drawn_table(model.card, stays=1, hours=16))
    found = drivers(model, stay, 16)
    whole = watch(model, stay, [16]).log_odds[0, 0]
    places = {p.name: i for i, p in enumerate(model.card.predictors)}
    for name, value in list(zip(found.names, found.values.tolist(), strict=True))[:6]:
        without = watch(model, stay.without(places[name]), [16]).log_odds[0, 0]
        assert value == pytest.approx(whole - without, abs=1e-4)
    assert len(found.names) == len(set(stay.parameter.tolist()))
    assert (np.diff(np.abs(found.values)) <= 1e-12).all()


def test_quick_drivers_go_the_way_of_the_exact_ones(model: MonitorModel) -> None:
    stays = hours_in(model, drawn_table(model.card, stays=4, hours=16))
    quick = answer(model, stays, [16]).drivers
    assert quick is not None
    pairs = []
    for i in range(4):
        exact = drivers(model, stays.chosen(np.array([i])), 16)
        own = dict(zip(exact.names, exact.values.tolist(), strict=True))
        pairs += [(own.get(p.name, 0.0), quick[i, k]) for k, p in enumerate(model.card.predictors)]
    a, b = np.array(pairs).T
    assert np.corrcoef(a, b)[0, 1] > 0.8


def test_quick_drivers_are_nothing_for_what_was_never_measured(mortality: MonitorModel) -> None:
    table = drawn_table(mortality.card, stays=1, hours=13)
    table = table[table["parameter"] != "lactate"]
    moment = list(moments(mortality, hours_in(mortality, table), np.array([13])))[-1]
    score = mortality.scores(moment.X, moment.score)[mortality.monitored.recommended]
    found = quick_drivers(mortality, moment.X, moment.memory, score, 13)
    place = [p.name for p in mortality.card.predictors].index("lactate")
    assert found[0, place] == 0
    assert (found[0] != 0).sum() > 10


def test_what_was_never_measured_leaves_the_columns_that_never_measuring_leaves(model: MonitorModel) -> None:
    table = drawn_table(model.card, stays=1, hours=9)
    i = model.columns.changing[0]
    name = model.card.predictors[i].name
    every = list(moments(model, hours_in(model, table), np.array([9])))
    without = list(moments(model, hours_in(model, table[table["parameter"] != name]), np.array([9])))
    own = model.columns.owned(i)
    assert len(own) == len(COLUMNS)
    for a, b in zip(every, without, strict=True):
        assert np.allclose(model.columns.never(a.X)[:, own], b.X[:, own], atol=1e-5)
        others = np.setdiff1d(np.arange(a.X.shape[1]), own)
        assert np.array_equal(a.X[:, others], b.X[:, others])


def test_a_stay_of_which_nothing_was_measured_is_answered_with_a_warning(model: MonitorModel) -> None:
    table = drawn_table(model.card, stays=1, hours=14)
    hours = by_hour(table, [*table["stay"].unique(), "EMPTY"], model.card.predictors)
    found = answer(model, hours, [12])
    empty = found.stay == 1
    assert np.isfinite(found.risk).all()
    assert [m.id for m in found.warnings[int(np.flatnonzero(empty)[0])]] == ["stay.nothing"]
    assert found.top(int(np.flatnonzero(empty)[0])) == ()
    assert found.warnings[int(np.flatnonzero(~empty)[0])] == ()


def test_answers_come_by_stay_and_then_by_hour_and_say_when_nothing_is_new(mortality: MonitorModel) -> None:
    found = answer(mortality, hours_in(mortality, drawn_table(mortality.card, stays=2, hours=14)), [48, 12, 60])
    assert found.stay.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.hour.tolist() == [12, 48, 60] * 2
    assert np.isnan(found.risk[[2, 5]]).all()
    assert [m.id for m in found.warnings[1]] == ["stay.old"]
    assert [m.id for m in found.warnings[2]] == ["stay.outside", "stay.old"]
    assert "hour 60" in found.warnings[2][0].text


def test_without_hours_the_card_s_are_answered_or_every_hour_of_the_stay(model: MonitorModel) -> None:
    found = answer(model, hours_in(model, drawn_table(model.card, stays=1, hours=5)), explain=False)
    assert found.hour.tolist() == (list(model.spec.hours) or [1, 2, 3, 4, 5])
    assert found.drivers is None


def test_each_estimator_can_answer_and_an_unknown_one_is_named(mortality: MonitorModel) -> None:
    hours = hours_in(mortality, drawn_table(mortality.card, stays=2, hours=12))
    risks = {name: watch(mortality, hours, [12], estimator=name).risk for name in mortality.monitored.calibration}
    assert set(risks) == {"ensemble", "lstm", "boosting", "logistic"}
    assert len({float(r[0, 0]) for r in risks.values()}) == 4
    with pytest.raises(ModelError, match="no estimator 'forest'"):
        watch(mortality, hours, [12], estimator="forest")


def test_a_stay_is_followed_only_as_far_as_it_lasted(model: MonitorModel) -> None:
    table = drawn_table(model.card, stays=2, hours=15)
    table = table[(table["stay"] != table["stay"].iloc[0]) | (table["minute"] <= 12 * 60)]
    hours = hours_in(model, table)
    scores = all_scores(model, hours, [12, 15], until=hours.length)["ensemble"]
    assert np.isfinite(scores[:, 0]).all()
    assert np.isnan(scores[hours.length < 15, 1]).all()
    assert np.isfinite(scores[hours.length >= 15, 1]).all()


def test_what_changed_lately_compares_the_newest_value_with_the_one_before(mortality: MonitorModel) -> None:
    rows = [("heart_rate", 60.0, 80.0), ("heart_rate", 1190.0, 140.0), ("lactate", 300.0, 2.0), ("urine", 1195.0, 20.0)]
    table = pd.DataFrame([{"stay": "A", "minute": m, "parameter": p, "value": v} for p, m, v in rows])
    found = changes(mortality, hours_in(mortality, table), 20)
    assert [(c.name, c.before, c.now, c.before_hour, c.now_hour) for c in found] == [("heart_rate", 80, 140, 1, 20)]


def test_missing_and_old_inputs_are_named(mortality: MonitorModel) -> None:
    rows = [("heart_rate", 30.0, 80.0), ("temperature", 1190.0, 37.0), ("age", 0.0, 70.0)]
    table = pd.DataFrame([{"stay": "A", "minute": m, "parameter": p, "value": v} for p, m, v in rows])
    hours = hours_in(mortality, table)
    found = gaps(mortality, state_at(mortality, hours, 20))
    assert found.stale == {"heart_rate": 19}
    assert "lactate" in found.missing
    assert not {"heart_rate", "temperature", "age"} & set(found.missing)


def test_outcomes_make_a_cohort_with_stays_of_which_nothing_was_measured(mortality: MonitorModel) -> None:
    table = drawn_table(mortality.card, stays=2, hours=10)
    names = list(table["stay"].unique())
    outcomes = pd.DataFrame({"RecordID": [*names, "EMPTY"], "In-hospital_death": [0, 1, 1]})
    cohort = with_outcomes(table, outcomes, mortality.card)
    assert cohort.event.tolist() == [0, 1, 1]
    assert cohort.hours.stays == (*names, "EMPTY")
    assert cohort.label.shape == (3, 48)
    with pytest.raises(ManifestError, match="In-hospital_death"):
        with_outcomes(table, outcomes.drop(columns="In-hospital_death"), mortality.card)
    with pytest.raises(ManifestError, match="must say 1"):
        with_outcomes(table, outcomes.assign(**{"In-hospital_death": [0, 2, 1]}), mortality.card)


def test_a_damaged_or_exchanged_network_is_refused(tmp_path, mortality: MonitorModel) -> None:  # type: ignore[no-untyped-def]
    models = find_models()
    card = models.card("icu_mortality_lstm")
    folder = tmp_path / card.name
    folder.mkdir()
    for file in models.folder_of(card).glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "model.npz").write_bytes(b"other")
    other = find_models(tmp_path)
    with pytest.raises(ModelError, match=r"model\.npz"):
        other.monitor_model(other.card(card.name))
    with pytest.raises(ModelError, match="does not watch"):
        models.monitor_model(models.card("mortality_10y_tree"))
