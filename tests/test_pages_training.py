"""What an administrator sees of models of one's own: a training started, watched and stopped, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.cards import Bounds, Card, Comparison
from medai_core.cards.own import Parent
from medai_core.catalog import find_models
from medai_core.commands import runs
from medai_core.records.files import taken
from medai_core.records.store import Store, default_store
from tests import drawn, own_models
from tests.records import CLINICIAN, actions
from tests.test_pages import html, opened, shown
from ui import cached, signin

PAGE = "pages/system/training.py"
OWN = "film_own"


def compared(measure: str, *values: float, data: str = "own") -> Comparison:
    parent, child, low, high = values
    bounds = Bounds(parent, parent - 0.1, parent + 0.1), Bounds(child, child - 0.1, child + 0.1)
    return Comparison(measure, data, 60, 20, *bounds, Bounds(child - parent, low, high))


def fine_tuned(*comparison: Comparison) -> Card:
    film = drawn.Catalog().card(drawn.FILM)
    assert film.measured is not None
    measured = replace(film.measured, comparison=comparison)
    return replace(film, name=OWN, parent=Parent(drawn.FILM, "1.0.0", "cd" * 32, drawn.FILM), measured=measured)


GAINED = fine_tuned(compared("auc", 0.7, 0.9, 0.1, 0.3), compared("brier", 0.1, 0.15, 0.01, 0.09))


@dataclass(frozen=True)
class Catalog(drawn.Catalog):
    """The drawn models and one that was fine-tuned, which answers or does not."""

    cards: tuple[Card, ...] = (*drawn.CARDS, GAINED)
    used: bool = False

    def answers(self, card: Card) -> bool:
        return self.used == (card.name == OWN) or card.name == drawn.BRAIN

    def replacement(self, card: Card) -> Card | None:
        return self.card(OWN) if self.used and card.name == drawn.FILM else None


@pytest.fixture(autouse=True)
def core(monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(cached, "find_models", Catalog)


@pytest.fixture
def store(record: Path) -> Iterator[Store]:
    found = default_store()
    yield found
    found.close()


def reached(store: Store, *lines: dict[str, Any]) -> None:
    """What a run has written down so far."""
    folder = store.folder / runs.FOLDER
    folder.mkdir(exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / runs.PROGRESS).write_text(text + '{"stage": "half a li', encoding="utf-8")


BEFORE = {"stage": "before", "validation_loss": 0.71, "balanced_accuracy": 0.5, "most": 6}
EPOCHS = [
    {"stage": stage, "epoch": n, "epochs": 3, "loss": 0.9 / n, "validation_loss": 0.8 / n, "balanced_accuracy": 0.6}
    for stage in ("head", "all")
    for n in (1, 2)
]


def test_what_was_gained_and_lost_stands_side_by_side_with_the_original_card() -> None:
    at = opened(PAGE)
    table = at.dataframe[-1].value
    assert list(table["Measure"]) == ["AUC", "Brier score"]
    assert table["Parent, your data"][0] == "0.700 (0.600 to 0.800)"
    assert table["New, your data"][0] == "0.900 (0.800 to 1.000)"
    assert list(table["Difference"]) == ["+0.200 (0.100 to 0.300) better", "+0.050 (0.010 to 0.090) worse"]
    assert list(table["Original, by its card"]) == ["0.981 (0.961 to 0.991)", "–"]
    assert list(table["New, original data"]) == ["not measured"] * 2
    assert "was not measured on the data that the original was tested on" in at.warning[0].value
    assert "cd" * 32 in html(at)


def test_measures_on_the_original_images_stand_there_where_they_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    both = fine_tuned(compared("auc", 0.7, 0.9, 0.1, 0.3), compared("auc", 0.98, 0.9, -0.1, -0.02, data="original"))
    monkeypatch.setattr(cached, "find_models", lambda: Catalog((*drawn.CARDS, both)))
    at = opened(PAGE)
    table = at.dataframe[-1].value
    assert list(table["New, original data"]) == ["0.900 (0.800 to 1.000)"]
    assert list(table["Difference there"]) == ["-0.080 (-0.100 to -0.020) worse"]
    assert not at.warning


def test_nobody_switches_before_saying_that_the_comparison_was_seen() -> None:
    at = opened(PAGE)
    button = next(b for b in at.button if b.label == "Use this model instead")
    assert button.disabled
    at.checkbox(key=f"seen:{OWN}").check().run()
    assert not next(b for b in at.button if b.label == "Use this model instead").disabled


def test_a_model_in_use_can_be_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "find_models", lambda: Catalog(used=True))
    at = opened(PAGE)
    assert "is in use" in at.success[0].value
    assert [b.label for b in at.button if b.key == f"back:{OWN}"] == ["Do not use this model any more"]


def test_the_models_page_says_which_models_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("pages/system/models.py", model=OWN)
    assert list(at.table[0].value["In use"]) == ["yes", "yes", "not in use"]
    assert "not in use" in at.info[0].value
    assert at.dataframe[0].value["Difference"][0].endswith("better")
    monkeypatch.setattr(cached, "find_models", lambda: Catalog(used=True))
    st.cache_resource.clear()
    at = opened("pages/system/models.py", model=OWN)
    assert list(at.table[0].value["In use"]) == ["yes", f"replaced by {OWN}", "in use"]


def test_without_a_model_of_ones_own_the_models_page_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "find_models", drawn.Catalog)
    assert "In use" not in opened("pages/system/models.py").table[0].value
    assert "None yet" in shown(opened(PAGE))


def test_a_clinician_does_not_see_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "person", lambda: CLINICIAN)
    at = AppTest.from_file(str(Path(__file__).parent.parent / PAGE), default_timeout=30).run()
    assert "'administrator' or more is needed" in at.error[0].value
    assert not at.dataframe


# A training that runs


def test_a_training_that_runs_is_shown_with_its_curve_and_can_be_stopped(store: Store) -> None:
    reached(store, {"stage": "begun", "pid": 1}, {"stage": "reading", "done": 9, "of": 9}, BEFORE, *EPOCHS)
    with taken(store.folder / runs.FOLDER / runs.LOCK):
        at = opened(PAGE)
        assert "Fitting all layers: epoch 4 of at most 6" in str(at.get("progress")[0].proto)
        chart = at.get("plotly_chart")[0]
        assert "the least on validation is 0.400, in epoch 2 of 4" in str(chart.proto)
        assert [b.label for b in at.button if b.key == "training_stop"] == ["Stop"]
        assert next(b for b in at.button if b.label == "Start").disabled, "only one training runs at a time"
        assert list(at.dataframe[0].value["Loss, validation"]) == [0.8, 0.4, 0.8, 0.4]


def test_a_training_whose_process_is_gone_is_not_called_running(store: Store) -> None:
    reached(store, {"stage": "begun", "pid": 1}, BEFORE, EPOCHS[0])
    run = runs.newest(store)
    assert run is not None
    assert (run.running, run.stage) == (False, "broken")
    at = opened(PAGE)
    assert "broke off" in at.error[0].value
    assert at.text_input(key="training_name")


def test_a_refusal_is_said_in_the_readers_language(store: Store) -> None:
    row = {"id": "manifest.row", "facts": {"row": 7, "found": "<b>x</b>.png"}}
    message = {"id": "manifest.rows_file", "facts": {"count": 1, "rows": [row]}}
    reached(store, {"stage": "begun", "pid": 1}, {"stage": "failed", "message": message})
    at = opened(PAGE, lang="zh_CN")
    assert "第 7 行" in at.error[0].value
    assert "<b>" not in at.error[0].value


def test_a_stopped_and_a_finished_training_say_so(store: Store) -> None:
    stopped = {"stage": "stopped", "message": {"id": "train.stopped", "facts": {}}}
    reached(store, {"stage": "begun", "pid": 1}, stopped)
    assert "Nothing of it is left" in opened(PAGE).info[0].value
    reached(store, {"stage": "begun", "pid": 1}, BEFORE, *EPOCHS, {"stage": "done", "name": OWN})
    assert "is there and not in use" in opened(PAGE).success[0].value


def filled(name: str, manifest: str) -> AppTest:
    at = opened(PAGE)
    at.selectbox(key="training_model").set_value("malaria_cell")
    at.text_input(key="training_name").set_value(name)
    at.text_input(key="training_manifest").set_value(manifest)
    next(b for b in at.button if b.label == "Start").click()
    return at.run()


@pytest.mark.parametrize(
    ("name", "manifest", "said"),
    [
        ("../up", "", "is no name for a model"),
        ("malaria\\_cell", "", "is no name for a model"),
        ("malaria_cell", "", "already"),
        ("cells_of_ours", "nowhere.csv", "There is no file"),
        ("cells_of_ours", "--help", "There is no file"),
        ("cells_of_ours", "/dev/zero", "There is no file"),
    ],
)
def test_what_cannot_be_started_is_said_at_the_form(
    monkeypatch: pytest.MonkeyPatch, store: Store, name: str, manifest: str, said: str
) -> None:
    monkeypatch.setattr(cached, "find_models", find_models)
    at = filled(name, manifest)
    assert said in at.error[0].value
    assert not (store.folder / runs.FOLDER / runs.PROGRESS).exists()
    assert "model.train" not in actions(store)


def test_a_training_is_started_as_a_process_of_its_own_and_its_refusal_comes_back(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    monkeypatch.setattr(cached, "find_models", find_models)
    path = own_models.manifest(tmp_path / "own", [[f"{i}.png", "uninfected", "p"] for i in range(12)])
    at = filled("cells_of_ours", str(path))
    assert not at.exception, at.exception
    for _attempt in range(300):
        run = runs.newest(store)
        if run is not None and not run.running:
            break
        time.sleep(0.1)
    at = opened(PAGE)
    assert "12 rows name a file that is not there" in at.error[0].value
    assert "row 2\\: 0.png" in at.error[0].value
    assert "and 2 more" in at.error[0].value
    assert actions(store).count("model.train") == 1
    assert not (find_models().folder / "cells_of_ours").exists()
