"""A card that is wrong says where; a card that is right says the same after it was written."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from medai_core.cards import KINDS, TASKS, Card, read_card
from medai_core.catalog import MODELS, find_models
from medai_core.errors import CardError
from tests import drawn

FOLDERS = sorted(path.parent for path in MODELS.glob("*/card.toml"))
FILM = MODELS / drawn.FILM / "card.toml"


def written(folder: Path, change: dict[str, Any] | None = None, without: str = "") -> Path:
    """The film model's card in a folder of its own, with fields by dotted name changed or left out."""
    table = tomllib.loads(FILM.read_text(encoding="utf-8"))
    for name, value in (change or {}).items():
        *path, last = name.split(".")
        place(table, path)[last] = value
    if without:
        *path, last = without.split(".")
        del place(table, path)[last]
    folder.mkdir(exist_ok=True)
    (folder / "card.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    return folder


def place(table: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for step in path:
        table = table[int(step)] if step.isdigit() else table[step]  # type: ignore[index]
    return table


def complaint(folder: Path) -> tuple[str, str]:
    with pytest.raises(CardError) as caught:
        _ = read_card(folder).measured
    return caught.value.message.id, str(caught.value.message.facts.get("field"))


def table_of(measured: object) -> dict[str, Any]:
    """What a recipe writes: the measured values without what is undefined."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if v is not None}
        return [plain(v) for v in value] if isinstance(value, list | tuple) else value

    return dict(plain(dataclasses.asdict(measured)))  # type: ignore[call-overload]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_every_card_of_the_house_can_be_read_and_knows_its_task_and_kind(folder: Path) -> None:
    card = read_card(folder)
    assert card.name == folder.name
    assert card.trained == (folder / "measured.toml").exists() == (card.measured is not None)
    assert card.task in TASKS
    assert set(card.input.kinds) <= set(KINDS)
    assert len({finding.name for finding in card.findings}) == len(card.findings)
    # A classifier tells several findings apart; a risk is of one event, and an outline of one thing.
    # What doses finds nothing.
    least, most = {"dosing": (0, 0), **dict.fromkeys(("risk", "segmentation", "monitoring", "survival"), (1, 1))}.get(
        card.task, (2, 99)
    )
    assert least <= len(card.findings) <= most


@pytest.mark.parametrize(
    "field",
    ["title", "intended_use", "not_for", "limits", "input", "input.size", "findings.0.name", "cohorts.0.licence"],
)
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    found = complaint(written(tmp_path / "model", without=field))
    assert found == ("card.missing", field.replace(".0", "[0]"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("titel", "A model"), ("input.sise", [1, 1]), ("population.age", [1, 5]), ("findings.1.colour", "red")],
)
def test_a_misspelt_field_is_named(tmp_path: Path, field: str, value: object) -> None:
    found = complaint(written(tmp_path / "model", {field: value}))
    assert found == ("card.unknown", field.replace(".1", "[1]"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 7),
        ("limits", "one limit"),
        ("input", "a picture"),
        ("input.size", [128, "128"]),
        ("input.channels", 1.5),
        ("input.channels", True),
        ("recommended", "yes"),
        ("population.age_years", [True, 5]),
        ("findings", {"name": "normal"}),
        ("findings.0.code", "SNOMED 1"),
        ("translations.zh_CN.findings.normal", 3),
        ("task", "divination"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(tmp_path: Path, field: str, value: object) -> None:
    id, found = complaint(written(tmp_path / "model", {field: value}))
    assert id == "card.wrong_type"
    assert found.replace("[0]", ".0").replace("[1]", ".1").startswith(field)


def test_a_whole_number_will_do_where_a_measure_is_wanted(tmp_path: Path) -> None:
    age = read_card(written(tmp_path / "model", {"population.age_years": [1, 5.5]})).population.age_years
    assert age == (1.0, 5.5)
    assert isinstance(age[0], float)


@pytest.mark.parametrize("content", [b"title = ", b"\xff\xfe\x00", b"title = 'a'\ntitle = 'b'\n"])
def test_a_card_that_is_no_text_is_unreadable_and_its_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.toml").write_bytes(content)
    with pytest.raises(CardError, match=str(tmp_path / "card.toml")) as caught:
        read_card(tmp_path)
    assert caught.value.message.id == "card.unreadable"


def test_a_folder_without_a_card_is_unreadable(tmp_path: Path) -> None:
    assert complaint(tmp_path)[0] == "card.unreadable"


def test_a_model_whose_recipe_has_not_run_has_no_measures(tmp_path: Path) -> None:
    assert read_card(written(tmp_path / "model")).measured is None


def test_what_was_measured_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder, measured = written(tmp_path / "model"), drawn.measured(("normal", "pneumonia"))
    (folder / "measured.toml").write_text(tomli_w.dumps(table_of(measured)), encoding="utf-8")
    assert read_card(folder).measured == measured


def test_sets_are_made_with_the_quantiles_of_the_classes_where_a_card_has_them(tmp_path: Path) -> None:
    folder, measured = written(tmp_path / "model"), drawn.measured(("normal", "pneumonia"))
    assert measured.sets().quantiles == measured.sets().quantile
    by_class = dataclasses.replace(measured, conformal=dataclasses.replace(measured.sets(), by_class=(0.5, 0.25)))
    (folder / "measured.toml").write_text(tomli_w.dumps(table_of(by_class)), encoding="utf-8")
    found = read_card(folder).measured
    assert found is not None
    assert found.sets().quantiles == (0.5, 0.25)


def test_a_recipe_writes_six_digits_and_leaves_out_what_is_undefined(tmp_path: Path) -> None:
    from medai_core.training.recipes import write_measured

    folder, drawn_once = written(tmp_path / "model"), drawn.measured(("normal", "pneumonia"))
    measure = dataclasses.replace(drawn_once.performance[0], value=0.123456789, ideal=0.02, high=float("nan"))
    write_measured(dataclasses.replace(drawn_once, performance=(measure,)), folder)
    found = read_card(folder).measured
    assert found is not None
    assert found.performance[0].value == 0.123457
    assert found.performance[0].ideal == 0.02
    assert found.performance[0].high != found.performance[0].high  # still undefined
    assert dataclasses.replace(found, performance=()) == dataclasses.replace(drawn_once, performance=())


def test_a_model_is_found_and_known_to_be_trained_without_reading_what_was_measured(tmp_path: Path) -> None:
    (written(tmp_path / "model") / "measured.toml").write_text("not looked into", encoding="utf-8")
    card = find_models(tmp_path).trained("classification")[0]
    with pytest.raises(CardError, match=str(tmp_path / "model" / "measured.toml")):
        _ = card.measured


def test_a_card_cannot_bring_its_own_measures(tmp_path: Path) -> None:
    measured = table_of(drawn.measured(("normal", "pneumonia")))
    assert complaint(written(tmp_path / "model", {"measured": measured})) == ("card.wrong_type", "measured")


def test_a_misspelt_measure_is_named_with_its_place(tmp_path: Path) -> None:
    folder, table = written(tmp_path / "model"), table_of(drawn.measured(("normal", "pneumonia")))
    table["performance"][1]["valeu"] = 0.9
    (folder / "measured.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    assert complaint(folder) == ("card.unknown", "measured.performance[1].valeu")


def test_a_card_and_what_was_measured_name_the_same_classes() -> None:
    for folder in FOLDERS:
        card = read_card(folder)
        names = {finding.name for finding in card.findings}
        assert all(set(words.findings) <= names for words in card.translations.values())
        if card.measured is not None:
            assert set(card.measured.thresholds) <= names
            assert len(card.measured.calibration.offsets) == (
                0 if card.dosing or card.synthesis else max(2, len(names))
            )


def test_a_card_is_a_value_and_cannot_be_changed_by_a_page() -> None:
    card: Card = drawn.CARDS[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.title = "Another"  # type: ignore[misc]
