"""The recipe of survival from history, treatment and expression: nested cross-validation, refits, aggregates.

There is no test split: a few hundred people are too few to set some aside. Every number is of people whom the model
fitted for them never saw, penalties chosen without them too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

from medai_core.cards import Applicability, Calibration, Card, Measured, SurvivalSpec, read_card
from medai_core.cards import Approach as Tried
from medai_core.evaluation.survival import Foretold
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import at_risk
from medai_core.precision.survival.cox import baseline_hazard, fit_cox
from medai_core.precision.survival.model import BOTH, CLINICAL, EXPRESSION, Genes, Part, SurvivalModel, save_model
from medai_core.sources.encoding import fit_encoding
from medai_core.sources.intake import in_card_words
from medai_core.sources.tables import open_table
from medai_core.training import recipes, survival_drawn, survival_report
from medai_core.training.settings import FEWEST
from medai_core.training.survival_fitting import (
    Approach,
    Cox,
    People,
    boosted,
    cross_validated,
    nobody_apart,
    standardised,
)

SERVED: dict[str, Cox] = {
    CLINICAL: Cox({"history": (3, 10, 30, 100), "treatment": (10, 100)}),
    EXPRESSION: Cox({"expression": (100, 300, 1000, 3000)}),
    BOTH: Cox({"history": (10, 30, 100), "treatment": (10, 100), "expression": (300, 1000, 3000)}),
}
"""The parts that serve."""
RIVALS: dict[str, Approach] = {
    "history without treatment (Cox)": Cox({"history": (3, 10, 30, 100)}),
    "expression, every probe (Cox)": Cox({"probes": (1000, 3000, 10000)}),
    "history, treatment and expression (boosted trees)": boosted,
    "the same for everybody (Kaplan-Meier)": nobody_apart,
}
"""What is compared and does not serve."""
TITLES = {
    CLINICAL: "history and treatment (Cox)",
    EXPRESSION: "expression (Cox)",
    BOTH: "history, treatment and expression (Cox)",
}


def main(folder: Path) -> None:
    """Fit, measure and write the model of survival in ``folder``."""
    given = recipes.options(folder)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.survival is not None
    if given.smoke:
        survival_drawn.draw_cohort(card, given.data)
    rows, people, genes = cohort_of(card, given.data)
    repeats, count, refits = (1, 3, 5) if given.smoke else (5, 10, card.survival.refits)
    told = compared(people, card.survival, repeats, count, given.seed, smoke=given.smoke)
    model = fitted(card, rows, people, genes, refits, given.seed)
    survived = survival_report.survived(model, rows, people, told, seed=given.seed, draws=50 if given.smoke else 500)
    measured = drafted(card, people, told, given)
    measured = replace(measured, survived=survived, predictors=survival_report.described(model, rows))
    measured = survival_report.judged(measured, told, TITLES, earlier, draws=50 if given.smoke else 500)
    model = replace(model, card=replace(card, measured=measured))
    save_model(model, given.out / "model.npz")
    recipes.write_hashes(measured, given.out)
    survival_drawn.write_example(model, rows, people.blocks["expression"], given.out)


def cohort_of(card: Card, data: Path) -> tuple[pd.DataFrame, People, Genes]:
    """The cohort in the card's words, its blocks of columns, and the genes that have a symbol.

    Raises
    ------
    ValueError : a row is refused, or the card's predictors do not stand as history and then treatment.
    """
    spec = card.survival
    assert spec is not None
    table = open_table(data / spec.develop)
    intake = in_card_words(table, card.predictors)
    if not intake.good.all():
        raise ValueError(f"{len(intake.problems)} cells of the cohort are refused: {intake.problems[0].text}")
    if [p.name for p in card.predictors] != [*spec.history, *spec.treatment]:
        raise ValueError("the card's predictors must be its history and then its treatment")
    names = pd.read_csv(data / spec.expression.names, dtype=str, keep_default_na=False)
    encoding = fit_encoding(intake.rows, card.predictors)
    X = encoding.encode(intake.rows)
    history = encoding.owner < len(spec.history)
    known = {c for p in card.predictors for c in (p.name, *p.columns)} | {spec.time, spec.event}
    beside = known | set(survival_report.NOT_GENES)
    probes = [c for c in table.columns if c not in beside and pd.api.types.is_float_dtype(table[c])]
    blocks = {
        "history": X[:, history],
        "treatment": X[:, ~history],
        "expression": table[list(names["probe"])].to_numpy(dtype=np.float64),
        "probes": table[probes].to_numpy(dtype=np.float64),
    }
    happened = table[spec.event].astype(str).isin(spec.happened).to_numpy().astype(np.int64)
    people = People(table[spec.time].to_numpy(dtype=np.float64), happened, blocks)
    mean, deviation = blocks["expression"].mean(axis=0), blocks["expression"].std(axis=0)
    three = [tuple(names[column]) for column in ("probe", "symbol", "entrez")]
    return intake.rows, people, Genes(three[0], three[1], three[2], mean, deviation)


def compared(
    people: People, spec: SurvivalSpec, repeats: int, count: int, seed: int, *, smoke: bool
) -> dict[str, Foretold]:
    """Cross-validated predictions by each approach: the parts that serve by their name, the others by theirs."""
    found: dict[str, Foretold] = {}
    for name, approach in (SERVED | RIVALS).items():
        if smoke and isinstance(approach, Cox):
            approach = replace(approach, grids={block: grid[:1] for block, grid in approach.grids.items()})
        found[name] = cross_validated(approach, people, spec.horizons, repeats=repeats, count=count, seed=seed)
        recipes.say(f"{name}: C-index {survival_report.order(found[name]):.4f}")
    return found


def fitted(card: Card, rows: pd.DataFrame, people: People, genes: Genes, refits: int, seed: int) -> SurvivalModel:
    """The three parts on everybody, each with refits on resamples of the cohort."""
    rng = np.random.default_rng(seed)
    draws = [np.arange(len(people)), *(rng.integers(0, len(people), len(people)) for _ in range(refits))]
    years = moments(people)
    parts = {name: part_of(cox, people, draws, years, seed) for name, cox in SERVED.items()}
    encoding = fit_encoding(rows, card.predictors)
    return SurvivalModel(card, encoding, genes, parts, years, float(student.ppf(0.975, refits - 1)))


def moments(people: People) -> Floats:
    """Every half year from the first on by which somebody died, while ``FEWEST`` are under observation."""
    grid = np.arange(1.0, people.time.max(), 0.5)
    first = people.time[people.happened == 1].min()
    return np.asarray(grid[(at_risk(people.time, grid) >= FEWEST) & (grid >= first)])


def part_of(cox: Cox, people: People, draws: list[Ints], years: Floats, seed: int) -> Part:
    """One part on each draw of the people, its penalties chosen once, on everybody."""
    X, mean, deviation = standardised(cox.columns(people))
    penalty = cox.penalties(people, cox.choose(people, seed))
    coefficients, hazards = [], []
    for rows in draws:
        time, happened = people.time[rows], people.happened[rows]
        found = fit_cox(X[rows], time, happened, penalty)
        coefficients.append(found / deviation)
        hazard = baseline_hazard(time, happened, X[rows] @ found, years)
        # A resample without an early death would say that nobody can die then.
        hazards.append(np.maximum(hazard, 0.5 / len(people)))
    return Part(np.array(coefficients), mean, np.array(hazards))


def drafted(card: Card, people: People, told: dict[str, Foretold], given: recipes.Options) -> Measured:
    """What does not depend on how the model is judged."""
    assert card.survival is not None
    tried = [
        Tried(TITLES.get(name, name), "c_index", survival_report.order(found), name == BOTH)
        for name, found in told.items()
    ]
    return Measured(
        {},
        {},
        "survival is told, and nothing is called",
        Calibration(1.0, (0.0, 0.0)),
        Applicability(0.0),
        (),
        (),
        (),
        tuple(tried),
        (),
        recipes.provenance(given, f"{card.survival.develop}, {len(people)} rows"),
    )
