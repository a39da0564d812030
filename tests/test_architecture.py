"""The house stays as it is drawn: who imports whom, how long things are, what is never committed."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = [
    ("errors",),
    ("cards",),
    ("metrics", "runtime", "sources"),
    ("imaging", "prognosis", "precision"),
    ("evaluation",),
    ("training",),
    ("catalog",),
    ("readings",),
    ("records",),
    ("screening",),
    ("commands",),
    ("__main__",),
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
SOURCES = sorted(
    p
    for folder in ("medai_core", "ui", "pages", "models", "benchmarks", "tests")
    for p in (ROOT / folder).rglob("*.py")
)


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module}
    return found


def files(folder: str) -> list[Path]:
    return [p for p in SOURCES if p.is_relative_to(ROOT / folder)]


def room(path: Path) -> str:
    return path.relative_to(ROOT / "medai_core").parts[0].removesuffix(".py")


def test_the_core_never_imports_streamlit_and_nothing_imports_pages() -> None:
    for path in files("medai_core"):
        assert not {m for m in imports(path) if m.split(".")[0] in {"streamlit", "ui", "pages", "app"}}, path
    for path in [*files("ui"), *files("models")]:
        assert not {m for m in imports(path) if m.split(".")[0] in {"pages", "app"}}, path


def test_pages_import_only_streamlit_ui_and_the_core() -> None:
    allowed = {"streamlit", "ui", "medai_core", "__future__"}
    for path in files("pages"):
        assert {m.split(".")[0] for m in imports(path)} <= allowed, path


def test_core_imports_point_one_way() -> None:
    for path in files("medai_core"):
        here = room(path)
        if here in ("training", "__init__"):
            continue
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "medai_core" and len(parts) > 1 and parts[1] != here:
                assert RANK[parts[1]] < RANK[here], f"{path} imports {module}"
                # It waits for TensorFlow, so only a command that trains imports it, when it is called.
                assert parts[1] != "training" or here == "commands", f"{path} imports {module}"


def test_training_stays_below_the_catalog_and_tensorflow_stays_in_training() -> None:
    heavy = {"keras", "tensorflow"}
    for path in files("medai_core"):
        found = imports(path)
        if room(path) == "training":
            above = {"catalog", "readings", "records", "screening", "commands", "__main__"}
            assert not {m for m in found if m.startswith("medai_core.") and m.split(".")[1] in above}, path
        else:
            assert not {m for m in found if m.split(".")[0] in heavy}, path
    for path in [*files("ui"), *files("pages")]:
        assert not {m for m in imports(path) if m.split(".")[0] in heavy}, path


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # A file of tests is a list of cases; it may be twice as long.
    limits = {"pages": 80, "tests": 600}
    assert text.count("\n") <= limits.get(path.relative_to(ROOT).parts[0], 300)
    if "migrations" in path.parts:
        return  # a step lists the columns of its tables, and is never changed again
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            words = ast.get_docstring(node) or ""
            assert length - words.count("\n") <= 40, f"{path}:{node.lineno} {node.name}"


def test_no_file_format_that_can_run_code_is_loaded() -> None:
    banned = re.compile(r"\b(pickle|joblib|cloudpickle)\.loads?\b|allow_pickle=True|load_model\([^)]*\.h5")
    for path in SOURCES:
        if path != Path(__file__):
            assert not banned.search(path.read_text(encoding="utf-8")), path


def test_the_project_speaks_of_nothing_outside_itself() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    outside = re.compile(r"\.\./" + r"shared|\." + r"library|/work" + r"/|py" + r"pi\.org|registry\.npm")
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".js", ".css", ".po", ".json", ""} and path.is_file():
            assert not outside.search(path.read_text(encoding="utf-8")), name
