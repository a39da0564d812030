"""Generators: how images are compared, how they are changed, and that the two networks learn from each other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from medai_core.training.synthesis import report
from medai_core.training.synthesis.adversarial import Game, Pull
from medai_core.training.synthesis.changing import changed, drawn_changes
from medai_core.training.synthesis.images import Part
from medai_core.training.synthesis.kinds import FEW, Kinds, kinds_of
from medai_core.training.synthesis.learning import Taught, batch_of
from medai_core.training.synthesis.likeness import covered, frechet_distance, nearest
from medai_core.training.synthesis.measuring import label_measures, likeness_measures, nearness_measures
from medai_core.training.synthesis.networks import discriminator, generator
from medai_core.training.synthesis.outlines import drawn, drawn_all, numbers_of, painted, terms_of
from medai_core.training.synthesis.rivals import (
    BOTH,
    MADE,
    NAMES,
    REAL,
    REGION,
    WHOLE,
    Effort,
    Labelled,
    rival_measures,
    viewed,
)


def points(n: int, shift: float = 0.0, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, spread, (n, 4))


def test_the_distance_between_two_normal_clouds_is_that_of_their_means_and_spreads() -> None:
    near = frechet_distance(points(4000), points(4000, seed=1))
    moved = frechet_distance(points(4000), points(4000, shift=2.0, seed=1))
    wider = frechet_distance(points(4000), points(4000, spread=3.0, seed=1))
    assert near < 0.05
    assert moved == pytest.approx(4 * 2.0**2, rel=0.05)
    assert wider == pytest.approx(4 * (3.0 - 1.0) ** 2, rel=0.1)


def test_a_cloud_covers_its_like_and_not_what_lies_elsewhere() -> None:
    assert covered(points(300, seed=1), points(300)).mean() > 0.6
    assert covered(points(300, shift=20.0, seed=1), points(300)).mean() == 0.0


def test_images_learnt_by_heart_lie_nearer_than_those_of_other_people() -> None:
    training, other = points(200), points(100, seed=1)
    held_out = Labelled(np.zeros((100, 2, 2), np.uint8), np.zeros(100, int), np.arange(100).astype(str))
    copied = training[:50] + 1e-3
    spaces = [("embedding", training, other, copied), ("pixels", training, other, points(50, seed=2))]
    found = {m.measure: m for m in nearness_measures(spaces, held_out, "test", 0)}
    assert found["nearest_ratio_embedding"].value < 0.05
    assert found["too_near_embedding"].value == 1.0
    assert 0.8 < found["nearest_ratio_pixels"].value < 1.25
    assert found["too_near_pixels"].value < 0.1
    assert nearest(copied, training).max() < 0.01


def test_made_images_like_real_ones_are_as_far_as_two_halves_of_these() -> None:
    real, group = points(300), np.arange(300).astype(str)
    found = {m.measure: m for m in likeness_measures(real, group, points(300, seed=5), "test", 0)}
    assert found["frechet"].value == pytest.approx(found["frechet_halves"].value, abs=0.2)
    assert found["manifold_recall"].low <= found["manifold_recall"].value <= found["manifold_recall"].high
    same = {m.measure: m for m in likeness_measures(real, group, points(300, spread=0.05, seed=5), "test", 0)}
    assert same["manifold_recall"].value < 0.3 < same["manifold_precision"].value


def test_labels_are_judged_on_what_is_accepted() -> None:
    asked = np.array([0, 0, 1, 1, 1, 0])
    found = label_measures(asked, np.array([0, 0, 1, 1, 0, 1]), np.array([1, 1, 1, 1, 0, 0], bool), "test", 0)
    assert [(m.measure, m.value, m.n) for m in found] == [
        ("accepted_share", pytest.approx(4 / 6), 6),
        ("label_agreement", 1.0, 4),
    ]


def test_what_made_images_are_worth_is_a_share_of_what_real_ones_are() -> None:
    asked = Labelled(np.zeros((40, 2, 2), np.uint8), np.arange(40) % 2, np.arange(40).astype(str))
    right, half = asked.label, np.where(np.arange(40) < 20, asked.label, 1 - asked.label)
    found = {m.measure: m.value for m in rival_measures({REAL: right, MADE: half, BOTH: right}, asked, 2, "test", 0)}
    assert found["taught_real"] == 1.0
    assert found["synthetic_to_real_ratio"] == pytest.approx(0.5)
    assert found["augmentation_gain"] == 0.0


def test_a_classifier_sees_the_image_the_box_of_its_outline_and_what_is_in_it_enlarged() -> None:
    images = np.zeros((1, 64, 64, 2), np.uint8)
    images[0, 20:30, 40:50, 0], images[0, 20:30, 40:50, 1] = 200, 255
    (seen,) = viewed(images, REGION)
    assert seen.shape == (64, 64, 3)
    assert seen[25, 45].tolist()[:2] == [200, 255] and seen[50, 10, 1] == 0
    assert seen[32, 32, 2] == 200 and (seen[..., 2] > 100).mean() == pytest.approx(1 / 1.8**2, abs=0.05)
    assert viewed(images, WHOLE).shape == (1, 64, 64)


def test_a_change_that_changes_nothing_leaves_an_image_as_it_is_and_others_do_not() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (4, 32, 32, 2)).astype(np.float32)
    still = {"transform": np.tile(np.float32([1, 0, 0, 0, 1, 0, 0, 0]), (4, 1)), "tone": np.zeros((4, 1, 1, 1), "f4")}
    still |= {"contrast": np.ones((4, 1, 1, 1), "f4"), "hole": np.ones((4, 32, 32, 1), "f4")}
    assert np.asarray(changed(image, still)) == pytest.approx(image, abs=1e-5)
    drawn = drawn_changes(4, 32, rng)
    assert drawn["hole"].min() == 0.0
    assert np.abs(np.asarray(changed(image, drawn)) - image).mean() > 0.05


def blobs(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images with an outline, (n, 32, 32, 2), -1 to 1, whose spot is at the left or the right by their label."""
    y, x = np.mgrid[0:32, 0:32]
    label = np.arange(n) % 2
    across, down = np.where(label, 22, 10) + rng.normal(0, 1, n), np.where(rng.random(n) < 0.5, 10, 22)
    spot = np.exp(-((x - across[:, None, None]) ** 2 + (y - down[:, None, None]) ** 2) / 18)
    images = np.stack([spot + rng.normal(0, 0.05, spot.shape), (spot > 0.5) * 1.0], axis=-1)
    return np.clip(images * 2 - 1, -1, 1).astype(np.float32), label


def taught(n: int, *, outlined: bool = True) -> Taught:
    images, label = blobs(n, np.random.default_rng(0))
    pixels = (images * 127.5 + 127.5).round().astype(np.uint8)
    return Taught(pixels if outlined else pixels[..., :1], label, 2)


@pytest.mark.parametrize("outlined", [True, False])
def test_both_networks_learn_in_a_step_and_the_discriminator_tells_drafts_from_spots(outlined: bool) -> None:
    keras.utils.set_random_seed(0)
    known, channels = taught(200, outlined=outlined), 2 if outlined else 1
    kinds, images, label = known.kinds(), known.at(32), known.label
    networks = kinds.told(generator(32, 2, channels)), discriminator(32, 2, channels)
    game = Game(*networks, changed, (1e-4, 1e-3), Pull(alike=2.0))
    before = [np.concatenate([w.ravel() for w in network.get_weights()]) for network in game.networks]
    losses = []
    for step in range(8):
        batch = batch_of(images[:8], kinds, np.arange(8), label[:8], 2, np.random.default_rng(step))
        losses.append(game.step(batch)[1])
    after = [np.concatenate([w.ravel() for w in network.get_weights()]) for network in game.networks]
    moved = [float(np.abs(a - b).mean()) for a, b in zip(before, after, strict=True)]
    assert min(moved) > 0
    assert moved[1] < moved[0], "averaged weights follow slowly"
    assert losses[-1] < losses[0]
    components = game.generator.get_layer("components").get_weights()[0]
    assert components == pytest.approx(kinds.basis), "drafts stay as they were fitted"


def drafted(kinds: Kinds, latent: np.ndarray, label: np.ndarray, channels: int) -> np.ndarray:
    """What a generator makes that has learnt nothing yet."""
    network = kinds.told(generator(32, 2, channels))
    added = network.get_layer("image32")
    added.set_weights([0 * w for w in added.get_weights()])
    return network.predict([latent, np.eye(2, dtype="f4")[label]], verbose=0)


def test_drafts_are_of_their_kind_alone_and_a_tied_point_is_that_of_its_image() -> None:
    rng, known = np.random.default_rng(0), taught(600, outlined=False)
    images, label, kinds = known.at(32), known.label, known.kinds()
    spans = {(k, round(float(low), 5)) for k, low in zip(label, kinds.low, strict=True)}
    assert len(spans) > 2, "each label comes in kinds"
    assert (kinds.high - kinds.low).min() >= FEW / 300 - 1e-6, "none is that of a few"
    latent = kinds.latents(np.arange(600), np.ones(600, bool), rng)
    drafts = kinds.drafts(latent, label)
    assert np.square(drafts - images).mean() < 0.3 * images.var()
    assert drafted(kinds, latent[:64], label[:64], 1) == pytest.approx(drafts[:64], abs=1e-4)
    free = kinds.drafts(rng.normal(size=(400, 128)).astype("f4"), np.arange(400) % 2)[..., 0]
    left = free[:, :, :16].mean(axis=(1, 2)) > free[:, :, 16:].mean(axis=(1, 2))
    assert (left == (np.arange(400) % 2 == 0)).mean() > 0.95, "drafts by chance are of their label"


def test_an_outline_tells_the_label_and_nothing_around_it_does() -> None:
    rng, known = np.random.default_rng(0), taught(600)
    images, label, kinds = known.at(32), known.label, known.kinds()
    latent = kinds.latents(np.arange(600), np.ones(600, bool), rng)
    assert np.abs(kinds.outlines(latent, label, 32) - images[..., 1:]).mean() < 0.01, "tied: that of its image"
    made = drafted(kinds, latent[:64], label[:64], 2)
    assert made[..., :1] == pytest.approx(kinds.drafts(latent[:64], label[:64]), abs=1e-4)
    assert made[..., 1:] == pytest.approx(kinds.outlines(latent[:64], label[:64], 32), abs=1e-4)
    free, asked = rng.normal(size=(400, 128)).astype("f4"), np.arange(400) % 2
    outline = kinds.outlines(free, asked, 32)[..., 0]
    left = outline[:, :, :16].mean(axis=(1, 2)) > outline[:, :, 16:].mean(axis=(1, 2))
    assert (left == (asked == 0)).mean() > 0.95
    heads = [kinds.around(free[asked == k], asked[asked == k])[..., 0].mean(axis=0) for k in (0, 1)]
    spots = [images[label == k][..., 0].mean(axis=0) for k in (0, 1)]
    assert np.abs(heads[0] - heads[1]).max() < 0.5 * np.abs(spots[0] - spots[1]).max(), "heads are alike for both"


def test_a_star_has_the_place_the_size_and_nearly_the_shape_of_an_outline() -> None:
    y, x = np.mgrid[0:128, 0:128]
    ellipse = ((x - 50) / 20) ** 2 + ((y - 70) / 12) ** 2 < 1
    pixels = np.stack([np.where(ellipse, 200, 72), 255 * ellipse], axis=-1).astype(np.uint8)[None]
    numbers = numbers_of(pixels)
    assert numbers[0, :2] * 128 == pytest.approx([50.5, 70.5], abs=0.1)
    assert numbers[0, 9] == pytest.approx(2.0, abs=0.25), "brighter than around by twice 64 grey levels"
    for size in (64, 128):
        star = drawn_all(numbers, size)[0, ..., 0] > 0
        whole = np.asarray(ellipse[:: 128 // size, :: 128 // size])
        assert 2 * (star & whole).sum() / (star.sum() + whole.sum()) > 0.93
    with pytest.raises(ValueError, match="no outline"):
        numbers_of(np.zeros((1, 32, 32, 2), np.uint8))


def test_an_outline_of_a_few_pixels_keeps_its_area_and_the_largest_of_several_counts() -> None:
    y, x = np.mgrid[0:128, 0:128]
    small = np.hypot(x - 60.3, y - 40.6) < 4
    pixels = np.stack([0 * small, 255 * (small | ((x > 100) & (x < 103) & (y == 9)))], axis=-1).astype(np.uint8)[None]
    numbers = numbers_of(pixels)
    assert np.pi * (128 * np.exp(numbers[0, 2])) ** 2 == pytest.approx(small.sum(), rel=0.08)
    assert numbers[0, :2] * 128 == pytest.approx([60.8, 41.1], abs=0.3)
    pale = pixels // 3
    assert numbers_of(pale)[0, 2] == pytest.approx(numbers[0, 2], abs=1e-6), "a mask that was made smaller"


def test_no_outline_leaves_the_image_by_chance() -> None:
    wild = np.random.default_rng(0).normal(0.5, 2.0, (300, 11)).astype(np.float32)
    assert (drawn_all(wild, 64) > 0).any(axis=(1, 2, 3)).all()


def test_what_lies_far_from_an_outline_is_the_same_whatever_the_label() -> None:
    keras.utils.set_random_seed(0)
    network = generator(64, 3, 2)
    for name in ("edges", "kinds", "outlines"):  # one kind and one outline for every label
        told = network.get_layer(name)
        told.set_weights([0 * w for w in told.get_weights()])
    weights = np.zeros((3 * 8 * 12, 11), np.float32)
    weights[::12, :3] = (0.2, 0.2, np.log(0.08))
    network.get_layer("outlines").set_weights([weights])
    for name in ("image32", "image64"):
        added = network.get_layer(name)
        added.set_weights([w + 0.1 for w in added.get_weights()])
    latent = np.repeat(np.random.default_rng(0).normal(size=(1, 128)).astype("f4"), 3, axis=0)
    made = network.predict([latent, np.eye(3, dtype="f4")], verbose=0)[..., 0]
    apart = np.abs(made - made[:1]).max(axis=0)
    inside = apart[:20, :20].max()
    assert inside > 0.05, "there the label is heeded"
    assert max(apart[45:, :].max(), apart[:, 45:].max()) < 0.01 * inside


def test_what_is_painted_inside_an_outline_is_as_bright_as_it_was_told() -> None:
    told = np.zeros((1, 11), np.float32)
    told[0, :3], told[0, 9:] = (0.5, 0.4, np.log(0.12)), (1.2, 0.5)
    grey = 72 + 127.5 * np.asarray(painted(told, 128))[0, ..., 0]
    outline = np.asarray(drawn(told, 128))[0, ..., 0] > 0
    pixels = np.stack([grey.round(), 255.0 * outline], axis=-1).astype(np.uint8)[None]
    assert numbers_of(pixels)[0, 9:] == pytest.approx([1.2, 0.5], abs=0.12)
    assert grey[~outline].mean() == pytest.approx(72, abs=0.5)


def test_what_images_are_worth_is_told_of_whole_ones_and_of_their_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "WORTH", Effort(1, 1))
    known = taught(24)
    group = np.repeat(np.arange(6), 4).astype(str)
    part = Part(known.pixels, Labelled(known.pixels[..., 0], known.label, group))
    given = SimpleNamespace(seed=7, work=tmp_path)
    study = SimpleNamespace(given=given, labels=2, training=part, held_out=part)
    found = report._worth(study, known.kinds().told(generator(32, 2, 2)), part)  # type: ignore[arg-type]
    assert [(m.measure, m.data) for m in found] == [
        (start + name, data) for start in ("", "region_") for data in ("test", "validation") for name in NAMES
    ]
    assert {(m.n, m.groups) for m in found} == {(24, 6)}


def test_no_mean_of_outlines_is_that_of_a_few_images() -> None:
    rng = np.random.default_rng(0)
    label, kind = np.repeat([0, 1], 200), np.tile(np.repeat([0, 1], 100), 2)
    kind[200:] = np.where(np.arange(200) < 3, 1, 0)  # three images of the second label are of the second kind
    numbers = rng.normal(size=(400, 11)).astype(np.float32)
    numbers[200:203] += 50.0
    terms, code = terms_of(numbers, label, kind, 2, 8)
    assert terms[0, 1, 0] == pytest.approx(numbers[(label == 0) & (kind == 1)].mean(axis=0), abs=1e-5)
    assert np.abs(terms[1, 1, 0] - numbers[200:203].mean(axis=0)).min() > 10
    assert terms[1, 1, 0] + code[200] @ terms[1, 1, 1:] == pytest.approx(numbers[200], abs=1e-3), "itself, all the same"


def test_a_kind_that_is_rare_in_a_label_is_not_mixed_with_others() -> None:
    kind = np.concatenate([np.repeat([0, 1, 2], 300), np.repeat([0, 1, 2], [450, 3, 447])])
    label = np.repeat([0, 1], 900)
    heads = np.full((1800, 32, 32, 1), -1.0, np.float32)
    for k in range(3):
        heads[kind == k, 8 * k : 8 * k + 8] = 1.0
    heads += np.random.default_rng(0).normal(0, 0.05, heads.shape).astype(np.float32)
    kinds = kinds_of(heads, label, 2, np.random.default_rng(1).normal(size=(1800, 11)).astype(np.float32))
    rare = np.flatnonzero((label == 1) & (kind == 1))
    latent = kinds.latents(np.repeat(rare, 20), np.ones(60, bool), np.random.default_rng(2))
    apart = np.abs(kinds.around(latent, np.ones(60, int)) - heads[np.repeat(rare, 20)]).mean(axis=(1, 2, 3))
    assert np.median(apart) < 0.1
