"""What virtual patients are drawn from, fitted to the table of the IWPC; every number is of at least 10 people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from medai_core.cards.dosing import Corrections, Dosed, Group, Variability
from medai_core.precision.dosing.people import RACES, UNKNOWN, Bools, People
from medai_core.precision.pharmacology import CYP2C9, PUBLISHED, VKORC1, Floats, bodies, clearance, ec50, steady_dose

FEWEST = 10
INDUCERS = ("Carbamazepine (Tegretol)", "Phenytoin (Dilantin)", "Rifampin or Rifampicin")
NAMES = {"White": "white", "Asian": "asian", "Black or African American": "black"}
IMPUTED = (
    ("VKORC1 2255 consensus", {"C/C": "GG", "C/T": "GA", "T/T": "AA"}, True),
    ("VKORC1 1173 consensus", {"C/C": "GG", "C/T": "GA", "T/T": "AA"}, False),
    ("VKORC1 1542 consensus", {"G/G": "GG", "C/G": "GA", "C/C": "AA"}, True),
)
"""Where -1639 was not read: a linked variant says the same, some of them not in everybody (IWPC 2009, appendix 1)."""
WITHIN = Variability(0.0, 0.0, 0.22, 14.0, 0.10, 0.04, 0.04, 0.10, 7.0)
"""The assumptions: what varies within a person is in no table of stable doses.

Chosen so that the pharmacogenetic dose with the nomogram keeps virtual patients about as long in range as it kept
people in a trial: 67 % of 12 weeks (EU-PACT, Pirmohamed, N Engl J Med 2013;369:2294-2303, 10.1056/NEJMoa1311386).
"""


@dataclass(frozen=True, eq=False)
class Table:
    """The people whose stable dose is known.

    Attributes
    ----------
    people : with a known age; height and weight may be nan.
    dose_mg_per_day : the dose at which the INR was stable, (n,).
    women, known_drugs : whether each is one, and whether it is known which drugs they take.
    """

    people: People
    dose_mg_per_day: Floats
    women: Bools
    known_drugs: Bools

    @property
    def complete(self) -> Bools:
        """Whose height and weight are known, as the equations need."""
        return np.asarray(~np.isnan(self.people.height_cm) & ~np.isnan(self.people.weight_kg))


def read_table(path: Path) -> Table:
    """The people of ``iwpc_warfarin/patients.csv`` who reached a stable dose."""
    table = pd.read_csv(path, low_memory=False)
    table = table[table["Age"].notna() & table["Therapeutic Dose of Warfarin"].notna()]
    table = table[table["Subject Reached Stable Dose of Warfarin"] == 1].reset_index(drop=True)
    race = table["Race"].map(NAMES).fillna("unknown")
    cyp2c9 = table["CYP2C9 consensus"].map({name: i for i, name in enumerate(CYP2C9)})
    people = People(
        table["Age"].str.extract(r"^(\d+)")[0].astype(float).to_numpy() + 5.0,
        table["Height (cm)"].to_numpy(dtype=float),
        table["Weight (kg)"].to_numpy(dtype=float),
        race.map({name: i for i, name in enumerate(RACES)}).to_numpy(dtype=np.int64),
        cyp2c9.fillna(UNKNOWN).to_numpy(dtype=np.int64),
        _vkorc1(table, race).map({name: i for i, name in enumerate(VKORC1)}).fillna(UNKNOWN).to_numpy(dtype=np.int64),
        (table["Amiodarone (Cordarone)"] == 1).to_numpy(),
        (table[list(INDUCERS)] == 1).any(axis=1).to_numpy(),
    )
    return Table(
        people,
        table["Therapeutic Dose of Warfarin"].to_numpy(dtype=float) / 7,
        (table["Gender"] == "female").to_numpy(),
        table["Amiodarone (Cordarone)"].notna().to_numpy(),
    )


def _vkorc1(table: pd.DataFrame, race: pd.Series) -> pd.Series:
    known = table["VKORC1 -1639 consensus"].map({"G/G": "GG", "A/G": "GA", "A/A": "AA"})
    told = race.isin(["white", "asian"])
    for column, meaning, only_there in IMPUTED:
        said = table[column].map(meaning)
        known = known.fillna(said.where(told) if only_there else said)
    return known


def fit_cohort(table: Table) -> Dosed:
    """The distributions of the people in the table, and what the published model gets wrong of their doses."""
    corrections = fit_corrections(table)
    # Half of the variance each: a stable dose tells clearance and sensitivity only together.
    each = float(np.sqrt(corrections.residual**2 / 2))
    between = Variability(each, each, *list(vars(WITHIN).values())[2:])
    known = table.known_drugs
    return Dosed(
        corrections,
        tuple(_group(table, k) for k in range(len(RACES)) if (table.people.race == k).sum() >= FEWEST),
        between,
        _share(table.people.amiodarone[known]),
        _share(table.people.inducer[known]),
    )


def _share(taken: Bools) -> float:
    """The share who take a drug; one that fewer than 10 people take counts as absent."""
    return float(taken.mean()) if taken.sum() >= FEWEST else 0.0


def fit_corrections(table: Table) -> Corrections:
    """Least squares of the logarithm of the stable dose over the published model's dose for an INR of 2.5."""
    p = table.people
    use = np.flatnonzero(table.complete & (p.cyp2c9 != UNKNOWN) & (p.vkorc1 != UNKNOWN))
    p, dose = p.chosen(use), table.dose_mg_per_day[use]
    by_model = steady_dose(
        bodies(
            np.array([clearance(CYP2C9[g], age) for g, age in zip(p.cyp2c9, p.age_years, strict=True)]),
            np.array([ec50(VKORC1[g]) for g in p.vkorc1]),
        ),
        2.5,
    )
    variants = np.array([sum(allele != "*1" for allele in name.split("/")) for name in CYP2C9])[p.cyp2c9]
    weight_kg, height_cm = float(np.median(p.weight_kg)), float(np.median(p.height_cm))
    columns = [
        np.ones(len(use)),
        *(variants == 1, variants == 2),
        *(p.vkorc1 == 1, p.vkorc1 == 2),
        (p.age_years - PUBLISHED.age_years) / 10,
        np.log(p.weight_kg / weight_kg),
        np.log(p.height_cm / height_cm),
        *(p.amiodarone, p.inducer),
        *(p.race == RACES.index(name) for name in RACES[1:]),
    ]
    X = np.column_stack(columns).astype(np.float64)
    y = np.log(dose / by_model)
    # A race or drug of fewer than 10 people says nothing here.
    few = (X != 0).sum(axis=0) < FEWEST
    X[:, few] = 0.0
    found = np.where(few, 0.0, np.linalg.lstsq(X, y, rcond=None)[0])
    residual = float(np.std(y - X @ found, ddof=int((~few).sum())))
    b = [float(v) for v in found]
    race = dict(zip(RACES[1:], b[10:], strict=True))
    return Corrections(
        b[0], b[1], b[2], (b[3], b[4]), b[5], b[6], b[7], b[8], b[9], race, weight_kg, height_cm, residual, len(use)
    )


def _group(table: Table, race: int) -> Group:
    """The distributions of one race."""
    rows = np.flatnonzero(table.people.race == race)
    p = table.people.chosen(rows)
    genotyped = p.vkorc1[p.vkorc1 != UNKNOWN]
    _enough(len(genotyped), f"VKORC1 of {RACES[race]}")
    first, decades = _decades(p.age_years)
    sizes = [_sizes(p, rows_of) for rows_of in (table.women[rows], ~table.women[rows])]
    correlations = [c for _, _, c, _ in sizes]
    people = np.array([n for _, _, _, n in sizes])
    return Group(
        RACES[race],
        float(len(rows) / len(table.people)),
        len(rows),
        float(table.women[rows].mean()),
        _alleles(p),
        float(np.mean(genotyped) / 2),
        first,
        decades,
        tuple(height for height, _, _, _ in sizes),
        tuple(weight for _, weight, _, _ in sizes),
        float(np.average(correlations, weights=people)),
    )


def _enough(people: int, what: str) -> None:
    """Nothing where a number is of enough people to be stored."""
    if people < FEWEST:
        raise AssertionError(f"{what}: {people} people, and nothing is stored of fewer than {FEWEST}.")


def _alleles(p: People) -> tuple[float, ...]:
    """The shares of *1, *2 and *3; one that fewer than 10 people carry counts as absent."""
    names = [CYP2C9[g].split("/") for g in p.cyp2c9 if g != UNKNOWN]
    _enough(len(names), "CYP2C9")
    counts = []
    for allele in ("*2", "*3"):
        carriers = sum(allele in name for name in names)
        counts.append(sum(name.count(allele) for name in names) if carriers >= FEWEST else 0)
    total = 2 * len(names)
    return (1 - sum(counts) / total, *(n / total for n in counts))


def _decades(age_years: Floats) -> tuple[int, tuple[float, ...]]:
    """The first year of the first decade, and the shares; the outermost are joined until each has 10 people."""
    decade = (age_years // 10).astype(int)
    counts = np.bincount(decade)
    first, last = int(decade.min()), len(counts) - 1
    while counts[first] < FEWEST:
        counts[first + 1] += counts[first]
        first += 1
    while counts[last] < FEWEST:
        counts[last - 1] += counts[last]
        last -= 1
    shares = counts[first : last + 1] / counts[first : last + 1].sum()
    return 10 * first, tuple(float(s) for s in shares)


def _sizes(p: People, who: Bools) -> tuple[tuple[float, ...], tuple[float, ...], float, int]:
    """Height and logarithm of weight as mean and standard deviation, their correlation, and of how many people."""
    rows = np.flatnonzero(who & ~np.isnan(p.height_cm) & ~np.isnan(p.weight_kg))
    _enough(len(rows), "height and weight of a sex")
    height, weight = p.height_cm[rows], np.log(p.weight_kg[rows])
    moments = [(float(v.mean()), float(v.std(ddof=1))) for v in (height, weight)]
    return moments[0], moments[1], float(np.corrcoef(height, weight)[0, 1]), len(rows)


def drawn_table(n: int = 400) -> Table:
    """People who are nobody, for a smoke run."""
    rng = np.random.default_rng(0)
    cyp2c9 = rng.choice(6, n, p=(0.5, 0.2, 0.15, 0.05, 0.05, 0.05))
    vkorc1 = rng.choice(3, n, p=(0.3, 0.4, 0.3))
    people = People(
        rng.uniform(30, 90, n),
        rng.normal(170, 9, n),
        np.exp(rng.normal(4.3, 0.2, n)),
        rng.choice(len(RACES), n),
        cyp2c9,
        vkorc1,
        rng.random(n) < 0.1,
        rng.random(n) < 0.1,
    )
    dose = np.exp(rng.normal(1.4, 0.3, n)) * np.array([1, 0.8, 0.6])[people.vkorc1]
    return Table(people, dose, rng.random(n) < 0.5, np.ones(n, dtype=bool))
