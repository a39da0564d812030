"""Every model of survival keeps what its card promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from medai_core.cards import Card
from medai_core.catalog import find_models
from medai_core.precision.survival import BOTH, answers, open_patients
from tests.test_models import MODELS, ROOT, folder, without_python_path

every_survival_model = pytest.mark.parametrize(
    "card", [card for card in MODELS.cards if card.task == "survival"], ids=lambda card: card.name
)


@every_survival_model
def test_the_example_of_a_survival_model_gets_the_survival_that_it_got_and_is_synthetic(card: Card) -> None:
    wanted = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    model = MODELS.survival_model(card)
    patients = open_patients(model, folder(card) / wanted["file"])
    assert patients.genes is not None and all(name.startswith("SYNTHETIC") for name in patients.samples)
    for found, each in zip(answers(model, patients), wanted["answers"], strict=True):
        assert (found.sample, found.part, found.third) == (each["sample"], BOTH, each["third"])
        assert found.log_hazard == pytest.approx(each["log_hazard"], abs=wanted["tolerance"])
        shares = [[s.share.value, s.share.low, s.share.high] for s in found.at]
        for own, told in zip(shares, each["survival"], strict=True):
            assert own == pytest.approx(told, abs=wanted["tolerance"])


@every_survival_model
def test_what_expression_adds_is_told_with_its_interval_for_everybody_by_subtype_and_by_treatment(card: Card) -> None:
    assert card.measured is not None and card.measured.survived is not None and card.survival is not None
    survived = card.measured.survived
    everybody, *parts = survived.gains
    assert (everybody.subgroup, everybody.n, everybody.events) == ("", survived.n, survived.events)
    named = [*(gain.subgroup for gain in parts), *survived.too_few]
    assert any(name.startswith("subtype") for name in named)
    titles = {p.title for p in card.predictors if p.name in card.survival.treatment}
    assert titles <= {name.partition(":")[0] for name in named}
    for gain in survived.gains:
        assert gain.adds == (gain.concordance.low > 0)
        for bounds in (gain.concordance, gain.likelihood_ratio, *gain.brier):
            assert bounds.low <= bounds.value <= bounds.high
    known = {(m.measure, m.subgroup, m.model): m for m in card.measured.performance}
    plain = "history and treatment (Cox)"
    gain_of_all = known["c_index_gain", "", plain]
    assert gain_of_all.value == pytest.approx(everybody.concordance.value, abs=1e-5)
    assert gain_of_all.value == pytest.approx(
        known["c_index", "", ""].value - known["c_index", "", plain].value, abs=1e-5
    )
    assert len([a for a in card.measured.approaches]) >= 4


@every_survival_model
def test_nothing_that_is_shipped_of_survival_is_of_fewer_than_ten_people(card: Card) -> None:
    model = MODELS.survival_model(card)
    assert len(model.genes.probe) == model.spec.expression.genes
    assert all(third.n >= 10 for third in model.survived.thirds)
    assert model.years[-1] >= max(model.spec.horizons)
    assert not {p.name for p in card.predictors} & {"timerecurrence", "esr1", model.spec.time, model.spec.event}
    assert "timerecurrence" not in model.genes.probe


@every_survival_model
def test_the_recipe_of_survival_runs_on_people_that_it_draws_itself(card: Card, tmp_path: Path) -> None:
    out = tmp_path / card.name
    words = [f"models/{card.name}/train.py", "--smoke", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, env=without_python_path()
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (made,) = find_models(tmp_path).cards
    assert made.measured is not None and "--smoke" in made.measured.provenance.command
    model = find_models(tmp_path).survival_model(made)
    assert answers(model, open_patients(model, out / "example.csv"))[0].part == BOTH
