"""Expression behind Streamlit's caches: a file of it, the subtypes found in it, and patients placed in known ones.

Everything is found by the sha256 of the file with what was asked of it, and is kept for its own session only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from medai_core.cards import Card
from medai_core.precision.genomics import (
    Grouping,
    Heatmap,
    Placements,
    SubtypeModel,
    find_subtypes,
    heatmap,
    place,
    regrouped,
)
from medai_core.sources.expression import Expression, read_expression, with_clinical
from medai_core.sources.tables import read_table
from ui.cached import models
from ui.cached.uploads import Upload, named
from ui.language import _

REGROUPED, HEATMAPS = 6, 6
"""Groupings by another number of groups, and heatmaps, that are kept of a file."""
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Asked:
    """A file of expression, and how it is to be read.

    Attributes
    ----------
    clinical : columns that are no expression, beside those that are recognised.
    table : clinical columns from another file.
    """

    file: Upload
    genes_in_rows: bool = False
    clinical: tuple[str, ...] = ()
    table: Upload | None = None


@dataclass(frozen=True, eq=False)
class Read:
    """Expression as it was read; ``id`` tells it from every other file and every other way to read it."""

    id: str
    upload: Upload
    expression: Expression


def read(asked: Asked) -> Read:
    """The expression in a file.

    Raises
    ------
    MedAIError : it cannot be read as expression, or the clinical table does not belong to it.
    """
    table = asked.table.sha256 if asked.table else ""
    id = named(asked.file.sha256, asked.file.name, str(asked.genes_in_rows), table, *asked.clinical)
    with st.spinner(_("Reading the expression…"), show_time=True):
        return _read(id, asked)


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _read(id: str, _asked: Asked) -> Read:
    file = _asked.file
    found = read_expression(file.data, file.name, clinical=_asked.clinical, genes_in_rows=_asked.genes_in_rows)
    if _asked.table is not None:
        found = with_clinical(found, read_table(_asked.table.data, _asked.table.name))
    return Read(id, file, found)


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _found(id: str) -> dict[str, Grouping]:
    """What the evidence speaks for, by method.

    A cached function could show neither a bar nor a button to stop: Streamlit would show them again at each hit.
    """
    return {}


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _regrouped(id: str) -> dict[tuple[str, int], Grouping]:
    """The newest ones by another number of groups, by method and number."""
    return {}


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _heatmaps(id: str) -> dict[tuple[str, int], Heatmap]:
    """As ``_regrouped``."""
    return {}


def found(read: Read, method: str) -> Grouping | None:
    """The grouping that the evidence speaks for; None where it was not gathered yet."""
    return _found(read.id).get(method)


def find(read: Read, method: str, tell: Tell) -> None:
    """Gather the evidence, which takes a while; ``tell`` is called with the share that is done and may raise to stop.

    Raises
    ------
    MedAIError : the matrix cannot be grouped.
    """
    _found(read.id)[method] = find_subtypes(read.expression, method=method, tell=tell)


def in_groups(read: Read, grouping: Grouping, k: int) -> Grouping:
    """The same samples in ``k`` groups; as they are where 0, or where they are so many already."""
    if k in (0, grouping.k):
        return grouping
    asked = (grouping.method, k)
    found: Grouping = _remembered(_regrouped(read.id), asked, lambda: regrouped(grouping, k), REGROUPED)
    return found


def drawn(read: Read, grouping: Grouping) -> Heatmap:
    """The ordered heatmap of a grouping."""
    asked = (grouping.method, grouping.k)
    found: Heatmap = _remembered(_heatmaps(read.id), asked, lambda: heatmap(grouping), HEATMAPS)
    return found


def _remembered(kept: dict[Any, Any], asked: object, make: Callable[[], Any], most: int) -> Any:
    """What is kept under ``asked``, made where it is not yet; the oldest are forgotten."""
    if asked not in kept:
        kept[asked] = make()
        while len(kept) > most:
            del kept[next(iter(kept))]
    return kept[asked]


def placed(read: Read, card: Card) -> Placements:
    """Where a model's subtypes the samples belong.

    Raises
    ------
    MedAIError : the file shares too few genes with the model, or the model is absent or altered.
    """
    model = models().subtype_model(card)
    assert card.measured is not None
    return _placed(named(read.id, card.name, card.version, *sorted(card.measured.sha256.values())), model, read)


@st.cache_resource(scope="session", max_entries=6, show_spinner=False)
def _placed(id: str, _model: SubtypeModel, _read: Read) -> Placements:
    return place(_model, _read.expression)
