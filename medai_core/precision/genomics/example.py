"""A cohort that nobody belongs to, to try the search for subtypes on."""

from __future__ import annotations

import io

import numpy as np

SAMPLES, GENES, MARKED = 120, 300, 60
SIZES = (60, 36, 24)
"""Samples in each of its three groups."""
YEARLY = (0.03, 0.10, 0.22)
"""The share of each group that has the event in a year."""
FOLLOWED_YEARS = 12.0


def synthetic_cohort(seed: int = 0) -> bytes:
    """A CSV of samples by genes that three groups of samples were drawn into, with age, grade and survival in years.

    Everything is drawn: ``MARKED`` genes differ between the groups, the rest do not, and no number is anybody's.
    """
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(SIZES)), SIZES))
    moved = np.zeros((len(SIZES), GENES))
    moved[:, :MARKED] = rng.normal(0, 0.42, (len(SIZES), MARKED))
    level = rng.normal(8, 1.5, GENES)
    values = level + moved[group] + rng.normal(0, 1, (SAMPLES, GENES))
    until = rng.exponential(1 / np.array(YEARLY)[group])
    left = rng.uniform(2, FOLLOWED_YEARS, SAMPLES)
    age = np.clip(rng.normal(55, 11, SAMPLES), 28, 88).round()
    grade = 1 + (rng.random(SAMPLES) < 0.5 + 0.15 * group) + (rng.random(SAMPLES) < 0.2 + 0.3 * group)
    text = io.StringIO()
    text.write(
        ",".join(["sample", "age", "grade", "time_years", "event", *(f"G{i + 1:03d}" for i in range(GENES))]) + "\n"
    )
    for i in range(SAMPLES):
        clinical = (
            f"SYNTHETIC-{i + 1:03d},{age[i]:.0f},{grade[i]},{min(until[i], left[i]):.2f},{int(until[i] <= left[i])}"
        )
        text.write(clinical + "," + ",".join(f"{v:.2f}" for v in values[i]) + "\n")
    return text.getvalue().encode()
