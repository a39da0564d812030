"""The command ``subtype``: groups and placements on paper, with every doubt and refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medai_core.__main__ import main
from medai_core.precision.genomics import clustering
from tests.expression import grouped

MODEL = "breast_cancer_subtypes"
EXAMPLE = Path(__file__).parents[2] / "models" / MODEL / "example.csv"
VALUES, LABEL = grouped((30, 25), genes=120)


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Groups this plain need no hundred draws."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"GROUPS_MAX": 3, "RESAMPLES": 8, "NULLS": 30, "REFERENCES": 3}.items():
            patch.setattr(clustering, name, value)
        yield


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn cohort of two groups, the second of which lives shorter."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(np.round(VALUES, 4), columns=[f"GENE{i}" for i in range(120)])
    table.insert(0, "sample", [f"s{i:02}" for i in range(55)])
    table["years"] = np.round(rng.exponential(np.array([0, 20, 4])[LABEL]), 2)
    table["died"] = (rng.random(55) < 0.8).astype(int)
    path = tmp_path_factory.mktemp("matrix") / "cohort.csv"
    table.to_csv(path, index=False)
    return path


def run(capsys: pytest.CaptureFixture[str], *words: Any) -> tuple[int, str, str]:
    code = main(["subtype", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_groups_are_written_with_their_survival(
    matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "groups.csv"
    code, said, aside = run(capsys, matrix, "--survival", "years,died", "--out", out)
    assert code == 0
    assert "55 samples in 2 groups" in said
    assert "log-rank" in aside
    table = pd.read_csv(out)
    assert list(table.columns) == ["sample", "cluster", "silhouette", "note"]
    assert list(table["sample"]) == [f"s{i:02}" for i in range(55)]
    assert list(table["cluster"]) == list(LABEL)


def test_json_holds_the_evidence_and_the_clinical_table_may_lie_beside(
    matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = pd.read_csv(matrix)
    genes, clinical = tmp_path / "genes.tsv", tmp_path / "clinical.csv"
    whole.drop(columns=["years", "died"]).to_csv(genes, index=False, sep="\t")
    whole[["sample", "years", "died"]].sample(frac=1, random_state=0).to_csv(clinical, index=False)
    words = (genes, "--clinical", clinical, "--survival", "years,died", "--k", "2", "--json")
    code, said, _ = run(capsys, *words)
    found = json.loads(said)
    assert code == 0
    assert (found["k"], found["k_by_evidence"], found["stable"]) == (2, 2, True)
    assert {e["k"] for e in found["evidence"]} == {2, 3}
    assert found["survival"]["log_rank_p"] < 0.01
    assert found["survival"]["n"] == 55
    assert [s["cluster"] for s in found["samples"]] == list(LABEL)
    assert {m["group"] for m in found["markers"]} == {1, 2}


def test_no_stable_grouping_is_an_answer_that_travels_into_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.permuted(VALUES, axis=0), columns=[f"GENE{i}" for i in range(120)])
    table.insert(0, "sample", [f"s{i:02}" for i in range(55)])
    path, out = tmp_path / "shuffled.parquet", tmp_path / "groups.csv"
    table.to_parquet(path)
    code, said, aside = run(capsys, path, "--out", out)
    assert code == 0
    assert "no groups" in said
    assert "No stable grouping" in aside
    written = pd.read_csv(out)
    assert written["cluster"].isna().all()
    assert written["note"].str.startswith("No stable grouping").all()
    code, said, _ = run(capsys, path, "--json")
    assert (json.loads(said)["k"], json.loads(said)["stable"]) == (None, False)


def test_genes_in_rows_are_refused_by_name_and_read_when_one_says_so(
    matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = tmp_path / "turned.csv"
    whole = pd.read_csv(matrix).drop(columns=["years", "died"]).set_index("sample")
    whole.T.rename_axis("gene").to_csv(turned)
    code, _, aside = run(capsys, turned)
    assert code == 1
    assert "row" in aside
    code, said, _ = run(capsys, turned, "--genes-in-rows", "--k", "2", "--json")
    assert code == 0
    assert [s["cluster"] for s in json.loads(said)["samples"]] == list(LABEL)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--k", "many"), "'many' is no number of groups"),
        (("--k", "9"), "9 groups cannot be tried"),
        (("--survival", "years"), "'years' is not two columns"),
        (("--survival", "years,gone"), "gone"),
        (("--model", "scan_kind"), "knows no subtypes"),
        (("--model", MODEL), "of the model's genes"),
        (("--out", "groups.xlsx"), "xlsx"),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence(
    matrix: Path, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, aside = run(capsys, matrix, *words)
    assert (code, said) == (1, "")
    assert reason in aside


def test_samples_are_placed_and_a_refusal_is_in_the_file_and_in_the_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "placed.csv"
    code, said, aside = run(capsys, EXAMPLE, "--model", MODEL, "--out", out)
    assert code == 1
    assert "3 samples, 2 of them placed" in said
    assert "1554 of 1554 genes of the model were found by probe" in aside
    table = pd.read_csv(out)
    assert list(table["cluster"].fillna("")) == ["luminal_like", "basal_like", ""]
    assert table["refusal"].notna().tolist() == [False, False, True]
    code, said, _ = run(capsys, EXAMPLE, "--model", MODEL, "--json")
    found = json.loads(said)
    assert [s["cluster"] for s in found["samples"]] == ["luminal_like", "basal_like", None]
    assert found["samples"][2]["probability_basal_like"] is None
    assert [s["name"] for s in found["subtypes_in_the_cohort"]] == ["luminal_like", "basal_like"]
