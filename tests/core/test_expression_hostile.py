"""Whatever bytes a matrix of expression is given as, it comes in or is refused in a sentence, in reasonable time."""

from __future__ import annotations

import gzip
import io
import time
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from medai_core.errors import ManifestError
from medai_core.sources.expression import Expression, grid, read_expression
from tests.expression_files import GENES, csv, gct, matrix, parquet, refusal, same

FILES = [
    csv(matrix()),
    csv(matrix(), sep=";", decimal=","),
    gct(matrix()),
    parquet(matrix()),
    gzip.compress(csv(matrix())),
]
NUMBERS = st.floats(-1e6, 1e6, width=32, allow_nan=False)


def attempt(data: bytes, *, genes_in_rows: bool = False) -> Expression | None:
    """What was read, whole; None where the file is refused."""
    try:
        found = read_expression(data, "x.csv", genes_in_rows=genes_in_rows)
    except ManifestError as error:
        assert len(str(error)) < 1000
        return None
    assert found.values.shape == (len(set(found.samples)), len(set(found.genes)))
    assert found.values.dtype == np.float32
    assert not np.isinf(found.values).any()
    assert found.clinical.index.tolist() == list(found.samples)
    assert all(note.text for note in found.notes)
    return found


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.booleans())
@example(b"#1.2", False)
@example(b"#1.3\n1\t1\t0\t0\n\n", False)
@example(b"#1.2\n1\t1\nNAME\n1\n", True)
@example(b"\xef\xbb\xbf", False)
@example(b"\n\n\n", False)
@example(b"a\n1\n2\n3\n4\n", True)
@example(b'"', False)
@example(b",\n,\n,\n,\n,\n", False)
def test_no_bytes_are_a_bug(data: bytes, turned: bool) -> None:
    attempt(data, genes_in_rows=turned)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 10_000), st.binary(max_size=6), st.integers(0, 40), st.booleans())
def test_no_damage_to_a_good_file_is_a_bug(data: bytes, at: int, put: bytes, cut: int, turned: bool) -> None:
    at %= len(data)
    attempt(data[:at] + put + data[at + cut :], genes_in_rows=turned)


CELLS = st.sampled_from(
    [
        "",
        "1",
        "0",
        "-2.5",
        "1e400",
        "-inf",
        "NaN",
        "0x1F",
        "１２",
        "٣",
        "1,5",
        "True",
        "or",
        "=1+1",
        "a\nb",
        "call",
        "age",
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=2, max_size=7), st.sampled_from(",;\t"), st.booleans()
)
def test_no_cells_are_a_bug(cells: list[list[str]], sign: str, turned: bool) -> None:
    attempt(pd.DataFrame(cells).to_csv(index=False, header=False, sep=sign).encode(), genes_in_rows=turned)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(2, 9), st.data(), st.sampled_from(["csv", "comma", "parquet", "gct", "turned"]))
def test_what_is_written_is_read_again(samples: int, genes: int, data: st.DataObject, kind: str) -> None:
    size = samples * genes
    drawn = data.draw(st.lists(st.one_of(NUMBERS, st.just(float("nan"))), min_size=size, max_size=size))
    values = np.array(drawn, dtype=np.float32).astype(np.float64).reshape(samples, genes)
    # Each sample has two values that differ, and no column only whole numbers.
    values[:, 0], values[:, 1] = 0.5, -0.25
    table = pd.DataFrame(values, [f"S{i}" for i in range(samples)], [f"NM_{i:06d}" for i in range(genes)])
    written = {
        "csv": csv,
        "comma": lambda t: csv(t, sep=";", decimal=","),
        "parquet": parquet,
        "gct": gct,
        "turned": lambda t: csv(t.T, heading="gene"),
    }[kind](table)
    same(read_expression(written, "x", genes_in_rows=kind == "turned"), table)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)), st.permutations(range(10)))
def test_the_order_of_samples_and_columns_changes_nothing(rows: list[int], columns: list[int]) -> None:
    table = matrix().assign(age=[50, 61, 47, 70, 38, 55], arm=[*"aabbab"])
    plain = read_expression(csv(table), "x.csv")
    found = read_expression(csv(table.iloc[rows, columns]), "x.csv")
    frame = pd.DataFrame(found.values, found.samples, found.genes)
    np.testing.assert_array_equal(frame.loc[list(plain.samples), list(plain.genes)], plain.values)
    pd.testing.assert_frame_equal(found.clinical.loc[list(plain.samples), list(plain.clinical)], plain.clinical)


def bomb() -> bytes:
    """A Parquet file of 60,000 rows and 1,000 columns in a few kilobytes."""
    stream = io.BytesIO()
    column = pa.array(np.zeros(60_000))
    pq.write_table(pa.table({f"G{i}": column for i in range(1000)}), stream, compression="zstd")
    return stream.getvalue()


BOMBS = {
    "a million columns": (b"," * 10**6 + b"\n1\n", "expression.too_many_columns"),
    "a row of a million cells": (b"sample,TP53,BRCA1\n" + b"," * 10**6 + b"\n", "table.ragged"),
    "empty cells": (b"\n".join([b"," * 1000] * 45_000), "expression.too_many_values"),
    "lines": (b"TP53\n" + b"1\n" * 10**6, "expression.too_many_samples"),
    "no end of the heading": (b"a," * 10 + b"b" * 10_000_000, "table.damaged"),
    "a long heading": (b",".join([b"b" * 90_000] * 100) + b"\n1\n", "expression.long_heading"),
    "names of ten thousand letters": (csv(matrix(genes=["a" * 10_000] * 4)), "expression.genes_twice"),
    "a cell of ten thousand letters": (
        csv(matrix().astype(object).replace({"TP53": {matrix().iat[1, 0]: "x" * 10_000}})),
        "expression.text_cell",
    ),
    "UTF-16": (csv(matrix()).decode().encode("utf-16"), "table.utf16"),
    "another encoding": ("sample,TP53,KRT5\nMüller,1.5,2\n".encode("latin-1"), "table.encoding"),
    "NUL": (b"sample,TP53,KRT5\nS1,1.5\x00,2\n", "table.nul"),
    "binary": (bytes(range(256)) * 4, "table.nul"),
    "packed and cut": (gzip.compress(csv(matrix()))[:-9], "expression.gzip"),
    "packed and altered": (gzip.compress(csv(matrix()))[:-5] + b"12345", "expression.gzip"),
    "packed twice": (gzip.compress(gzip.compress(csv(matrix()))), "table.foreign"),
    "nothing": (b"", "table.empty"),
    "blanks": (b" \n", "table.empty"),
    "nothing, packed": (gzip.compress(b""), "table.empty"),
    "Parquet, cut": (parquet(matrix())[:-20], "table.parquet"),
    "Parquet, unpacked": (bomb(), "table.inflated"),
    "Parquet, lists": (parquet(matrix().assign(a=[[1]] * 6)), "table.nested"),
    "Parquet, no column": (parquet(pd.DataFrame(index=["S1"])), "expression.none"),
    "Parquet, no row": (parquet(matrix().iloc[:0]), "expression.no_rows"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_hostile_file_is_refused_soon_and_in_short(kind: str) -> None:
    data, id = BOMBS[kind]
    start = time.process_time()
    sentence = refusal(data)
    assert sentence.startswith(id)
    assert len(sentence) < 500
    assert time.process_time() - start < 5


def test_a_packed_file_is_unpacked_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "UNPACKED_MAX", 2**20)
    assert refusal(gzip.compress(bytes(2**20 + 1))).startswith(
        "expression.inflated: The file unpacks to more than 1 MB"
    )
    assert refusal(gzip.compress(b" " * 2**19) * 3).startswith("expression.inflated")
    assert zlib.decompress(gzip.compress(csv(matrix())), 31) == grid.unpacked(
        gzip.compress(csv(matrix())), limited=True
    )


def test_a_cell_over_several_lines_is_read_wherever_a_large_file_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "BLOCK", 2**10)
    lines = [f"note {i}\nof\nfour\nlines" for i in range(300)]
    found = read_expression(csv(matrix(300).assign(remark=lines)), "x.csv")
    assert found.clinical["remark"].tolist() == lines


def test_names_and_clinical_cells_are_kept_as_they_are_over_several_lines() -> None:
    table = matrix(genes=['a "gene"', "b,c", "d\ne", "=f"]).assign(arm=["x\ny", "=1+1", "-", "None", "b", "b"])
    found = read_expression(csv(table), "x.csv")
    assert found.genes == ('a "gene"', "b,c", "d\ne", "=f")
    assert found.clinical["arm"].tolist() == table["arm"].tolist()


def test_types_of_parquet_come_in_as_numbers_or_text() -> None:
    columns = {
        "sample": pa.array(["S1", "S2", "S3", "S4"]).dictionary_encode(),
        "TP53": pa.array([0.5, 1.5, None, 2.5], pa.float16()),
        "KRT5": pa.array(["0.25", "1", "-2", "NA"]),
        "ESR1": pa.array([1.25, 2, 3, 4]).cast(pa.decimal128(9, 2)),
        "GATA3": pa.nulls(4),
        "barcode": pa.array([2**63, 1, 2, 3], pa.uint64()),
        "day": pa.array([0, 1, 2, None], pa.date32()),
        "site": pa.array([b"a", b"b", b"c", b"d"]),
        "treated": pa.array([True, False, True, None]),
    }
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    found = read_expression(stream.getvalue(), "x.parquet")
    assert found.genes == ("TP53", "KRT5", "ESR1", "GATA3")
    assert found.values[1].tolist()[:3] == [1.5, 1, 2]
    assert found.clinical["day"].tolist() == ["1970-01-01", "1970-01-02", "1970-01-03", None]
    assert found.clinical["site"].tolist() == [*"abcd"]
    np.testing.assert_array_equal(found.clinical["treated"], [1, 0, 1, np.nan])


def test_genes_keep_their_order() -> None:
    assert read_expression(csv(matrix()[list(GENES[::-1])]), "x.csv").genes == GENES[::-1]
