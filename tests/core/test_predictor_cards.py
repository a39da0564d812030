"""The cards of one outcome ask the same of a patient, and what they ask can be answered."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from medai_core.cards import Card
from tests.risks import MODELS, SHIPPED, every_risk

OUTCOMES = MODELS.outcomes()
IRON, MERCURY = 55.845, 133.322387415
"""Grams a mole; pascals of a millimetre."""
UNITS = {
    ("mmHg", "kPa"): {"": MERCURY / 1000},
    ("mg/dL", "mmol/L"): {"cholesterol": 10 / 386.65},
    ("mg/dL", "µmol/L"): {"creatinine": 10_000 / 113.12},
    ("µg/dL", "µmol/L"): {"iron": 10 / IRON, "iron_binding_capacity": 10 / IRON},
    ("g/dL", "g/L"): {"": 10},
    ("mEq/L", "mmol/L"): {"magnesium": 1 / 2},
    ("mmol/L", "mEq/L"): {"sodium": 1},
    ("U/L", "µkat/L"): {"": 1 / 60},
    ("10³/µL", "10⁹/L"): {"": 1},
    ("/µL", "10⁹/L"): {"": 1e6 / 1e9},
    ("mm", "mV"): {"st_depression": 0.1},
}
"""How many of the second unit one of the first is, by predictor where it hangs on what is measured: from molar
masses, charges and the definitions of the units, not from the cards."""
every_outcome = pytest.mark.parametrize("outcome", OUTCOMES)


@every_outcome
def test_the_cards_of_an_outcome_differ_only_in_what_their_estimator_promises(outcome: str) -> None:
    def asked(card: Card) -> object:
        assert card.prediction is not None
        plain = [replace(p, monotone=0) for p in card.predictors]
        common = replace(card.prediction, estimator="", why="")
        return plain, common, card.groupings, card.findings, card.population, card.cohorts, card.intended_use

    first, *others = OUTCOMES[outcome]
    for card in others:
        assert asked(card) == asked(first), card.name
        said, first_said = card.translations["zh_CN"], first.translations["zh_CN"]
        assert (said.predictors, said.categories) == (first_said.predictors, first_said.categories)


@every_outcome
def test_each_outcome_has_each_estimator_once_and_at_most_one_is_recommended(outcome: str) -> None:
    cards = OUTCOMES[outcome]
    estimators = [card.prediction.estimator for card in cards if card.prediction]
    assert len(set(estimators)) == len(estimators)
    assert [card.recommended for card in cards[1:]] == [False] * (len(cards) - 1)
    for card in cards:
        assert card.prediction is not None
        assert card.name == f"{outcome}_{card.prediction.estimator}"


@every_risk
def test_what_a_card_asks_can_be_answered(card: Card) -> None:
    names = [p.name for p in (*card.predictors, *card.groupings)]
    assert len(set(names)) == len(names)
    for p in (*card.predictors, *card.groupings):
        assert p.kind in ("number", "category")
        if p.kind == "number":
            assert p.low < p.high, p.name
            assert not p.categories, p.name
            assert p.modifiable in ("", "lower", "raise", "either"), p.name
        else:
            kinds = [c.name for c in p.categories]
            assert len(set(kinds)) == len(kinds) > 1, p.name
            assert p.modifiable in ("", *kinds), p.name
            assert p.monotone == 0, p.name
        assert p.monotone in (-1, 0, 1), p.name


@every_risk
def test_the_other_unit_of_a_predictor_is_worth_what_physics_and_chemistry_say(card: Card) -> None:
    for p in card.predictors:
        if p.other_unit:
            known = UNITS[p.unit, p.other_unit.unit]
            assert p.other_unit.factor == pytest.approx(known.get(p.name) or known[""], rel=5e-4), p.name
            assert p.other_unit.offset == 0, p.name


@every_risk
def test_no_code_or_word_of_a_table_means_two_categories(card: Card) -> None:
    for p in (*card.predictors, *card.groupings):
        words = [w.lower() for c in p.categories for w in {c.name.lower(), *(v.lower() for v in c.values)}]
        assert len(set(words)) == len(words), p.name
        ranges = sorted(r for c in p.categories for r in c.ranges)
        assert all(len(r) == 2 and r[0] <= r[1] for r in ranges), p.name
        assert all(earlier[1] < later[0] for earlier, later in pairwise(ranges)), p.name
        assert sum(c.rest for c in p.categories) <= 1, p.name


@every_risk
def test_nobody_is_told_to_change_age_or_sex(card: Card) -> None:
    assert not {p.name for p in card.predictors if p.modifiable} & {"age", "sex", "race"}


@every_risk
def test_what_results_are_reported_by_is_asked_or_a_grouping(card: Card) -> None:
    assert card.prediction is not None
    known = {p.name for p in (*card.predictors, *card.groupings)}
    assert {*card.prediction.subgroups, *filter(None, [card.prediction.age])} <= known
    assert list(card.prediction.age_bands) == sorted(card.prediction.age_bands)


@every_risk
def test_every_predictor_and_category_has_its_chinese_words(card: Card) -> None:
    said = card.translations["zh_CN"]
    everything = (*card.predictors, *card.groupings)
    assert {p.name for p in everything} == set(said.predictors)
    assert {c.title for p in everything for c in p.categories} <= set(said.categories)
    assert said.horizon


@every_risk
def test_the_cohorts_figures_stand_in_the_cards_order_and_within_its_ranges(card: Card) -> None:
    assert card.measured is not None
    assert [s.name for s in card.measured.predictors] == [p.name for p in card.predictors]
    for p, s in zip(card.predictors, card.measured.predictors, strict=True):
        assert 0 <= s.missing_share <= 1
        assert s.importance >= 0
        if p.kind == "number":
            assert list(s.quantiles) == sorted(s.quantiles)
            assert p.low <= s.quantiles[0] <= s.quantiles[-1] <= p.high, p.name
        else:
            assert set(s.shares) <= {c.name for c in p.categories}
            assert sum(s.shares.values()) <= 1 + 1e-3


def test_there_are_risk_models_to_test() -> None:
    assert len(SHIPPED) >= 4
