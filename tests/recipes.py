"""A recipe's smoke run, in this process, which has TensorFlow already: importing it takes as long as fitting."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from medai_core.cards import Card
from medai_core.catalog import Catalog, find_models
from tests.servers import ROOT


def smoke_run(card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Catalog, Card]:
    """Run the recipe of a card on what it draws itself; the model that it makes, and the folder's catalog."""
    recipe = ROOT / "models" / card.name / "train.py"
    words = [str(recipe), "--smoke", "--out", str(tmp_path / card.name), "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(sys, "path", [str(recipe.parent), *sys.path])
    monkeypatch.delitem(sys.modules, "report", raising=False)  # each recipe may have one of its own
    runpy.run_path(str(recipe), run_name="__main__")
    monkeypatch.delitem(sys.modules, "report", raising=False)
    found = find_models(tmp_path)
    (made,) = [c for c in found.cards if c.name == card.name]
    assert made.measured is not None
    assert "--smoke" in made.measured.provenance.command
    return found, made
