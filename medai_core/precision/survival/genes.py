"""From an expression matrix of any names to the genes that a model weighs, or why it is not used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import Fact, Message
from medai_core.metrics import Floats
from medai_core.precision.survival.model import EXPRESSION, Genes, SurvivalModel


@dataclass(frozen=True, eq=False)
class Matched:
    """The genes of n samples, in the model's order.

    Attributes
    ----------
    values : (n, g), the cohort's mean where a gene is not known.
    known : (n,), how many of the genes are; weight : (n,), the share of the genes' weight that they carry.
    refusals : (n,), why the expression of a sample is not used; None where it is.
    """

    values: Floats
    known: NDArray[np.int64]
    weight: Floats
    refusals: tuple[Message | None, ...]

    def chosen(self, places: Sequence[int]) -> Matched:
        """Some of the samples."""
        own = list(places)
        return Matched(self.values[own], self.known[own], self.weight[own], tuple(self.refusals[i] for i in own))


def places_of(genes: Genes, columns: Sequence[str]) -> NDArray[np.int64]:
    """The column of each of the model's genes, (g,), by probe, else symbol, else Entrez id; -1 where it has none.

    Case and surrounding blanks do not count, nor ``.1`` after an accession (its version).
    """
    known = {_plain(name): place for place, name in reversed(list(enumerate(columns)))}
    named = zip(genes.probe, genes.symbol, genes.entrez, strict=True)
    found = [next((known[_plain(n)] for n in names if n and _plain(n) in known), -1) for names in named]
    return np.array(found, dtype=np.int64)


def _plain(name: str) -> str:
    return re.sub(r"^((?:N|X)[MR]_\d+)\.\d+$", r"\1", name.strip().upper())


def matched(model: SurvivalModel, columns: Sequence[str], values: NDArray[np.floating]) -> Matched:
    """The model's genes in a matrix of samples by ``columns``, (n, columns), each sample accepted or refused.

    A sample is refused where genes that carry too little of the model's weight are known, and where its values cannot
    be what the model was made on: spread or shifted as those of 99 of 100 of the cohort are not.
    """
    genes, limits = model.genes, model.survived
    place = places_of(genes, columns)
    given = np.where(place >= 0, np.asarray(values, dtype=np.float64)[:, place], np.nan)
    known = np.isfinite(given)
    weight = known @ weights(model)
    z = np.where(known, (given - genes.mean) / genes.deviation, 0.0)
    count = np.maximum(known.sum(axis=1), 1)
    spread, shift = np.sqrt((z**2).sum(axis=1) / count), z.sum(axis=1) / count
    refusals: list[Message | None] = []
    for i in range(len(given)):
        if weight[i] < limits.least_weight:
            refusals.append(_too_few(model, int(known[i].sum()), float(weight[i])))
        elif not limits.spread[0] <= spread[i] <= limits.spread[1] or abs(shift[i]) > limits.shift:
            refusals.append(_foreign(model, float(spread[i]), float(shift[i])))
        else:
            refusals.append(None)
    return Matched(np.where(known, given, genes.mean), known.sum(axis=1), weight, tuple(refusals))


def weights(model: SurvivalModel) -> Floats:
    """The share of the log-hazard's spread that each gene carries, (g,)."""
    size = np.abs(model.parts[EXPRESSION].coefficients[0]) * model.genes.deviation
    return np.asarray(size / size.sum())


def _too_few(model: SurvivalModel, known: int, weight: float) -> Message:
    facts: dict[str, Fact] = {
        "known": known,
        "genes": len(model.genes.probe),
        "share": f"{100 * weight:.0f}",
        "needed": f"{100 * model.survived.least_weight:.0f}",
    }
    return Message("survival.genes_few", facts)


def _foreign(model: SurvivalModel, spread: float, shift: float) -> Message:
    low, high = model.survived.spread
    facts: dict[str, Fact] = {
        "spread": f"{spread:.2g}",
        "low": f"{low:.2f}",
        "high": f"{high:.2f}",
        "shift": f"{shift:+.2g}",
        "most": f"{model.survived.shift:.2f}",
        "scale": model.spec.expression.scale,
    }
    return Message("survival.scale", facts)
