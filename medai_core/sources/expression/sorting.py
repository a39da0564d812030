"""Which columns are clinical and not expression. In doubt one is a gene: a lost gene is worse than a kept number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ManifestError
from medai_core.sources.expression import naming
from medai_core.sources.expression.cells import Numbers
from medai_core.sources.expression.matrix import short
from medai_core.sources.expression.orientation import Sheet

_HEADS = (
    "age sex gender race ethnicity stage grade survival time event status os dfs rfs pfs dss css mfs dmfs efs ttp",
    "bcr treatment treated therapy chemo chemotherapy hormonal radiotherapy radiation surgery amputation batch",
    "center centre site hospital class label subtype histology histological histtype diagnosis outcome death dead",
    "deceased alive vital relapse relapsed recurrence metastasis metastases progression followup censored",
    "censoring response responder smoking smoker bmi height size weight menopause menopausal nodes node ecog",
    "karnofsky platform cohort barcode id patient eventdeath diam posnodes angioinv lymphinfil timerecurrence",
)
HEADS = frozenset(word for line in _HEADS for word in line.split())
"""Words that make a column's name clinical."""
_BESIDE = (
    "at of to the in for and or no number n years year yrs months month mo days day weeks hours y m d free",
    "overall disease specific distant tumor tumour cancer first last initial lymph positive pos pathologic",
    "pathological clinical group type code score index up follow date cm mm kg er pr pgr her2 estrogen",
    "progesterone hormone receptor",
)
BESIDE = frozenset(word for line in _BESIDE for word in line.split())
"""Words that stand beside those."""
SYMBOLS = frozenset({"EFS", "TTP", "BCR"})
"""Which of those words are genes or their aliases too."""
WHOLE_MOST = 50
SCALE_MOST = 50
LEAST_SAMPLES = 4
LEAST_COLUMNS = 20


def clinical_places(sheet: Sheet, named: Sequence[str]) -> list[int]:
    """The columns that are set aside, in order.

    Those that the user names; all text; called as clinical columns are; whole numbers among others that are not; and
    those of quite another size. The last two need four samples, and leave what is called as a gene is.

    Raises
    ------
    ManifestError : there is no column that the user names.
    """
    found = set(_given(sheet, named))
    found |= {place for place in sheet.wrong if sheet.is_text(place)}
    symbols = _in_capitals(sheet.names)
    found |= {p for p, name in enumerate(sheet.names) if is_clinical(name) and not (symbols and name in SYMBOLS)}
    if len(sheet.samples) >= LEAST_SAMPLES:
        found |= _unlike(sheet, found)
    return sorted(found)


def _given(sheet: Sheet, named: Sequence[str]) -> Iterable[int]:
    exact = {name: place for place, name in enumerate(sheet.names)}
    loose = {name.lower(): place for name, place in exact.items()}
    for name in named:
        place = exact.get(name.strip(), loose.get(name.strip().lower()))
        if place is None:
            raise ManifestError("expression.no_clinical", column=short(name))
        yield place


def is_clinical(name: str) -> bool:
    """Whether a column is called as clinical ones are: by nothing but words for them; or as one without a name is."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    parts = [word for word in re.split(r"[\s_.\-/()]+", words.lower()) if word]
    known = all(part in HEADS or part in BESIDE for part in parts) and any(part in HEADS for part in parts)
    return known or re.fullmatch(r"column \d+|unnamed: \d+", name, re.IGNORECASE) is not None


def _in_capitals(names: Sequence[str]) -> bool:
    """Whether most names are written as symbols of genes are."""
    return 2 * sum(re.fullmatch(r"[A-Z][A-Z0-9-]+", name) is not None for name in names) > len(names)


def _unlike(sheet: Sheet, known: set[int]) -> set[int]:
    """The columns whose numbers are unlike those of the others."""
    free = np.array([place for place in range(len(sheet.names)) if place not in known], dtype=np.int64)
    if len(free) < 2:
        return set()
    whole = _whole(sheet.values, free)
    if 2 * whole.sum() > len(free):
        return set()
    aside = free[whole]
    aside = aside[_varied(sheet.values, aside)]
    aside = aside if len(aside) <= WHOLE_MOST else aside[:0]
    free = np.setdiff1d(free, aside)
    aside = np.concatenate([aside, free[_far(sheet.values, free)]])
    return {int(place) for place in aside if not naming.are_genes([sheet.names[place]])}


def _whole(values: Numbers, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(places,) whether a column holds whole numbers only."""
    columns = (values[:, place] for place in places)
    return np.array([bool(np.all((column == np.round(column)) | np.isnan(column))) for column in columns])


def _varied(values: Numbers, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(places,) whether a column is no gene that is mostly silent: in logarithms of counts such are whole as well."""
    columns = (values[:, place] for place in places)
    return np.array([_is_varied(column[~np.isnan(column)]) for column in columns], dtype=bool)


def _is_varied(column: Numbers) -> bool:
    return len(np.unique(column)) > 1 and 5 * int(np.count_nonzero(column == 0)) <= 4 * len(column)


def _far(values: Numbers, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(places,) whether a column lies far off all others: its middle twice as far out as the ends of any of theirs.

    Only where expression is in logarithms: raw, a single gene can exceed all others by far.
    """
    far = np.zeros(len(places), dtype=bool)
    if len(places) < LEAST_COLUMNS:
        return far
    some = values[:, places[:: max(1, len(places) // 500)]]
    if not np.isfinite(some).any():
        return far
    middle = np.median(some[np.isfinite(some)])
    spread = [_spread(values[:, place] - middle) for place in places]
    centre, ends = np.array(spread).T
    order = np.argsort(centre)
    if np.quantile(ends, 0.9) > 30:
        return far
    reach = np.maximum.accumulate(ends[order])
    most = min(SCALE_MOST, len(places) // 3)
    beyond = [at for at in range(len(places) - most, len(places)) if centre[order[at]] > 2 * reach[at - 1]]
    if beyond:
        far[order[beyond[0] :]] = True
    return far


def _spread(column: Numbers) -> tuple[float, float]:
    """How far from 0 a column's values lie: half of them at most, and nineteen in twenty."""
    size = np.sort(np.abs(column[np.isfinite(column)]))
    return (float(size[len(size) // 2]), float(size[int(0.95 * (len(size) - 1))])) if len(size) else (0.0, 0.0)
