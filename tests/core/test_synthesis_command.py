"""``synthesize``: files and a manifest that recipes and ``evaluate`` read, the same for the same seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core.__main__ import main
from medai_core.evaluation import read_manifest
from medai_core.imaging.images import read_image
from medai_core.imaging.images.synthetic import is_marked
from medai_core.records.marking import switch_marks
from medai_core.records.store import Location, open_store
from tests.records import ADMINISTRATOR
from tests.synthesis import BRAIN, CHEST, model


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object) -> tuple[int, str, str]:
        code = main(["synthesize", *(str(word) for word in words)])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        return code, out, complaint

    return run


def test_images_outlines_and_a_manifest_are_written_and_a_line_says_how_many_were_withheld(
    run: Any, tmp_path: Path
) -> None:
    out = tmp_path / "made"
    code, said, _ = run(BRAIN, "--label", "glioma", "--label", "pituitary", "--count", 3, "--seed", 7, "--out", out)
    assert code == 0 and "SYNTHETIC" in said
    assert said.count("withheld") == 2 and "3 SYNTHETIC images of 'glioma' from seed 7" in said
    table = read_manifest(out / "manifest.csv", model(BRAIN).labels, "train")
    assert list(table["label"]) == ["glioma"] * 3 + ["pituitary"] * 3
    assert table["group"].nunique() == 6
    for file, mask in zip(table["file"], table["mask"], strict=True):
        shown = read_image(Path(file).read_bytes())
        assert shown.synthetic and is_marked(shown.display)
        assert set(np.unique(np.asarray(Picture.open(out / mask)))) <= {0, 255}
        assert np.asarray(Picture.open(out / mask)).shape == shown.display.shape


def test_the_same_seed_writes_the_same_bytes_as_png_and_as_dicom(run: Any, tmp_path: Path) -> None:
    for form in ([], ["--dicom"]):
        folders = [tmp_path / f"{name}{len(form)}" for name in ("one", "two")]
        for folder in folders:
            assert run(CHEST, "--label", "normal", "--count", 3, "--seed", 2, "--out", folder, *form)[0] == 0
        one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert one == two and len(one) == 4
        assert all(read_image(data).synthetic for name, data in one.items() if name != "manifest.csv")


def test_json_says_what_was_made_of_which_model_and_every_label_is_made_where_none_is_named(
    run: Any, tmp_path: Path
) -> None:
    code, said, _ = run(CHEST, "--count", 2, "--out", tmp_path / "made", "--json")
    found = json.loads(said)
    assert code == 0 and found["synthetic"].startswith("SYNTHETIC")
    assert found["labels"].keys() == set(model().labels)
    assert all(one["made"] == 2 and one["withheld"] >= 0 for one in found["labels"].values())
    assert found["model"]["name"] == CHEST and "guard.npz" in found["model"]["sha256"]
    assert found["marked"] is True and len(found["files"]) == 4


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--label", "fracture"), "no label"),
        (("--count", "0"), "from 1 to 1000"),
        (("--seed", "-1"), "no seed"),
    ],
)
def test_what_cannot_be_made_writes_nothing(run: Any, tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    code, _, complaint = run(CHEST, "--out", tmp_path / "made", *words)
    assert code == 1 and why in complaint
    assert not (tmp_path / "made").exists()


def test_what_is_measured_on_synthetic_files_says_so(
    run: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(BRAIN, "--count", 1, "--out", tmp_path / "made")
    manifest, out = tmp_path / "made" / "manifest.csv", tmp_path / "predictions.csv"
    for measured in ("brain_mri_tumour_type", "brain_mri_tumour_segmentation"):
        assert main(["evaluate", measured, str(manifest), "--predictions", str(out)]) == 0
        assert "SYNTHETIC: 3 of 3 files" in capfd.readouterr().err
        assert out.read_text().splitlines()[0].endswith(",synthetic") and out.read_text().count("True\n") == 3


def test_a_folder_that_holds_something_is_left_as_it_is(run: Any, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    code, _, complaint = run(CHEST, "--out", tmp_path)
    assert code == 1 and "holds something already" in complaint
    assert [path.name for path in tmp_path.iterdir() if path.name != "record"] == ["kept.txt"]


def test_a_model_of_another_task_makes_no_scans_and_this_one_is_not_evaluated(
    run: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "does not make scans" in run("scan_kind", "--out", tmp_path / "made")[2]
    assert main(["evaluate", CHEST, str(tmp_path / "manifest.csv")]) == 1
    assert "answers nothing" in capfd.readouterr().err


def test_an_administrator_switches_the_mark_off_and_the_words_stay(run: Any, tmp_path: Path, record: Path) -> None:
    store = open_store(Location(record))
    switch_marks(store, ADMINISTRATOR, on=False)
    store.close()
    run(CHEST, "--label", "normal", "--count", 1, "--out", tmp_path / "made")
    (path,) = (tmp_path / "made").glob("*.png")
    shown = read_image(path.read_bytes())
    assert shown.synthetic and not is_marked(shown.display)
