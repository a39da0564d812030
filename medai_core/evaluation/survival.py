"""How good predicted survival is: concordance, Brier scores and calibration, with intervals by resampling patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Bounds, Measure
from medai_core.cards.survival import Gain
from medai_core.errors import ManifestError
from medai_core.evaluation.patients import drawn, interval
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import by_horizon, concordances, integrated_brier, uno_concordance
from medai_core.precision.survival import Answer, Patients, SurvivalModel
from medai_core.precision.survival.cox import fit_cox, log_likelihood, risk_sets
from medai_core.sources.intake import comparable, distinct_cells

FEWEST, FEWEST_EVENTS = 40, 10
"""People, and events among them, before what expression adds is told of a group."""

JUDGED, JUDGED_EVENTS = 20, 5
"""The same before a model is judged on people of one's own."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """Predictions for n people beside their outcomes; of cross-validation with r repeats, else r = 1.

    Attributes
    ----------
    time, happened : (n,), years of follow-up, and 1 where it ended with the event.
    log_hazard : (r, n). survival : (r, n, horizons), predicted shares at ``horizons``.
    """

    time: Floats
    happened: Ints
    log_hazard: Floats
    survival: Floats
    horizons: tuple[float, ...]

    def chosen(self, rows: Ints) -> Foretold:
        """Some of the people."""
        return Foretold(
            self.time[rows], self.happened[rows], self.log_hazard[:, rows], self.survival[:, rows], self.horizons
        )


def foretold(model: SurvivalModel, patients: Patients, found: Sequence[Answer]) -> dict[str, Foretold]:
    """What was said of patients beside their outcomes: by the part that answers most, and by history and treatment
    alone of the same people where that was asked too.

    Raises
    ------
    ManifestError : the outcome's columns are missing, or too few of those with survival have an outcome.
    """
    spec = model.spec
    absent = [c for c in (spec.time, spec.event) if c not in patients.table]
    if absent:
        raise ManifestError("cohort.columns", missing=", ".join(absent))
    time = pd.to_numeric(patients.table[spec.time], errors="coerce").to_numpy(dtype=np.float64)
    event = distinct(patients.table[spec.event])
    answered = Counter(a.part for a in found if a.part)
    part = answered.most_common(1)[0][0] if answered else ""
    own = np.array([a.part == part and t > 0 and e != "" for a, t, e in zip(found, time, event, strict=True)])
    rows = np.flatnonzero(own) if part else np.zeros(0, np.int64)
    happened = np.isin(event[rows], spec.happened).astype(np.int64)
    if len(rows) < JUDGED or happened.sum() < JUDGED_EVENTS:
        facts = {"least": JUDGED, "least_events": JUDGED_EVENTS}
        raise ManifestError("survival.too_few", n=len(rows), events=int(happened.sum()), **facts)
    parts = [c.part for c in found[int(rows[0])].courses]
    return {p: _told(model, [found[i] for i in rows.tolist()], p, time[rows], happened) for p in parts}


def distinct(cells: pd.Series) -> NDArray[np.str_]:
    """Each cell as text, that of a whole number without its ``.0`` and that of an empty one empty."""
    place, texts = distinct_cells(comparable(cells))
    return np.array(texts)[place]


def _told(model: SurvivalModel, found: Sequence[Answer], part: str, time: Floats, happened: Ints) -> Foretold:
    courses = [next(c for c in a.courses if c.part == part) for a in found]
    survival = np.array([[s.share.value for s in c.at] for c in courses])
    # Of proportional hazards, the order of survival is that of the log-hazard, and so is its distance.
    last = model.places[-1]
    log_hazard = np.log(-np.log(survival[:, -1])) - np.log(model.parts[part].hazard[0, last])
    return Foretold(time, happened, log_hazard[None], survival[None], model.spec.horizons)


def enough(time: Floats, happened: Ints) -> bool:
    """Whether a group is large enough to be judged in."""
    return len(time) >= FEWEST and int(happened.sum()) >= FEWEST_EVENTS


def copies_of(n: int, draws: int, seed: int) -> Floats:
    """How often each of n people counts, (1 + draws, n): everybody once, then with replacement."""
    return np.concatenate([np.ones((1, n)), drawn(np.arange(n), np.random.default_rng(seed), draws)])


def survival_measures(
    found: Foretold, *, data: str, model: str = "", subgroup: str = "", draws: int = 300, seed: int = 0
) -> tuple[Measure, ...]:
    """Concordance (Harrell's; Uno's to the last horizon), and at each horizon Brier score and observed to expected.

    ``calibration_slope`` is that of Cox's regression on the predicted log-hazard.
    """
    copies = copies_of(len(found.time), draws, seed)
    last = found.horizons[-1]
    values = {
        "c_index": _mean(found, lambda z: concordances(found.time, found.happened, z, copies)),
        "uno_c_index": _mean(found, lambda z: uno_concordance(found.time, found.happened, z, last, copies)),
    }
    for k, years in enumerate(found.horizons):
        values[f"brier_{years:g}_years"] = brier_scores(found, k, copies)
        values[f"observed_to_expected_{years:g}_years"] = _observed_to_expected(found, k, copies)
    values["calibration_slope"] = _slopes(found, copies)
    n = len(found.time)
    return tuple(
        Measure(name, *interval(each), n, n, data, subgroup=subgroup, model=model) for name, each in values.items()
    )


def _mean(found: Foretold, score: Callable[[Floats], Floats]) -> Floats:
    return np.asarray(np.mean([score(z) for z in found.log_hazard], axis=0))


def brier_scores(found: Foretold, k: int, copies: Floats) -> Floats:
    """The Brier score at a horizon, (draws,), the mean over the repeats; censoring weighted as for everybody once."""
    event, weight = by_horizon(found.time, found.happened, found.horizons[k])
    error = ((1 - event - found.survival[:, :, k]) ** 2).mean(axis=0) * weight
    return np.asarray(copies @ error / copies.sum(axis=1))


def _observed_to_expected(found: Foretold, k: int, copies: Floats) -> Floats:
    event, weight = by_horizon(found.time, found.happened, found.horizons[k])
    expected = 1 - found.survival[:, :, k].mean(axis=0)
    return np.asarray((copies @ (weight * event)) / np.maximum(copies @ expected, 1e-12))


def _slopes(found: Foretold, copies: Floats) -> Floats:
    mean = found.log_hazard.mean(axis=0)
    slopes = []
    for each in copies:
        rows = np.repeat(np.arange(len(each)), each.astype(int))
        slopes.append(fit_cox(mean[rows, None], found.time[rows], found.happened[rows], 1e-6)[0])
    return np.array(slopes)


def integrated(found: Foretold) -> float:
    """The integrated Brier score over the horizons, the mean over the repeats."""
    moments = np.array(found.horizons)
    return float(np.mean([integrated_brier(found.time, found.happened, s, moments) for s in found.survival]))


def gain_of(plain: Foretold, added: Foretold, joined: Foretold, *, subgroup: str = "", draws: int = 300) -> Gain:
    """What is added by a source of information, in a group of people.

    Parameters
    ----------
    plain : predictions without it. added : by it alone. joined : with both.
    """
    copies = copies_of(len(plain.time), draws, 1)
    time, happened = plain.time, plain.happened

    def ordered(found: Foretold) -> Floats:
        return _mean(found, lambda z: concordances(time, happened, z, copies))

    concordance = interval(ordered(joined) - ordered(plain))
    errors = [
        interval(brier_scores(plain, k, copies) - brier_scores(joined, k, copies)) for k in range(len(plain.horizons))
    ]
    pair = np.stack([plain.log_hazard.mean(axis=0), added.log_hazard.mean(axis=0)], axis=1)
    ratios = np.array([_ratio(pair, time, happened, each) for each in copies])
    return Gain(
        subgroup,
        len(time),
        int(happened.sum()),
        Bounds(*concordance),
        tuple(Bounds(*each) for each in errors),
        Bounds(*interval(ratios)),
        _p_of(ratios[0]),
        bool(concordance[1] > 0),
    )


def concordance_gain(found: Foretold, rival: Foretold, *, data: str, model: str, draws: int = 300) -> Measure:
    """By how much Harrell's concordance is higher than a rival's on the same people."""
    copies, n = copies_of(len(found.time), draws, 1), len(found.time)
    own, theirs = (_mean(f, lambda z: concordances(found.time, found.happened, z, copies)) for f in (found, rival))
    return Measure("c_index_gain", *interval(own - theirs), n, n, data, model=model)


def _ratio(pair: Floats, time: Floats, happened: Ints, copies: Floats) -> float:
    """Twice the gain in partial log-likelihood when the second column joins the first."""
    rows = np.repeat(np.arange(len(copies)), copies.astype(int))
    X, sets = pair[rows], risk_sets(time[rows], happened[rows])
    reached = [log_likelihood(sets, X[:, :k] @ fit_cox(X[:, :k], time[rows], happened[rows], 1e-6)) for k in (1, 2)]
    return 2 * (reached[1] - reached[0])


def _p_of(ratio: float) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(max(ratio, 0.0), 1))


def thirds(found: Foretold, k: int) -> Sequence[Ints]:
    """The rows of each third by the predicted share at a horizon, the lowest risk first."""
    order = np.argsort(-found.survival[:, :, k].mean(axis=0), kind="stable")
    return np.array_split(order, 3)
