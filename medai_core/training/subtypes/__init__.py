"""The recipe of a model that places patients in subtypes: found by evidence, measured on patients left out.

The cohort is small and has no test part: every number is of patients that the subtypes were found without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medai_core.cards import Applicability, Approach, Calibration, Card, Measured, read_card
from medai_core.cards.subtypes import SharedGenes, Subtyped
from medai_core.evaluation import Predictions
from medai_core.metrics import class_quantiles
from medai_core.metrics.survival import log_rank
from medai_core.precision.genomics.placing import save_parameters
from medai_core.training import drawn_expression, recipes
from medai_core.training.subtypes import report
from medai_core.training.subtypes.cohort import METHOD, fit, subtyped
from medai_core.training.subtypes.leaving_out import calibrated, halved, settings_of
from medai_core.training.subtypes.rivals import compare

REPEATS, HALVINGS = 5, 50
LEVEL = 0.95


def main(folder: Path) -> None:
    """Find, measure and write the subtypes of the model in ``folder``."""
    given = recipes.options(folder)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.subtypes is not None
    if given.smoke:
        drawn_expression.write(card, given.data)
    cohort, known, k = subtyped(card, given.data, 3 if given.smoke else None)
    repeats, halvings = (1, 2) if given.smoke else (REPEATS, HALVINGS)
    settings = settings_of(cohort, card.subtypes.genes_min)
    shared, seen, caught = calibrated(card, cohort, settings, repeats, given.seed)
    p = log_rank(cohort.time, cohort.happened, cohort.label).p
    halves = halved(card, cohort, k, shared, halvings, given.seed)
    made = Subtyped(k, METHOD, known, report.survival(card, cohort), shared, halves, p)
    approaches = compare(card, cohort, settings, given.seed)
    predictions = seen[settings[0].name]
    measured = draft(card, shared[0], predictions, made, approaches, given)
    performance = report.performance(measured, seen, caught, cohort, given.smoke)
    measured = report.tested(measured, performance, predictions, earlier)
    model = replace(fit(card, cohort.values, cohort.label, cohort), card=replace(card, measured=measured))
    save_parameters(model, given.out / "model.npz")
    measured = recipes.write_hashes(measured, given.out)
    report.write_example(replace(model, card=replace(card, measured=measured)), cohort, given.out, given.seed)


def draft(
    card: Card,
    shared: SharedGenes,
    made: Predictions,
    subtyped: Subtyped,
    approaches: Sequence[Approach],
    given: recipes.Options,
) -> Measured:
    """What is known before the predictions are measured."""
    quantiles = class_quantiles(made.label, made.probability, LEVEL)
    spec = card.subtypes
    assert spec is not None
    return Measured(
        {},
        {},
        "the most probable subtype is named",
        Calibration(1 / shared.slope, shared.offsets),
        Applicability(0.0),
        (),
        (),
        (),
        tuple(approaches),
        (),
        recipes.provenance(given, str(Path(spec.develop).parent)),
        report.conformal(LEVEL, quantiles),
        subtyped=subtyped,
    )
