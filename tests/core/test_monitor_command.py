"""``monitor``, ``follow`` and ``evaluate`` of stays, as they are called."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.__main__ import main
from medai_core.catalog import find_models
from medai_core.prognosis.monitoring import by_hour, watch
from medai_core.training.drawn_stays import in_words
from tests.watched import drawn_table

MORTALITY, SEPSIS = "icu_mortality_lstm", "sepsis_6h_lstm"
CARD = find_models().card(MORTALITY)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stays") / "long.csv"
    in_words(drawn_table(CARD, stays=3, hours=30), CARD.predictors).to_csv(path, index=False)
    return path


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_stay_gets_a_risk_at_every_hour_of_the_card(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", MORTALITY, str(file)]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows[0]) == ["stay", "hour", "risk", "low", "high", "drivers", "warnings"]
    assert [(r["stay"], r["hour"]) for r in rows] == [(s, h) for s in ("S0", "S1", "S2") for h in ("12", "24", "48")]
    for r in rows:
        assert float(r["low"]) <= float(r["risk"]) <= float(r["high"])
        assert r["drivers"].count(";") == 2
    models = find_models()
    model = models.monitor_model(models.card(MORTALITY))
    stays = by_hour(drawn_table(CARD, stays=3, hours=30), ["S0", "S1", "S2"], model.card.predictors)
    expected = watch(model, stays, [12, 24, 48]).risk.ravel()
    assert np.allclose([float(r["risk"]) for r in rows], expected, atol=1e-4)


def test_an_hour_that_was_not_measured_has_no_risk_and_says_why(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["monitor", MORTALITY, str(file), "--hours", "6,24", "--json", "--out", str(out)]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["risk"] is None for line in lines] == [True, False] * 3
    assert "hours 12 to 48" in lines[0]["warnings"][0]
    assert {"predictor", "log_odds"} == set(lines[1]["drivers"][0])
    written = pd.read_csv(out)
    assert written["risk"].isna().tolist() == [True, False] * 3
    assert written["warnings"].iloc[0].startswith("No risk at hour 6")


def test_impossible_values_are_named_beside_the_risk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.csv"
    path.write_text("stay,minute,parameter,value\nA,30,HR,0\nA,40,HR,88\nA,50,Temp,5\nB,10,HR,-1\n")
    assert main(["monitor", MORTALITY, str(path), "--hours", "12"]) == 0
    first, second = rows_of(capsys.readouterr().out)
    assert "Heart rate: 0" in first["warnings"]
    assert "Body temperature: 5" in first["warnings"]
    assert second["warnings"].startswith("Nothing was measured")
    assert float(second["risk"]) > 0


@pytest.mark.parametrize("given", ["x", "12,", "0", "1.5", "-3", "99999999999", "12;24"])
def test_what_is_no_list_of_hours_is_said(file: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert main(["monitor", MORTALITY, str(file), f"--hours={given}"]) == 1
    assert "list of hours" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["monitor", "mortality_10y_tree", "FILE"], "does not watch stays"),
        (["monitor", MORTALITY, "absent.csv"], "cannot be opened"),
        (["monitor", MORTALITY, "FILE", "--estimator", "oracle"], "no estimator 'oracle'"),
        (["monitor", MORTALITY, "FILE", "--out", "out.xlsx"], ".xlsx"),
        (["follow", "absent", "--model", MORTALITY], "no folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main([str(file) if word == "FILE" else word for word in words]) == 1
    assert sentence in capsys.readouterr().err


def test_a_folder_is_read_once_and_each_stay_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["follow", str(file.parent), "--model", SEPSIS, "--once"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["stay"] for line in lines} == {"S0", "S1", "S2"}
    risks = [line["risk"] for line in lines]
    assert risks == sorted(risks, reverse=True)
    assert {"stay", "hour", "risk", "low", "high", "alarm", "not_used"} == set(lines[0])


def test_a_model_is_measured_on_stays_whose_outcome_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    observations, outcomes = tmp_path / "long.parquet", tmp_path / "outcomes.csv"
    in_words(drawn_table(CARD, stays=24, hours=14), CARD.predictors).to_parquet(observations)
    event = np.arange(24) % 3 == 0
    table = pd.DataFrame({"RecordID": [f"S{i}" for i in range(24)], "In-hospital_death": event.astype(int)})
    table.to_csv(outcomes, index=False)
    predictions = tmp_path / "predictions.csv"
    words = ["evaluate", MORTALITY, str(observations), "--outcomes", str(outcomes), "--json"]
    assert main([*words, "--predictions", str(predictions)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {f"auc_hour_{h}" for h in (12, 24, 48)} | {"patients_caught", "alarms_per_patient_day"} <= set(found)
    assert found["auc_hour_48"]["n"] == 24
    written = pd.read_csv(predictions)
    assert len(written) == 72
    late = written[written["hour"] == 48].set_index("stay")["risk"].reindex([f"S{i}" for i in range(24)]).to_numpy()
    pairs = late[event][:, None] - late[~event][None]
    assert found["auc_hour_48"]["value"] == pytest.approx(float(((pairs > 0) + (pairs == 0) / 2).mean()), abs=1e-3)
    outcomes.write_text("RecordID,In-hospital_death\nX,1\n")
    assert main(words) == 1
    assert "No stay has both" in capsys.readouterr().err


def test_the_list_of_models_says_how_good_one_is_at_its_last_hour(capsys: pytest.CaptureFixture[str]) -> None:
    assert CARD.measured is not None and CARD.monitoring is not None
    last = CARD.monitoring.last_hour
    own = [m for m in CARD.measured.performance if (m.data, m.model, m.subgroup, m.hour) == ("test", "", "", last)]
    auc = next(m for m in own if m.measure == "auc")
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert f"; auc at hour {last} {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}, n = {auc.n})" in shown
    assert f"auc at hour {CARD.monitoring.hours[0]}" not in shown
