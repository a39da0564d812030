"""What is no expression is set aside and named, and no gene is lost for it; a clinical table joins by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medai_core.errors import ManifestError
from medai_core.sources.expression import read_expression, with_clinical
from medai_core.sources.expression.sorting import is_clinical
from tests.expression_files import GENES, csv, matrix, notes, parquet, refusal, same

BESIDE = {
    "barcode": lambda rng, n: rng.permutation(np.arange(4000, 4000 + n)),
    "Patient": lambda rng, n: [f"s{i}" for i in range(100, 100 + n)],
    "ID": lambda rng, n: rng.permutation(np.arange(18, 18 + n)),
    "eventdeath": lambda rng, n: rng.integers(0, 2, n),
    "survival": lambda rng, n: rng.uniform(0.7, 18, n),
    "tte2": lambda rng, n: rng.uniform(0.3, 18, n),
    "chemo": lambda rng, n: rng.integers(0, 2, n),
    "htype": lambda rng, n: rng.integers(1, 8, n),
    "age": lambda rng, n: rng.integers(26, 54, n),
    "positive": lambda rng, n: np.where(rng.random(n) < 0.55, 0, rng.integers(1, 14, n)),
    "lymphinfil": lambda rng, n: rng.integers(1, 4, n),
}


def cohort(samples: int = 60, genes: int = 200) -> pd.DataFrame:
    """A cohort in the shape of a public one of breast cancer: clinical columns first, then log-ratios cut at 2."""
    rng = np.random.default_rng(1)
    beside = pd.DataFrame({name: draw(rng, samples) for name, draw in BESIDE.items()})
    names = [f"Contig{i}_RC" if i % 2 else f"NM_{i:06d}" for i in range(genes)]
    ratios = np.clip(rng.normal(0, rng.uniform(0.1, 1, genes), (samples, genes)), -2, 2)
    return pd.concat([beside, pd.DataFrame(ratios, columns=names)], axis=1)


@pytest.mark.parametrize("text", [False, True])
def test_the_clinical_columns_of_a_cohort_are_set_aside_and_all_probes_stay(text: bool) -> None:
    table = cohort()
    data = table.to_csv(index=False).encode() if text else parquet(table)
    found = read_expression(data, "x")
    assert found.samples == tuple(table["Patient"])
    assert list(found.clinical) == [name for name in BESIDE if name != "Patient"]
    assert found.genes == tuple(table.columns[len(BESIDE) :])
    assert found.clinical["age"].tolist() == table["age"].tolist()
    said = notes(found)["expression.set_aside"]
    assert said == f"10 columns are clinical and not expression: {', '.join(found.clinical)}."


def counts(low: int, samples: int = 72, genes: int = 300) -> pd.DataFrame:
    """Whole numbers from ``low`` on, one gene ten times all others."""
    rng = np.random.default_rng(2)
    drawn = rng.negative_binomial(1, 1 / (1 + 10 ** rng.uniform(0, 3, genes)), (samples, genes)) + low
    drawn[:, 7] = 10 * drawn.max() + rng.permutation(samples)
    names = [f"LOC{i}" for i in range(genes)]
    return pd.DataFrame(drawn, index=[f"S{i}" for i in range(samples)], columns=names)


@pytest.mark.parametrize("low", [0, -200])
def test_whole_numbers_are_genes_where_all_genes_are_such(low: int) -> None:
    table = counts(low)
    same(read_expression(csv(table), "x.csv"), table)
    few = table.iloc[:, :30]
    same(read_expression(csv(few), "x.csv"), few)
    classes = ["ALL"] * 47 + ["AML"] * 25
    given = table.assign(cancer=classes)[["cancer", *table.columns]]
    numbered = read_expression(csv(given.set_axis(range(1, 73), axis=0), heading="No"), "x.csv")
    same(numbered, table.set_axis([str(i) for i in range(1, 73)], axis=0))
    assert numbered.clinical["cancer"].tolist() == classes
    bare = read_expression(given.to_csv(index=False).encode(), "x.csv")
    assert bare.genes == tuple(table.columns)
    assert list(bare.clinical) == ["cancer"]


def test_raw_intensities_keep_the_gene_that_exceeds_all_others() -> None:
    table = counts(0) + 0.25
    same(read_expression(csv(table), "x.csv"), table)


def test_logarithms_keep_genes_that_are_silent_and_the_one_that_is_loud() -> None:
    table = np.log2(counts(0) + 1).round(4).astype(float)
    rng = np.random.default_rng(3)
    for place in range(10):
        # Counts of 0 and 1 only: their logarithms are whole numbers.
        table.iloc[:, place] = (rng.random(72) < 0.1).astype(float)
    table.iloc[:, 10] = 0
    found = read_expression(csv(table), "x.csv")
    assert found.genes == tuple(table.columns)
    many = table.copy()
    many.iloc[:, :60] = rng.integers(0, 2, (72, 60)).astype(float)
    assert read_expression(csv(many), "x.csv").genes == tuple(many.columns)


def test_three_patients_lose_no_gene_to_round_values() -> None:
    table = matrix(3, [f"LOC{i}" for i in range(30)])
    table.iloc[:, :3] = [7, 1, 25]
    table.iloc[2, :3] = [8, 2, 24]
    same(read_expression(csv(table), "x.csv"), table)


def test_a_gene_that_is_called_like_an_outcome_stays_a_gene_among_genes() -> None:
    table = matrix().assign(EFS=matrix()["TP53"], BCR=matrix()["KRT5"])
    same(read_expression(csv(table), "x.csv"), table)
    clinical = read_expression(csv(table.rename(columns={"EFS": "efs"})), "x.csv").clinical
    assert list(clinical) == ["efs"]


def test_columns_that_the_user_names_are_clinical_even_with_mixed_cells() -> None:
    table = matrix().assign(ki67=[0.5, 0.25, 0.125, 0.1, 0.2, 0.3], pT=["<0.1", 2, 2.5, 3, 2, None])
    assert "the column pT holds the text '<0.1'" in refusal(csv(table))
    found = read_expression(csv(table), "x.csv", clinical=["KI67", "pT", "sample"])
    assert found.genes == GENES
    assert found.clinical["ki67"].tolist() == table["ki67"].tolist()
    assert found.clinical["pT"].tolist() == ["<0.1", "2", "2.5", "3", "2", None]


def test_clinical_rows_are_found_where_genes_are_in_rows() -> None:
    table = matrix().assign(age=[50, 61, 47, 70, 38, 55], arm=[*"aabbab"])
    found = read_expression(csv(table.T, heading=""), "x.csv", genes_in_rows=True)
    same(found, matrix())
    assert found.clinical["age"].tolist() == [50, 61, 47, 70, 38, 55]
    assert found.clinical["arm"].tolist() == [*"aabbab"]


@pytest.mark.parametrize(
    "name", ["Age", "OS.time", "os_months", "survivalTime", "Tumor size (mm)", "er_status", "column 3"]
)
def test_names_of_clinical_columns_are_known_however_they_are_spelt(name: str) -> None:
    assert is_clinical(name)


@pytest.mark.parametrize(
    "name", ["AGER", "OS9", "TIMELESS", "STAG2", "1007_s_at", "AGE1", "T", "SIZE1", "NM_1", "PATJ"]
)
def test_names_of_genes_are_not_clinical(name: str) -> None:
    assert not is_clinical(name)


def test_a_clinical_table_joins_by_name_whatever_its_order() -> None:
    found = read_expression(csv(matrix().assign(age=5)), "x.csv")
    table = pd.DataFrame(
        {"arm": [*"xabc"], "Tumour": ["S9", "S5", "S1", "S2"], "months": ["1", "5", "", "7.5"], "age": [9, 50, 61, 47]}
    )
    joined = with_clinical(found, table)
    assert list(joined.clinical) == ["arm", "months", "age"]
    assert joined.clinical.index.tolist() == list(found.samples)
    assert joined.clinical["arm"].tolist() == ["b", "c", None, None, "a", None]
    np.testing.assert_array_equal(joined.clinical["months"], [np.nan, 7.5, np.nan, np.nan, 5, np.nan])
    np.testing.assert_array_equal(joined.clinical["age"], [61, 47, np.nan, np.nan, 50, np.nan])
    said = notes(joined)
    assert said["expression.without_row"] == "3 of 6 samples have no row in the clinical table."
    assert said["expression.unused_rows"].startswith("1 rows of the clinical table belong to no sample")
    assert said["expression.replaced"].endswith("clinical table: age.")
    indexed = with_clinical(found, table.set_index("Tumour"))
    pd.testing.assert_frame_equal(indexed.clinical, joined.clinical)


def numbered() -> pd.DataFrame:
    return matrix().set_axis(["40", "41", "42", "43", "44", "45"], axis=0)


def test_an_age_is_not_taken_for_a_patients_number() -> None:
    found = read_expression(csv(numbered()), "x.csv")
    table = pd.DataFrame({"age": [40, 41, 42, 43, 44, 70], "id": [45.0, 44, 43, 42, 41, 40], "arm": [*"abcdef"]})
    assert with_clinical(found, table).clinical["arm"].tolist() == [*"fedcba"]
    with pytest.raises(ManifestError, match="No column of the clinical table holds a sample"):
        with_clinical(found, table.drop(columns="id"))
    by_chance = found.samples[0]
    with pytest.raises(ManifestError, match="No column of the clinical table"):
        with_clinical(found, pd.DataFrame({"arm": ["a"] * 50}).iloc[int(by_chance) :])


def test_a_clinical_table_that_fits_no_one_or_one_twice_is_refused() -> None:
    found = read_expression(csv(matrix()), "x.csv")
    with pytest.raises(ManifestError, match="holds a sample of the matrix"):
        with_clinical(found, pd.DataFrame({"sample": ["A", "B"], "arm": [1, 2]}))
    with pytest.raises(ManifestError, match="several rows in the clinical table, such as S1"):
        with_clinical(found, pd.DataFrame({"sample": ["S1", "S2", "S1"], "arm": [1, 2, 3]}))
    with pytest.raises(ManifestError, match="Two columns are called 'arm'"):
        with_clinical(found, pd.DataFrame([["S1", 1, 2]], columns=["sample", "arm", "arm "]))
    nameless = read_expression(matrix().to_csv(index=False).encode(), "x.csv")
    with pytest.raises(ManifestError, match="have no names"):
        with_clinical(nameless, pd.DataFrame({"sample": ["1"], "arm": [1]}))
