"""One model over all slices of a series, in the core and on the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from medai_core.__main__ import main
from medai_core.errors import ModelError
from medai_core.imaging.series import File, Series, arrange
from medai_core.readings import read_scan
from medai_core.readings.series import models_for, read_series, series_json
from tests.exchange import example, models
from tests.volumes import Scanner

OUTLINES, TYPES = "brain_mri_tumour_segmentation", "brain_mri_tumour_type"
STORED = {"Modality": "MR", "RescaleIntercept": -2000, "WindowCenter": 128, "WindowWidth": 256}


def brain_slices(count: int = 4) -> list[File]:
    """Drawn brain slices of one series, the last of them black."""
    grey = example(OUTLINES).astype(np.int16)
    stack = np.stack([grey] * (count - 1) + [np.zeros_like(grey)])
    return Scanner((5.0, 0.9, 0.9), stack.shape).files(stack, **STORED)


def one(files: Sequence[File]) -> Series:
    (series,) = arrange(files).series
    return series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The slices as files in a folder of their own."""
    made = tmp_path / "study"
    made.mkdir()
    for file in brain_slices():
        (made / file.name).write_bytes(file.read())
    return made


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_slice_gets_what_it_gets_alone_and_the_volume_is_the_sum_of_the_areas() -> None:
    files = brain_slices()
    series = one(files)
    found = read_series(series, models(), OUTLINES)
    (alone,) = read_scan(files[1].read(), "x", models(), model=OUTLINES)
    assert alone.outline is not None
    areas = [answer.area_px for answer in found.answers]
    assert areas == [alone.outline.area_px] * 3 + [0]
    assert found.answers[3].refusal is not None
    assert found.volume_ml == pytest.approx(sum(areas) * 0.9 * 0.9 * 5 / 1000)
    assert found.labels()[1].sum() == alone.outline.area_px
    assert [count for _reason, count in found.refusals] == [1]


def test_probabilities_of_each_slice_and_the_slice_with_the_highest() -> None:
    files = brain_slices()
    found = read_series(one(files), models(), TYPES, affirm=True)
    (alone,) = read_scan(files[0].read(), "x", models(), model=TYPES, affirm=True)
    assert found.answers[0].probabilities == tuple(f.probability for f in alone.findings)
    likeliest = int(np.argmax(found.answers[0].probabilities))
    most = found.most(likeliest)
    assert most is not None and most.number in (0, 1, 2)
    said = series_json(one(files), found)
    assert said["slices_refused"] == 1
    assert said["highest"][found.findings[likeliest]]["probability"] == round(max(most.probabilities), 6)


def test_the_precondition_must_be_affirmed_for_a_series_too() -> None:
    found = read_series(one(brain_slices()), models(), TYPES)
    assert all(answer.refusal is not None for answer in found.answers)
    assert found.most(0) is None


def test_a_missing_slice_is_not_read() -> None:
    files = brain_slices(6)
    found = read_series(one([*files[:2], *files[3:]]), models(), OUTLINES)
    assert found.answers[2].refusal is not None
    assert found.answers[2].refusal.id == "series.empty_place"
    assert found.answers[2].area_px == 0 < (found.answers[3].area_px or 0)


def test_what_a_reader_stops_ends_at_once_and_leaves_nothing_behind() -> None:
    class Stopped(Exception):
        pass

    done = []

    def advance(number: int, _of: int) -> None:
        done.append(number)
        if number == 2:
            raise Stopped

    with pytest.raises(Stopped):
        read_series(one(brain_slices()), models(), OUTLINES, advance=advance)
    assert done == [1, 2]


def test_a_model_of_outlined_things_does_not_read_slices() -> None:
    with pytest.raises(ModelError, match="Mark a point in it first"):
        read_series(one(brain_slices()), models(), "lung_nodule_ct_malignancy")


def test_the_middle_slice_says_which_models_apply() -> None:
    kind, cards = models_for(one(brain_slices(5)), models())
    assert kind == "brain_mri"
    assert {card.name for card in cards} == {OUTLINES, TYPES}


def test_the_command_reads_a_folder_and_an_archive_alike(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for file in folder.iterdir():
            made.write(file, file.name)
    assert main(["read", str(folder), "--model", OUTLINES, "--json"]) == 0
    (line,) = printed(capsys)
    assert main(["read", str(archive), "--model", OUTLINES, "--json"]) == 0
    (same,) = printed(capsys)
    assert line["slices"] == 4 and line["spacing_mm"] == [5.0, 0.9, 0.9]
    assert line["patient"] == {"id": "P-1", "name": "Drawn, Ada", "birth_date": None}
    assert [a["area_px"] for a in line["answers"]] == [a["area_px"] for a in same["answers"]]
    assert line["volume_ml"] == same["volume_ml"] > 0


def test_the_command_says_a_series_in_a_line_and_names_what_it_leaves_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes.txt").write_text("no scan")
    (folder / "001.dcm").unlink()
    assert main(["read", str(folder), "--affirm"]) == 1
    said = capsys.readouterr().out
    assert f"{TYPES}: 4 slices, 2 refused; highest" in said
    assert "Slices missing between 000.dcm and 002.dcm: 1." in said
    assert "notes.txt: " in said


def test_a_series_that_no_model_reads_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = np.stack([example("scan_kind").astype(np.int16)] * 4)
    (tmp_path / "chest").mkdir()
    for file in Scanner((2.0, 0.7, 0.7), stack.shape).files(stack, **(STORED | {"Modality": "CT"})):
        (tmp_path / "chest" / file.name).write_bytes(file.read())
    assert main(["read", str(tmp_path / "chest"), "--json"]) == 0
    (line,) = printed(capsys)
    assert line["model"] is None and "This looks like" in line["refused"]


def test_the_volume_of_a_folder_is_outlined_into_one_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["segment", str(folder), "--model", OUTLINES, "--volume", "--out", str(tmp_path / "out"), "--json"]) == 0
    )
    (line,) = printed(capsys)
    assert Path(line["mask"]).name == "study_mask.nii.gz"
    assert line["frames"] == 4 and line["volume_ml"] > 0


def test_an_empty_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["read", str(tmp_path / "empty")]) == 1
    assert "None of the 0 files" in capsys.readouterr().out
