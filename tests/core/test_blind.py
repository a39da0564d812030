"""A blind test gives nothing away, and says no more of the answers than they are worth."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core.errors import ImageError, SynthesisError
from medai_core.imaging.synthesis import Synthetic, as_png
from medai_core.imaging.synthesis.blind import BlindTest, as_plain, blind_test, bring, rows, score

SIZE = 128


def real(seed: int, rows: int = 300, columns: int = 240, mode: str = "RGB", format: str = "JPEG") -> bytes:
    stream = BytesIO()
    grey = np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)
    Picture.fromarray(grey).convert(mode).save(stream, format)
    return stream.getvalue()


def made(number: int, label: str = "normal") -> Synthetic:
    pixels = np.random.default_rng(number).integers(0, 256, (SIZE, SIZE), np.uint8)
    return Synthetic("drawn_gan", "1.0.0", label, 7, number, pixels, None, 1.0)


def drawn_test(real_ones: int, synthetic: int, seed: int = 1) -> BlindTest:
    brought = [bring(real(k), f"Doe_{k}.jpg", SIZE) for k in range(real_ones)]
    return blind_test(brought, [made(k) for k in range(synthetic)], seed)


def test_neither_size_nor_colour_nor_a_mark_tells_the_two_kinds_apart() -> None:
    test = drawn_test(4, 4)
    assert {(item.pixels.shape, item.pixels.dtype) for item in test.items} == {((SIZE, SIZE), np.dtype(np.uint8))}
    synthetic = next(item for item in test.items if item.made)
    assert synthetic.made is not None and np.array_equal(synthetic.pixels, synthetic.made.pixels)


def test_a_large_image_takes_the_two_steps_that_the_training_images_took() -> None:
    data = real(1, 600, 600, "L", "PNG")
    stepped = Picture.open(BytesIO(data)).resize((224, 224), Picture.Resampling.BILINEAR)
    expected = np.asarray(stepped.resize((SIZE, SIZE), Picture.Resampling.BILINEAR))
    assert np.array_equal(bring(data, "film.png", SIZE, (224, 224)).pixels, expected)
    assert not np.array_equal(bring(data, "film.png", SIZE).pixels, expected)


@pytest.mark.parametrize("marked", [True, False])
def test_a_file_that_says_that_it_is_synthetic_is_not_taken_for_real(marked: bool) -> None:
    with pytest.raises(SynthesisError, match="SYNTHETIC"):
        bring(as_png(made(1), marked=marked), "film.png", SIZE)


def test_what_is_no_scan_or_too_small_gets_a_sentence() -> None:
    with pytest.raises(ImageError):
        bring(b"hello", "notes.txt", SIZE)
    with pytest.raises(SynthesisError, match="100 × 240"):
        bring(real(1, 100), "small.jpg", SIZE)


def test_the_order_hangs_on_the_seed_and_on_nothing_else() -> None:
    def order(seed: int) -> list[bool]:
        return [item.real for item in drawn_test(8, 8, seed).items]

    assert order(3) == order(3) != order(4)
    assert sum(order(3)) == 8


def test_a_file_that_is_brought_twice_and_a_kind_that_is_absent_are_refused() -> None:
    twice = [bring(real(1), name, SIZE) for name in ("a.jpg", "b.jpg")]
    with pytest.raises(SynthesisError, match="twice"):
        blind_test(twice, [made(1)], 1)
    with pytest.raises(SynthesisError, match="at least one"):
        blind_test([], [made(1)], 1)
    with pytest.raises(SynthesisError, match="3 images are not answered"):
        score(drawn_test(2, 2), [True])


def answered(test: BlindTest, right_real: int, right_synthetic: int) -> list[bool]:
    """Answers of which so many are right of each kind."""
    left = {True: right_real, False: right_synthetic}
    answers = []
    for item in test.items:
        left[item.real] -= 1
        answers.append(item.real if left[item.real] >= 0 else not item.real)
    return answers


def test_the_share_that_is_right_has_wilsons_interval_for_all_and_for_each_kind() -> None:
    test = drawn_test(10, 10)
    found = score(test, answered(test, 9, 6))
    assert (found.every.right, found.real.right, found.synthetic.right) == (15, 9, 6)
    # As R gives them: prop.test(15, 20, correct = FALSE), and so on.
    assert (found.every.low, found.every.high) == pytest.approx((0.531, 0.888), abs=5e-4)
    assert (found.real.low, found.real.high) == pytest.approx((0.596, 0.982), abs=5e-4)
    assert (found.synthetic.low, found.synthetic.high) == pytest.approx((0.313, 0.832), abs=5e-4)


@pytest.mark.parametrize(
    ("each", "right_real", "right_synthetic", "said"),
    [
        (4, 4, 4, "blind.better"),  # the lady tasting tea: p = 2/70
        (3, 3, 3, "blind.few"),  # 2/20: no answers could be told from luck
        (10, 7, 5, "blind.guessing"),
        (10, 10, 0, "blind.guessing"),  # "real" to everything: half are right, nothing was seen
        (10, 1, 1, "blind.reversed"),
    ],
)
def test_whether_it_differs_from_guessing(each: int, right_real: int, right_synthetic: int, said: str) -> None:
    test = drawn_test(each, each)
    found = score(test, answered(test, right_real, right_synthetic))
    assert found.said.id == said
    if said == "blind.better":
        assert found.p == pytest.approx(2 / 70) and "p = 0.029" in found.said.text


def test_what_is_taken_away_names_the_synthetic_ones_and_nobody() -> None:
    test = drawn_test(3, 5)
    answers = answered(test, 2, 4)
    told = as_plain(test, answers)
    assert told["score"]["all"]["right"] == 6 and len(told["images"]) == 8
    assert "Doe" not in str(told)
    for item, row in zip(test.items, rows(test, answers), strict=True):
        assert row["truth"] == ("real" if item.real else "synthetic")
        assert (row["file_sha256"] is None) != item.real and (row["seed"] == 7) != item.real
