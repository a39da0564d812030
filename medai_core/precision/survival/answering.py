"""What the model says of one patient: survival with its interval, what moves it, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from medai_core.cards.measures import Bounds
from medai_core.cards.survival import ShareAt
from medai_core.errors import Fact, ManifestError, Message
from medai_core.metrics import Floats
from medai_core.precision.survival.model import BOTH, CLINICAL, EXPRESSION, PARTS, Curves, SurvivalModel, curves
from medai_core.precision.survival.patients import Patients
from medai_core.sources.intake import expected

GENES_SHOWN = 10
CHUNK = 100
"""Patients at once: each takes a number for every refit and moment."""
Value = float | str | None


@dataclass(frozen=True, eq=False)
class Course:
    """A survival curve by one part of the model.

    Attributes
    ----------
    part : "clinical", "expression" or "both".
    years, share, low, high : (1 + moments,), from 1 at 0; the interval is that of the estimate.
    at : at the card's horizons.
    """

    part: str
    years: Floats
    share: Floats
    low: Floats
    high: Floats
    at: tuple[ShareAt, ...]


@dataclass(frozen=True)
class Contribution:
    """What one predictor or gene adds to the log-hazard: coefficient times (value less the cohort's mean).

    Attributes
    ----------
    name : of the predictor as the card has it, or the gene's symbol; empty for the sum of all other genes.
    kind : "history", "treatment" or "gene".
    value : of the patient; None where it is not known, and for a sum.
    log_hazard : above 0 shortens survival.
    """

    name: str
    kind: str
    value: Value
    log_hazard: float


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of one patient.

    Attributes
    ----------
    sample : the name. refusals : why nothing is said; then all else is empty.
    part : the part of the model that answers, "" where none does.
    courses : by every part that can answer, that of ``part`` first.
    contributions : to the log-hazard of ``part``, they add up to ``log_hazard``; genes beyond the weightiest are one.
    log_hazard : 0 is the cohort's mean.
    notices : what the reader must know beside it, such as why expression was not used.
    third : 1 (lowest risk) to 3, among the cohort, treatment left out; None without history.
    nodes : "free" or "involved"; "" where it is not known.
    """

    sample: str
    refusals: tuple[Message, ...] = ()
    part: str = ""
    courses: tuple[Course, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    log_hazard: float = float("nan")
    notices: tuple[Message, ...] = ()
    third: int | None = None
    nodes: str = ""

    @property
    def at(self) -> tuple[ShareAt, ...]:
        """Survival at the card's horizons by the part that answers."""
        return self.courses[0].at if self.courses else ()


def answers(model: SurvivalModel, patients: Patients) -> tuple[Answer, ...]:
    """What the model says of each patient, in their order: by history and expression, or what of them can be used."""
    found: list[Answer] = []
    for start in range(0, len(patients.samples), CHUNK):
        some = patients.chosen(range(start, min(start + CHUNK, len(patients.samples))))
        told = _told(model, some)
        found += [_answer(model, some, place, told) for place in range(len(some.samples))]
    return tuple(found)


def answer(model: SurvivalModel, patients: Patients, place: int) -> Answer:
    """What the model says of one patient."""
    return answers(model, patients.chosen([place]))[0]


@dataclass(frozen=True, eq=False)
class _Told:
    """By one part of the model: the columns of n patients, (n, columns), and their curves."""

    columns: Floats
    curves: Curves


def _told(model: SurvivalModel, patients: Patients) -> dict[str, _Told]:
    clinical = model.encoded(patients.rows)
    none = np.tile(model.genes.mean, (len(clinical), 1))
    genes = none if patients.genes is None else patients.genes.values
    columns = {CLINICAL: clinical, EXPRESSION: genes, BOTH: np.concatenate([clinical, genes], axis=1)}
    return {part: _Told(columns[part], curves(model, part, columns[part])) for part in PARTS}


def _answer(model: SurvivalModel, patients: Patients, place: int, told: Mapping[str, _Told]) -> Answer:
    sample, problems = patients.samples[place], patients.problems[place]
    gene_refusal = _gene_refusal(patients, place)
    usable = {CLINICAL: not problems, EXPRESSION: gene_refusal is None}
    usable[BOTH] = all(usable.values())
    parts = [part for part in PARTS if usable[part]]
    if patients.outside[place]:
        return Answer(sample, problems)
    if not parts:
        return Answer(sample, (*problems, *filter(None, [gene_refusal])))
    row, part = patients.rows.iloc[place], parts[0]
    fitted = model.parts[part]
    terms = (told[part].columns[place] - fitted.mean) * fitted.coefficients[0]
    drivers = tuple(_contributions(model, part, terms, row, told[EXPRESSION].columns[place]))
    log_hazard = float(terms.sum())
    return Answer(
        sample,
        (),
        part,
        tuple(_course(model, name, told[name].curves, place) for name in parts),
        drivers,
        log_hazard,
        tuple(_notices(model, patients, place, part, gene_refusal)),
        third_of(model, part, log_hazard, drivers) if part != EXPRESSION else None,
        nodes_of(model, row),
    )


def _gene_refusal(patients: Patients, place: int) -> Message | None:
    return Message("survival.no_genes") if patients.genes is None else patients.genes.refusals[place]


def _course(model: SurvivalModel, part: str, found: Curves, place: int) -> Course:
    share, low, high = found.share[place], found.low[place], found.high[place]
    told = [
        ShareAt(float(model.years[k]), Bounds(float(share[k]), float(low[k]), float(high[k]))) for k in model.places
    ]
    start = np.ones(1)
    return Course(
        part,
        np.concatenate([[0.0], model.years]),
        np.concatenate([start, share]),
        np.concatenate([start, low]),
        np.concatenate([start, high]),
        tuple(told),
    )


def _contributions(
    model: SurvivalModel, part: str, terms: Floats, row: pd.Series, genes: Floats
) -> Iterator[Contribution]:
    """Predictors, then the weightiest genes and the sum of the others."""
    width = 0 if part == EXPRESSION else len(model.encoding.owner)
    for j, p in enumerate(model.encoding.predictors if width else ()):
        value = row[p.name]
        kind = "treatment" if p.name in model.spec.treatment else "history"
        known = None if pd.isna(value) else value if isinstance(value, str) else float(value)
        yield Contribution(p.name, kind, known, float(terms[:width][model.encoding.owner == j].sum()))
    of_genes = terms[width:]
    first = np.argsort(-np.abs(of_genes), kind="stable")[:GENES_SHOWN]
    for g in first:
        yield Contribution(model.genes.symbol[g], "gene", float(genes[g]), float(of_genes[g]))
    if len(of_genes) > len(first):
        yield Contribution("", "gene", None, float(of_genes.sum() - of_genes[first].sum()))


def third_of(model: SurvivalModel, part: str, log_hazard: float, drivers: tuple[Contribution, ...]) -> int:
    """The third of the cohort, 1 to 3, that a log-hazard lies in when what treatment adds is left out of it."""
    own = log_hazard - sum(c.log_hazard for c in drivers if c.kind == "treatment")
    return 1 + int(np.searchsorted(model.survived.edges[part], own))


def nodes_of(model: SurvivalModel, row: pd.Series) -> str:
    """Whether lymph nodes are involved; "" where it is not known."""
    count = row[model.spec.nodes]
    return "" if pd.isna(count) else "involved" if float(count) > 0 else "free"


def _notices(
    model: SurvivalModel, patients: Patients, place: int, part: str, gene_refusal: Message | None
) -> Iterator[Message]:
    if part == CLINICAL and gene_refusal is not None:
        yield Message("survival.clinical_alone", {"reason": (gene_refusal,)})
    if part == EXPRESSION:
        yield Message("survival.expression_alone", {"reason": patients.problems[place]})
    if part != CLINICAL and patients.genes is not None and patients.genes.known[place] < len(model.genes.probe):
        missing = len(model.genes.probe) - int(patients.genes.known[place])
        share = f"{100 * patients.genes.weight[place]:.0f}"
        facts: dict[str, Fact] = {"missing": missing, "genes": len(model.genes.probe), "share": share}
        yield Message("survival.genes_missing", facts)
    if part != EXPRESSION:
        unknown = int(patients.rows.iloc[place].isna().sum())
        if unknown:
            yield Message("patient.unknown", {"count": unknown, "of": len(model.card.predictors)})
    if part == BOTH:
        yield from _without_gain(model, patients.rows.iloc[place])


def _without_gain(model: SurvivalModel, row: pd.Series) -> Iterator[Message]:
    """That expression was not shown to add anything, over everybody or among those treated as the patient was."""
    gains = {gain.subgroup: gain for gain in model.survived.gains}
    if not gains[""].adds:
        yield Message("survival.adds_nothing")
        return
    for p in model.encoding.predictors:
        if p.name in model.spec.treatment and not pd.isna(row[p.name]):
            gain = gains.get(f"{p.title}: {p.category(row[p.name]).title}")
            facts: dict[str, Fact] = {"predictor": p.name, "category": row[p.name]}
            if gain is None:
                yield Message("survival.gain_unknown", facts)
            elif not gain.adds:
                yield Message("survival.adds_nothing_among", {**facts, "n": gain.n})


def what_if(model: SurvivalModel, patients: Patients, place: int, changes: Mapping[str, Value]) -> Answer:
    """What the model would say, were the patient's history another.

    It tells how the cohort's people with such a history differed, not what would come of changing it. Of treatment it
    is not asked: doctors gave the treatments for reasons, and what follows from them is not in this model.

    Raises
    ------
    ManifestError : a change is of treatment, of nothing that the model asks, or outside its range.
    """
    rows = patients.rows.copy()
    for name, value in changes.items():
        if name in model.spec.treatment:
            raise ManifestError("survival.treatment_what_if")
        p = next((p for p in model.card.predictors if p.name == name), None)
        if p is None:
            raise ManifestError("survival.no_predictor", name=name, known=", ".join(model.spec.history))
        fits = value in [c.name for c in p.categories] if p.kind == "category" else _within(value, p.low, p.high)
        if not fits:
            raise ManifestError("survival.what_if_value", predictor=name, value=str(value), expected=(expected(p),))
        rows.loc[place, name] = value
    problems = list(patients.problems)
    if not patients.outside[place] and not rows.loc[place, list(model.spec.needed)].isna().any():
        problems[place] = ()
    return answer(model, replace(patients, rows=rows, problems=tuple(problems)), place)


def _within(value: Value, low: float, high: float) -> bool:
    return not isinstance(value, str) and value is not None and low <= value <= high
