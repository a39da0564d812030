"""Scans that no patient ever had: the same from the same seed, and never too near to one that was learnt from."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.errors import MedAIError, ModelError, SynthesisError
from medai_core.imaging.images import read_image
from medai_core.imaging.images.synthetic import MARK, is_marked, mark
from medai_core.imaging.synthesis import as_png, between, is_synthetic, outline_png, synthesize
from medai_core.imaging.synthesis.drawing import ATTEMPTS, latent_of
from medai_core.imaging.synthesis.walking import spherical
from medai_core.training.drawings import draw_other
from tests.scans import dicom, png
from tests.synthesis import BRAIN, CHEST, embedding, guarded, images, model, models, placed

FAR = np.full((1, embedding("normal", 0, 0).size), 1e6, np.float32)


# --- drawing


@pytest.mark.parametrize("name", [CHEST, BRAIN])
def test_the_same_seed_gives_the_same_images_and_three_are_the_first_three_of_ten(name: str) -> None:
    label = model(name).labels[-1]
    ten, three = synthesize(model(name), label, 10, 5), synthesize(model(name), label, 3, 5)
    assert [as_png(image) for image in three.images] == [as_png(image) for image in ten.images[:3]]
    assert [image.number for image in ten.images] == list(range(10))
    assert len({as_png(image) for image in ten.images}) == 10
    assert as_png(synthesize(model(name), label, 1, 6).images[0]) != as_png(ten.images[0])


def test_an_image_is_as_large_as_the_card_says_and_has_an_outline_where_it_says_so() -> None:
    chest, brain = images()[0], images(BRAIN)[0]
    for image, name in ((chest, CHEST), (brain, BRAIN)):
        spec = model(name).spec
        assert image.pixels.shape == (spec.size, spec.size) and image.pixels.dtype == np.uint8
        assert image.nearest >= model(name).nearest_min
    assert chest.outline is None and outline_png(chest) is None
    drawn = outline_png(brain)
    assert brain.outline is not None and drawn is not None
    assert np.array_equal(np.asarray(Picture.open(io.BytesIO(drawn))) > 0, brain.outline)


def test_an_image_too_near_to_a_training_image_is_withheld_and_another_is_drawn_for_its_number() -> None:
    free = synthesize(guarded(FAR, 1e-3), "normal", 6, 3)
    near = synthesize(guarded(np.vstack([FAR, embedding("normal", 3, 2)]), 1e-3), "normal", 6, 3)
    assert (free.withheld, near.withheld) == (0, 1)
    same = [np.array_equal(a.pixels, b.pixels) for a, b in zip(free.images, near.images, strict=True)]
    assert same == [True, True, False, True, True, True]
    again = synthesize(guarded(np.vstack([FAR, embedding("normal", 3, 2)]), 1e-3), "normal", 3, 3)
    assert np.array_equal(again.images[2].pixels, near.images[2].pixels)


def test_where_every_image_is_too_near_none_is_shown_and_the_reader_is_told() -> None:
    with pytest.raises(SynthesisError, match=f"{ATTEMPTS} images were drawn"):
        synthesize(guarded(FAR, 1e9), "normal", 3, 3)


def test_64_images_take_less_than_two_seconds_of_processor_time() -> None:
    images()
    start = time.process_time()
    synthesize(model(), "pneumonia", 64, 1)
    assert time.process_time() - start < 2


def test_progress_ends_at_one_and_never_goes_back() -> None:
    told: list[float] = []
    synthesize(model(), "normal", 9, 1, told.append)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 1


@pytest.mark.parametrize(
    ("label", "count", "seed", "id"),
    [
        ("broken", 1, 0, "synthesis.label"),
        ("normal", 0, 0, "synthesis.count"),
        ("normal", 1001, 0, "synthesis.count"),
        ("normal", 1, -1, "synthesis.seed"),
        ("normal", 1, 2**32, "synthesis.seed"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(label: str, count: int, seed: int, id: str) -> None:
    with pytest.raises(SynthesisError) as refused:
        synthesize(model(), label, count, seed)
    assert refused.value.message.id == id


def test_a_model_without_its_guard_or_of_another_task_makes_nothing() -> None:
    with pytest.raises(ModelError, match="does not make scans"):
        models().synthesis_model(models().card("chest_radiograph_pneumonia"))
    card = model().card
    assert card.measured is not None
    bare = replace(card, measured=replace(card.measured, guard=None))
    with pytest.raises(ModelError, match="no guard"):
        replace(models(), _models={}).synthesis_model(bare)


def test_a_guard_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    folder = models().folder_of(model().card)
    for file in folder.glob("*"):
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "guard.npz").write_bytes(b"other")
    apart = replace(models(), apart={CHEST: tmp_path}, _models={}, _networks={})
    with pytest.raises(ModelError, match=r"guard\.npz"):
        apart.synthesis_model(model().card)


# --- between two


def test_the_way_between_two_seeds_begins_and_ends_at_their_first_images() -> None:
    way = between(model(), "normal", (1, 2), [0, 0.5, 1])
    first, last = (synthesize(model(), "normal", 1, seed).images[0] for seed in (1, 2))
    assert way.withheld == 0 or len(way.images) + way.withheld == 3
    assert np.array_equal(way.images[0].pixels, first.pixels) and np.array_equal(way.images[-1].pixels, last.pixels)
    assert [b"50% of the way from normal, seed 1, to normal, seed 2" in as_png(image) for image in way.images] == [
        False,
        True,
        False,
    ]


def test_a_step_too_near_is_left_out_and_counted() -> None:
    way = between(guarded(np.vstack([FAR, embedding("normal", 2, 0)]), 1e-3), "normal", (1, 2), [0, 0.5])
    assert [image.number for image in way.images] == [0, 1] and way.withheld == 0
    near = between(guarded(np.vstack([FAR, _middle()]), 1e-3), "normal", (1, 2), [0, 0.5, 1])
    assert [image.number for image in near.images] == [0, 2] and near.withheld == 1


def _middle() -> NDArray[np.float32]:
    """Where the image half-way between the seeds 1 and 2 lies."""
    latent = spherical(latent_of(model(), 1, 0, 0), latent_of(model(), 2, 0, 0), 0.5)
    return placed("normal", latent)


def test_a_way_between_two_labels_changes_its_label_in_the_middle() -> None:
    way = between(guarded(FAR, 1e-3), "normal", (1, 1), [0, 0.4, 0.6, 1], "pneumonia")
    assert [image.label for image in way.images] == ["normal", "normal", "pneumonia", "pneumonia"]


@pytest.mark.parametrize("shares", [[], [1.1], [float("nan")], [0.5] * 101])
def test_a_way_of_no_steps_or_beyond_its_ends_is_refused(shares: list[float]) -> None:
    with pytest.raises(SynthesisError):
        between(model(), "normal", (1, 2), shares)


# --- what it says of itself


def resaved(data: bytes, format: str, side: int = 0, **options: int) -> bytes:
    """The pixels alone, as another program keeps them."""
    picture, out = Picture.open(io.BytesIO(data)).convert("L"), io.BytesIO()
    picture = Picture.fromarray(np.asarray(picture))
    (picture.resize((side, side)) if side else picture).save(out, format, **options)
    return out.getvalue()


def test_a_file_says_it_in_words_and_in_its_pixels_and_either_alone_is_enough() -> None:
    image = images()[0]
    marked, plain = as_png(image), as_png(image, marked=False)
    assert is_synthetic(marked) and is_synthetic(plain)
    assert np.array_equal(read_image(plain).display, image.pixels)
    assert "SYNTHETIC" in str(Picture.open(io.BytesIO(plain)).info)
    assert is_synthetic(resaved(marked, "PNG"))
    assert not is_synthetic(resaved(plain, "PNG"))
    assert is_synthetic(dicom(read_image(marked).display))
    assert not is_synthetic(dicom(image.pixels))


@pytest.mark.parametrize("keep", ["75", "40", "enlarged", "colour", "negative"])
def test_the_mark_is_found_when_another_program_kept_the_image(keep: str) -> None:
    data = as_png(images()[0])
    shown = read_image(data).display
    ways: dict[str, Callable[[], bytes]] = {
        "75": lambda: resaved(data, "JPEG", quality=75),
        "40": lambda: resaved(data, "JPEG", quality=40),
        "enlarged": lambda: resaved(data, "JPEG", 700, quality=75),
        "colour": lambda: png(np.repeat(shown[..., None], 3, axis=2)),
        "negative": lambda: png(255 - shown),
    }
    assert is_synthetic(ways[keep]())


def examples(card: Card) -> list[Path]:
    return sorted(models().folder_of(card).glob("example*.png"))


def test_no_scan_of_ours_without_the_mark_is_taken_for_a_synthetic_one() -> None:
    rng = np.random.default_rng(0)
    plain = [np.full((128, 128), grey, np.uint8) for grey in (0, 128, 255)]
    plain += [rng.integers(0, 256, (size, size), dtype=np.uint8) for size in (128, 200, 512) for _ in range(20)]
    plain += [draw_other(128, rng) for _ in range(100)]
    drawn = [path for card in models().cards if not card.synthesis for path in examples(card)]
    plain += [read_image(path.read_bytes()).display for path in drawn]
    assert len(plain) > 180
    assert not any(map(is_marked, plain))
    assert all(
        is_marked(mark(pixels)) for pixels in plain if pixels.ndim == 2 and len(pixels) == pixels.shape[1] >= 128
    )


def test_the_mark_covers_a_corner_only() -> None:
    pixels = np.full((128, 128), 128, np.uint8)
    changed = mark(pixels) != pixels
    assert changed[-MARK.shape[0] :, : MARK.shape[1]].all() and changed.sum() == MARK.size


def test_every_drawn_example_says_that_it_is_synthetic() -> None:
    silent = [path for path in models().folder.glob("*/example*.png") if not is_synthetic(path.read_bytes())]
    assert silent == []


def test_what_is_no_scan_is_refused_with_a_sentence() -> None:
    with pytest.raises(MedAIError):
        is_synthetic(hashlib.sha256(b"").digest())
