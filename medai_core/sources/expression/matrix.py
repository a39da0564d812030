"""A gene-expression matrix, and how large one may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.errors import Message

SAMPLES_MAX = 2_000
GENES_MAX = 65_000
VALUES_MAX = 40_000_000
"""Samples times genes."""
CLINICAL_MAX = 1_000
"""Columns beside the genes."""


@dataclass(frozen=True)
class Expression:
    """A matrix of expression, as measured.

    Attributes
    ----------
    values : (samples, genes) float32 in the file's own scale; nan is missing.
    samples, genes : their names, unique and without surrounding blanks.
    clinical : indexed by sample, what is no expression; may have no columns. Cells as read: a column of numbers
        is float64 (nan is missing), any other is text (None is missing).
    notes : what was set aside or assumed.
    sha256 : of the source bytes.
    """

    values: NDArray[np.float32]
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    clinical: pd.DataFrame
    notes: tuple[Message, ...] = ()
    sha256: str = ""


def shown(names: Iterable[str], most: int = 3) -> str:
    """The first names, short enough for a sentence."""
    listed = [short(name) for name in names]
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")


def short(name: str) -> str:
    """A name or a cell's text, short enough for a sentence."""
    return name if len(name) <= 40 else name[:39] + "…"
