"""The published nomogram that adjusts a dose to the INR: the one of the RE-LY trial.

Van Spall, Circulation 2012;126:2309-2316 (10.1161/CIRCULATIONAHA.112.101808), for a range of 2 to 3: up to 1.50 the
weekly dose rises by 15 %, up to 1.99 by 10 %; above 3.00 it falls by 10 %; above 4.00 a dose is left out and it falls
by 10 %; from 5.00 on it is held until the INR is in range again and falls by 15 %. It is one of maintenance. Here a
dose is not raised in the first week, when the INR is still rising, and the next visit is in a week where the INR is far
out of range or the course is young, in two weeks where it is just out of range, and in four weeks else.
"""

from __future__ import annotations

import numpy as np

from medai_core.precision.dosing.people import Ints
from medai_core.precision.pharmacology import Floats

FIRST_WEEK = 7
EARLY_VISITS = (4, 7, 14, 21, 28)
HELD_INR = 5.0
"""From here on the drug is left out until the next visit, which is then within ``HELD_VISIT`` days."""
HELD_VISIT = 3
STEPS = ((1.50 + 1e-9, 1.15), (2.00, 1.10), (3.00 + 1e-9, 1.0), (5.00, 0.90), (np.inf, 0.85))
"""An INR below the first number multiplies the weekly dose by the second."""


def factor(inr: Floats, day: int) -> Floats:
    """What the weekly dose is multiplied by, (n,); 1 where no INR is known."""
    inr = np.where(np.isnan(inr), 2.5, inr)
    below = np.array([bound for bound, _ in STEPS])
    found = np.array([share for _, share in STEPS])[np.searchsorted(below, inr, side="right")]
    return np.asarray(np.minimum(found, 1.0) if day < FIRST_WEEK else found)


def held_days(inr: Floats) -> Ints:
    """For how many days the drug is left out first, (n,): one above 4, from 5 on until the next visit."""
    return np.where(inr >= HELD_INR, HELD_VISIT, np.where(inr > 4.0, 1, 0)).astype(np.int64)


def next_visit(inr: Floats, day: int) -> Ints:
    """Days until the INR is measured again, (n,)."""
    early = next((visit - day for visit in EARLY_VISITS if visit > day), None)
    if early is not None:
        return np.where(inr >= HELD_INR, min(HELD_VISIT, early), early).astype(np.int64)
    far = (inr < 1.5) | (inr > 4.0)
    out = (inr < 2.0) | (inr > 3.0)
    return np.where(inr >= HELD_INR, HELD_VISIT, np.where(far, 7, np.where(out, 14, 28))).astype(np.int64)
