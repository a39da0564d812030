"""Cell nuclei, one by one: fit, compare, choose, calibrate, test once, export.

A U-Net gives each pixel the probability that it belongs to a nucleus and that it lies on a boundary; a
watershed makes objects of both. It is compared with what needs no training: Otsu's threshold with connected
components, and with a watershed of the distance to the background. The router (``scan_kind``) must have been
trained before.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import pandas as pd
import report
from approaches import Fields, compare
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageFilter
from scipy import ndimage

from medai_core.evaluation import read_manifest
from medai_core.imaging.preprocessing import stretched, unit
from medai_core.training import networks, recipes
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import boundary_loss, fit, predict, split_groups
from medai_core.training.phantoms import draw_nuclei

SET = "cell_nuclei"
LABELS = ("fluorescence", "stained", "grey_bright")
TILE, CROP = 256, 128
EPOCHS, STEPS, BATCH = 24, 100, 16
DRAWN = {"fluorescence": 1.0, "stained": 3.0, "grey_bright": 1.0}
"""How often an image is drawn: stained tissue differs most from image to image and has the fewest."""
ZOOM = (0.6, 1.6)
BETWEEN_TOUCHING = 5.0
"""The weight of a pixel between two nuclei that touch; all others have 1."""

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """The images of a split: ``display`` as they are stored, ``pixels`` as the network takes them, both (y, x, 3).

    ``true`` are the outlines, (y, x): 0 or the number of a nucleus. Part 0 is fitted on, part 1 held out.
    """

    table: pd.DataFrame
    display: list[Pixels]
    pixels: list[Pixels]
    true: list[Labels]
    part: Ints


def main() -> None:
    """Train the model."""
    given = recipes.options(FOLDER)
    if given.smoke:
        draw_set(given.data / SET)
    samples = read_samples(given.data, "train", given.seed)
    resumed = (given.work / "objects.keras").exists()
    fitted = fit_network(given, samples)
    candidates = {"U-Net": averaged([fitted])}
    if not given.smoke:  # exporting more than one network takes longer than everything else
        candidates["U-Net, image and mirror image"] = averaged([fitted], mirror=True)
    held = np.flatnonzero((samples.part == 1) & (samples.table["label"] != "grey_bright"))
    fields = Fields(*([values[i] for i in held] for values in (samples.pixels, samples.true, samples.table["label"])))
    tried, best = compare(candidates, fields, TILE, given.seed)
    serving = with_embedding(best.network, tile_features(best.network, samples, given.seed))
    write_network(serving, given.out)
    display = [samples.display[i] for i in held]
    groups = [str(samples.table["group"][i]) for i in held]
    counts = f"{SET}, {int((samples.part == 0).sum())} images to fit, {len(held)} to choose and calibrate"
    study = report.Study(given, counts + resumed * "; fitted in an earlier run", fields, display, groups, tried, best)
    report.write_card(FOLDER, study)


def read_samples(data: Path, split: str, seed: int) -> Samples:
    """The images of one split of the manifest, 80 % of them to fit on; groups stay together."""
    manifest = data / SET / "manifest.csv"
    table = read_manifest(manifest, LABELS, split)
    display = [np.asarray(Picture.open(file).convert("RGB")) for file in table["file"]]
    true = [np.asarray(Picture.open(manifest.parent / file)).astype(np.int32) for file in table["labels"]]
    part = split_groups(list(table["group"]), list(table["label"]), (0.8, 0.2), seed)
    return Samples(table, display, [stretched(d) for d in display], true, part)


def fit_network(given: recipes.Options, samples: Samples) -> keras.Model:
    """The U-Net for tiles, with weights fitted on smaller random crops of the training part."""

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        pairs = [crop(samples.pixels[i], samples.true[i], rng) for i in chosen]
        return np.stack([toned(pixels, rng) for pixels, _ in pairs]), np.stack([target(true) for _, true in pairs])

    fitted = np.flatnonzero(samples.part == 0)
    keras.utils.set_random_seed(given.seed)
    small = fit(
        networks.objects_network(CROP, 3),
        "mask",
        boundary_loss,
        fitted,
        draw,
        path=given.work / "objects.keras",
        epochs=1 if given.smoke else EPOCHS,
        steps=2 if given.smoke else STEPS,
        batch=2 if given.smoke else BATCH,
        seed=given.seed,
        weights=np.array([DRAWN[label] for label in samples.table["label"][fitted]]),
    )
    network = networks.objects_network(TILE, 3)
    network.set_weights(small.get_weights())
    return network


def tile_features(network: keras.Model, samples: Samples, seed: int) -> NDArray[np.float64]:
    """The features of one random tile of every image that was fitted on, (n, features)."""
    rng, tiles = np.random.default_rng(seed), []
    for i in np.flatnonzero(samples.part == 0):
        height, width = samples.true[i].shape
        top, left = int(rng.integers(0, height - TILE + 1)), int(rng.integers(0, width - TILE + 1))
        tiles.append(samples.pixels[i][top : top + TILE, left : left + TILE])
    return np.asarray(predict(network, {"image": unit(np.stack(tiles))}, batch=16)["features"], dtype=np.float64)


def crop(pixels: Pixels, true: Labels, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """A random place of an image and its outlines in a random size and one of eight positions, (CROP, CROP)."""
    height, width = true.shape
    side = min(CROP / np.exp(rng.uniform(*np.log(ZOOM))), height, width)
    top, left = rng.uniform(0, height - side), rng.uniform(0, width - side)
    box, turns, mirrored = (left, top, left + side, top + side), int(rng.integers(4)), bool(rng.integers(2))

    def placed(picture: Picture.Image, how: Picture.Resampling) -> NDArray[np.generic]:
        turned = np.rot90(np.asarray(picture.resize((CROP, CROP), how, box)), turns)
        return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)

    seen = placed(Picture.fromarray(pixels), Picture.Resampling.BILINEAR)
    outlines = placed(Picture.fromarray(true), Picture.Resampling.NEAREST)
    return seen.astype(np.uint8), outlines.astype(np.int32)


def toned(pixels: Pixels, rng: np.random.Generator) -> Floats:
    """``pixels`` as a network takes them, with another focus, tone, colour and noise, each at random."""
    if rng.random() < 0.3:
        blur = ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5))
        pixels = np.asarray(Picture.fromarray(pixels).filter(blur))
    share = unit(pixels)
    if rng.random() < 0.2:  # the colours differ only where the tissue is stained
        share = np.broadcast_to(share.mean(axis=-1, keepdims=True), share.shape)
    share = share ** np.float32(np.exp(rng.uniform(-0.45, 0.45)))
    share = share * np.float32(np.exp(rng.uniform(-0.3, 0.3))) + np.float32(rng.uniform(-0.08, 0.08))
    if np.ptp(pixels, axis=-1).any():
        share = share * np.exp(rng.uniform(-0.2, 0.2, 3)).astype(np.float32)
    if rng.random() < 0.4:
        share = share + rng.normal(0, rng.uniform(0.01, 0.06), share.shape[:2])[..., None].astype(np.float32)
    return np.asarray(np.clip(share, 0, 1), dtype=np.float32)


def target(true: Labels) -> Floats:
    """What the network should say of outlines (y, x): belongs to a nucleus, lies on a boundary; and the weights.

    A boundary is the outermost pixel of a nucleus and the one outside of it.
    """
    outlined = true > 0
    edge = ndimage.maximum_filter(true, 3) != ndimage.minimum_filter(true, 3)
    far = np.iinfo(np.int32).max
    highest, lowest = ndimage.maximum_filter(true, 5), ndimage.minimum_filter(np.where(outlined, true, far), 5)
    touching = (highest > 0) & (lowest < far) & (highest != lowest)
    return np.stack([outlined, edge, np.where(touching, BETWEEN_TOUCHING, 1.0)], axis=-1).astype(np.float32)


def draw_set(folder: Path) -> None:
    """Drawn fields with their outlines, for a smoke run."""
    recipes.draw_set(folder, LABELS, lambda k, rng: drawn(k, rng)[0], count=30)
    (folder / "labels").mkdir(exist_ok=True)
    rng, table = np.random.default_rng(0), pd.read_csv(folder / "manifest.csv", dtype=str)
    labels = table["file"].str.replace("images", "labels")
    for i, file in enumerate(labels):
        true = drawn(i % len(LABELS), rng)[1].astype(np.uint16)
        Picture.fromarray(true).save(folder / file)
    table.assign(labels=labels).to_csv(folder / "manifest.csv", index=False)


def drawn(label: int, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """A field of the size of a tile like images of a label number."""
    return draw_nuclei(TILE, rng, stained=label > 0)


if __name__ == "__main__":
    main()
