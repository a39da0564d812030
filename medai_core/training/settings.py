"""The settings that each estimator is compared under, smallest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FEWEST = 10
"""People in a centroid or a leaf, at least."""


@dataclass(frozen=True)
class Setting:
    """How an estimator is fitted: its kind and what was chosen in cross-validation."""

    estimator: str
    name: str
    values: dict[str, Any] = field(default_factory=dict)


def settings_of(estimator: str, people: int, horizon_years: float, *, smoke: bool = False) -> list[Setting]:
    """The settings to compare for ``people`` in the cohort; with a horizon, also such as use all of the follow-up."""
    candidates = {
        "logistic": _logistic,
        "svm": _svm,
        "tree": _tree,
        "boosting": _boosting,
    }[estimator](people, horizon_years)
    if smoke:
        small = {"trees": 10, "landmarks": 10, "refits": 3}
        return [Setting(s.estimator, s.name, {**s.values, **small}) for s in candidates[:1]]
    return candidates


def _stages(horizon_years: float) -> dict[str, tuple[float, ...]]:
    """The horizons that are stacked, by how it is said."""
    if not horizon_years:
        return {"": ()}
    return {"": (), ", 5 to 20 years stacked": (5.0, 10.0, 15.0, 20.0)}


def _logistic(people: int, horizon_years: float) -> list[Setting]:
    found = []
    for knots, C in ((0, 0.1), (0, 1.0), (3, 0.3)) if people > 1000 else ((0, 0.03), (0, 0.1), (0, 1.0)):
        for said, horizons in _stages(horizon_years).items():
            name = f"logistic regression, {knots} knots, C {C:g}{said}"
            found.append(Setting("logistic", name, {"knots": knots, "C": C, "horizons": horizons}))
    return found


def _svm(people: int, horizon_years: float) -> list[Setting]:
    found = []
    horizons = list(_stages(horizon_years).items())[-1]
    for width in (0.1, 0.3, 1.0):
        for C in (0.1, 1.0):
            name = f"support vector machine, width {width:g}, C {C:g}{horizons[0]}"
            values = {"width": width, "C": C, "landmarks": 150, "horizons": horizons[1]}
            found.append(Setting("svm", name, values))
    return found[::2] + found[1::2][:1] if people > 20_000 else found


def _tree(people: int, horizon_years: float) -> list[Setting]:
    # A larger tree could no longer be drawn and read.
    sizes = (6, 10, 16, 24) if people > 1000 else (4, 6, 8)
    share = 0.005 if people > 1000 else 0.04
    return [Setting("tree", f"decision tree, {n} leaves", {"leaves": n, "smallest": share}) for n in sizes]


def _boosting(people: int, horizon_years: float) -> list[Setting]:
    shapes: tuple[tuple[int, int, float], ...]
    if people > 20_000:
        shapes = ((400, 8, 0.06), (500, 16, 0.05), (700, 16, 0.04))
    elif people > 1000:
        shapes = ((150, 4, 0.05), (300, 4, 0.05), (200, 8, 0.04))
    else:
        shapes = ((40, 3, 0.05), (80, 3, 0.05), (60, 4, 0.05))
    found = []
    for trees, leaves, rate in shapes:
        for said, follow_up in {"": False, ", rate over all of the follow-up": True}.items():
            if follow_up and not horizon_years:
                continue
            values = {
                "trees": trees,
                "leaves": leaves,
                "rate": rate,
                "smallest": 40 if people > 1000 else 12,
                "refits": 20,
                "refit_share": 0.3,
                "follow_up": follow_up,
            }
            found.append(Setting("boosting", f"gradient boosting, {trees} trees of {leaves} leaves{said}", values))
    return found
