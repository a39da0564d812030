"""A model of one's own answers once somebody who may has switched to it, and no other weights do under its name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import tomli
import tomli_w

from medai_core.__main__ import main
from medai_core.cards import read_card
from medai_core.cards.own import FILE, read_switches
from medai_core.catalog import Catalog, find_models, sha256, state
from medai_core.errors import AccessError, CardError, ModelError
from medai_core.records.access import LOCAL
from medai_core.records.store import Store
from medai_core.records.switching import switch, switch_back
from tests import drawn
from tests.core.test_catalog import dropped, plain
from tests.records import CLINICIAN, entered

FILM = drawn.FILM


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The film model, one that was fine-tuned from it, one from that, and one from elsewhere."""
    folder = tmp_path / "models"
    dropped(folder, FILM)
    for name, parent in (("first_own", FILM), ("second_own", "first_own")):
        made = dropped(folder, name, weights=name.encode())
        table = tomli.loads((made / "card.toml").read_text(encoding="utf-8"))
        table["parent"] = {"model": parent, "version": "1", "sha256": "ab", "original": FILM}
        (made / "card.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    made = dropped(folder, "elsewhere", weights=b"elsewhere")
    table = tomli.loads((made / "card.toml").read_text(encoding="utf-8")) | {"added": True}
    (made / "card.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    return folder


def answering(folder: Path) -> list[str]:
    return [card.name for card in find_models(folder).trained("classification")]


def refusal(store: Store, models: Catalog, name: str) -> str:
    with pytest.raises(ModelError) as caught:
        switch(store, LOCAL, models, name)
    return caught.value.message.id


def test_a_model_of_ones_own_answers_nowhere_by_itself(folder: Path) -> None:
    assert answering(folder) == [FILM]
    assert {card.name for card in find_models(folder).cards} == {FILM, "first_own", "second_own", "elsewhere"}


def test_a_fine_tuned_model_takes_the_place_of_its_original_and_gives_it_back(folder: Path, store: Store) -> None:
    models = find_models(folder)
    assert switch(store, LOCAL, models, "first_own").id == "switch.instead"
    assert answering(folder) == ["first_own"]
    assert models.replacement(models.card(FILM)) == models.card("first_own")
    assert switch_back(store, LOCAL, models, "first_own").id == "switch.back"
    assert answering(folder) == [FILM]
    assert models.replacement(models.card(FILM)) is None


def test_a_catalog_that_is_open_follows_the_switch(folder: Path, store: Store) -> None:
    """A listener holds one for weeks."""
    models, before = find_models(folder), state(folder)
    switch(store, LOCAL, models, "first_own")
    assert [card.name for card in models.trained("classification")] == ["first_own"]
    assert state(folder)[-1] != before[-1]
    switch_back(store, LOCAL, models, FILM)
    assert [card.name for card in models.trained("classification")] == [FILM]


def test_one_model_stands_in_a_place_the_newest(folder: Path, store: Store) -> None:
    models = find_models(folder)
    switch(store, LOCAL, models, "first_own")
    switch(store, LOCAL, models, "second_own")
    assert answering(folder) == ["second_own"]
    assert len(read_switches(folder).in_use) == 1
    switch_back(store, LOCAL, models, FILM)
    assert answering(folder) == [FILM]


def test_a_model_from_elsewhere_answers_beside_the_others(folder: Path, store: Store) -> None:
    models = find_models(folder)
    assert switch(store, LOCAL, models, "elsewhere").id == "switch.made"
    assert answering(folder) == [FILM, "elsewhere"] or answering(folder) == ["chest_radiograph_pneumonia", "elsewhere"]
    assert switch_back(store, LOCAL, models, "elsewhere").id == "switch.off"
    assert answering(folder) == [FILM]


def test_other_weights_under_the_name_that_was_switched_to_do_not_answer(folder: Path, store: Store) -> None:
    switch(store, LOCAL, find_models(folder), "first_own")
    weights = folder / "first_own/model.tflite"
    weights.write_bytes(b"put there later")
    measured = read_card(folder / "first_own").measured
    assert measured is not None
    table = dataclasses.asdict(dataclasses.replace(measured, sha256={"model.tflite": sha256(weights)}))
    (folder / "first_own/measured.toml").write_text(tomli_w.dumps(plain(table)), encoding="utf-8")
    assert answering(folder) == [FILM], "the original answers again"


def test_a_model_that_is_taken_away_gives_its_place_back(folder: Path, store: Store) -> None:
    switch(store, LOCAL, find_models(folder), "first_own")
    (folder / "first_own").rename(folder.parent / "taken_away")
    assert answering(folder) == [FILM]


def test_nobody_switches_to_what_came_with_medai_was_not_measured_or_was_altered(folder: Path, store: Store) -> None:
    models = find_models(folder)
    assert refusal(store, models, FILM) == "switch.shipped"
    assert refusal(store, models, "crystal_ball") == "model.unknown"
    (folder / "first_own/model.tflite").write_bytes(b"altered")
    assert refusal(store, models, "first_own") == "switch.weights"
    (folder / "second_own/measured.toml").unlink()
    assert refusal(store, find_models(folder), "second_own") == "switch.not_compared"
    with pytest.raises(ModelError, match="not in use"):
        switch_back(store, LOCAL, models, "first_own")
    assert not (folder / FILE).exists()


def test_only_an_administrator_switches_and_the_refusal_is_entered(folder: Path, store: Store) -> None:
    models = find_models(folder)
    for change in (switch, switch_back):
        with pytest.raises(AccessError):
            change(store, CLINICIAN, models, "first_own")
    assert answering(folder) == [FILM]
    assert [entry.action for entry in entered(store)] == ["refused", "refused"]


def test_every_switch_is_entered_with_the_weights(folder: Path, store: Store) -> None:
    models = find_models(folder)
    switch(store, LOCAL, models, "first_own")
    switch_back(store, LOCAL, models, "first_own")
    found = [(entry.action, entry.object, entry.detail) for entry in entered(store)]
    assert [f[:2] for f in found] == [("model.switch", "first_own")] * 2
    assert sha256(folder / "first_own/model.tflite") in found[0][2]
    assert '"in_use":true' in found[0][2]
    assert '"in_use":false' in found[1][2]


def test_a_marker_that_cannot_be_read_stops_everything_instead_of_guessing(folder: Path) -> None:
    models = find_models(folder)
    for text in ("in_use = 3", "[[in_use]]\nmodel = 'first_own'", "not toml ="):
        (folder / FILE).write_text(text, encoding="utf-8")
        with pytest.raises(CardError, match="in_use"):
            models.trained("classification")


def test_the_command_line_shows_the_comparison_before_it_switches(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"--models={folder}", "switch", "first_own"]) == 1
    said = capsys.readouterr().out
    assert "auc" in said
    assert "Nothing was changed" in said
    assert answering(folder) == [FILM]
    assert main([f"--models={folder}", "switch", "first_own", "--seen"]) == 0
    assert f"'first_own' answers now in the place of '{FILM}'" in capsys.readouterr().out
    assert answering(folder) == ["first_own"]
    assert main([f"--models={folder}", "switch", "first_own", "--back"]) == 0
    assert answering(folder) == [FILM]
