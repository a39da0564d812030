"""Every folder of a model that doses keeps what its card promises, beside what ``test_models`` asks of all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from medai_core.cards import Card
from medai_core.catalog import find_models
from medai_core.precision.dosing import advise, open_patient
from medai_core.precision.dosing.policy import OBSERVED, WIDEST
from tests.recipes import smoke_run

MODELS = find_models()
every_dosing_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task == "dosing" and not card.own], ids=lambda card: card.name
)
DOSE_ERRORS = {"pharmacogenetic": 8.5, "clinical": 10.0, "fixed": 13.2}
"""Mean absolute errors of the equations on the consortium's people, mg a week."""


def folder(card: Card) -> Path:
    return MODELS.folder_of(card)


@every_dosing_model
def test_every_regimen_says_of_the_example_what_it_said_when_it_was_measured(card: Card) -> None:
    wanted = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    assert json.loads((folder(card) / wanted["file"]).read_text(encoding="utf-8"))["description"] == "SYNTHETIC"
    model = MODELS.dosing_model(card)
    patient = open_patient(folder(card) / wanted["file"], card)
    assert set(wanted["policies"]) == set(model.policies)
    for name, said in wanted["policies"].items():
        found = advise(model, patient, name)
        assert found.dose_mg_per_day == pytest.approx(said["dose_mg_per_day"], abs=wanted["tolerance"])
        assert found.next_visit_days == said["next_visit_days"]


@every_dosing_model
def test_what_serves_doses_as_what_was_trained(card: Card) -> None:
    import keras

    trained = keras.saving.load_model(folder(card) / "model.keras", compile=False)
    X = np.random.default_rng(0).standard_normal((50, len(OBSERVED))).astype(np.float32)
    served, wanted = MODELS.network(card)(observation=X), trained(X)
    assert set(served) == {"log_share", "visit"}
    for name, value in served.items():
        np.testing.assert_allclose(value, np.asarray(wanted[name]), atol=1e-4, err_msg=name)
    assert np.abs(served["log_share"]).max() <= WIDEST + 1e-6
    assert np.ptp(served["log_share"]) > 0.1, "a network that says one thing to everybody shows nothing"


@every_dosing_model
def test_the_policy_keeps_the_inr_longer_in_range_than_the_protocols_and_no_more_often_high(card: Card) -> None:
    assert card.measured is not None
    known = {(m.measure, m.data, m.model): m for m in card.measured.performance if not m.subgroup}
    for data, ahead in (("test", 0.05), ("test, disturbed by 30 %", 0.0)):
        gain, high = (known[f"{m}_gain", data, "pharmacogenetic"] for m in ("time_in_range", "inr_above_4"))
        assert gain.low > ahead and high.high <= 0
        ours, theirs = (known["time_in_range", data, name] for name in ("", "pharmacogenetic"))
        assert ours.n == theirs.n == gain.n == 5000
        assert gain.value == pytest.approx(ours.value - theirs.value, abs=1e-5)
        assert ("time_in_range_gain", data, "model_based") in known, "what wins is said"
    assert known["visits", "test", ""].value <= known["visits", "test", "pharmacogenetic"].value + 0.25
    errors = {name: known["dose_error_mg_per_day", "people with a stable dose", name].value * 7 for name in DOSE_ERRORS}
    assert errors == pytest.approx(DOSE_ERRORS, abs=0.5)
    assert 0.85 < known["band_coverage", "test", ""].value < 0.97


@every_dosing_model
def test_virtual_patients_are_of_distributions_of_at_least_ten_people(card: Card) -> None:
    assert card.measured is not None and card.measured.dosed is not None
    dosed = card.measured.dosed
    assert sum(g.share for g in dosed.groups) == pytest.approx(1, abs=1e-4)
    for g in dosed.groups:
        assert sum(g.cyp2c9) == pytest.approx(1, abs=1e-4) and sum(g.decades) == pytest.approx(1, abs=1e-4)
        assert min(g.decades) * g.people >= 10 - 0.01
        assert all(share == 0 or 2 * share * g.people >= 10 for share in (*g.cyp2c9, g.vkorc1_a))
    assert -0.4 < dosed.corrections.typical < -0.2, "the published model overdoses *1/*1 by about a quarter"
    assert dosed.corrections.people > 3000


@pytest.mark.filterwarnings("ignore")  # of Keras, about how its own parts call each other
@every_dosing_model
def test_a_recipe_runs_on_patients_that_it_draws_itself(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, made = smoke_run(card, tmp_path, monkeypatch)
    advice = advise(found.dosing_model(made), open_patient(folder(card) / "example.json", made))
    assert 0 <= advice.dose_mg_per_day <= 15
