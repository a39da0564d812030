"""``survive`` and ``evaluate`` of a model of survival, as a shell calls them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.__main__ import main
from tests.survival import CLINICAL as ASKED
from tests.survival import NAME, drawn_models, drawn_table, genes_of


def run(*words: object) -> int:
    return main(["--models", str(drawn_models().folder), *map(str, words)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    drawn_table().to_csv(tmp_path / "patients.csv", index=False)
    return tmp_path / "patients.csv"


def test_every_patient_has_survival_with_its_interval_and_what_drives_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("survive", NAME, file) == 0
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert found["sample"].tolist() == [f"P{i}" for i in range(6)]
    assert set(found["part"]) == {"both"}
    for years in (5, 10):
        share, low, high = (found[f"survival_{years}_years{end}"] for end in ("", "_low", "_high"))
        assert ((low <= share) & (share <= high) & (low < high)).all()
    assert found["drivers"].str.count(";").eq(4).all()
    assert found["refusals"].isna().all()


def test_a_refusal_travels_with_its_reason_and_the_others_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = drawn_table(2)
    table.loc[1, "age"] = 80
    table.to_csv(tmp_path / "patients.csv", index=False)
    assert run("survive", NAME, tmp_path / "patients.csv", "--json") == 1
    told, refused = map(json.loads, capsys.readouterr().out.splitlines())
    assert told["refusals"] == [] and len(told["survival"]) == 2
    assert (refused["part"], refused["survival"], refused["log_hazard"]) == (None, [], None)
    assert refused["refusals"][0].startswith("Age 80") and "26 to 53 years" in refused["refusals"][0]


def test_contributions_in_json_add_up(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("survive", NAME, file, "--json")
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        assert sum(c["log_hazard"] for c in line["contributions"]) == pytest.approx(line["log_hazard"], abs=1e-6)


def test_a_clinical_table_beside_is_joined_and_the_table_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = drawn_table()
    table[["sample", *genes_of(table)]].to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    table[["sample", *ASKED]].iloc[::-1].to_csv(tmp_path / "clinical.csv", index=False)
    words = (tmp_path / "genes.tsv", "--clinical", tmp_path / "clinical.csv", "--out", tmp_path / "out.parquet")
    assert run("survive", NAME, *words) == 0
    assert "6 rows, 6 of them with survival" in capsys.readouterr().out
    beside = pd.read_parquet(tmp_path / "out.parquet")
    table.to_csv(tmp_path / "both.csv", index=False)
    run("survive", NAME, tmp_path / "both.csv", "--out", tmp_path / "out.csv")
    together = pd.read_csv(tmp_path / "out.csv")
    assert beside["survival_5_years"].to_numpy() == pytest.approx(together["survival_5_years"].to_numpy())


def test_history_alone_is_answered_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn_table()[["sample", *ASKED]].to_csv(tmp_path / "clinical.csv", index=False)
    assert run("survive", NAME, tmp_path / "clinical.csv") == 0
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(found["part"]) == {"clinical"}
    assert found["notices"].str.startswith("Expression was not used").all()


def test_what_cannot_be_read_is_a_sentence_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("survive", NAME, tmp_path / "absent.csv") == 1
    (tmp_path / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("survive", NAME, tmp_path / "scan.png") == 1
    (tmp_path / "empty.csv").write_bytes(b"")
    assert run("survive", NAME, tmp_path / "empty.csv") == 1
    assert main(["survive", "mortality_10y_logistic", str(tmp_path / "empty.csv")]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_model_is_measured_on_people_whose_outcome_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = drawn_table(150)
    table.to_parquet(tmp_path / "people.parquet")
    out = tmp_path / "predicted.csv"
    assert run("evaluate", NAME, tmp_path / "people.parquet", "--json", "--predictions", out) == 0
    found = json.loads(capsys.readouterr().out)
    for part in ("both", "clinical", "expression"):
        for name in ("c_index", "uno_c_index", "brier_5_years", "brier_10_years", "calibration_slope"):
            each = found[f"{name}_{part}"]
            assert each["n"] == 150 and each["low"] <= each["value"] <= each["high"]
    assert found["c_index_both"]["value"] > found["c_index_clinical"]["value"] > 0.5
    assert len(pd.read_csv(out)) == 150


def test_a_model_is_worth_nothing_on_people_whose_outcomes_were_shuffled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = drawn_table(150)
    order = np.random.default_rng(1).permutation(150)
    table[["survival", "eventdeath"]] = table[["survival", "eventdeath"]].to_numpy()[order]
    table.to_parquet(tmp_path / "people.parquet")
    run("evaluate", NAME, tmp_path / "people.parquet", "--json")
    found = json.loads(capsys.readouterr().out)["c_index_both"]
    assert found["low"] < 0.5 < found["high"]


@pytest.mark.parametrize("change", ["absent", "few"])
def test_without_outcomes_or_with_too_few_nothing_is_measured(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = drawn_table(10 if change == "few" else 60)
    table.drop(columns=["survival"] if change == "absent" else []).to_csv(tmp_path / "people.csv", index=False)
    assert run("evaluate", NAME, tmp_path / "people.csv") == 1
    assert ("survival" if change == "absent" else "At least 20") in capsys.readouterr().err
