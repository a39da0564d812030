"""README keeps its word: its commands run and its numbers are those that were measured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from medai_core.cards import Measure
from medai_core.catalog import find_models

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOUND = find_models()
MODELS = replace(FOUND, cards=tuple(card for card in FOUND.cards if not card.own))
"""Those that came with the project: whoever runs the tests may have some of their own beside them."""
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
LINES = [line.strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [line for line in LINES if re.match(r"(\.venv/bin/)?python -m medai_core\b", line)]
ROWS = [
    [cell.strip().strip("`*") for cell in line.strip().strip("|").split("|")]
    for line in README.splitlines()
    if re.match(r"\|\s*`?(" + "|".join(card.name for card in MODELS.cards) + r")`?\s*\|", line)
]
NUMBER = r"(-?\d+\.\d{3})"


def test_the_two_commands_that_start_and_test_everything_come_first_and_are_in_the_makefile() -> None:
    assert "make run" in LINES[:4]
    assert "make test" in LINES[:4]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in LINES:
        if line.startswith("make "):
            assert line.split()[1] in targets, line


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which README's relative paths lead to the project's files, and what is written stays apart."""
    desk = tmp_path_factory.mktemp("desk")
    for name in ("models", "docs"):
        if (ROOT / name).is_dir():
            (desk / name).symlink_to(ROOT / name)
    return desk


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_that_is_shown_runs(line: str, desk: Path) -> None:
    words = shlex.split(line, comments=True)
    if "evaluate" in words:
        a_manifest(desk, *words[words.index("evaluate") + 1 :][:2])
    if ">" in words:
        words = words[: words.index(">")]
    stated = re.search(r"# .*\bexit (?:code )?(\d)", line)
    done = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == (int(stated[1]) if stated else 0), done.stderr
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


def a_manifest(desk: Path, model: str, path: str) -> None:
    """The reader's own manifest: here, the model's examples with the class in their names as label."""
    rows = ["file,label,group,split"]
    (desk / path).parent.mkdir(parents=True, exist_ok=True)
    for i, file in enumerate(sorted((MODELS.folder / model).glob("example*.png"))):
        label = next(f.name for f in MODELS.card(model).findings if f.name in file.name)
        shutil.copy(file, (desk / path).parent / f"{i}.png")
        rows.append(f"{i}.png,{label},{i},test")
    (desk / path).write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_readme_shows_how_to_list_to_read_and_to_evaluate() -> None:
    for command in ("models", "read", "evaluate"):
        assert any(f"medai_core {command}" in line for line in COMMANDS), command


def measure(model: str, name: str) -> Measure:
    """The measure that a row speaks of: "auc", or "auc, WHERE" with a data set, hour, subgroup or compared model."""
    card = MODELS.card(model)
    assert card.measured is not None
    name, _, where = name.partition(", ")
    name, where = name.strip("` "), where.strip("` ")
    found = [m for m in card.measured.performance if m.measure == name and about(m) == where]
    assert len(found) == 1, f"{model}: {name} ({where or 'test'}) stands {len(found)} times in the card"
    return found[0]


def about(m: Measure) -> str:
    """What sets a measure apart from that of everybody on the test split."""
    hour = f"hour {m.hour}" if m.hour else ""
    return ", ".join(filter(None, ["" if m.data == "test" else m.data, hour, m.subgroup, m.model]))


@pytest.mark.parametrize("cells", ROWS, ids=" ".join)
def test_every_number_in_the_models_table_is_the_cards(cells: list[str]) -> None:
    model, name, value, n, _target = cells
    shown = re.fullmatch(rf"{NUMBER} \({NUMBER} to {NUMBER}\)", value)
    assert shown, f"'{value}' is not of the form 0.123 (0.100 to 0.150)"
    m = measure(model, name)
    assert list(shown.groups()) == [f"{x:.3f}" for x in (m.value, m.low, m.high)]
    assert int(n.replace(",", "")) == m.n


def test_every_model_has_its_numbers_in_the_table() -> None:
    assert {cells[0] for cells in ROWS} == {card.name for card in MODELS.cards}
