"""A matrix of expression comes in as it is, from every kind of file, or is refused by name."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.sources import expression as expression_room
from medai_core.sources.expression import open_expression, read_expression
from medai_core.sources.expression import orientation as orientation_room
from tests.expression_files import GENES, csv, gct, matrix, notes, parquet, refusal, same

WRITTEN: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "x.csv": csv,
    "x.tsv": lambda table: csv(table, sep="\t"),
    "x.txt": lambda table: csv(table, sep="\t", heading=""),
    "semicolons.csv": lambda table: csv(table, sep=";"),
    "comma.csv": lambda table: csv(table, sep=";", decimal=","),
    "comma.txt": lambda table: csv(table, sep="\t", decimal=","),
    "bom.csv": lambda table: b"\xef\xbb\xbf" + csv(table),
    "windows.csv": lambda table: csv(table).replace(b"\n", b"\r\n"),
    "mac.csv": lambda table: csv(table).replace(b"\n", b"\r"),
    "r.txt": lambda table: csv(table, sep="\t").removeprefix(b"sample\t"),
    "x.parquet": parquet,
    "column.parquet": lambda table: parquet(table.reset_index(names="Patient"), index=False),
    "x.gct": gct,
    "x.csv.gz": lambda table: gzip.compress(csv(table)),
    "x.gct.gz": lambda table: gzip.compress(gct(table)),
    "parts.csv.gz": lambda table: gzip.compress(csv(table)[:50]) + gzip.compress(csv(table)[50:]),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_matrix_comes_out_of_every_kind_of_file(name: str) -> None:
    table, data = matrix(), WRITTEN[name](matrix())
    found = read_expression(data, name)
    same(found, table)
    assert found.clinical.shape == (6, 0)
    assert found.clinical.index.tolist() == list(table.index)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert set(notes(found)) <= {"expression.decimal_comma", "expression.gene_columns"}
    assert ("expression.decimal_comma" in notes(found)) == name.startswith("comma")


def test_a_file_of_ones_own_is_read_as_an_upload_is(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(csv(matrix()))
    same(open_expression(tmp_path / "x.csv"), matrix())


@pytest.mark.parametrize("cell", ["", "NA", "NaN", "null", "#N/A", " na "])
def test_what_was_not_measured_is_missing(cell: str) -> None:
    found = read_expression(f"sample,TP53,BRCA1,ESR1\nS1,{cell},1.5,2.5\nS2,0.5, 1.25 ,2\n".encode(), "x.csv")
    np.testing.assert_array_equal(found.values, np.array([[np.nan, 1.5, 2.5], [0.5, 1.25, 2]], dtype=np.float32))


def test_a_gct_of_version_1_3_brings_its_clinical_rows_and_leaves_out_what_describes_genes() -> None:
    text = (
        "#1.3\n3\t2\t1\t2\nid\tpr_title\tP1\tP2\nage\tna\t61\t48\narm\tna\tplacebo\tna\n"
        "TP53\tp53\t1.5\t2.5\nESR1\toestrogen\t-1\tNaN\nKRT5\tkeratin\t0\t2\n"
    )
    found = read_expression(text.encode(), "x.gct")
    assert found.samples == ("P1", "P2")
    assert found.genes == ("TP53", "ESR1", "KRT5")
    np.testing.assert_array_equal(found.values, np.array([[1.5, -1, 0], [2.5, np.nan, 2]], dtype=np.float32))
    assert found.clinical["age"].tolist() == [61, 48]
    assert found.clinical["arm"].tolist() == ["placebo", None]
    assert notes(found)["expression.gene_columns"] == "Columns that describe genes were left out: pr_title."


def test_a_gct_that_is_cut_short_is_refused() -> None:
    data = gct(matrix())
    cut = data[: data.rindex(b"AURKA")]
    assert "says that it has 8 genes and 6 samples, and 7 and 6 were found" in refusal(cut, "x.gct")
    assert refusal(b"#1.2\nabc\nNAME\tDescription\tS1\nTP53\t\t1\n").startswith("expression.gct_line")


def test_a_single_patients_profile_is_one_sample_in_a_row_and_in_a_list() -> None:
    one = matrix(1)
    same(read_expression(csv(one), "x.csv"), one)
    listed = "\n".join(["gene,value", *(f"{gene},{one[gene].iloc[0]}" for gene in one)])
    same(read_expression(listed.encode(), "x.csv"), one.set_axis(["1"], axis=0))
    named = listed.replace("gene,value", "symbol,Ms Doe")
    same(read_expression(named.encode(), "x.csv"), one.set_axis(["Ms Doe"], axis=0))
    same(read_expression(parquet(one.T), "x.parquet"), one)
    same(read_expression(listed.replace(",", ";").replace(".", ",").encode(), "x.csv"), one.set_axis(["1"], axis=0))


def test_samples_are_named_by_the_first_column_the_index_or_one_that_is_called_so() -> None:
    table = matrix()
    last = table.assign(Patient_ID=[f"P{i}" for i in range(6)])
    found = read_expression(last.to_csv(index=False).encode(), "x.csv")
    assert found.samples == ("P0", "P1", "P2", "P3", "P4", "P5")
    assert found.genes == GENES
    numbers = table.set_axis([7, 3, 9, 1, 4, 2], axis=0)
    assert read_expression(csv(numbers), "x.csv").samples == ("7", "3", "9", "1", "4", "2")
    assert read_expression(csv(numbers, heading=""), "x.csv").samples == ("7", "3", "9", "1", "4", "2")
    assert read_expression(parquet(numbers), "x.parquet").samples == ("7", "3", "9", "1", "4", "2")
    counted = read_expression(csv(last.set_axis(range(6), axis=0), heading=""), "x.csv")
    assert counted.samples[0] == "P0"
    assert counted.genes == GENES


def test_samples_without_a_name_are_numbered_and_it_is_said() -> None:
    found = read_expression(matrix().to_csv(index=False).encode(), "x.csv")
    assert found.samples == ("1", "2", "3", "4", "5", "6")
    assert found.genes == GENES
    assert notes(found)["expression.numbered"].startswith("No column names the 6 samples.")


def affymetrix() -> bytes:
    """Genes in rows, each sample beside a column of its detection calls, as in Golub's files."""
    lines = ["Gene Description,Gene Accession Number,1,call,2,call"]
    lines += [f"a gene,{code}_at,{i * 7 - 20},A,{i * i},P" for i, code in enumerate(["X95735", "M27891", "D88422"])]
    return "\n".join(lines).encode()


def test_a_file_with_detection_calls_is_the_other_way_round_and_is_turned_when_told() -> None:
    assert refusal(affymetrix()).startswith("expression.transposed_calls: The matrix lies the other way round")
    found = read_expression(affymetrix(), "x.csv", genes_in_rows=True)
    assert found.genes == ("X95735_at", "M27891_at", "D88422_at")
    assert found.samples == ("1", "2")
    np.testing.assert_array_equal(found.values, [[-20, -13, -6], [0, 1, 4]])
    assert notes(found) == {
        "expression.calls": "2 columns of detection calls were left out.",
        "expression.gene_columns": "Columns that describe genes were left out: Gene Description.",
    }


ENSEMBL = [f"ENSG00000{i:06d}" for i in range(100, 140)]
TRANSPOSED = {
    "symbols": csv(matrix().T, heading=""),
    "a heading": csv(matrix(genes=[f"C{i}X" for i in range(9)]).T, heading="Gene Symbol"),
    "Ensembl": csv(matrix(genes=ENSEMBL).T, heading="id"),
    "Affymetrix": csv(matrix(genes=[f"{i}_s_at" for i in range(2000, 2040)]).T, heading=""),
    "accessions": csv(matrix(genes=["U45975", "AF067420", "D25272", "X13274"]).T, heading=""),
    "unknown symbols": csv(matrix(genes=["PIB5PA", "LDHB", "ALCAM", "SNX3", "DEK", "HADHA"]).T, heading=""),
    "far more rows": csv(matrix(genes=[f"a{i}" for i in range(1500)]).T, heading=""),
    "Parquet": parquet(matrix().T),
}


@pytest.mark.parametrize("kind", TRANSPOSED)
def test_a_transposed_matrix_is_refused_by_name_and_read_when_told(kind: str) -> None:
    sentence = refusal(TRANSPOSED[kind])
    assert sentence.startswith("expression.transposed")
    assert "the other way round" in sentence
    assert read_expression(TRANSPOSED[kind], "x", genes_in_rows=True).samples == tuple(matrix().index)


@pytest.mark.parametrize("names", [["HL60", "K562", "MCF7", "A549", "U251", "PC-3"], [f"P1234{i}" for i in range(6)]])
@pytest.mark.parametrize(
    "genes",
    [GENES, ENSEMBL, ["1000", "7157", "672", "2099"], [f"gene{i}" for i in range(9)], ["AB1", "CDE", "F9", "XK"]],
)
def test_cell_lines_and_patients_numbers_are_not_taken_for_genes(names: list[str], genes: list[str]) -> None:
    table = matrix(genes=genes).set_axis(names, axis=0)
    same(read_expression(csv(table), "x.csv"), table)


def test_a_matrix_that_is_upright_is_not_turned() -> None:
    assert "are genes (TP53, BRCA1, ESR1, ...), not samples" in refusal(csv(matrix()), genes_in_rows=True)


def test_columns_that_describe_genes_are_left_out_when_genes_are_in_rows() -> None:
    table = matrix().T
    table.insert(0, "Length", range(1000, 1008))
    table.insert(0, "Chr", "17")
    found = read_expression(csv(table, heading="Geneid"), "x.txt", genes_in_rows=True)
    same(found, matrix())
    assert notes(found)["expression.gene_columns"].endswith("Chr, Length.")


def changed(place: tuple[int, int], cell: str) -> bytes:
    table = matrix().astype(object)
    table.iat[place] = cell
    return csv(table)


def row(value: float) -> pd.DataFrame:
    table = matrix()
    table.loc["S3"] = value
    return table


REFUSED = {
    "a text": (
        changed((1, 2), "high"),
        "In sample S2, the column ESR1 holds the text 'high' where a number is needed.",
    ),
    "a formula": (changed((1, 2), "=1+1"), "holds the text '=1+1'"),
    "thousands": (changed((1, 2), '"1,234.5"'), "holds the text"),
    "infinite": (changed((1, 2), "-inf"), "The value of ESR1 in sample S2 is infinite"),
    "too large": (changed((1, 2), "1e39"), "The value of ESR1 in sample S2 is infinite"),
    "genes twice": (
        csv(matrix(genes=["A1", "B", "A1", "B", "C"])),
        "2 names of genes stand more than once, such as A1, B.",
    ),
    "samples twice": (
        csv(matrix().set_axis([*"AABBCD"], axis=0)),
        "2 names of samples stand more than once, such as A, B.",
    ),
    "no sample name": (csv(matrix().set_axis(["S1", "", "S3", "S4", "S5", "S6"], axis=0)), "Row 2 has no sample name."),
    "zeros": (csv(matrix().mul([1, 0, 1, 1, 0, 1], axis=0)), "2 samples have the same value for every gene"),
    "equal": (csv(row(1.5)), "nothing was measured: S3."),
    "missing": (csv(row(np.nan)), "1 samples have no value at all: S3."),
    "ragged": (csv(matrix()) + b"S7,1,2\n", "Line 8 has 3 cells where the heading has 9."),
    "a quote": (csv(matrix()) + b'"S7,1,2\n', "A quotation mark that opens in line 8"),
    "one gene": (b"sample,TP53\nS1,1.5\nS2,2.5\n", "A single column holds expression"),
    "no gene": (b"sample,arm\nS1,a\nS2,b\n", "No column holds expression"),
    "no row": (b"sample,TP53,BRCA1\n", "a heading and no rows"),
    "no heading": (b"S1,1.25,-2.5,3.75\nS2,1.5,2.5,3.5\n", "The first line holds measured values (1.25, -2.5, 3.75)"),
    "two decimals": (
        b"sample;TP53;KRT5\nS1;1,5;2.5\nS2;2,5;1.5\n",
        "with a decimal comma and those of the column KRT5",
    ),
    "no clinical": (csv(matrix()), "There is no column 'arm'."),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_matrix_is_refused_with_what_and_where(kind: str) -> None:
    data, sentence = REFUSED[kind]
    assert sentence in refusal(data, clinical=["arm"] if kind == "no clinical" else [])


def test_other_cells_of_text_are_counted() -> None:
    data = csv(
        matrix().astype(object).replace({"KRT5": {matrix()["KRT5"].iloc[0]: "?"}}).assign(ESR1=[1, 2, "x", 3, "y", 4])
    )
    assert "In sample S3, the column ESR1 holds the text 'x' where a number is needed, as do 2 more cells" in refusal(
        data
    )


@pytest.mark.parametrize(
    ("start", "called"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (b"PK\x03\x04 xl/workbook.xml", "an Excel workbook"),
        (b"%PDF-1.7", "a PDF document"),
        (b'{"a": 1}', "JSON"),
        (b"<!DOCTYPE html><html>", "a web page or XML"),
        (gzip.compress(b"%PDF-1.7"), "a PDF document"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(start: bytes, called: str) -> None:
    assert f"The file is {called}, not a table." in refusal(start)


def test_too_many_samples_genes_and_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (expression_room.SAMPLES_MAX, expression_room.GENES_MAX, expression_room.VALUES_MAX) == (
        2000,
        65000,
        40_000_000,
    )
    many = pd.DataFrame({"TP53": np.arange(2001) / 8, "BRCA1": 0.5})
    assert "2001 samples in rows and at most 2000 are read" in refusal(many.to_csv(index_label="id").encode())
    monkeypatch.setattr(orientation_room, "VALUES_MAX", 47 - 6 * 1000)
    assert refusal(csv(matrix())).startswith("expression.too_many_values")
