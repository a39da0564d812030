"""One's own manifest before a model learns from it: every row that must not be there is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core.catalog import find_models
from medai_core.errors import ManifestError
from medai_core.evaluation.parts import FEWEST, TEST, TRAIN, VALIDATION, read_own, read_parts
from tests.own_models import NAMES, cell, manifest, rows

Rows = list[list[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are there; whether they are images is looked at later."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "images").mkdir()
    for file, _label, _group in rows(200):
        (folder / file).write_bytes(b"x")
    return folder


def parts(folder: Path, table: Rows, head: str = "file,label,group", **how: bool) -> list[int]:
    return list(read_parts(manifest(folder, table, head=head), NAMES, 3, **how)["part"])


def complaint(folder: Path, table: Rows, head: str = "file,label,group") -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        parts(folder, table, head)
    return caught.value


def split(table: Rows, said: Callable[[int], str]) -> Rows:
    return [[*row, said(i)] for i, row in enumerate(table)]


SPLIT = "file,label,group,split"


def test_without_a_split_patients_are_dealt_out_three_to_one_to_one(folder: Path) -> None:
    table = read_parts(manifest(folder, rows(200)), NAMES, 3)
    assert [int((table["part"] == part).sum()) for part in (TRAIN, VALIDATION, TEST)] == [120, 40, 40]
    assert (table.groupby("group")["part"].nunique() == 1).all()
    again = read_parts(folder / "manifest.csv", NAMES, 4)
    assert list(again["part"]) != list(table["part"])
    assert list(read_parts(folder / "manifest.csv", NAMES, 3)["part"]) == list(table["part"])


def test_a_split_that_is_given_is_kept(folder: Path) -> None:
    order = ("train", "Calibrate", "test")
    found = parts(folder, split(rows(120), lambda i: order[i // 8 % 3]), SPLIT)
    assert found == [i // 8 % 3 for i in range(120)]


def test_a_quarter_of_the_training_patients_chooses_where_the_split_knows_only_train_and_test(folder: Path) -> None:
    found = parts(folder, split(rows(200), lambda i: "test" if i < 40 else "train"), SPLIT)
    assert found[:40] == [TEST] * 40
    assert found[40:].count(VALIDATION) == 40


def test_images_that_a_network_may_have_learnt_from_are_left_out_where_it_is_only_measured(folder: Path) -> None:
    table = split(rows(120), lambda i: "train" if i < 40 else "test")
    assert sorted(parts(folder, table, SPLIT, learns=False)) == [VALIDATION] * 40 + [TEST] * 40
    assert sorted(parts(folder, rows(160), learns=False)) == [VALIDATION] * 80 + [TEST] * 80


@pytest.mark.parametrize(
    ("id", "column", "value", "said"),
    [
        ("manifest.rows_label", 1, "Spotted", "row 5: Spotted"),
        ("manifest.rows_file", 0, "images/none.png", "row 5: images/none.png"),
        ("manifest.rows_file", 0, "", "row 5: "),
        ("manifest.rows_outside", 0, "../elsewhere.png", "row 5: ../elsewhere.png"),
        ("manifest.rows_outside", 0, "images/../../x.png", "row 5"),
        ("manifest.rows_outside", 0, "/etc/hostname", "row 5: /etc/hostname"),
        ("manifest.rows_group", 2, " ", "row 5: images/003.png"),
    ],
)
def test_a_row_that_cannot_be_learnt_from_is_named_as_a_spreadsheet_counts(
    folder: Path, id: str, column: int, value: str, said: str
) -> None:
    table = rows(120)
    table[3][column] = value
    error = complaint(folder, table)
    assert (error.message.id, error.message.facts["count"]) == (id, 1)
    assert said in str(error)


def test_ten_rows_are_named_and_the_others_counted(folder: Path) -> None:
    error = complaint(folder, [[file, "none of these", group] for file, _label, group in rows(23)])
    assert str(error).count("none of these") == 10
    assert "and 13 more" in str(error)


def test_a_patient_on_two_sides_is_refused_with_the_rows_and_without_the_number(folder: Path) -> None:
    table = split(rows(120), lambda i: "train" if i % 8 < 6 else "test")
    error = complaint(folder, table, SPLIT)
    assert error.message.id == "manifest.rows_across"
    assert error.message.facts["count"] == 60
    assert "row 6: the part to learn from (train); row 7: the part to learn from (train); row 8" in str(error)
    assert "p1" not in str(error)


def test_a_split_that_is_unknown_is_named(folder: Path) -> None:
    error = complaint(folder, split(rows(120), lambda i: "tset" if i == 7 else "train"), SPLIT)
    assert error.message.id == "manifest.rows_split"
    assert "row 9: tset" in str(error)


def test_one_class_alone_teaches_nothing(folder: Path) -> None:
    error = complaint(folder, [[file, "free", group] for file, _label, group in rows(60)])
    assert error.message.id == "manifest.one_class"
    assert "All 60 images of the whole manifest have the label 'free'" in str(error)


def test_one_class_alone_in_a_part_is_refused_with_its_rows(folder: Path) -> None:
    held = ("validation", "", "test", "")
    table = split(rows(160), lambda i: "train" if i < 80 or i // 4 % 2 else held[i // 4 % 4])
    error = complaint(folder, table, SPLIT)
    assert error.message.id == "manifest.one_class"
    assert "the part to choose by (validation) have the label 'free' (row 82: free" in str(error)


def test_too_few_of_a_class_in_a_part_are_counted(folder: Path) -> None:
    error = complaint(folder, rows(40))
    assert error.message.id == "manifest.too_few"
    assert "4 of 'free' in the part to choose by (validation)" in str(error)
    assert str(FEWEST) in str(error)


def test_a_class_that_the_model_knows_and_nobody_has_is_missed(folder: Path) -> None:
    with pytest.raises(ManifestError, match="0 of 'crowded' in the part to learn from"):
        read_parts(manifest(folder, rows(200)), (*NAMES, "crowded"), 3)


@pytest.mark.parametrize("text", ["", "file,label,group\n", "file,label\na,b\n", "\0\1\2"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        read_parts(path, NAMES, 3)
    assert caught.value.message.id.startswith("manifest.")


# Reading the images


@pytest.fixture
def drawn_folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    (tmp_path / "images").mkdir()
    for i, (file, _label, _group) in enumerate(rows(120)):
        Picture.fromarray(cell(i % 2, rng)).save(tmp_path / file)
    return tmp_path


def card(channels: int = 1):  # type: ignore[no-untyped-def]
    known = find_models().card("malaria_cell")
    findings = tuple(replace(f, name=name) for f, name in zip(known.findings, NAMES, strict=True))
    return replace(known, findings=findings, input=replace(known.input, channels=channels))


def read(folder: Path):  # type: ignore[no-untyped-def]
    return read_own(read_parts(manifest(folder, rows(120)), NAMES, 3), card(), lambda pixels: 0.5)


def test_images_are_read_as_the_card_says_and_counted_without_a_name(drawn_folder: Path) -> None:
    own = read(drawn_folder)
    assert own.pixels.shape == (120, 64, 64)
    assert np.isfinite(own.kind).sum() == len(own.rows(VALIDATION)) == 24
    assert "train 72 of 18 groups (free 36, spotted 36)" in own.counted(NAMES)


def test_files_that_are_no_images_are_named_with_the_reason(drawn_folder: Path) -> None:
    (drawn_folder / "images/003.png").write_bytes(b"")
    (drawn_folder / "images/011.png").write_bytes(b"no picture")
    with pytest.raises(ManifestError, match=r"2 rows.*row 5: images/003.png: The file is empty.*row 13: "):
        read(drawn_folder)


def test_the_same_image_on_two_sides_is_refused_whatever_its_file_is_called(drawn_folder: Path) -> None:
    table = read_parts(manifest(drawn_folder, rows(120)), NAMES, 3)
    one, other = (int(np.flatnonzero(table["part"] == part)[0]) for part in (TRAIN, TEST))
    with Picture.open(drawn_folder / f"images/{one:03}.png") as picture:
        picture.save(drawn_folder / f"images/{other:03}.png", compress_level=1)
    with pytest.raises(ManifestError, match=rf"2 rows show an image.*row {one + 2}: .*row {other + 2}: "):
        read(drawn_folder)
