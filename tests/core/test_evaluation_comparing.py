"""Outlines of a manifest: overlap and counts as measured by hand, and what cannot be compared is one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.errors import ManifestError
from medai_core.evaluation.comparing import compare, comparison_measures, comparisons_table, read_outlines
from medai_core.imaging.segmentation import Segmentation, segment
from medai_core.readings import outliner
from tests.outlines import Bright, discs, models_with_bright, outline_card
from tests.scans import png

SHAPE = (128, 128)


def answer(data: bytes) -> tuple[Segmentation, bool]:
    """What the bright network says; the picture whose first pixel is 7 is refused."""
    import io

    pixels = np.asarray(Picture.open(io.BytesIO(data)))
    return segment(outline_card(), Bright(), pixels), bool(pixels[0, 0] == 7)


def manifest(folder: Path, rows: list[tuple[NDArray[np.uint8], NDArray[np.uint8], str]], column: str = "mask") -> Path:
    lines = [f"file,{column},label,group,split"]
    for i, (image, true, label) in enumerate(rows):
        (folder / f"{i}.png").write_bytes(png(image))
        Picture.fromarray(true).save(folder / f"{i}_true.png")
        lines.append(f"{i}.png,{i}_true.png,{label},g{i},test")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "manifest.csv"


def test_the_overlap_of_a_manifest_is_that_of_its_images(tmp_path: Path) -> None:
    disc, other = discs(SHAPE, (64, 64, 30)), discs(SHAPE, (20, 20, 12))
    path = manifest(tmp_path, [(disc, disc, "a"), (disc, other, "b"), (disc, disc, "b")])
    seen, unread = compare(path, "test", answer)
    assert unread == ()
    found = {(m.measure, m.subgroup): m for m in comparison_measures(seen, many=False, data="test")}
    good = found["dice", "a"].value
    assert good > 0.95
    assert found["dice", ""].value == pytest.approx(2 * good / 3)
    assert found["dice_median", ""].value == pytest.approx(good)
    assert found["dice", "b"].value == pytest.approx(good / 2)
    assert found["refused_share", ""].value == 0
    table = comparisons_table(seen)
    assert table["dice"].tolist() == pytest.approx([good, 0, good])
    assert (table["true_area_px"] == [(disc > 0).sum(), (other > 0).sum(), (disc > 0).sum()]).all()


def test_what_is_refused_counts_as_found_and_is_left_out_of_the_accepted(tmp_path: Path) -> None:
    disc = discs(SHAPE, (64, 64, 30))
    refused = discs(SHAPE, (64, 64, 30), level=140)
    refused[0, 0] = 7
    seen, _ = compare(manifest(tmp_path, [(disc, disc, "a"), (refused, disc, "a")]), "test", answer)
    found = {m.measure: m.value for m in comparison_measures(seen, many=False, data="test")}
    assert found["refused_share"] == 0.5
    assert found["dice"] == pytest.approx(found["dice_accepted"] / 2)


def test_objects_are_counted_by_their_numbers(tmp_path: Path) -> None:
    two = discs(SHAPE, (30, 30, 14), (90, 90, 14))
    numbers = np.where(discs(SHAPE, (30, 30, 14)) > 0, 300, 0) + np.where(discs(SHAPE, (90, 90, 14)) > 0, 2, 0)
    three = numbers + np.where(discs(SHAPE, (30, 100, 10)) > 0, 9, 0)
    rows = [(two, numbers.astype(np.uint16), "a"), (two, three.astype(np.uint16), "a")]
    seen, _ = compare(manifest(tmp_path, rows, "labels"), "test", answer)
    found = {m.measure: m.value for m in comparison_measures(seen, many=True, data="test")}
    assert found["f1_iou50"] == pytest.approx(2 * 4 / (2 * 4 + 1))
    assert comparisons_table(seen)["true_count"].tolist() == [2, 3]


def test_a_file_or_its_outline_that_cannot_be_read_is_named_and_the_others_are_compared(tmp_path: Path) -> None:
    disc = discs(SHAPE, (64, 64, 30))
    path = manifest(tmp_path, [(disc, disc, "a"), (disc, disc[:60], "a"), (disc, disc, "a")])
    (tmp_path / "2_true.png").write_bytes(b"no picture")
    seen, unread = compare(path, "test", answer)
    assert len(seen) == 1
    assert ["128 x 60" in unread[0].reason, "cannot be read" in unread[1].reason] == [True, True]
    (tmp_path / "0_true.png").write_bytes(b"")
    with pytest.raises(ManifestError):
        compare(path, "test", answer)


def test_a_manifest_without_outlines_says_what_is_missing(tmp_path: Path) -> None:
    disc = discs(SHAPE, (64, 64, 30))
    with pytest.raises(ManifestError, match="labels / mask"):
        compare(manifest(tmp_path, [(disc, disc, "a")], "region"), "test", answer)


def test_numbers_above_255_are_kept_apart(tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [256, 65535]], np.uint16)
    Picture.fromarray(numbers).save(tmp_path / "n.png")
    assert np.array_equal(read_outlines(tmp_path / "n.png", (2, 2), many=True), numbers)


def test_a_model_is_asked_as_the_page_asks_it() -> None:
    card = outline_card()
    found, refused = outliner(card, models_with_bright())(png(discs(SHAPE, (64, 64, 30))))
    assert found.labels.any()
    assert refused  # the router does not take a disc for a brain
