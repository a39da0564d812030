"""Every text that a reader sees can be translated, and is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from medai_core.errors import MESSAGES
from ui.language import LANGUAGES, LOCALE, catalogue

ROOT = Path(__file__).parent.parent
SHOWN = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py")), *sorted((ROOT / "ui").rglob("*.py"))]
SOURCES = [*SHOWN, *sorted((ROOT / "medai_core").rglob("*.py"))]
TRANSLATED = [language for language in LANGUAGES if language != "en"]

WIDGETS = {
    "title header subheader markdown caption text write info error warning success toast badge metric button checkbox",
    "selectbox segmented_control radio slider select_slider multiselect pills toggle text_input text_area number_input",
    "date_input file_uploader download_button link_button page_link expander popover tabs progress spinner status Page",
    "table dataframe plotly_chart image html set_page_config",
}
CALLS = {name for line in WIDGETS for name in line.split()}
SPOKEN = {"label", "body", "text", "value", "title", "help", "placeholder", "alt", "caption", "page_title"}
"""The arguments that reach the reader, beside the positional ones."""


def strings(path: Path) -> Iterator[str]:
    """The strings that a file marks for the translators."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_"):
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                yield argument.value


def unmarked(node: ast.AST) -> Iterator[str]:
    """The texts below ``node`` that no translator sees, without markup and without docstrings."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_"):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
        yield _bare("".join(map(str, parts)))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from unmarked(part.value)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _bare(node.value)
    for child in ast.iter_child_nodes(node):
        yield from unmarked(child)


def _bare(text: str) -> str:
    """``text`` without HTML tags, Markdown's colours and icons, and addresses."""
    text = re.sub(r"<[^>]*>?|https?:\S+|doi:|:material/[\w\0]+:|:(gray|blue|red|orange|green)\[", " ", text)
    return re.sub(r"SHA-256|MedAI|\0", " ", text)


def spoken(call: ast.Call) -> Iterator[ast.AST]:
    """The arguments of a widget that reach the reader."""
    yield from call.args[:1]
    yield from (keyword.value for keyword in call.keywords if keyword.arg in SPOKEN)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_widget_is_given_words_that_skip_the_translators(path: Path) -> None:
    skipped = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            if path.name == "app.py" and node.func.attr == "Page":
                node.args = []  # the page's file
            skipped += [
                text
                for argument in spoken(node)
                for text in unmarked(argument)
                if re.search(r"[A-Za-z]{2}", text) and not text.strip().startswith("pages/")
            ]
    assert not skipped


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_stands_outside_the_catalogue(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [text for text in unmarked(tree) if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text)]


def test_the_search_for_skipped_strings_finds_them() -> None:
    tree = ast.parse('st.title("Hello")\nst.html(f"<p class=x>{_(\'Well\')} and so on</p>")')
    found = [text.strip() for text in unmarked(tree) if text.strip()]
    assert found == ["Hello", "and so on"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated(language: str) -> None:
    said = {text for path in SOURCES for text in strings(path)} | set(MESSAGES.values())
    known = {m.id for m in _catalogue(language) if m.id and m.string and not m.fuzzy}
    assert sorted(said - known) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_outlives_its_string(language: str) -> None:
    said = {text for path in SOURCES for text in strings(path)} | set(MESSAGES.values())
    assert not {m.id for m in _catalogue(language) if m.id} - said


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_take_the_same_facts(language: str) -> None:
    wrong = [m.id for m in _catalogue(language) if m.id and m.string and _fields(m.id) != _fields(m.string)]
    assert not wrong


def _catalogue(language: str):  # type: ignore[no-untyped-def]
    with (LOCALE / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def _fields(template: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _text, name, spec, _conversion in Formatter().parse(template) if name is not None}


def test_a_catalogue_speaks_and_english_is_itself() -> None:
    assert catalogue("zh_CN").gettext("Models") == "模型"
    assert catalogue("en").gettext("Models") == "Models"
