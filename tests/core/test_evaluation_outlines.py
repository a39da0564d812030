"""Outlines are measured against those that people drew, with intervals that resample whole patients."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.evaluation.outlines import Outlined, object_measures, region_measures


def squares(*corners: tuple[int, int], side: int = 6) -> NDArray[np.int32]:
    """Squares by their top left corner, numbered from 1, in a field of 40 by 40 pixels."""
    labels = np.zeros((40, 40), np.int32)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


def values(found: tuple[Measure, ...], subgroup: str = "") -> dict[str, float]:
    return {m.measure: m.value for m in found if m.subgroup == subgroup}


THREE = squares((2, 2), (2, 20), (20, 2))
TWO_OF_THREE_AND_TWO_MORE = squares((2, 2), (2, 20), (30, 30), (30, 20))
NOTHING = squares()


def test_objects_of_all_images_are_counted_together_and_image_by_image() -> None:
    images = [Outlined(TWO_OF_THREE_AND_TWO_MORE, THREE, "a"), Outlined(squares((5, 5)), squares((5, 5)), "b")]
    found = values(object_measures(images, data="test", draws=20))
    assert found["f1_iou50"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))
    assert found["f1_iou50_mean"] == pytest.approx((4 / 7 + 1) / 2)
    assert found["sensitivity_iou50"] == pytest.approx(3 / 4)
    assert found["precision_iou50"] == pytest.approx(3 / 5)
    assert found["dice"] == pytest.approx((4 / 7 + 1) / 2)
    assert found["count_error"] == pytest.approx((1 / 3 + 0) / 2)


def test_a_count_is_wrong_by_its_share_of_the_true_one() -> None:
    images = [Outlined(THREE, squares((2, 2), (2, 20)), "a"), Outlined(squares((2, 2)), THREE, "b")]
    assert values(object_measures(images, data="test", draws=20))["count_error"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_finding_nothing_where_nothing_is_is_right_and_anything_is_wrong() -> None:
    right = values(object_measures([Outlined(NOTHING, NOTHING, "a")], data="test", draws=20))
    assert (right["f1_iou50"], right["f1_iou50_mean"], right["dice"]) == (1, 1, 1)
    assert np.isnan([right["sensitivity_iou50"], right["precision_iou50"], right["count_error"]]).all()
    wrong = values(object_measures([Outlined(THREE, NOTHING, "a")], data="test", draws=20))
    assert (wrong["f1_iou50"], wrong["f1_iou50_mean"], wrong["dice"]) == (0, 0, 0)


def test_a_region_is_measured_by_its_overlap_in_the_mean_and_in_the_median() -> None:
    right = squares((5, 5)) > 0
    half = np.where(np.arange(40) < 8, right, False)
    images = [Outlined(right, right, "a"), Outlined(half, right, "b"), Outlined(~right & False, right, "c")]
    found = values(region_measures(images, data="test", draws=20))
    assert found == {"dice": pytest.approx((1 + 2 / 3 + 0) / 3), "dice_median": pytest.approx(2 / 3)}


def test_each_subgroup_is_measured_by_itself_and_a_single_one_is_not_repeated() -> None:
    images = [Outlined(THREE, THREE, "a", "fluorescence"), Outlined(NOTHING, THREE, "b", "stained")]
    found = object_measures(images, data="test", draws=20)
    assert values(found, "fluorescence")["f1_iou50"] == 1
    assert values(found, "stained")["f1_iou50"] == 0
    assert values(found)["f1_iou50"] == pytest.approx(2 * 3 / (2 * 3 + 3))
    assert {m.n for m in found if m.subgroup} == {1}
    assert not values(object_measures(images[:1], data="test", draws=20), "fluorescence")


def test_an_interval_resamples_patients_not_images() -> None:
    rng = np.random.default_rng(0)
    good = [bool(rng.integers(2)) for _ in range(12)]
    by_patient = [
        Outlined(THREE if good[i // 4] else NOTHING, THREE, f"patient {i // 4}", "stained") for i in range(48)
    ]
    alone = [Outlined(image.found, image.true, f"patient {i}", "stained") for i, image in enumerate(by_patient)]
    wide, narrow = (region_measures(images, data="test")[0] for images in (by_patient, alone))
    assert (wide.n, wide.groups) == (48, 12)
    assert (narrow.n, narrow.groups) == (48, 48)
    assert wide.low < narrow.low < narrow.value == wide.value < narrow.high < wide.high


def test_the_same_seed_gives_the_same_interval_and_images_may_come_one_by_one() -> None:
    images = [Outlined(THREE if i % 3 else NOTHING, THREE, str(i)) for i in range(9)]
    assert region_measures(images, data="validation") == region_measures(iter(images), data="validation")
    assert region_measures(images, data="validation")[0].data == "validation"
