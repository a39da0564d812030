"""The recipe of a dosing policy: fit virtual patients, compare ways to learn on some, test once on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from medai_core.cards import Applicability, Approach, Calibration, Measured, read_card
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.regimens import REGIMENS, Regimen
from medai_core.precision.dosing.trial import treat
from medai_core.precision.dosing.virtual import VirtualPatients, draw_patients
from medai_core.runtime import Network
from medai_core.training import dosing_report, recipes
from medai_core.training.dosing_cohort import Table, drawn_table, fit_cohort, read_table
from medai_core.training.dosing_policy import Effort, Learner, as_regimen, imitate, new_network, reinforce
from medai_core.training.export import write_network

FULL = Effort(imitated=14, rounds=350, patients=1200)
SMOKE = Effort(imitated=2, rounds=2, patients=60)
DISTURBANCE = 0.3
KEPT_EVERY = 50
"""Rounds after which the network is stored, so that a run that ends early has something."""


def main(folder: Path) -> None:
    """Fit, measure and write the model in ``folder``."""
    given = recipes.options(folder, measures=True)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.dosing is not None
    keras.utils.set_random_seed(given.seed)
    table = drawn_table() if given.smoke else read_table(given.data / card.dosing.develop)
    dosed = fit_cohort(table)
    recipes.say(f"{card.name}: fitted to {len(table.people)} people, residual {dosed.corrections.residual:.3f}")
    if given.measure:
        assert earlier is not None
        approaches = earlier.approaches
    else:
        approaches = _learn(card.dosing, dosed, given)
    measured = _drafted(dosed, approaches, given, table, earlier)
    model = DosingModel(replace(card, measured=measured), Network(given.out / "model.tflite"))
    if given.smoke:
        recipes.write_hashes(measured, given.out)
        recipes.say("smoke run: fitted, learnt and written")
        return
    measured = recipes.write_hashes(dosing_report.tested(model, table, earlier, given.seed), given.out)
    dosing_report.write_example(replace(model, card=replace(card, measured=measured)), given.out)


def _drafted(
    dosed: Dosed, approaches: tuple[Approach, ...], given: recipes.Options, table: Table, earlier: Measured | None
) -> Measured:
    """What is known before the test; where nothing was fitted, how the network came about stays as it was."""
    made_by = recipes.provenance(given, f"{len(table.people)} people with a stable dose, IWPC")
    if given.measure and earlier is not None:
        made_by = earlier.provenance
    nothing = Calibration(1.0, ())
    return Measured({}, {}, "", nothing, Applicability(0.0), (), (), (), approaches, (), made_by, dosed=dosed)


def _learn(spec: DosingSpec, dosed: Dosed, given: recipes.Options) -> tuple[Approach, ...]:
    """Three ways to learn, judged on validation patients; the best is written into the folder."""
    effort = SMOKE if given.smoke else FULL
    n = 60 if given.smoke else 1500
    judges = [
        draw_patients(dosed, n, spec.days, np.random.default_rng([given.seed, 1]), disturbance=share)
        for share in (0.0, DISTURBANCE)
    ]
    given.work.mkdir(parents=True, exist_ok=True)
    found, networks = [], {}
    for name, network in _ways(spec, dosed, effort, given):
        networks[name] = network
        found += _judged(name, as_regimen(network), judges, spec, dosed)
    for name, regimen in () if given.smoke else REGIMENS.items():
        found += _judged(f"{name}, for comparison", regimen, judges, spec, dosed)
    worth = {name: np.mean([a.value for a in found if a.name == name and a.measure == "worth"]) for name in networks}
    best = max(worth, key=lambda name: worth[name])
    write_network(networks[best], given.out)
    return tuple(replace(a, chosen=a.name == best) for a in found)


def _ways(spec: DosingSpec, dosed: Dosed, effort: Effort, given: recipes.Options) -> Iterator[tuple[str, keras.Model]]:
    """Networks by how they learnt."""
    visits = len(spec.visit_days)
    imitating = new_network(visits)
    imitate(imitating, spec, dosed, effort, np.random.default_rng([given.seed, 2]))
    yield "imitation of the dose that was needed", _copied(imitating)
    for name, start in (
        ("reinforcement after imitation", imitating),
        ("reinforcement alone", new_network(visits)),
    ):
        learner = Learner(start, spec, dosed, np.random.default_rng([given.seed, 3]))
        for k, worth in reinforce(learner, effort):
            if k % KEPT_EVERY == KEPT_EVERY - 1:
                recipes.say(f"{name}: round {k + 1}, a course is worth {worth:.2f}")
                start.save(given.work / f"{name.replace(' ', '_')}.keras")
        yield name, start


def _copied(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def _judged(
    name: str, regimen: Regimen, judges: list[VirtualPatients], spec: DosingSpec, dosed: Dosed
) -> list[Approach]:
    """What a regimen achieves on the validation patients, as the model believes them and disturbed."""
    found = []
    for patients, where in zip(judges, ("", ", disturbed"), strict=True):
        outcomes = treat(patients, regimen, spec, dosed)
        values = {
            f"time_in_range{where}": outcomes.in_range(spec).mean(),
            f"inr_above_4{where}": outcomes.above(4.0).mean(),
            f"visits{where}": outcomes.visits.mean(),
            "worth": dosing_report.worth(outcomes, spec),
        }
        found += [
            Approach(name, measure, float(value), note="validation patients") for measure, value in values.items()
        ]
    recipes.say(f"{name}: " + ", ".join(f"{a.measure} {a.value:.4f}" for a in found))
    return found
