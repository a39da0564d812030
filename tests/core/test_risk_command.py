"""What ``risk`` and ``evaluate`` promise to scripts: a row for every row, reasons for the rest, never a traceback."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medai_core.__main__ import main
from medai_core.cards import Card
from medai_core.catalog import MODELS, find_models
from medai_core.metrics import Floats
from medai_core.prognosis.attribution import explain
from medai_core.prognosis.risk import estimate
from medai_core.sources.fhir import to_bundle
from tests.patients import draw, followed, plain_card
from tests.scans import photograph

CATALOG = find_models()
CARDS = CATALOG.trained("risk")
CARD = plain_card(CATALOG)
every_card = pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name)
IMAGING = next(card for card in CATALOG.cards if card.task == "classification")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a command here; its exit code, what it printed (the JSON of each line with --json), and complained of."""

    def run(*words: object) -> tuple[int, Any, str]:
        code = main([str(word) for word in words])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        return code, [json.loads(line) for line in out.splitlines()] if "--json" in words else out, complaint

    return run


def written(folder: Path, table: pd.DataFrame, name: str = "patients.csv") -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return path


def logit(p: Floats) -> Floats:
    return np.asarray(np.log(p / (1 - p)))


def spoilt(card: Card, n: int = 5) -> tuple[pd.DataFrame, str]:
    """Drawn patients of whom the second has an impossible number, and its column."""
    name = next(p.name for p in card.predictors if p.kind == "number")
    table = draw(card, n).astype({name: object})
    table.loc[1, name] = "1e9"
    return table, name


@every_card
def test_each_row_has_its_risk_interval_and_contributions_that_add_up(run: Any, tmp_path: Path, card: Card) -> None:
    rows, model = draw(card, 6), CATALOG.risk_model(card)
    code, lines, _ = run("risk", card.name, written(tmp_path, rows), "--explain", "--json")
    assert code == 0
    want, why = estimate(model, rows), explain(model, rows)
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5, 6]
    for i, line in enumerate(lines):
        assert list(line) == ["row", "risk", "low", "high", "warnings", "base", "contributions"]
        assert [line["risk"], line["low"], line["high"]] == pytest.approx([want.risk[i], want.low[i], want.high[i]])
        assert line["low"] <= line["risk"] <= line["high"]
        assert list(line["contributions"]) == [p.name for p in card.predictors]
        assert list(line["contributions"].values()) == pytest.approx(why.values[i], abs=1e-9)
        assert line["base"] + sum(line["contributions"].values()) == pytest.approx(float(want.log_odds[i]), abs=1e-6)


@every_card
def test_the_shipped_example_is_answered_as_expected(run: Any, card: Card) -> None:
    folder = MODELS / card.name
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    code, lines, _ = run("risk", card.name, folder / expected["file"], "--json")
    assert code == 0
    assert [line["risk"] for line in lines] == pytest.approx(expected["risk"], abs=expected["tolerance"])
    assert "contributions" not in lines[0]


def test_a_table_is_printed_as_csv(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("risk", CARD.name, written(tmp_path, draw(CARD, 4)), "--explain")
    assert code == 0
    found = pd.read_csv(io.StringIO(out))
    names = [f"contribution_{p.name}" for p in CARD.predictors]
    assert list(found) == ["row", "risk", "low", "high", "warnings", "base", *names]
    assert found["row"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(found[["base", *names]].sum(axis=1), logit(found["risk"].to_numpy()), atol=1e-6)


def test_a_bad_row_keeps_its_place_with_its_reason_and_the_others_their_risk(run: Any, tmp_path: Path) -> None:
    table, name = spoilt(CARD)
    path = written(tmp_path, table)
    code, lines, _ = run("risk", CARD.name, path, "--explain", "--json")
    assert code == 1
    assert [line["risk"] is None for line in lines] == [False, True, False, False, False]
    assert (lines[1]["low"], lines[1]["high"], lines[1]["base"], lines[1]["contributions"]) == (None, None, None, None)
    (reason,) = lines[1]["warnings"]
    assert reason.startswith(f"{name} 1e9: needed a number from ")
    assert reason.endswith("or nothing for unknown")
    code, out, _ = run("risk", CARD.name, path)
    found = pd.read_csv(io.StringIO(out))
    assert code == 1
    assert found["risk"].isna().tolist() == [False, True, False, False, False]
    assert found["warnings"][1] == reason
    alone = run("risk", CARD.name, written(tmp_path, table.drop(1), "good.csv"), "--json")
    assert alone[0] == 0
    assert [line["risk"] for line in alone[1]] == [line["risk"] for line in lines if line["risk"] is not None]


def test_what_is_unusual_and_unknown_is_said_beside_the_risk(run: Any, tmp_path: Path) -> None:
    p = next(p for p in CARD.predictors if p.kind == "number")
    table = pd.DataFrame({p.columns[0]: [p.high, None]})
    code, lines, _ = run("risk", CARD.name, written(tmp_path, table), "--json")
    assert code == 0
    assert any(text.startswith(p.title) and "98 of 100" in text for text in lines[0]["warnings"])
    n = len(CARD.predictors)
    assert any(f"{n - 1} of {n} predictors are unknown" in text for text in lines[0]["warnings"])
    assert lines[1]["warnings"] == [f"{n} of {n} predictors are unknown and stand at the cohort's typical value."]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_results_are_written_by_the_suffix(run: Any, tmp_path: Path, suffix: str) -> None:
    table, _name = spoilt(CARD)
    out = tmp_path / f"out{suffix}"
    code, said, _ = run("risk", CARD.name, written(tmp_path, table, "in.csv"), "--explain", "--out", out)
    assert code == 1
    assert said == f"5 rows, 4 of them with a risk, in {out}.\n"
    found = pd.read_parquet(out) if suffix == ".parquet" else pd.read_csv(out)
    assert found["row"].tolist() == [1, 2, 3, 4, 5]
    assert found["risk"].isna().tolist() == [False, True, False, False, False]
    _, lines, _ = run("risk", CARD.name, tmp_path / "in.csv", "--out", out, "--json")
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5]


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(run: Any, tmp_path: Path) -> None:
    p = next(p for p in CARD.predictors if p.kind == "number")
    table = pd.DataFrame({f"={p.name}": ["=cmd()", "50"]})
    run("risk", CARD.name, written(tmp_path, table), "--out", tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["warnings"][0].startswith(f"'={p.name} =cmd(): needed")


def test_every_kind_of_file_gives_the_same_risks(run: Any, tmp_path: Path) -> None:
    rows = draw(CARD, 5)
    bundle = tmp_path / "patients.json"
    bundle.write_text(json.dumps(to_bundle(rows, CARD, ids=list("abcde"))), encoding="utf-8")
    files = [written(tmp_path, rows), written(tmp_path, rows, "x.parquet"), bundle]
    found = [run("risk", CARD.name, file, "--json") for file in files]
    assert [code for code, _, _ in found] == [0, 0, 0]
    risks = [[line["risk"] for line in lines] for _, lines, _ in found]
    assert risks[0] == risks[1] == risks[2]
    assert [line["patient"] for line in found[2][1]] == list("abcde")


@every_card
def test_the_other_places_calibration_is_used_or_there_is_none(run: Any, tmp_path: Path, card: Card) -> None:
    assert card.measured is not None
    path = written(tmp_path, draw(card, 40))
    code, lines, complaint = run("risk", card.name, path, "--recalibrated", "--explain", "--json")
    other = card.measured.recalibrated
    if other is None:
        assert (code, lines) == (1, [])
        assert "no calibration for another place" in complaint
        return
    own = card.measured.calibration
    z = logit(np.array([line["risk"] for line in run("risk", card.name, path, "--json")[1]]))
    moved = logit(np.array([line["risk"] for line in lines]))
    slope = own.temperature / other.temperature
    np.testing.assert_allclose(moved, other.offsets[1] + slope * (z - own.offsets[1]), atol=1e-5)
    sums = [line["base"] + sum(line["contributions"].values()) for line in lines]
    np.testing.assert_allclose(sums, moved, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("risk", "crystal_ball", "x.csv"), "crystal_ball"),
        (("risk", IMAGING.name, "x.csv"), "gives no patient's risk"),
        (("risk", CARD.name, "nowhere.csv"), "nowhere.csv cannot be opened"),
        (("risk", CARD.name, "."), "cannot be opened"),
        (("risk", CARD.name, "scan.png"), "a picture, not a table"),
        (("risk", CARD.name, "empty.csv"), "empty"),
        (("risk", CARD.name, "other.csv"), "None of the columns"),
        (("risk", CARD.name, "good.csv", "--out", "x.xlsx"), "'.xlsx'"),
        (("risk", CARD.name, "good.csv", "--out", "nowhere/x.csv"), "cannot be written"),
        (("read", "good.csv"), "no type that can be read"),
        (("evaluate", CARD.name, "good.csv"), "where the outcome is looked for"),
        (("evaluate", CARD.name, "good.csv", "--split", "test"), "no rows with 'test'"),
        (("evaluate", CARD.name, "scan.png"), "a picture, not a table"),
        (("evaluate", IMAGING.name, "good.csv"), "lacks the columns file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scan.png").write_bytes(photograph())
    Path("empty.csv").write_bytes(b"")
    Path("other.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    written(tmp_path, draw(CARD, 30), "good.csv")
    code, out, complaint = run(*words)
    assert code == 1
    assert said in out + complaint
    assert len((out + complaint).strip().splitlines()) == 1


def test_a_model_without_parameters_is_told(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / CARD.name
    folder.mkdir()
    (folder / "card.toml").write_bytes((MODELS / CARD.name / "card.toml").read_bytes())
    for words in (("risk", CARD.name, "x.csv"), ("evaluate", CARD.name, "x.csv")):
        code, _, complaint = run("--models", tmp_path, *words)
        assert (code, "model.npz" in complaint) == (1, True)


def test_evaluate_prints_measures_with_intervals_and_writes_what_was_predicted(run: Any, tmp_path: Path) -> None:
    table = followed(CATALOG, CARD, 120)
    out = tmp_path / "out.csv"
    code, (found,), _ = run("evaluate", CARD.name, written(tmp_path, table), "--predictions", out, "--json")
    assert code == 0
    assert {"auc", "brier", "calibration_slope", "calibration_intercept", "calibration_error"} <= found.keys()
    assert all(value.keys() == {"value", "low", "high", "n"} for value in found.values())
    assert found["auc"]["n"] == 120
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    made = pd.read_csv(out)
    assert list(made) == ["row", "event", "risk", "low", "high", "weight"]
    assert made["row"].tolist() == list(range(1, 121))
    pairs = np.subtract.outer(made["risk"][made["event"] == 1].to_numpy(), made["risk"][made["event"] == 0].to_numpy())
    assert found["auc"]["value"] == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean(), abs=1e-4)
    code, text, _ = run("evaluate", CARD.name, tmp_path / "patients.csv")
    assert code == 0
    assert "auc" in text
    assert "n = 120" in text


def test_a_split_is_chosen_and_a_row_that_cannot_be_scored_is_told_by_its_number(run: Any, tmp_path: Path) -> None:
    table = followed(CATALOG, CARD, 200).assign(split=["train", "test"] * 100)
    name = next(p.name for p in CARD.predictors if p.kind == "number")
    table = table.astype({name: object})
    table.loc[3, name] = "1e9"
    path, out = written(tmp_path, table), tmp_path / "out.csv"
    code, (found,), complaint = run("evaluate", CARD.name, path, "--split", "test", "--predictions", out, "--json")
    assert (code, found["auc"]["n"]) == (1, 99)
    assert complaint.startswith(f"row 4: {name} 1e9: needed")
    assert pd.read_csv(out)["row"].tolist() == [2, *range(6, 201, 2)]
    code, (found,), complaint = run("evaluate", CARD.name, path, "--split", "train", "--json")
    assert (code, found["auc"]["n"], complaint) == (0, 100, "")


def test_those_whose_outcome_is_not_known_are_not_judged(run: Any, tmp_path: Path) -> None:
    assert CARD.prediction is not None
    table = followed(CATALOG, CARD, 120).astype({CARD.prediction.columns.event: object})
    table.loc[:9, CARD.prediction.columns.event] = ""
    code, (found,), _ = run("evaluate", CARD.name, written(tmp_path, table), "--json")
    assert (code, found["auc"]["n"]) == (0, 110)


def test_a_risk_model_that_is_given_a_scan_says_that_it_reads_none(run: Any, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(photograph())
    code, (line,), _ = run("read", tmp_path / "scan.png", "--model", CARD.name, "--json")
    assert (code, "does not read scans" in line["error"]) == (1, True)


def test_reading_a_scan_does_not_wait_for_tables() -> None:
    film = next((MODELS / IMAGING.name).glob("example*.png"))
    asked = f"import sys, medai_core.__main__ as m; m.main(['read', {str(film)!r}]); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=MODELS.parent, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_a_hundred_thousand_patients_are_scored_in_seconds(run: Any, tmp_path: Path) -> None:
    card = next(c for c in CARDS if c.prediction is not None and c.prediction.estimator == "logistic")
    path = written(tmp_path, pd.concat([draw(card, 10_000)] * 10, ignore_index=True))
    started = time.process_time()
    code, said, _ = run("risk", card.name, path, "--out", tmp_path / "out.csv")
    # Half of it on a machine of its own; the tests share theirs.
    assert time.process_time() - started < 6
    assert code == 0
    assert said.startswith("100000 rows, 100000 of them with a risk")
