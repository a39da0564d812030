"""Warfarin in the body: from daily doses to the INR, for many patients at once.

The model of Hamberg 2010 (Clin Pharmacol Ther 87:727, 10.1038/clpt.2010.37). S-warfarin is half of the dose; it is
absorbed and cleared by first-order kinetics from one compartment. What it inhibits reaches the INR through two chains
of three compartments each. Between doses the drug is solved exactly, and so are the chains but for the integral of the
inhibition, which is taken at the ``HOURS`` of a Gauss-Legendre rule: the INR stays within 0.001 of an ODE solver's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOURS_PER_DAY = 24.0
PANELS = ((0.0, 1.5, 4), (1.5, 6.0, 4), (6.0, HOURS_PER_DAY, 4))
"""Parts of a day, in hours after the dose, with the points that the inhibition is looked at in each."""


def _rule() -> tuple[Floats, Floats]:
    hours, weights = [], []
    for start, end, points in PANELS:
        x, w = np.polynomial.legendre.leggauss(points)
        hours.append(start + (x + 1) * (end - start) / 2)
        weights.append(w * (end - start) / 2)
    return np.concatenate(hours), np.concatenate(weights)


HOURS, WEIGHTS = _rule()


@dataclass(frozen=True)
class Parameters:
    """The published typical values.

    Attributes
    ----------
    clearance_l_per_h : of S-warfarin, for each allele of CYP2C9; a person's is the sum of two, at ``age_years``.
    age_slope_per_year : by which share the clearance falls with each year above that age.
    ec50_mg_per_l : of S-warfarin, for each allele of VKORC1 -1639; a person's is the sum of two.
    transit_hours : the mean transit times of the two chains.
    inr_span : how much the INR can rise above ``inr_base``.
    s_share : the share of S-warfarin in a dose.
    """

    clearance_l_per_h: tuple[tuple[str, float], ...] = (("*1", 0.174), ("*2", 0.0879), ("*3", 0.0422))
    age_years: float = 71.0
    age_slope_per_year: float = 0.00571
    ec50_mg_per_l: tuple[tuple[str, float], ...] = (("G", 2.05), ("A", 0.96))
    absorption_per_h: float = 2.0
    volume_l: float = 14.3
    emax: float = 1.0
    gamma: float = 1.15
    transit_hours: tuple[float, float] = (28.6, 118.3)
    inr_base: float = 1.0
    inr_span: float = 20.0
    s_share: float = 0.5


PUBLISHED = Parameters()
CYP2C9 = ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")
VKORC1 = ("GG", "GA", "AA")


def clearance(cyp2c9: str, age_years: float, parameters: Parameters = PUBLISHED) -> float:
    """The typical clearance of S-warfarin in L/h; never below a tenth of that at the model's own age."""
    alleles = dict(parameters.clearance_l_per_h)
    at_age = sum(alleles[allele] for allele in cyp2c9.split("/"))
    return at_age * max(0.1, 1 - parameters.age_slope_per_year * (age_years - parameters.age_years))


def ec50(vkorc1: str, parameters: Parameters = PUBLISHED) -> float:
    """The typical concentration of S-warfarin, in mg/L, that halves the synthesis of clotting factors."""
    alleles = dict(parameters.ec50_mg_per_l)
    return sum(alleles[allele] for allele in vkorc1)


@dataclass(frozen=True, eq=False)
class Bodies:
    """What sets patients apart, each (n,): the model's parameters of every one of them.

    Attributes
    ----------
    transit_hours : (n, 2), the mean transit times of the two chains.
    """

    clearance_l_per_h: Floats
    ec50_mg_per_l: Floats
    absorption_per_h: Floats
    volume_l: Floats
    emax: Floats
    gamma: Floats
    transit_hours: Floats
    inr_base: Floats
    inr_span: Floats
    s_share: float = 0.5

    def __len__(self) -> int:
        return len(self.clearance_l_per_h)

    def chosen(self, rows: NDArray[np.int64]) -> Bodies:
        """These patients alone, in this order; one may be chosen several times."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _arrays(self)})

    @cached_property
    def _rates(self) -> Floats:
        """What each compartment passes on per hour, (n, 2); (1, 2) where all patients are alike in it."""
        rate = 3 / self.transit_hours
        return rate[:1] if (rate == rate[:1]).all() else rate

    @cached_property
    def kept(self) -> Floats:
        """What a compartment's factors are after a day 0, 1 and 2 compartments on, (3, n or 1, 2)."""
        return _passed(self._rates * HOURS_PER_DAY)

    @cached_property
    def fed(self) -> Floats:
        """How much of what is made at each of ``HOURS`` is in each compartment at its end, (n or 1, 2, 3, hours)."""
        rate = self._rates
        # What comes in at an hour has the rest of the day to go on.
        passed = _passed(rate[:, :, None] * (HOURS_PER_DAY - HOURS)) * rate[None, :, :, None] * WEIGHTS
        return np.ascontiguousarray(np.moveaxis(passed, 0, 2))


def _arrays(patients: Bodies) -> list[str]:
    return [f.name for f in fields(patients) if isinstance(getattr(patients, f.name), np.ndarray)]


def _passed(x: Floats) -> Floats:
    """The shares that are 0, 1 and 2 compartments on after ``x`` = rate * hours, first axis (3,)."""
    gone = np.exp(-x)
    return np.stack([gone, gone * x, gone * x * x / 2])


def bodies(clearance_l_per_h: Floats, ec50_mg_per_l: Floats, parameters: Parameters = PUBLISHED) -> Bodies:
    """Patients who differ in clearance and sensitivity, (n,) each, and are typical in the rest."""
    n = len(clearance_l_per_h)
    rest = {
        name: np.full(n, float(getattr(parameters, name)))
        for name in ("absorption_per_h", "volume_l", "emax", "gamma", "inr_base", "inr_span")
    }
    return Bodies(
        np.asarray(clearance_l_per_h, dtype=np.float64),
        np.asarray(ec50_mg_per_l, dtype=np.float64),
        transit_hours=np.tile(parameters.transit_hours, (n, 1)),
        s_share=parameters.s_share,
        **rest,
    )


def disturbed(patients: Bodies, share: float, rng: np.random.Generator) -> Bodies:
    """The same patients with every parameter of every one multiplied by something in 1 - share ... 1 + share.

    The INR without the drug stays as it is: it is measured before the first dose.
    """
    changed = {
        name: getattr(patients, name) * rng.uniform(1 - share, 1 + share, getattr(patients, name).shape)
        for name in _arrays(patients)
        if name != "inr_base"
    }
    return replace(patients, **{**changed, "emax": np.minimum(changed["emax"], 1.0)})


@dataclass(frozen=True, eq=False)
class Amounts:
    """Where the drug and its effect are in each patient.

    Attributes
    ----------
    depot_mg, central_mg, cleared_mg : S-warfarin still in the gut, in the body, and cleared since the start, (n,).
    chains : (n, 2, 3), the factors in the compartments of the two chains; 1 without the drug.
    """

    depot_mg: Floats
    central_mg: Floats
    cleared_mg: Floats
    chains: Floats

    def chosen(self, rows: NDArray[np.int64]) -> Amounts:
        """Of these patients alone."""
        return Amounts(self.depot_mg[rows], self.central_mg[rows], self.cleared_mg[rows], self.chains[rows])


def untreated(n: int) -> Amounts:
    """``n`` patients before the first dose."""
    return Amounts(np.zeros(n), np.zeros(n), np.zeros(n), np.ones((n, 2, 3)))


def inr(patients: Bodies, amounts: Amounts) -> Floats:
    """The INR of each patient, (n,)."""
    left = amounts.chains[:, :, 2].mean(axis=1)
    return np.asarray(patients.inr_base + patients.inr_span * (1 - left))


def next_day(patients: Bodies, amounts: Amounts, dose_mg: Floats, clearance_factor: Floats | float = 1.0) -> Amounts:
    """The patients 24 hours after they have taken ``dose_mg`` of warfarin, (n,).

    Parameters
    ----------
    clearance_factor : what another drug makes of the clearance on this day.
    """
    ka = patients.absorption_per_h
    ke = patients.clearance_l_per_h * clearance_factor / patients.volume_l
    depot = amounts.depot_mg + patients.s_share * dose_mg
    central = _central(depot, amounts.central_mg, ka, ke)
    chains = _chains(patients, amounts.chains, _left(patients, central[:, :-1]))
    last_depot, last = depot * np.exp(-ka * HOURS_PER_DAY), central[:, -1]
    cleared = amounts.cleared_mg + depot + amounts.central_mg - last_depot - last
    return Amounts(last_depot, last, cleared, chains)


_TIMES = np.append(HOURS, HOURS_PER_DAY)


def _central(depot: Floats, central: Floats, ka: Floats, ke: Floats) -> Floats:
    """The drug in the body at each of ``HOURS`` and at the day's end, (n, hours + 1): Bateman's function."""
    # Most patients are alike in absorption, and an exponential of all of them is what takes long here.
    absorbing = np.exp(-(ka[:1] if (ka == ka[:1]).all() else ka)[:, None] * _TIMES)
    leaving = np.exp(-ke[:, None] * _TIMES)
    apart = ka - ke
    near = np.abs(apart) < 1e-6
    entered = leaving - absorbing
    entered *= (ka * depot / np.where(near, 1.0, apart))[:, None]
    if near.any():
        entered[near] = (ka * depot)[near, None] * _TIMES * leaving[near]
    leaving *= central[:, None]
    leaving += entered
    return np.asarray(leaving)


def _left(patients: Bodies, central_mg: Floats) -> Floats:
    """The share of synthesis that is left at each amount in the body, as (n, hours)."""
    inhibited = central_mg / (patients.volume_l * patients.ec50_mg_per_l)[:, None]
    np.power(inhibited, patients.gamma[:, None], out=inhibited)
    inhibited /= 1 + inhibited
    return np.asarray(1 - patients.emax[:, None] * inhibited)


def _chains(patients: Bodies, chains: Floats, left: Floats) -> Floats:
    """The chains after a day, fed with ``left``, (n, hours): each compartment passes on at the rate 3 / mean time."""
    fed = patients.fed
    if len(fed) == 1:
        new = (left @ fed.reshape(6, -1).T).reshape(-1, 2, 3)
    else:
        new = np.einsum("ncph,nh->ncp", fed, left)
    kept, a, b, c = patients.kept, chains[:, :, 0], chains[:, :, 1], chains[:, :, 2]
    new[:, :, 0] += kept[0] * a
    new[:, :, 1] += kept[1] * a + kept[0] * b
    new[:, :, 2] += kept[2] * a + kept[1] * b + kept[0] * c
    return np.asarray(new)


def course(
    patients: Bodies, doses_mg: Floats, clearance_factor: Floats | None = None, start: Amounts | None = None
) -> Floats:
    """The INR at the end of each day, (n, days).

    Parameters
    ----------
    doses_mg : (n, days), the dose taken at the beginning of each day; 0 for one that was missed.
    clearance_factor : (n, days), what other drugs make of the clearance.
    start : as the patients are before the first of these days; untreated when None.
    """
    amounts = untreated(len(patients)) if start is None else start
    found = np.empty(doses_mg.shape)
    for day in range(doses_mg.shape[1]):
        factor = 1.0 if clearance_factor is None else clearance_factor[:, day]
        amounts = next_day(patients, amounts, doses_mg[:, day], factor)
        found[:, day] = inr(patients, amounts)
    return found


def steady_inr(patients: Bodies, dose_mg_per_day: Floats, clearance_factor: Floats | float = 1.0) -> Floats:
    """The INR, (n,), that a dose taken for ever leads to at the end of every day, before the next one."""
    ka = patients.absorption_per_h
    ke = patients.clearance_l_per_h * clearance_factor / patients.volume_l
    depot = patients.s_share * dose_mg_per_day / -np.expm1(-ka * HOURS_PER_DAY)
    after = _central(depot, np.zeros_like(depot), ka, ke)[:, -1]
    central = _central(depot, after / -np.expm1(-ke * HOURS_PER_DAY), ka, ke)[:, :-1]
    fed = _chains(patients, np.zeros((len(patients), 2, 3)), _left(patients, central))
    # Every day then ends as it began: each compartment keeps what it gets in its turn.
    kept = patients.kept
    first = fed[:, :, 0] / (1 - kept[0])
    second = (fed[:, :, 1] + kept[1] * first) / (1 - kept[0])
    last = (fed[:, :, 2] + kept[2] * first + kept[1] * second) / (1 - kept[0])
    return np.asarray(patients.inr_base + patients.inr_span * (1 - last.mean(axis=1)))


def steady_dose(patients: Bodies, target_inr: float, clearance_factor: Floats | float = 1.0) -> Floats:
    """The daily dose in mg, (n,), that in the end leads to ``target_inr``; at most 100 mg."""
    low, high = np.zeros(len(patients)), np.full(len(patients), 100.0)
    for _ in range(26):
        middle = (low + high) / 2
        above = steady_inr(patients, middle, clearance_factor) > target_inr
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray((low + high) / 2)
