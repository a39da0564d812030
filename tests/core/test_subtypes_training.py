"""The recipe of subtypes keeps what its card promises, on data that it draws and on what it once measured."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from medai_core.catalog import find_models
from medai_core.precision.genomics import clustering, place
from medai_core.sources.expression import open_expression
from medai_core.training.subtypes import leaving_out

MODELS = find_models()
CARD = MODELS.card("breast_cancer_subtypes")
FOLDER = MODELS.folder / CARD.name


def test_the_recipe_runs_on_a_cohort_that_it_draws_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RESAMPLES": 6, "NULLS": 20, "REFERENCES": 2}.items():
        monkeypatch.setattr(clustering, name, value)
    monkeypatch.setattr(leaving_out, "FOLDS", 3)
    out = tmp_path / CARD.name
    monkeypatch.setattr(sys, "argv", ["train.py", "--smoke", "--out", str(out)])
    runpy.run_path(str(FOLDER / "train.py"), run_name="__main__")
    (made,) = find_models(tmp_path).cards
    assert made.measured is not None and made.measured.subtyped is not None
    assert made.measured.subtyped.k == 2
    assert "--smoke" in made.measured.provenance.command
    model = find_models(tmp_path).subtype_model(made)
    found = place(model, open_expression(out / "example.csv"))
    assert [p.subtype for p in found.placed][:2] == list(model.names)


def test_the_example_is_marked_and_placed_as_it_was() -> None:
    wanted = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    expression = open_expression(FOLDER / wanted["file"])
    assert all(sample.startswith("SYNTHETIC-") for sample in expression.samples)
    found = place(MODELS.subtype_model(CARD), expression)
    for p, line in zip(found.placed, wanted["samples"], strict=True):
        assert (p.sample, p.subtype, p.refusal is not None) == (line["sample"], line["subtype"], line["refused"])
        assert list(p.probability) == pytest.approx(line["probability"], abs=wanted["tolerance"])


def test_what_is_stored_are_aggregates_of_the_cohort_and_nothing_else() -> None:
    with np.load(FOLDER / "model.npz", allow_pickle=False) as stored:
        shapes = {name: stored[name].shape for name in stored.files}
    genes, k = len(MODELS.subtype_model(CARD).probes), len(CARD.findings)
    assert shapes.pop("centroids") == (k, genes)
    assert shapes.pop("loadings") == (genes, 20)
    names = ("probes", "symbols", "entrez", "mean", "spread", "within", "weights")
    assert {shapes.pop(name) for name in names} == {(genes,)}
    assert not shapes


def test_the_chosen_number_of_subtypes_is_stable_and_five_are_not() -> None:
    assert CARD.measured is not None and CARD.measured.subtyped is not None
    made = CARD.measured.subtyped
    known = {(e.method, e.k): e for e in made.evidence}
    assert known[made.method, made.k].stability >= 0.8
    assert known[made.method, made.k].p <= 0.05
    assert known[made.method, 5].stability < 0.8
    assert known[made.method, 2].log_rank_p < 1e-6
    stability = next(m for m in CARD.measured.performance if m.measure == "stability")
    assert stability.value >= 0.8
    assert made.halves.separated >= 0.9
    assert made.halves.p < 0.05


def test_a_placement_loses_little_without_genes_and_on_another_platform() -> None:
    assert CARD.measured is not None
    known = {(m.measure, m.data): m.value for m in CARD.measured.performance if not m.subgroup}
    settings = [data for name, data in known if name == "balanced_accuracy" and "cross-validation" in data]
    assert len(settings) == 7
    assert all(known["balanced_accuracy", data] >= 0.9 for data in settings)
    assert all(known["refused_share", data] <= 0.1 for data in settings)
    mixed = [m for m in CARD.measured.performance if m.subgroup == "mixed up genes"]
    assert len(mixed) == 4
    assert all(m.value >= 0.95 for m in mixed)


def test_ways_to_place_a_patient_were_compared_in_every_setting() -> None:
    assert CARD.measured is not None
    names = {a.name for a in CARD.measured.approaches}
    assert len(names) >= 4
    assert len(CARD.measured.approaches) == len(names) * len({a.measure for a in CARD.measured.approaches})
    assert len({a.name for a in CARD.measured.approaches if a.chosen}) == 1
