"""What a fine-tuned model gained or lost: both models on the same images, and the difference by paired bootstrap."""

from __future__ import annotations

import numpy as np

from medai_core.cards import Bounds, Card, Comparison, Measure
from medai_core.evaluation import Predictions, Rule, measure_names, measure_values
from medai_core.metrics import Floats, Interval, Ints, bootstrap

LEFT_OUT = ("calibration_slope", "calibration_intercept")
"""Measures that are no better for being larger or smaller, and undefined where classes are separated."""
LOWER_IS_BETTER = ("brier", "log_loss", "calibration_error", "refused_share")
AIMED = ("coverage", "set_size")
"""Measures that are as good as they are near to what was promised, and what that takes."""


def compare(
    parent: Predictions, child: Predictions, rules: tuple[Rule, Rule], *, data: str, seed: int = 0, draws: int = 1000
) -> tuple[Comparison, ...]:
    """Every measure of both models with its interval, and the difference with that of the paired bootstrap.

    Each draw takes the same groups for both, so that a difference need not be as large as the intervals are wide.

    Parameters
    ----------
    parent, child : their answers to the same images, in the same order.
    rules : the parent's, then the child's.
    data : where the images are from, as it will stand in the card.
    """
    assert parent.file == child.file
    groups = np.unique(parent.group, return_inverse=True)[1]
    names = [*measure_names(parent.names), "refused_share"]

    def statistic(rows: Ints) -> Floats:
        before, after = (_values(made, rule, rows) for made, rule in zip((parent, child), rules, strict=True))
        return np.concatenate([before, after, after - before])

    found = bootstrap(statistic, groups, parent.label, np.random.default_rng(seed), draws)
    k, n, count = len(names), len(groups), int(groups.max()) + 1
    return tuple(
        Comparison(name, data, n, count, *(_bounds(found[i + part * k]) for part in range(3)))
        for i, name in enumerate(names)
        if not name.startswith(LEFT_OUT)
    )


def _values(made: Predictions, rule: Rule, rows: Ints) -> Floats:
    values = measure_values(made.label[rows], made.probability[rows], made.names, rule)
    return np.append(values, made.refused[rows].mean())


def _bounds(found: Interval) -> Bounds:
    return Bounds(found.value, found.low, found.high)


def verdict(one: Comparison) -> str:
    """ "better" or "worse" where the difference's interval leaves 0 out, else "unclear"; of no aimed measure."""
    low, high = one.difference.low, one.difference.high
    if one.measure in AIMED or not (low > 0 or high < 0):
        return "unclear"
    return "better" if (low > 0) != (one.measure in LOWER_IS_BETTER) else "worse"


def original_values(parent: Card | None) -> dict[str, Measure]:
    """What a parent's card says of its own test split, by measure; empty where the parent is not here."""
    every = parent.measured.performance if parent and parent.measured else ()
    return {m.measure: m for m in every if m.data == "test" and not m.subgroup and not m.model}


def learnt_nothing(card: Card) -> bool:
    """Whether a fine-tuned model has its parent's very weights, since no epoch was better on the validation part."""
    return bool(card.parent and card.measured and card.measured.approaches and card.measured.approaches[0].chosen)
