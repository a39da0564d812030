"""What fits virtual patients and teaches the policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from medai_core.precision.dosing.people import RACES, UNKNOWN, typical
from medai_core.precision.dosing.policy import OBSERVED
from medai_core.precision.dosing.trial import treat
from medai_core.precision.dosing.virtual import draw_patients
from medai_core.precision.pharmacology import steady_dose
from medai_core.training.dosing_cohort import FEWEST, Table, drawn_table, fit_cohort, fit_corrections, read_table
from medai_core.training.dosing_play import Explorer, by_nomogram, play, varied_patients
from medai_core.training.dosing_policy import Effort, Learner, as_regimen, imitate, new_network, reinforce, said_by
from tests.dosing import drawn, spec

SPEC = spec()
VISITS = len(SPEC.visit_days)


def rows_like_the_consortiums(n: int = 300) -> pd.DataFrame:
    """A table of nobody in the words of the consortium's."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Gender": rng.choice(["male", "female"], n),
            "Race": rng.choice(["White", "Asian", "Black or African American", "Unknown"], n),
            "Age": rng.choice(["50 - 59", "60 - 69", "90+"], n),
            "Height (cm)": rng.normal(170, 9, n),
            "Weight (kg)": np.exp(rng.normal(4.3, 0.2, n)),
            "Amiodarone (Cordarone)": rng.choice([0.0, 1.0, np.nan], n),
            "Carbamazepine (Tegretol)": rng.choice([0.0, 1.0], n, p=[0.9, 0.1]),
            "Phenytoin (Dilantin)": 0.0,
            "Rifampin or Rifampicin": np.nan,
            "Subject Reached Stable Dose of Warfarin": 1.0,
            "Therapeutic Dose of Warfarin": rng.uniform(15, 50, n),
            "CYP2C9 consensus": rng.choice(["*1/*1", "*1/*2", "*1/*5", np.nan], n),
            "VKORC1 -1639 consensus": [None, "A/G", "G/G", "A/A"] * (n // 4),
            "VKORC1 1173 consensus": ["T/T", None, None, None] * (n // 4),
            "VKORC1 1542 consensus": None,
            "VKORC1 2255 consensus": None,
        }
    )


def test_the_table_is_read_as_its_words_mean(tmp_path) -> None:  # type: ignore[no-untyped-def]
    table = rows_like_the_consortiums()
    table.loc[5, "Subject Reached Stable Dose of Warfarin"] = 0.0
    table.loc[6, "Therapeutic Dose of Warfarin"] = np.nan
    table.to_csv(tmp_path / "patients.csv", index=False)
    found = read_table(tmp_path / "patients.csv")
    kept = table.drop(index=[5, 6]).reset_index(drop=True)
    assert len(found.people) == len(kept)
    assert found.dose_mg_per_day == pytest.approx(kept["Therapeutic Dose of Warfarin"].to_numpy() / 7)
    assert set(found.people.age_years) == {55.0, 65.0, 95.0}
    # A linked variant stands in where -1639 was not read; another allele than *2 and *3 is no known genotype.
    assert (found.people.vkorc1[kept["VKORC1 1173 consensus"] == "T/T"] == 2).all()
    assert (found.people.vkorc1[kept["VKORC1 -1639 consensus"] == "A/G"] == 1).all()
    assert (found.people.cyp2c9[kept["CYP2C9 consensus"] == "*1/*5"] == UNKNOWN).all()
    assert found.known_drugs.mean() == pytest.approx(kept["Amiodarone (Cordarone)"].notna().mean())
    assert np.isfinite(fit_cohort(found).corrections.residual)


def test_the_corrections_find_what_doses_were_made_with() -> None:
    table = drawn_table(3000)
    p = table.people
    rng = np.random.default_rng(1)
    base = fit_cohort(table)
    wanted = replace(
        base.corrections,
        typical=-0.3,
        one_variant=0.1,
        amiodarone=-0.25,
        weight=0.4,
        race={"asian": -0.1, "black": 0.2},
    )
    made = replace(base, corrections=wanted)
    dose = steady_dose(typical(p, made).bodies, 2.5) * np.exp(-0.25 * p.amiodarone + wanted.inducer * p.inducer)
    found = fit_corrections(replace(table, dose_mg_per_day=dose * np.exp(0.05 * rng.standard_normal(3000))))
    assert found.typical == pytest.approx(-0.3, abs=0.02)
    assert found.one_variant == pytest.approx(0.1, abs=0.02)
    assert found.amiodarone == pytest.approx(-0.25, abs=0.02)
    assert found.weight == pytest.approx(0.4, abs=0.04)
    assert found.race["black"] == pytest.approx(0.2, abs=0.02)
    assert found.residual == pytest.approx(0.05, abs=0.005)


def few(table: Table, keep: np.ndarray) -> Table:
    rows = np.flatnonzero(keep)
    return Table(table.people.chosen(rows), table.dose_mg_per_day[rows], table.women[rows], table.known_drugs[rows])


def test_nothing_is_stored_of_fewer_than_ten_people() -> None:
    table = drawn_table(600)
    black, rare = table.people.race == RACES.index("black"), np.isin(table.people.cyp2c9, (2, 4, 5))
    keep = ~(black & (np.cumsum(black) > FEWEST - 1))
    assert "black" not in {g.name for g in fit_cohort(few(table, keep)).groups}
    white = table.people.race == RACES.index("white")
    keep = ~(white & rare & (np.cumsum(white & rare) > FEWEST - 1))
    group = next(g for g in fit_cohort(few(table, keep)).groups if g.name == "white")
    assert group.cyp2c9[2] == 0.0, "an allele that nine people carry counts as absent"
    keep = ~(table.people.amiodarone & (np.cumsum(table.people.amiodarone) > FEWEST - 1))
    found = fit_cohort(few(table, keep))
    assert found.corrections.amiodarone == found.amiodarone == 0.0
    for g in fit_cohort(table).groups:
        assert min(g.decades) * g.people >= FEWEST - 1e-6
        assert sum(g.decades) == pytest.approx(1)


def test_a_number_of_fewer_than_ten_people_ends_the_recipe() -> None:
    table = drawn_table(600)
    p, asian = table.people, table.people.race == RACES.index("asian")
    women = asian & table.women
    without = replace(p, height_cm=np.where(women & (np.cumsum(women) > FEWEST - 1), np.nan, p.height_cm))
    with pytest.raises(AssertionError, match="9 people"):
        fit_cohort(replace(table, people=without))
    without = replace(p, vkorc1=np.where(asian & (np.cumsum(asian) > FEWEST - 1), UNKNOWN, p.vkorc1))
    with pytest.raises(AssertionError, match="VKORC1 of asian: 9 people"):
        fit_cohort(replace(table, people=without))


def played(patients: int = 40):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    network = new_network(VISITS)
    virtual = varied_patients(drawn(), patients, SPEC.days, rng)
    return play(virtual, Explorer(said_by(network), 0.2, rng), SPEC, drawn(), rng)


def test_every_visit_of_a_course_is_a_step_and_no_day_is_counted_twice() -> None:
    steps = played()
    assert steps.X.shape == (len(steps.patient), len(OBSERVED))
    assert np.isfinite(steps.X).all()
    first = np.append(True, steps.patient[1:] != steps.patient[:-1])
    began = np.rint(steps.X[first, OBSERVED.index("day")] * SPEC.days)
    assert (np.bincount(steps.patient, weights=steps.days)[steps.patient[first]] + began == SPEC.days).all()
    assert 0 < (began > 0).mean() < 0.7, "some patients come from a protocol"
    assert (np.diff(steps.patient) >= 0).all()
    visits = np.bincount(steps.patient)
    total = np.bincount(steps.patient, weights=steps.reward)
    assert (total <= SPEC.days - visits * SPEC.reward.visit + 1e-9).all()
    wanted = np.array(SPEC.visit_days)[by_nomogram(steps, SPEC)]
    assert (wanted[steps.X[:, OBSERVED.index("first")] == 1] == 4).all()


def test_what_the_network_says_is_worked_out_as_keras_does() -> None:
    network = new_network(VISITS)
    network.set_weights([w + 0.3 * np.random.default_rng(0).standard_normal(w.shape) for w in network.get_weights()])
    X = np.random.default_rng(1).standard_normal((20, len(OBSERVED))).astype(np.float32)
    log_share, visit = said_by(network)(X)
    found = network.predict_on_batch(X)
    assert log_share == pytest.approx(found["log_share"][:, 0], abs=1e-5)
    assert visit == pytest.approx(found["visit"], abs=1e-4)


def test_imitation_and_then_reinforcement_each_dose_better() -> None:
    rng = np.random.default_rng(3)
    virtual = draw_patients(drawn(), 80, SPEC.days, np.random.default_rng(9))
    network = new_network(VISITS)

    def share() -> float:
        return float(treat(virtual, as_regimen(network), SPEC, drawn()).in_range(SPEC).mean())

    before = share()
    imitate(network, SPEC, drawn(), Effort(4, 0, 80), rng)
    imitated = share()
    assert imitated > before + 0.1
    learner = Learner(network, SPEC, drawn(), rng)
    kept = [w.copy() for w in network.get_weights()]
    worth = [w for _, w in reinforce(learner, Effort(0, 2, 30))]
    assert len(worth) == 2 and np.isfinite(worth).all()
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(kept, network.get_weights(), strict=True))


def test_reinforcement_moves_doses_towards_what_was_worth_more() -> None:
    rng = np.random.default_rng(4)
    learner = Learner(new_network(VISITS), SPEC, drawn(), rng)
    steps = played(30)
    log_share = said_by(learner.network)(steps.X)[0]
    better = np.where(steps.log_share > log_share, 1.0, -1.0)
    judged = np.column_stack(
        [steps.log_share, steps.log_likely, better, np.full(len(better), 0.2), np.eye(VISITS)[steps.visit]]
    ).astype(np.float32)
    for _ in range(15):
        learner._actor.train_on_batch(steps.X, judged)
    assert said_by(learner.network)(steps.X)[0].mean() > log_share.mean() + 0.01
