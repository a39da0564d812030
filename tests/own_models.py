"""A model that is small enough to be fitted in a test, on cells that are drawn, and manifests of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tomli_w
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.catalog import MODELS

PARENT, ROUTER = "drawn_cell", "scan_kind"
NAMES = ("free", "spotted")
SIDE = 32
Pixels = NDArray[np.uint8]
Draw = Callable[[int, np.random.Generator], Pixels]


def cell(label: int, rng: np.random.Generator, *, spot: int = 235, cell: int = 110) -> Pixels:
    """A grey disc on black with a spot of another grey for the second class."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    picture = np.where(x**2 + y**2 < 0.85, cell + rng.normal(0, 6, x.shape), 4)
    cx, cy = rng.uniform(-0.45, 0.45, 2)
    here = (x - cx) ** 2 + (y - cy) ** 2 < 0.06
    return np.asarray(np.clip(np.where(here & bool(label), spot, picture), 0, 255).astype(np.uint8))


def pale(label: int, rng: np.random.Generator) -> Pixels:
    """The same under a brighter lamp: every cell looks spotted to whoever learnt from ``cell``."""
    return cell(label, rng, spot=245, cell=190)


def unreadable_labels(_label: int, rng: np.random.Generator) -> Pixels:
    """A cell that says nothing of its label."""
    return cell(int(rng.integers(2)), rng)


def rows(count: int, *, each: int = 4, names: Sequence[str] = NAMES) -> list[list[str]]:
    """``file, label, group`` of so many images, some of a group, the labels in turn."""
    return [[f"images/{i:03}.png", names[(i // each) % len(names)], f"p{i // each}"] for i in range(count)]


def manifest(folder: Path, table: Sequence[Sequence[str]], *, head: str = "file,label,group") -> Path:
    """A manifest with these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [head, *(",".join(row) for row in table)]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "manifest.csv"


def images(folder: Path, draw: Draw = cell, count: int = 160, seed: int = 0) -> Path:
    """A folder of drawn images with its manifest."""
    rng, table = np.random.default_rng(seed), rows(count)
    (folder / "images").mkdir(parents=True)
    for file, label, _group in table:
        Picture.fromarray(draw(NAMES.index(label), rng)).save(folder / file)
    return manifest(folder, table)


def card_table() -> dict[str, object]:
    """The card of the small model, as its file holds it."""
    return {
        "title": "Spot in a drawn cell",
        "task": "classification",
        "version": "1.2.0",
        "intended_use": "Tests.",
        "not_for": "Anything else.",
        "limits": ["Drawn cells only."],
        "input": {"kinds": ["malaria_smear"], "size": [SIDE, SIDE], "channels": 1},
        "findings": [{"name": name, "title": name.capitalize()} for name in NAMES],
        "population": {"description": "Drawn cells"},
        "cohorts": [{"name": "Drawn", "source": "drawn", "doi": "", "licence": "Apache-2.0", "years": "2025"}],
        "translations": {
            "zh_CN": {"title": "细胞中的斑点", "intended_use": "测试", "not_for": "其他", "limits": ["仅绘制图像。"]}
        },
    }


def models_with_router(folder: Path) -> Path:
    """A folder of models that holds the project's router alone."""
    (folder / ROUTER).mkdir(parents=True)
    for file in ("card.toml", "measured.toml", "model.tflite"):
        shutil.copy(MODELS / ROUTER / file, folder / ROUTER)
    return folder


def small_network():  # type: ignore[no-untyped-def]  # keras has no types
    """Two convolutions and the house's head."""
    import keras
    from keras import layers

    from medai_core.training.networks import head

    image = keras.Input((SIDE, SIDE, 1), name="image")
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(image, head(x, len(NAMES)))


def make_parent(folder: Path, data: Path) -> Path:
    """The small model fitted on ``data``, a manifest of ``cell``, in a folder of models beside the router."""
    import keras

    from medai_core.cards import Provenance, read_card
    from medai_core.catalog import find_models
    from medai_core.commands.own_models import read_own_images
    from medai_core.commands.progress import Progress
    from medai_core.commands.training import served_beside
    from medai_core.evaluation.parts import TRAIN
    from medai_core.training import own_card
    from medai_core.training.tuning import Tuning, tune

    models_with_router(folder)
    made = folder / PARENT
    made.mkdir()
    (made / "card.toml").write_text(tomli_w.dumps(card_table()), encoding="utf-8")
    models, card = find_models(folder), read_card(made)
    own = read_own_images(data, card, models, 0, Progress(None))
    keras.utils.set_random_seed(0)
    network = small_network()
    tune(network, own, Tuning(epochs=24, head_rate=1e-2, rate=1e-2, patience=24), lambda stage, **facts: None)
    own_card.export(network, own, TRAIN, made)
    given = own_card.Measuring(made, own, Provenance("", "drawn", 0, "2025-01-01", 1.0, "drawn"), 0)
    own_card.calibrate(card, given, ())
    served = served_beside(find_models(folder), made)
    own_card.measure(read_card(made), given, served.answer(read_card(made)))
    Picture.fromarray(cell(1, np.random.default_rng(5))).save(made / "example_spotted_1.png")
    return folder
