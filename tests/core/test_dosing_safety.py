"""What no advice may do, whatever the history is and whatever a network says: the dangerous cases, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.precision.dosing import DoseChange, DosingModel, InrValue, Patient, advise, checked
from medai_core.precision.dosing.beginnings import beginning, since_beginning, taken_mg
from medai_core.precision.dosing.charting import possible, unsettled
from medai_core.precision.dosing.deciding import Decided, decide
from medai_core.precision.dosing.standing import standing_of
from tests.dosing import NAME, model, spec

SPEC = spec()
ADJUSTED = ("clinical", "pharmacogenetic", "model_based", NAME)


def patient(doses: dict[int, float], inrs: dict[int, float], today: int, **other: Any) -> Patient:
    given = Patient(
        68,
        "white",
        172,
        80,
        "*1/*2",
        "GA",
        doses=tuple(DoseChange(*d) for d in doses.items()),
        inrs=tuple(InrValue(*v) for v in inrs.items()),
        today=today,
        **other,
    )
    return checked(given, model().card)


def warned(one: Patient) -> list[str]:
    return [message.id for message in advise(model(), one).warnings]


# --- an INR that does not fit


def test_a_high_inr_that_does_not_fit_still_bounds_every_dose() -> None:
    one = patient({0: 5}, {4: 1.3, 5: 20}, 5)
    found = decide(model(), one)
    for name in ADJUSTED:
        said = found.said[name].protocol
        assert said.dose_mg_per_day <= 5, name
        assert said.held_days == 3, name
        assert said.next_visit_days == 1, name
    advice = advise(model(), one)
    assert [m.id for m in advice.warnings][:2] == ["warning.very_high", "warning.jump"]
    assert advice.reason.id == "reason.held" and "20" in advice.reason.text
    assert advice.inrs == (InrValue(4, 1.3),)


def test_an_inr_of_12_after_one_in_range_has_the_drug_left_out_and_is_measured_again() -> None:
    advice = advise(model(), patient({0: 5}, {7: 2.0, 20: 2.5, 21: 12}, 21))
    assert (advice.held_days, advice.next_visit_days) == (3, 1)
    assert "warning.very_high" in [m.id for m in advice.warnings]


def test_a_low_inr_that_does_not_fit_gives_no_new_dose() -> None:
    one = patient({0: 5}, {7: 1.5, 14: 1.7, 15: 0.8}, 15)
    assert unsettled(one) == (InrValue(15, 0.8),)
    found = decide(model(), one)
    assert all(found.said[name].protocol.dose_mg_per_day <= 5 for name in ADJUSTED)
    assert all(said.protocol.next_visit_days == 1 for said in found.said.values())
    advice = advise(model(), one)
    assert advice.reason.id == "reason.doubted"
    assert advice.limit is not None and advice.limit.id == "limit.unsettled" and "0.8" in advice.limit.text


def test_a_later_inr_that_fits_settles_the_doubt() -> None:
    one = patient({0: 5}, {4: 1.3, 5: 20, 7: 1.6}, 7)
    assert unsettled(one) == ()
    advice = advise(model(), one)
    assert advice.held_days == 0 and "warning.very_high" not in [m.id for m in advice.warnings]


# --- an INR before the first dose


def test_no_course_is_begun_while_the_inr_is_high() -> None:
    one = patient({}, {0: 6.0}, 0)
    for said in decide(model(), one).said.values():
        assert said.protocol.dose_mg_per_day == 0
        assert said.protocol.next_visit_days <= 3
    advice = advise(model(), one)
    assert advice.limit is not None and advice.limit.id == "limit.start_high"
    assert advice.reason.id == "reason.start_high" and advice.held_days == 3
    assert "warning.high_before" in [m.id for m in advice.warnings]


def test_a_first_dose_that_was_given_in_spite_of_a_high_inr_is_taken_back() -> None:
    advice = advise(model(), patient({0: 5}, {0: 6.0}, 1))
    assert (advice.dose_mg_per_day, advice.held_days, advice.next_visit_days) == (0, 2, 2)


@pytest.mark.parametrize(("inr", "asked"), [(1.3, False), (1.4, True)])
def test_an_inr_before_the_first_dose_that_is_not_of_a_healthy_person_is_asked_about(inr: float, asked: bool) -> None:
    one = patient({}, {0: inr}, 0)
    assert ("warning.high_before" in warned(one)) is asked
    assert advise(model(), one).dose_mg_per_day > 0


# --- the rest of a hold


@pytest.mark.parametrize(("today", "held"), [(10, 3), (11, 2), (12, 1), (13, 0)])
def test_the_rest_of_a_hold_is_carried_over_to_the_days_after(today: int, held: int) -> None:
    advice = advise(model(), patient({0: 5, 10: 4}, {7: 3.0, 10: 6.0}, today))
    assert advice.held_days == held
    if held:
        assert advice.next_visit_days <= 3 and advice.reason.id == "reason.held"


def test_days_without_the_drug_count_for_the_hold() -> None:
    advice = advise(model(), patient({0: 5}, {7: 3.0, 10: 6.0}, 12, missed_days=(10, 11)))
    assert advice.held_days == 1


def test_a_dose_that_was_raised_in_spite_of_a_high_inr_is_taken_back() -> None:
    advice = advise(model(), patient({0: 5, 10: 8}, {7: 3.0, 10: 4.5}, 12))
    assert advice.dose_mg_per_day == 5
    assert advice.limit is not None and advice.limit.id == "limit.high_inr"


# --- limits where there is no new INR


def test_the_largest_dose_holds_where_there_is_no_new_inr() -> None:
    one = patient({0: 30}, {}, 3)
    for said in decide(model(), one).said.values():
        assert said.protocol.dose_mg_per_day == SPEC.dose_max_mg_per_day
    advice = advise(model(), one)
    assert advice.proposed_mg_per_day == 30
    assert advice.limit is not None and advice.limit.id == "limit.largest"


# --- a course longer than those that were learnt


def test_past_the_days_that_were_learnt_bayesian_dosing_answers_and_says_so() -> None:
    inrs = {7: 2.1, 14: 2.4, 60: 2.5, 89: 2.5}
    assert advise(model(), patient({0: 5.64}, inrs, 89)).policy == NAME
    one = patient({0: 5.64}, {**inrs, 400: 2.5}, 400)
    advice, other = advise(model(), one), advise(model(), one, "model_based")
    assert advice.policy == "model_based"
    assert advice.dose_mg_per_day == other.dose_mg_per_day
    assert NAME not in {p.name for p in advice.protocols}
    assert "warning.policy_days" in [m.id for m in advice.warnings]
    assert "warning.policy_days" not in [m.id for m in other.warnings]


# --- a drug that was stopped


def test_a_week_of_doses_of_0_is_a_stopped_drug_and_is_begun_as_on_a_first_day() -> None:
    one = patient({0: 5, 20: 0}, {7: 2.0, 14: 2.4, 30: 1.0}, 30)
    first = decide(model(), patient({}, {}, 0))
    found = decide(model(), one)
    for name in ("fixed", "clinical", "pharmacogenetic"):
        assert found.said[name].protocol == first.said[name].protocol
    assert 0 < found.said["model_based"].protocol.dose_mg_per_day <= SPEC.first_max_mg_per_day
    advice = advise(model(), one)
    assert {"warning.stopped", "warning.policy_again"} <= {m.id for m in advice.warnings}
    assert advice.policy == "model_based" and advice.reason.id == "reason.again"
    assert advice.next_visit_days <= 7


def test_after_a_pause_the_course_is_counted_from_its_new_beginning() -> None:
    one = patient({0: 5, 20: 0, 30: 4}, {7: 2.0, 30: 1.0, 34: 1.5}, 34)
    assert beginning(one) == 30
    again = since_beginning(one)
    assert (again.doses, again.inrs, again.today) == ((DoseChange(0, 4),), (InrValue(0, 1.0), InrValue(4, 1.5)), 4)
    assert all(said.protocol.next_visit_days <= 7 for said in decide(model(), one).said.values())
    assert beginning(replace(one, doses=(DoseChange(0, 5), DoseChange(24, 0), DoseChange(30, 4)))) == 0


def test_a_pause_of_days_is_no_dose_of_0_that_later_doses_go_by() -> None:
    found = decide(model(), patient({0: 5, 14: 0}, {7: 2.4, 14: 3.6, 17: 2.6}, 17))
    assert all(found.said[name].protocol.dose_mg_per_day > 2.5 for name in found.said)
    still = decide(model(), patient({0: 5, 14: 0}, {7: 2.4, 14: 3.6}, 17))
    assert all(said.protocol.dose_mg_per_day == 0 for said in still.said.values())


def test_after_a_high_inr_and_a_pause_no_dose_is_above_the_one_before() -> None:
    one = patient({0: 3, 20: 0}, {7: 3.0, 20: 8.0, 24: 3.0, 32: 1.1}, 32)
    for said in decide(model(), one).said.values():
        assert said.protocol.dose_mg_per_day <= 3
    limit = advise(model(), one).limit
    assert limit is None or limit.id == "limit.again"


def test_nothing_taken_yet_is_a_first_day() -> None:
    found = advise(model(), patient({0: 0}, {}, 3), "clinical")
    assert found.dose_mg_per_day > 3 and found.reason.id == "reason.first"


# --- a dose that was entered for today


def test_a_dose_entered_for_today_is_the_decision_and_stays_within_the_limits() -> None:
    kept = advise(model(), patient({0: 5, 14: 5.5}, {7: 2.0, 14: 1.8}, 14))
    assert (kept.dose_mg_per_day, kept.last_mg_per_day, kept.reason.id) == (5.5, 5.5, "reason.kept")
    much = advise(model(), patient({0: 5, 14: 12}, {7: 2.0, 14: 1.8}, 14))
    assert much.dose_mg_per_day <= 6.5
    assert much.limit is not None and much.limit.id == "limit.rise"
    assert advise(model(), patient({0: 14}, {}, 0)).dose_mg_per_day == SPEC.first_max_mg_per_day


# --- whatever the history, whatever the network says


class Anything:
    """A network that says what it likes."""

    def __init__(self, log_share: float, visit: int) -> None:
        self._said = log_share, visit

    def __call__(self, observation: np.ndarray) -> dict[str, np.ndarray]:
        share, visit = self._said
        places = np.eye(len(SPEC.visit_days))[[visit] * len(observation)]
        return {"log_share": np.full((len(observation), 1), share), "visit": places}


@st.composite
def histories(draw: Callable[..., Any]) -> Patient:
    today = draw(st.integers(0, 130))
    days = st.integers(0, today)
    doses = draw(st.dictionaries(days, st.sampled_from([0.0, 0.0, 1.0, 3.0, 5.0, 9.5, 15.0, 30.0, 50.0]), max_size=5))
    if today:
        doses[0] = draw(st.sampled_from([0.0, 2.0, 5.0, 30.0]))
    inrs = draw(st.dictionaries(days, st.sampled_from([0.8, 1.1, 1.9, 2.5, 3.2, 4.1, 5.5, 12.0, 20.0]), max_size=5))
    missed = draw(st.sets(st.integers(0, today - 1), max_size=12)) if today else ()
    return patient(doses, inrs, today, missed_days=tuple(missed))


def respects_the_limits(one: Patient, found: Decided) -> None:
    standing = standing_of(one, SPEC)
    newest = (*possible(one)[0][-1:], *unsettled(one))
    high = [value.inr for value in newest if value.inr > SPEC.high_inr]
    for name, said in found.said.items():
        dose, days = said.protocol.dose_mg_per_day, said.protocol.next_visit_days
        assert np.isfinite(dose) and 0 <= dose <= SPEC.dose_max_mg_per_day
        assert 1 <= days <= 28 and 0 <= said.protocol.held_days <= 3
        before = [d.dose_mg_per_day for d in one.doses if d.day < one.today and d.dose_mg_per_day]
        if standing.begins:
            assert dose <= (0 if high else SPEC.first_max_mg_per_day)
        elif before:
            assert dose <= max(before[-1] * (1 + SPEC.step_share), before[-1] + SPEC.step_least_mg) + 1e-9
            assert not (high or unsettled(one)) or dose <= before[-1]
        assert not high or days <= SPEC.soon_days
        assert not high or max(high) < 5 or days <= 3
        fresh = newest and max(value.day for value in newest) == one.today
        if fresh and high and max(high) >= 5 and name != "fixed":
            assert said.protocol.held_days or not taken_mg(one)[-3:].any()


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from([-50.0, -1.0, 0.0, 1.0, 50.0, 800.0, np.inf, -np.inf, np.nan]), st.integers(0, 7))
def test_no_history_and_no_network_lead_past_a_limit(one: Patient, log_share: float, visit: int) -> None:
    network: Any = Anything(log_share, visit)
    with np.errstate(over="ignore", invalid="ignore"):
        respects_the_limits(one, decide(DosingModel(model().card, network), one))
