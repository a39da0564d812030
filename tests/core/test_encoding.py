"""From a patient in the card's words to numbers: nothing is lost and nothing is made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings

from medai_core.cards import Card
from medai_core.sources.encoding import Encoding, fit_encoding
from medai_core.sources.intake import in_card_words
from tests.risks import FIVE, MODELS, card_of, category, crowd, every_risk, number, patients, table


def test_a_number_is_one_column_and_a_category_one_for_each_value() -> None:
    encoding = Encoding(FIVE, np.zeros(5), np.array([False, True, True, False, False]))
    assert encoding.widths == [1, 4, 2, 2, 1]
    assert encoding.owner.tolist() == [0, 1, 1, 1, 1, 2, 2, 3, 3, 4]
    assert np.flatnonzero(encoding.is_number).tolist() == [0, 5, 9]


def test_a_patient_is_written_down_as_given() -> None:
    encoding = Encoding(FIVE, np.zeros(5), np.zeros(5, bool))
    row = table(card_of(FIVE), {"age": 2.0, "pain": "severe", "pressure": -1.0, "smoking": "no", "weight": 0.5})
    assert encoding.encode(row).tolist() == [[2, 0, 0, 1, -1, 1, 0, 0.5]]


def test_unknown_is_filled_where_the_cohort_knew_and_told_where_it_did_not() -> None:
    predictors = FIVE[:2]
    nobody = table(card_of(predictors), {})
    fill = np.array([1.5, 2.0])
    assert Encoding(predictors, fill, np.array([False, False])).encode(nobody).tolist() == [[1.5, 0, 0, 1]]
    assert Encoding(predictors, fill, np.array([True, True])).encode(nobody).tolist() == [[1.5, 1, 0, 0, 0, 1]]


def test_what_stands_in_is_the_median_and_the_most_frequent_category() -> None:
    rows = pd.DataFrame({"age": [1.0, 2.0, 9.0, np.nan], "pain": ["mild", None, "mild", "severe"]})
    encoding = fit_encoding(rows, FIVE[:2])
    assert encoding.fill.tolist() == [2, 1]
    assert encoding.flagged.tolist() == [True, True]


def test_a_gap_is_flagged_only_where_more_than_2_in_100_have_it() -> None:
    rows = pd.DataFrame({"age": [np.nan] * 2 + [1.0] * 98, "weight": [np.nan] * 3 + [1.0] * 97})
    assert fit_encoding(rows, (number("age"), number("weight"))).flagged.tolist() == [False, True]


def test_a_predictor_that_nobody_in_the_cohort_has_stands_at_the_middle_of_its_range() -> None:
    rows = table(card_of((number("age", low=0.0, high=10.0), category("pain", "no", "yes"))), {}, {})
    assert fit_encoding(rows, (number("age", low=0.0, high=10.0), category("pain", "no", "yes"))).fill.tolist() == [
        5,
        0,
    ]


@every_risk
def test_every_category_is_one_of_its_columns_and_every_number_is_itself(card: Card) -> None:
    encoding = MODELS.risk_model(card).encoding

    @given(patients(card, unknown=False))
    @settings(derandomize=True, max_examples=10, deadline=None)
    def holds(patient: dict[str, float | str | None]) -> None:
        (x,) = encoding.encode(table(card, patient))
        for j, p in enumerate(card.predictors):
            mine = x[encoding.owner == j]
            if p.kind == "number":
                assert mine[0] == patient[p.name]
                assert not mine[1:].any()
            else:
                assert mine.sum() == 1
                assert p.categories[int(mine.argmax())].name == patient[p.name]

    holds()


@every_risk
def test_a_table_written_in_the_cards_words_is_read_back_as_it_was(card: Card) -> None:
    people = crowd(card, 40)
    intake = in_card_words(people.astype(object), card.predictors)
    assert intake.good.all()
    encoding = MODELS.risk_model(card).encoding
    np.testing.assert_array_equal(encoding.encode(intake.rows), encoding.encode(people))
