"""What the command line promises to scripts: its keys, its exit codes, and never a traceback."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medai_core.__main__ import main
from medai_core.cards import Card
from medai_core.catalog import MODELS, find_models
from tests import drawn
from tests.scans import RAMP, bundled, dicom, grey, photograph, png

ROOT = MODELS.parent
KEYS = {"file", "sha256", "kind", "model", "refused", "findings", "coverage", "seconds"}
CARDS = find_models().cards
IMAGING = [card for card in CARDS if card.task in ("applicability", "classification")]
CLASSIFIERS = [card for card in CARDS if card.task == "classification"]
AFFIRMED = next(card for card in CLASSIFIERS if card.precondition)


def examples(name: str) -> list[Path]:
    return sorted((MODELS / name).glob("example*.png"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a command here; its exit code, the JSON of each line, and what it complained of."""

    def run(*words: object) -> tuple[int, list[Any], str]:
        code = main([str(word) for word in words])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        return code, [json.loads(line) for line in out.splitlines()] if "--json" in words else [out], complaint

    return run


def test_models_prints_one_array_of_complete_cards(run: Any) -> None:
    code, (cards,), _ = run("models", "--json")
    assert code == 0
    assert [card["name"] for card in cards] == [card.name for card in CARDS]
    assert all(card["measured"]["performance"] and card["limits"] for card in cards)
    assert all(card["findings"] or card["dosing"] for card in cards)


def test_models_for_people_names_each_model_its_use_and_how_good_it_is(run: Any) -> None:
    code, (text,), _ = run("models")
    assert code == 0
    for card in CARDS:
        assert card.name in text
        assert card.intended_use in text
    assert text.count("n = ") >= len(CARDS)


@pytest.mark.parametrize("card", CLASSIFIERS, ids=lambda c: c.name)
def test_an_example_is_read_with_the_promised_keys(run: Any, card: Card) -> None:
    files = examples(card.name)
    code, lines, _ = run("read", *files, "--affirm", "--json")
    assert code == 0
    lines = [line for line in lines if line["model"] == card.name]  # others outline such an image
    assert [line["file"] for line in lines] == list(map(str, files))
    for line in lines:
        assert line.keys() >= KEYS
        assert (line["model"], line["kind"], line["refused"]) == (card.name, card.input.kinds[0], None)
        assert [f["name"] for f in line["findings"]] == [f.name for f in card.findings]
        assert all(f.keys() == {"name", "probability", "in_set"} for f in line["findings"])
        assert sum(f["probability"] for f in line["findings"]) == pytest.approx(1, abs=1e-5)
        assert line["coverage"] == 0.9
        assert 0 < line["seconds"] < 60
        assert len(line["sha256"]) == 64


def test_a_file_that_cannot_be_read_is_an_error_and_the_others_are_still_read(run: Any, tmp_path: Path) -> None:
    (tmp_path / "cut.dcm").write_bytes(dicom()[:-10])
    (tmp_path / "empty.png").write_bytes(b"")
    film = examples(drawn.FILM)[0]
    bad = [tmp_path / "nowhere.png", tmp_path, tmp_path / "cut.dcm", tmp_path / "empty.png"]
    code, lines, _ = run("read", bad[0], film, *bad[1:], film, "--json")
    assert code == 1
    assert ["error" in line for line in lines] == [True, False, True, True, True, False]
    assert all(line["error"].endswith(".") and line["file"] for line in lines if "error" in line)
    assert lines[1]["findings"] == lines[-1]["findings"] != []


def test_a_photograph_has_no_model_and_a_reason(run: Any, tmp_path: Path) -> None:
    (tmp_path / "holiday.dcm").write_bytes(photograph())
    code, (line,), _ = run("read", tmp_path / "holiday.dcm", "--json")
    assert code == 0
    assert (line["kind"], line["model"], line["findings"], line["coverage"]) == ("other", None, [], None)
    assert "no kind of scan" in line["refused"]


def test_a_precondition_is_affirmed_or_there_are_no_findings(run: Any) -> None:
    file = examples(AFFIRMED.name)[0]
    code, (line, *_outlines), _ = run("read", file, "--json")
    assert (code, line["model"], line["findings"]) == (0, AFFIRMED.name, [])
    assert AFFIRMED.precondition in line["refused"]
    _, (affirmed, *_outlines), _ = run("read", file, "--affirm", "--json")
    assert affirmed["refused"] is None
    assert len(affirmed["findings"]) == len(AFFIRMED.findings)


@pytest.mark.parametrize("card", CLASSIFIERS, ids=lambda c: c.name)
def test_a_model_that_is_asked_by_name_refuses_what_is_not_for_it(run: Any, tmp_path: Path, card: Card) -> None:
    (tmp_path / "cat").write_bytes(photograph())
    foreign = [tmp_path / "cat", *(examples(c.name)[0] for c in CLASSIFIERS if c is not card)]
    foreign += [bundled("CT_small.dcm")]
    code, lines, _ = run("read", *foreign, "--model", card.name, "--affirm", "--json")
    assert code == 0
    assert len(lines) == len(foreign)
    for line in lines:
        assert (line["model"], line["findings"]) == (card.name, [])
        assert line["refused"]


def test_a_model_that_does_not_exist_is_named_beside_those_that_do(run: Any) -> None:
    code, _, complaint = run("read", examples(drawn.FILM)[0], "--model", "crystal_ball")
    assert code == 1
    assert "crystal_ball" in complaint
    assert drawn.FILM in complaint


def test_a_model_that_reads_no_scans_says_so(run: Any) -> None:
    code, (line,), _ = run("read", examples(drawn.FILM)[0], "--model", "scan_kind", "--json")
    assert code == 1
    assert "does not read scans" in line["error"]


def test_a_person_is_told_the_same_in_words(run: Any) -> None:
    code, (text,), _ = run("read", examples(drawn.FILM)[0], examples(AFFIRMED.name)[0])
    assert code == 0
    assert "pneumonia 0." in text
    assert "90% set" in text
    assert AFFIRMED.precondition in text


def manifest(folder: Path, card: Card, extra: tuple[str, bytes] | None = None) -> Path:
    """The model's examples, labelled by their names, as a manifest; ``extra`` is one more file."""
    rows = ["file,label,group,split"]
    names = [finding.name for finding in card.findings]
    for i, file in enumerate(examples(card.name)):
        label = next(name for name in names if name in file.name)
        shutil.copy(file, folder / f"{i}.png")
        rows.append(f"{i}.png,{label},patient {i},test")
    if extra:
        (folder / extra[0]).write_bytes(extra[1])
        rows.append(f"{extra[0]},{names[0]},patient x,other")
    path = folder / "manifest.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("card", IMAGING, ids=lambda c: c.name)
def test_evaluate_prints_measures_with_intervals_and_n(run: Any, tmp_path: Path, card: Card) -> None:
    code, (found,), _ = run("evaluate", card.name, manifest(tmp_path, card), "--json")
    assert code == 0
    assert {"accuracy", "balanced_accuracy", "coverage", "refused_share"} <= found.keys()
    assert all(value.keys() == {"value", "low", "high", "n"} for value in found.values())
    n = len(examples(card.name))
    assert found["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": n}
    assert found["refused_share"]["value"] == 0.0


def test_predictions_hold_the_probabilities_of_refused_readings_too(run: Any, tmp_path: Path) -> None:
    card = next(card for card in CLASSIFIERS if card.name == drawn.FILM)
    inverted = png(255 - grey(examples(card.name)[0]))
    out = tmp_path / "out.csv"
    path = manifest(tmp_path, card, ("inverted.png", inverted))
    code, (found,), _ = run("evaluate", card.name, path, "--predictions", out, "--json")
    assert code == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["file", "group", "label", "refused", "normal", "pneumonia", "synthetic"]
    assert [row["synthetic"] for row in rows] == ["True"] * (len(rows) - 1) + ["False"]
    assert [row["refused"] for row in rows] == ["False"] * (len(rows) - 1) + ["True"]
    assert all(float(row["normal"]) + float(row["pneumonia"]) == pytest.approx(1) for row in rows)
    assert found["accuracy"]["n"] == found["accuracy_accepted"]["n"] + 1 == len(rows)


def test_a_split_is_chosen_and_a_file_that_cannot_be_read_is_told(run: Any, tmp_path: Path) -> None:
    card = next(card for card in CLASSIFIERS if card.name == drawn.FILM)
    path = manifest(tmp_path, card, ("broken.png", b"no picture"))
    code, (found,), complaint = run("evaluate", card.name, path, "--split", "test", "--json")
    # LiteRT says once a process that it is there.
    (said,) = [line for line in complaint.splitlines() if not line.startswith("INFO:")]
    assert (code, found["accuracy"]["n"], "SYNTHETIC" in said) == (0, len(examples(card.name)), True)
    code, (found,), complaint = run("evaluate", card.name, path, "--json")
    assert (code, found["accuracy"]["n"]) == (1, len(examples(card.name)))
    assert "broken.png" in complaint


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "crystal_ball", "nowhere.csv"),
        ("evaluate", drawn.FILM, "nowhere.csv"),
        ("evaluate", drawn.FILM, "."),
        ("--models", "nowhere", "read", "README.md"),
        ("read", "nowhere.png", "--frame", "-5"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(run: Any, words: tuple[str, ...]) -> None:
    code, (out,), complaint = run(*words)
    assert code == 1
    assert len((out + complaint).strip().splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [(), ("raed",), ("read",), ("read", "x.png", "--frame", "two"), ("evaluate",), ("models", "extra"), ("--json",)],
)
def test_a_wrong_call_shows_how_to_call(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    assert left.value.code == 2
    assert "usage: python -m medai_core" in capfd.readouterr().err


def test_a_folder_without_models_has_an_empty_list(run: Any, tmp_path: Path) -> None:
    assert run("--models", tmp_path, "models", "--json") == (0, [[]], "")


def test_predictions_that_cannot_be_written_are_told(run: Any, tmp_path: Path) -> None:
    card = next(card for card in CLASSIFIERS if card.name == drawn.FILM)
    out = tmp_path / "no such folder" / "out.csv"
    code, _, complaint = run("evaluate", card.name, manifest(tmp_path, card), "--predictions", out)
    assert code == 1
    assert str(out) in complaint


def test_a_frame_that_is_not_there_is_an_error(run: Any, tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(dicom())
    for frame in (-1, 1, 10**9):
        code, (line,), _ = run("read", tmp_path / "film.dcm", "--frame", frame, "--json")
        assert (code, "error" in line) == (1, True)


def command(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a script starts it."""
    return subprocess.run(
        [sys.executable, "-m", "medai_core", *(os.fsencode(str(word)) for word in words)],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_a_file_name_that_is_no_text_does_not_stop_the_reading(tmp_path: Path, encoding: str) -> None:
    name = tmp_path / os.fsdecode("肺炎 ".encode() + b"\xff.png")
    name.write_bytes(png(np.tile(RAMP, (8, 8))))
    for words in (("read", name, "--json"), ("read", name)):
        done = command(*words, PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
        if "--json" in words:
            assert json.loads(done.stdout)["file"] == str(name)


def test_a_reader_that_has_seen_enough_does_not_make_a_traceback(tmp_path: Path) -> None:
    film = examples(drawn.FILM)[0]
    words = [sys.executable, "-m", "medai_core", "read", *[str(film)] * 200, "--json"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert json.loads(reading.stdout.readline())["findings"]
        reading.stdout.close()
        assert b"Traceback" not in reading.stderr.read()
