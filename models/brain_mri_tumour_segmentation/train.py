"""The outline of a brain tumour on a slice: fit, compare, set the limits, test once, export.

A U-Net whose encoder ImageNet taught is fitted in grouped cross-validation over the training blocks, so that
every training slice has an outline from a network that never saw its block; the members, averaged, serve. Three
in ten slices are mirrored halves, most of them free of the tumour: the network must not find one everywhere. The
router (``scan_kind``) must have been trained before.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import report
from numpy.typing import NDArray

from medai_core.training import recipes
from medai_core.training.pretrained import outline_network
from medai_core.training.slices import Slices, fit_member, halved, read_slices

SET = "brain_mri"
NAMES = ("glioma", "meningioma", "pituitary")
STORED, SIZE, EPOCHS, RATE = 192, 160, 12, 8e-4


def main() -> None:
    given = recipes.options(FOLDER)
    if given.smoke:
        draw_set(given.data / SET)
    slices = read_slices(given.data / SET, NAMES, "train", STORED)
    slices = halved(slices) if given.smoke else slices
    report.write_card(report.Study(given, FOLDER, slices, fit_members(given, slices)))


def fit_members(given: recipes.Options, slices: Slices) -> list[keras.Model]:
    """One network a fold, fitted without it."""
    size = SIZE // 4 * 2 if given.smoke else SIZE
    return [
        fit_member(given, slices, outline_network(size), k, size=size, epochs=EPOCHS, name="outline", rate=RATE)
        for k in range(slices.parts)
    ]


def draw_set(folder: Path, count: int = 48) -> None:
    """Drawn slices for a smoke run: a grey head with a bright disc."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows = ["file,mask,label,group,split"]
    for i in range(count):
        grey, mask = drawn(rng)
        (folder / f"images/{i:03}.png").write_bytes(recipes.png(grey))
        (folder / f"masks/{i:03}.png").write_bytes(recipes.png(mask))
        split = "test" if i >= 40 else "train"
        rows.append(f"images/{i:03}.png,masks/{i:03}.png,{NAMES[i % 3]},{NAMES[i % 3]}-b{i // 6:02},{split}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def drawn(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A head with one bright disc, and the disc."""
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    cy, cx, radius = rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), rng.uniform(0.1, 0.25)
    disc = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
    grey = np.where(x**2 + (y / 1.2) ** 2 < 0.6, 60, 0) + np.where(disc, 90, 0) + rng.normal(0, 6, x.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), (255 * disc).astype(np.uint8)


if __name__ == "__main__":
    main()
