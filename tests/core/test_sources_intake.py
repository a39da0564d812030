"""Rows in a card's words: every cell is a value, unknown, or a reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.cards import Card, Category, PredictorSpec
from medai_core.catalog import find_models
from medai_core.errors import ManifestError
from medai_core.sources.intake import in_card_words, match_columns
from medai_core.sources.patients import open_patients, read_patients
from tests.patients import draw

CARDS = [card for card in find_models().cards if card.task == "risk" and card.measured is not None]
every_card = pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name)
AGE = PredictorSpec("age", "Age", "number", ("Years of age",), "years", "a", 25, 100, missing_values=("999",))
BAND = PredictorSpec("band", "Band", "number", low=0, high=100, bands={"[70-80)": 75.0})
SEX = PredictorSpec(
    "sex", "Sex", "category", categories=(Category("female", "f", ("0",)), Category("male", "m", ("1", "m")))
)
CODE = PredictorSpec(
    "code",
    "Code",
    "category",
    categories=(
        Category("heart", "h", (), ((390.0, 459.0),)),
        Category("none", "n"),
        Category("other", "o", rest=True),
    ),
)
ALL = (AGE, BAND, SEX, CODE)


def cells(p: PredictorSpec, *given: object) -> list[object]:
    """What the cells mean: the value, None for unknown, "bad" for a problem."""
    found = in_card_words(pd.DataFrame({p.name: pd.Series(given, dtype=object)}), (p,))
    values = [None if pd.isna(v) else v for v in found.rows[p.name]]
    assert {problem.row - 1 for problem in found.problems} == set(np.flatnonzero(~found.good))
    return ["bad" if not good else value for value, good in zip(values, found.good, strict=True)]


def test_a_number_is_read_however_it_is_written() -> None:
    assert cells(AGE, 50, "50", " 50.0 ", 5e1, "5e1", np.float32(50)) == [50.0] * 6


def test_nothing_and_its_names_are_unknown() -> None:
    assert cells(AGE, None, float("nan"), "", " ", "NA", "?", "unknown", "999", 999.0, "999.0") == [None] * 10


def test_what_is_no_plausible_number_is_a_problem() -> None:
    assert cells(AGE, "fifty", 24.9, 100.1, "inf", True, [50], "50 years", "5,0", "born 1950") == ["bad"] * 9


def test_bands_and_codes_have_their_meaning() -> None:
    assert cells(BAND, "[70-80)", "75", "[80-90)") == [75.0, 75.0, "bad"]
    assert cells(CODE, "410", 410.5, "459.9", "V12", "None", "", 1) == [
        "heart",
        "heart",
        "heart",
        "other",
        "none",
        None,
        "other",
    ]
    assert cells(SEX, "Female", "M", 1, 1.0, "0", "2", True) == [
        "female",
        "male",
        "male",
        "male",
        "female",
        "bad",
        "bad",
    ]


def test_whole_numbers_and_true_are_not_taken_for_each_other() -> None:
    yes = PredictorSpec(
        "x", "X", "category", categories=(Category("no", "no", ("0",)), Category("yes", "yes", ("true",)))
    )
    assert cells(yes, 1, True, False, 0, "TRUE") == ["bad", "yes", "bad", "no", "yes"]


@pytest.mark.parametrize("kind", ["float64", "Float64", "int64", "category", "object", "str"])
def test_the_type_of_a_column_does_not_matter(kind: str) -> None:
    given = pd.DataFrame({"age": pd.Series([50, 10, 999, 60]).astype(kind)})
    found = in_card_words(given, (AGE,))
    assert found.good.tolist() == [True, False, True, True]
    assert found.rows["age"].tolist()[::3] == [50.0, 60.0]
    assert np.isnan(found.rows["age"][2])


def test_columns_are_found_by_every_name_they_have() -> None:
    assert match_columns(["YEARS OF AGE", "sex"], ALL) == {"age": "YEARS OF AGE", "sex": "sex"}
    assert match_columns(["years_of-age", "age"], (AGE,)) == {"age": "age"}
    assert match_columns([], ALL) == {}


def test_a_predictor_without_a_column_is_unknown_and_no_row_suffers() -> None:
    found = in_card_words(pd.DataFrame({"else": ["x", "y"]}), ALL)
    assert found.good.all()
    assert found.rows.isna().to_numpy().all()
    assert found.matched == {}


def test_every_bad_row_says_which_column_holds_what_and_what_is_needed() -> None:
    table = pd.DataFrame({"Years of age": ["50", "200", "x" * 500], "band": ["1", "-3", "7"], "sex": ["m", "n", "f"]})
    found = in_card_words(table, ALL)
    assert found.good.tolist() == [True, False, False]
    assert [(p.row, p.column) for p in found.problems] == [
        (2, "Years of age"),
        (2, "band"),
        (2, "sex"),
        (3, "Years of age"),
        (3, "sex"),
    ]
    assert found.problems[0].text == "Years of age 200: needed a number from 25 to 100 years, or nothing for unknown"
    assert found.problems[1].text == "band -3: needed a number from 0 to 100, or nothing for unknown"
    assert found.problems[2].text == "sex n: needed one of: female, male; or nothing for unknown"
    assert len(found.problems[3].value) == 80


@every_card
def test_drawn_patients_come_back_as_they_went_through_every_kind_of_table(card: Card, tmp_path: Path) -> None:
    rows = draw(card, 60)
    rows.iloc[::7, 0] = np.nan
    rows.to_parquet(tmp_path / "x.parquet")
    tables = [read_patients(rows.to_csv(index=False, sep=sign).encode(), "x", card.predictors) for sign in ",;\t"]
    for table in (rows, *tables, open_patients(tmp_path / "x.parquet", card.predictors)):
        found = in_card_words(table, card.predictors)
        assert found.good.all()
        pd.testing.assert_frame_equal(found.rows, rows.astype({k: object for k in rows.select_dtypes("str")}))


@every_card
def test_the_cohorts_own_column_names_are_known(card: Card) -> None:
    for p in (*card.predictors, *card.groupings):
        for name in (p.name, *p.columns):
            assert match_columns([name], (p,)) == {p.name: name}


def test_any_other_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for data in (b"", b"%PDF", b"\0\1\2", b'{"resourceType": "Patient"}', b"{"):
        with pytest.raises(ManifestError, match=r"\.$"):
            read_patients(data, "x", ALL, now=date(2024, 1, 1))
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(ManifestError, match=r"\.$"):
            open_patients(tmp_path / "x", ALL)
