"""A table comes in whole or is refused in one sentence; what goes out runs in no spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.errors import ManifestError, MedAIError
from medai_core.sources import tables
from medai_core.sources.tables import harmless_csv, open_table, parquet, read_table
from tests.scans import dicom, photograph


def refused(data: bytes, name: str = "x.csv") -> str:
    """The id of the one sentence that ``data`` is refused with."""
    with pytest.raises(ManifestError) as caught:
        read_table(data, name)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).endswith(".")
    return caught.value.message.id


def stored(table: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    return stream.getvalue()


def packed(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"age,sex\n50,m\n,f\n",
        b"age;sex\r\n50;m\r\n;f\r\n",
        b"age\tsex\n50\tm\n\tf",
        b"\xef\xbb\xbfage,sex\n50,m\n,f\n",
        b'\n\n"age", sex \n"50",m\n\n"",f\n',
        b"age,sex\r50,m\r,f\r",
    ],
)
def test_a_table_is_read_whichever_way_it_was_saved(data: bytes) -> None:
    table = read_table(data, "patients.csv")
    assert list(table.columns) == ["age", "sex"]
    assert table.to_numpy().tolist() == [["50", "m"], ["", "f"]]


def test_a_heading_with_the_other_signs_in_quotes_is_parted_by_its_own() -> None:
    assert list(read_table(b'"BP, mmHg";"a,b";age\n1;2;3\n', "x").columns) == ["BP, mmHg", "a,b", "age"]
    assert list(read_table(b"BP, first, mmHg\tage\n1\t2\n", "x.tsv").columns) == ["BP, first, mmHg", "age"]


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    assert list(read_table(b",age\n0,50\n", "x").columns) == ["column 1", "age"]


def test_parquet_keeps_numbers_and_has_text_where_it_had_categories() -> None:
    given = pd.DataFrame({"age": [50.5, None], "sex": pd.Categorical(["m", None]), "n": [1, 2]})
    found = read_table(stored(given), "x.csv")
    assert found["age"].iloc[0] == 50.5
    assert found["age"].isna().tolist() == [False, True]
    assert found["sex"].iloc[0] == "m"
    assert found["sex"].isna().tolist() == [False, True]
    assert found["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "table.empty"),
        (b" \r\n\n", "table.empty"),
        (b"age,sex\n", "cohort.no_rows"),
        (b"age,sex", "cohort.no_rows"),
        (stored(pd.DataFrame({"age": pd.Series([], dtype=float)})), "cohort.no_rows"),
        (b"age,sex,age \n50,m,51\n", "table.twice"),
        (b"age,sex\n50,m\n51\n", "table.ragged"),
        (b'age,sex\n50,"m"\n51\n', "table.ragged"),
        (b"age,sex\n50,m,1\n51,f,2\n", "table.ragged"),
        (b"age,sex\n50,m\n51,f,2\n", "table.ragged"),
        (b"age,sex\n50,m,1,2\n51,f,2,2\n", "table.ragged"),
        (b'age,sex\n50,"m\n51,f\n', "table.quote"),
        (b"age,sex\n50,\0\n", "table.nul"),
        ("größe,sex\n50,m\n".encode("latin-1"), "table.encoding"),
        ("age,sex\n50,m\n".encode("utf-16"), "table.utf16"),
        (b"PAR1", "table.parquet"),
        (stored(pd.DataFrame({"age": [50.0]}))[:-9], "table.parquet"),
        (stored(pd.DataFrame({"age": [[50.0]]})), "table.nested"),
        (stored(pd.DataFrame({"age": [b"\xff"]})), "table.parquet"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_sentence(data: bytes, why: str) -> None:
    assert refused(data) == why


def test_the_line_of_the_first_wrong_row_is_named() -> None:
    with pytest.raises(ManifestError, match=r"Line 3 has 1 cells where the heading has 2"):
        read_table(b"age,sex\n50,m\n51\n52,f\n", "x")
    with pytest.raises(ManifestError, match=r"Line 2 holds a sign that is not in UTF-8"):
        read_table(b"age,sex\n50,\xff\n", "x")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (photograph(), "a picture"),
        (dicom(), "a DICOM file"),
        (packed("xl/workbook.xml"), "an Excel workbook"),
        (packed("word/document.xml"), "an office document"),
        (packed("patients.csv"), "a packed archive"),
        (b"\x1f\x8b\x08\x00", "a packed archive"),
        (b'{"resourceType": "Bundle"}', "JSON"),
        (b'[{"age": 50}]', "JSON"),
        (b"<!DOCTYPE html><html>sign in</html>", "a web page or XML"),
    ],
)
def test_a_file_that_is_something_else_is_called_by_its_name(data: bytes, what: str) -> None:
    with pytest.raises(ManifestError, match=f"The file is {what}, not a table"):
        read_table(data, "patients.csv")


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(b"a," * (tables.BYTES_MAX // 2 + 1)) == "table.too_large"
    monkeypatch.setattr(tables, "ROWS_MAX", 3)
    for rows in (3, 4):
        for data in (b"age\n" + b"50\n" * rows, stored(pd.DataFrame({"age": [50.0] * rows}))):
            if rows == 3:
                assert len(read_table(data, "x")) == 3
            else:
                assert refused(data) == "table.too_many_rows"


def test_a_file_of_ones_own_may_have_any_number_of_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 3)
    (tmp_path / "x.csv").write_bytes(b"age\n" + b"50\n" * 9)
    assert len(open_table(tmp_path / "x.csv")) == 9
    (tmp_path / "x.csv").write_bytes(b"age,age\n1,2\n")
    for path in (tmp_path / "x.csv", tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(ManifestError, match=r"\.$"):
            open_table(path)


@pytest.mark.parametrize(
    "bomb",
    [
        {"text": ["x" * 20_000] * 60_000},
        {str(i): np.zeros(150_000) for i in range(400)},
    ],
)
def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked(bomb: dict[str, Any]) -> None:
    data = stored(pd.DataFrame(bomb))
    assert len(data) < 5 * 2**20
    assert refused(data) == "table.inflated"


def test_a_heading_of_thousands_of_columns_is_refused() -> None:
    wide = ",".join(map(str, range(2001))).encode()
    assert refused(wide + b"\n1\n") == "table.too_many_columns"
    assert refused(b",".join([b"x"] * 1500) + b"\n" + b"\n" * 60_000) == "table.inflated"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_to_a_file_makes_anything_but_a_sentence(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([b'age,sex\n50,"m"\n51,f\n', stored(pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}))])
    )
    spoilt = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        spoilt[place] = data.draw(st.integers(0, 255))
    try:
        read_table(bytes(spoilt[: data.draw(st.integers(0, len(whole)))]), "x")
    except MedAIError as error:
        assert len(str(error).splitlines()) == 1


def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_and_numbers_stay() -> None:
    cells = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", " =1", "-inf", "-5", "+5.5", "-1e-5", "male", "", None]
    numbers = [-1.5, *range(len(cells) - 1)]
    text = harmless_csv(pd.DataFrame({"=cmd": cells, "n": numbers})).decode("utf-8-sig")
    back = pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False)
    assert list(back.columns) == ["'=cmd", "n"]
    assert back["'=cmd"].tolist() == [f"'{c}".replace("\r", "\n") for c in cells[:8]] + [*cells[8:13], ""]
    assert [float(n) for n in back["n"]] == numbers


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), min_size=1))
def test_no_text_starts_a_formula(cells: list[str]) -> None:
    text = harmless_csv(pd.DataFrame({"x": cells, "y": 1})).decode("utf-8-sig")
    for cell in pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False)["x"]:
        assert not cell.startswith(("=", "@", "\t", "\r"))
        assert not cell.startswith(("+", "-")) or float(cell) is not None


def test_no_row_begins_inside_a_cell() -> None:
    text = harmless_csv(pd.DataFrame({"x": ["a\r=1+1", "b\r\n=1+1", "c\n=1+1"]})).decode("utf-8-sig")
    assert "\r" not in text
    assert len(list(csv.reader(io.StringIO(text)))) == 4


def test_parquet_takes_columns_of_mixed_types() -> None:
    given = pd.DataFrame({"a": [1, "x", None], "b": [[1], {}, float("nan")], 3: [0.5, 1, 2]}, dtype=object)
    found = pd.read_parquet(io.BytesIO(parquet(given.assign(n=[1, 2, 3]))))
    assert list(found.columns) == ["a", "b", "3", "n"]
    assert found["a"].tolist()[:2] == ["1", "x"]
    assert found["a"].isna().tolist() == [False, False, True]
    assert found["n"].tolist() == [1, 2, 3]
