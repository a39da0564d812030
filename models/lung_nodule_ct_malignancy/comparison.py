"""The nodules of a split, and which approach tells benign from malignant ratings best in cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Approach
from medai_core.evaluation.manifests import units_of
from medai_core.metrics import area_under_curve, softmax
from medai_core.training import nodules, recipes
from medai_core.training.fitting import predict

AREA, ALONE = "largest area alone", "mean of the slices' probabilities, each read alone"

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nodules:
    """The nodules of a split.

    Attributes
    ----------
    file : (slices,); pixels : (slices, 64, 64); area : (slices,), in pixels.
    member : (slices,), the number of each slice's nodule.
    numbers : (slices, numbers), what ``nodules.NUMBERS`` names; view : (slices, 32, 32), enlarged to one size.
    label, largest, count : (nodules,), the class, the area of the largest slice, and the number of slices.
    """

    file: tuple[str, ...]
    pixels: Pixels
    area: Floats
    numbers: NDArray[np.float32]
    view: Pixels
    member: Ints
    label: Ints
    group: tuple[str, ...]

    @property
    def largest(self) -> Floats:
        return self.area[self.leading]

    @property
    def count(self) -> Ints:
        return np.bincount(self.member)

    @property
    def leading(self) -> Ints:
        """The slice of each nodule that has the largest area, (nodules,)."""
        order = np.lexsort((-self.area, self.member))
        return order[np.unique(self.member[order], return_index=True)[1]]

    def given(self, kinds: Sequence[str], rows: Ints) -> dict[str, NDArray[np.float32]]:
        """What a network that sees ``kinds`` is given of some slices."""
        known = {"numbers": self.numbers[rows], "view": inputs(self.view[rows]), "image": inputs(self.pixels[rows])}
        return {kind: known[kind] for kind in kinds}

    def mean(self, values: Floats, power: float) -> Floats:
        """The means over each nodule's slices of (slices, k), weighted by a power of the area: (nodules, k)."""
        weight = self.area**power
        total = np.stack([np.bincount(self.member, weight * column) for column in values.T], axis=1)
        return total / np.bincount(self.member, weight)[:, None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """One kind of network: a member a fold, and the logits, (slices, 2), of the slices that each never saw.

    ``sees`` : what it is given of a slice.
    """

    members: list[keras.Model]
    sees: tuple[str, ...]
    logits: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Study:
    """What the fitting left behind; ``fold`` is of each nodule."""

    given: recipes.Options
    names: tuple[str, ...]
    nodules: Nodules
    fold: Ints
    fitted: dict[str, Fitted]


@dataclass(frozen=True, eq=False)
class Choice:
    """What was compared, and what serves: the kinds of network that are averaged, and the slices' logits."""

    approaches: tuple[Approach, ...]
    kinds: tuple[str, ...]
    logits: Floats


def nodules_of(table: pd.DataFrame, names: Sequence[str], unit: str) -> Nodules:
    """The nodules of a manifest's rows, in the order of their first slices."""
    units = units_of(table, unit)
    member = np.repeat(np.arange(len(units)), [len(u.files) for u in units])
    pixels = np.stack([recipes.read_grey(file, (64, 64)) for u in units for file in u.files])
    area = (pixels > nodules.LEAST_GREY * 255).sum(axis=(1, 2)).clip(1).astype(np.float64)
    label = np.array([list(names).index(u.label) for u in units])
    file = tuple(file for u in units for file in u.files)
    measured = predict(nodules.measuring_network(64), inputs(pixels))
    view = np.rint(measured["view"][..., 0] * 255).clip(0, 255).astype(np.uint8)
    return Nodules(file, pixels, area, measured["numbers"], view, member, label, tuple(u.group for u in units))


def inputs(pixels: Pixels) -> NDArray[np.float32]:
    """(n, rows, columns, 1), 0 to 1."""
    return pixels[..., None].astype(np.float32) / np.float32(255)


def choose(study: Study) -> Choice:
    """The approaches on the cross-validation; of the networks and their averages, what has the highest AUC serves."""
    own = study.nodules
    tried = [approach(own, AREA, np.log(own.largest))]
    tried.append(approach(own, "logistic regression on what is measured of the largest slice", regression(study)))
    kinds = [(name,) for name in study.fitted]
    kinds += [("numbers", "view"), ("numbers", "numbers and view"), ("numbers", "view", "numbers and view")]
    best, serving = Choice((), (), np.zeros((0, 2))), -1
    for group in dict.fromkeys(k for k in kinds if set(k) <= set(study.fitted)):
        logits = np.mean([study.fitted[name].logits for name in group], axis=0, dtype=np.float64)
        tried.append(approach(own, f"network: {' + '.join(group)}", difference(own.mean(logits, 2))))
        measures_area = "slices" not in group  # by which the slices of a nodule are weighted
        if measures_area and (serving < 0 or tried[-1].value > tried[serving].value):
            best, serving = Choice((), group, logits), len(tried) - 1
    tried[serving] = replace(tried[serving], chosen=True)
    for name, power in {
        "slices counted alike": 0,
        "slices counted by area": 1,
        "slices counted by area cubed": 3,
    }.items():
        tried.append(approach(own, f"the chosen one, {name}", difference(own.mean(best.logits, power))))
    tried.append(approach(own, f"the chosen one, {ALONE}", own.mean(softmax(best.logits), 0)[:, 1]))
    return replace(best, approaches=tuple(tried))


def approach(own: Nodules, name: str, score: Floats) -> Approach:
    """How well a score, (nodules,), tells the classes apart."""
    note = f"cross-validation, {len(own.label)} nodules of {len(set(own.group))} patients"
    found = Approach(name, "auc", area_under_curve(own.label, np.stack([-score, score], axis=1)), note=note)
    recipes.say(f"{name}: {found.value:.4f}")
    return found


def difference(logits: Floats) -> Floats:
    """How far the last class's logit lies above the first's."""
    return np.asarray(logits[:, 1] - logits[:, 0])


def regression(study: Study) -> Floats:
    """The log-odds of a logistic regression on the numbers of each nodule's largest slice, cross-validated."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = study.nodules.numbers[study.nodules.leading]
    found = np.zeros(len(x))
    for k in np.unique(study.fold):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
        model.fit(x[study.fold != k], study.nodules.label[study.fold != k])
        found[study.fold == k] = model.decision_function(x[study.fold == k])
    return found
