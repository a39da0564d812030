"""People alike in a cohort, what they received and how they fared: aggregates of at least ten, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from medai_core.cards import Bounds
from medai_core.cards.survival import Fared, ShareAt, Stratum
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import at_risk, share_at
from medai_core.precision.survival.model import BOTH, CLINICAL, SurvivalModel
from medai_core.training.settings import FEWEST
from medai_core.training.survival_fitting import Cox, People, Told, cross_validated

BLOCKS = {CLINICAL: ("history", "treatment"), BOTH: ("history", "treatment", "expression")}
PENALTIES = {"history": (30.0,), "treatment": (100.0,), "expression": (1000.0,)}


def strata_of(
    model: SurvivalModel, rows: pd.DataFrame, people: People, seed: int
) -> tuple[tuple[Stratum, ...], dict[str, tuple[float, ...]]]:
    """People by involved nodes and third of risk, for the risk by history and by expression too; the thirds' edges."""
    involved = np.where(rows[model.spec.nodes].to_numpy(dtype=np.float64) > 0, "involved", "free")
    drugs, surgery = received(model, rows), rows[model.spec.surgery].to_numpy(dtype=str)
    found: list[Stratum] = []
    edges: dict[str, tuple[float, ...]] = {}
    for part, blocks in BLOCKS.items():
        risk = untreated(people, Cox({name: PENALTIES[name] for name in blocks}), model.spec.horizons, seed)
        edges[part] = tuple(float(v) for v in np.quantile(risk, (1 / 3, 2 / 3)))
        third = 1 + np.searchsorted(edges[part], risk)
        for nodes in ("free", "involved"):
            for k in (1, 2, 3):
                own = np.flatnonzero((involved == nodes) & (third == k))
                made = stratum(people, own, drugs, surgery, model.spec.horizons)
                if made is not None:
                    found.append(replace(made, part=part, nodes=nodes, third=k))
    return tuple(found), edges


def received(model: SurvivalModel, rows: pd.DataFrame) -> np.ndarray:
    """The drugs that each person received, with "+" between, or "none", (n,)."""
    given = rows[list(model.spec.drugs)].to_numpy() == "yes"
    return np.array(["+".join(np.array(model.spec.drugs)[row]) or "none" for row in given])


def untreated(people: People, cox: Cox, horizons: tuple[float, ...], seed: int) -> Floats:
    """Cross-validated log-hazards without what treatment adds, (n,)."""

    def approach(seen: People, new: People, horizons: tuple[float, ...], seed: int) -> Told:
        alike = np.tile(seen.blocks["treatment"].mean(axis=0), (len(new), 1))
        return cox(seen, replace(new, blocks={**new.blocks, "treatment": alike}), horizons, seed)

    return np.asarray(
        cross_validated(approach, people, horizons, repeats=5, count=10, seed=seed).log_hazard.mean(axis=0)
    )


def stratum(
    people: People, own: Ints, drugs: np.ndarray, surgery: np.ndarray, horizons: Sequence[float]
) -> Stratum | None:
    """Those of ``own`` whose drugs at least ten of them received; None where there are none.

    The others count nowhere, so that they cannot be found by subtraction; for that reason operations are told
    only where at least ten had each.
    """
    names = {name: own[drugs[own] == name] for name in dict.fromkeys(drugs[own].tolist())}
    shown = {name: rows for name, rows in sorted(names.items()) if len(rows) >= FEWEST}
    if not shown:
        return None
    counted = np.concatenate(list(shown.values()))
    operations = {name: counted[surgery[counted] == name] for name in sorted(set(surgery[counted].tolist()))}
    told = all(len(rows) >= FEWEST for rows in operations.values())
    return Stratum(
        "",
        "",
        0,
        len(counted),
        int(people.happened[counted].sum()),
        shares(people, counted, horizons),
        tuple(fared(people, name, rows, horizons) for name, rows in shown.items()),
        tuple(fared(people, name, rows, horizons) for name, rows in operations.items()) if told else (),
        tuple(sorted(set(names) - set(shown))),
        () if told else tuple(operations),
    )


def fared(people: People, name: str, rows: Ints, horizons: Sequence[float]) -> Fared:
    """How a group fared."""
    return Fared(name, len(rows), int(people.happened[rows].sum()), shares(people, rows, horizons))


def shares(people: People, rows: Ints, horizons: Sequence[float]) -> tuple[ShareAt, ...]:
    """The share alive at the horizons to which at least ten were followed."""
    time, happened = people.time[rows], people.happened[rows]
    left = at_risk(time, np.array(horizons))
    found = [(y, share_at(time, happened, y)) for y, n in zip(horizons, left, strict=True) if n >= FEWEST]
    return tuple(ShareAt(y, Bounds(s.value, s.low, s.high)) for y, s in found)
