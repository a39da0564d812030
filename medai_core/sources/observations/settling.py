"""One value for a stay, a time and a predictor: what is said twice, contradicted, withdrawn or of the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec
from medai_core.sources.observations.judging import own_unit
from medai_core.sources.observations.rows import (
    AT_START,
    PER_MINUTE,
    Cells,
    Found,
    Reason,
    Rows,
    moment_of,
    starts,
)

SHOWN = 80
"""The signs of a cell that is not used which are kept."""


@dataclass(frozen=True, eq=False)
class Observations:
    """Time-stamped observations of hospital stays, in a card's words and units.

    Attributes
    ----------
    table : ``stay``, ``minute`` since the stay's start (negative before it), ``parameter`` (a predictor's name) and
        ``value`` in the card's unit, or the place of the category; sorted by stay, then minute, else as in the file.
    stays : every stay that the file names, in order of first appearance, those without any usable observation too.
    started : when each stay began (UTC), only where the file states times of day; ``minute`` counts from there.
    left_out : ``stay``, ``minute``, ``parameter``, ``value`` as it stood and ``reason``, a message id: what was not
        used, in the order of the file. A unit other than the card's stands behind its value, as does a
        time that cannot be read.
    unknown : names and codes of parameters that the card does not know, with the number of their rows.
    """

    table: pd.DataFrame
    stays: tuple[str, ...]
    started: Mapping[str, datetime]
    left_out: pd.DataFrame
    unknown: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class _Joined:
    """All cells of a file in its order; ``source`` and ``position`` say which of which ``Cells`` each is."""

    row: NDArray[np.int64]
    predictor: NDArray[np.int64]
    value: NDArray[np.float64]
    reason: NDArray[np.int8]
    source: NDArray[np.int64]
    position: NDArray[np.int64]


def settle(
    found: Found, predictors: Sequence[PredictorSpec], *, started: Mapping[str, datetime] | None, latest: float
) -> Observations:
    """The observations of a file.

    Parameters
    ----------
    started : when stays began that are known already; the file's own times say it of the others.
    latest : microseconds since 1970 after which a time of day lies in the future.
    """
    rows, joined = found.rows, _joined(found.cells)
    start = starts(rows, started, latest) if rows.clock else np.zeros(len(rows.stays))
    minute = _minutes(rows, start)
    reason = _row_reasons(rows, joined, latest)
    stay, at = rows.stay[joined.row], minute[joined.row]
    reason = _withdrawn(reason, stay, at, joined)
    good = np.flatnonzero(reason == Reason.GOOD)
    if not _is_sorted(stay[good], at[good]):
        good = good[np.lexsort((at[good], stay[good]))]
    lost, contradicted = _replaced(good, stay, at, joined, rows.corrected)
    reason[contradicted] = Reason.CONTRADICTED
    kept = good[~lost]
    names = np.array([p.name for p in predictors], dtype=object)
    table = _named(stay[kept], at[kept], joined.predictor[kept], rows.stays, names).assign(value=joined.value[kept])
    out = np.flatnonzero((reason != Reason.GOOD) & (reason != Reason.MISSING))
    left_out = _named(stay[out], at[out], joined.predictor[out], rows.stays, names).assign(
        value=_texts(out, reason, joined, found, predictors),
        reason=pd.Series([Reason(r).id for r in reason[out]], dtype="str"),
    )
    clocked = zip(rows.stays, start.tolist(), strict=True) if rows.clock else ()
    begun = {name: moment_of(at) for name, at in clocked if not np.isnan(at)}
    return Observations(table, rows.stays, begun, left_out, dict(found.unknown))


def _joined(cells: Sequence[Cells]) -> _Joined:
    lengths = [len(c.row) for c in cells]
    source = np.repeat(np.arange(len(cells), dtype=np.int64), lengths)
    row = np.concatenate([np.empty(0, dtype=np.int64), *(c.row for c in cells)])
    whole = _Joined(
        row,
        np.repeat(np.array([c.predictor for c in cells], dtype=np.int64), lengths),
        np.concatenate([np.empty(0), *(c.value for c in cells)]),
        np.concatenate([np.empty(0, dtype=np.int8), *(c.reason for c in cells)]),
        source,
        np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(n, dtype=np.int64) for n in lengths)]),
    )
    order = np.argsort(row * max(len(cells), 1) + source, kind="stable")
    return _Joined(*(values[order] for values in vars(whole).values()))


def _minutes(rows: Rows, start: NDArray[np.float64]) -> NDArray[np.float64]:
    if not rows.clock:
        return rows.at
    begun = np.append(start, np.nan)[rows.stay]
    return np.where(rows.at == AT_START, 0.0, (rows.at - begun) / PER_MINUTE)


def _row_reasons(rows: Rows, joined: _Joined, latest: float) -> NDArray[np.int8]:
    """Why each cell is not used, from itself or else from the row that it stands in."""
    of_row = np.full(len(rows.stay), Reason.GOOD, dtype=np.int8)
    if rows.clock:
        of_row[rows.at > latest] = Reason.FUTURE
    of_row[np.isnan(rows.at)] = Reason.TIME
    of_row[rows.stay < 0] = Reason.STAY
    reason = np.where(joined.reason == Reason.GOOD, of_row[joined.row], joined.reason)
    if rows.reason is not None:
        stated = rows.reason[joined.row]
        reason = np.where(stated == Reason.GOOD, reason, stated)
    return reason.astype(np.int8)


def _withdrawn(
    reason: NDArray[np.int8], stay: NDArray[np.int64], at: NDArray[np.float64], joined: _Joined
) -> NDArray[np.int8]:
    """``reason`` with what was said before it was withdrawn, at the same stay, time and predictor."""
    gone = np.flatnonzero(reason == Reason.WITHDRAWN)
    if not len(gone):
        return reason
    keys = pd.DataFrame({"stay": stay, "at": at, "predictor": joined.predictor, "last": np.arange(len(stay))})
    last = keys.iloc[gone].groupby(["stay", "at", "predictor"], sort=False)["last"].max().reset_index()
    until = keys.drop(columns="last").merge(last, how="left")["last"].fillna(-1).to_numpy()
    before = (np.arange(len(stay)) < until) & (reason == Reason.GOOD)
    return np.where(before, Reason.WITHDRAWN, reason).astype(np.int8)


def _is_sorted(stay: NDArray[np.int64], at: NDArray[np.float64]) -> bool:
    later, same = np.diff(stay) > 0, np.diff(stay) == 0
    return bool((later | (same & (np.diff(at) >= 0))).all())


def _replaced(
    good: NDArray[np.int64],
    stay: NDArray[np.int64],
    at: NDArray[np.float64],
    joined: _Joined,
    corrected: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of ``good``, in order of stay and time, another one replaces, and those of them that say otherwise.

    The last of a stay, time and predictor stands, a corrected one wherever it is.
    """
    if not len(good):
        return np.zeros(0, dtype=bool), good
    new = (np.diff(stay[good]) != 0) | (np.diff(at[good]) != 0)
    key = np.append(0, np.cumsum(new)) * (joined.predictor.max() + 1) + joined.predictor[good]
    order = np.arange(len(good))
    if corrected is not None:
        order = np.argsort(corrected[joined.row[good]], kind="stable")
    lost = np.zeros(len(good), dtype=bool)
    lost[order] = pd.Series(key[order]).duplicated(keep="last").to_numpy()
    if not lost.any():
        return lost, good[:0]
    stands = pd.Series(joined.value[good[~lost]], index=key[~lost])
    differs = stands.loc[key[lost]].to_numpy() != joined.value[good[lost]]
    return lost, good[lost][differs]


def _named(
    stay: NDArray[np.int64],
    minute: NDArray[np.float64],
    predictor: NDArray[np.int64],
    stays: tuple[str, ...],
    names: NDArray[np.object_],
) -> pd.DataFrame:
    # As categories first: each name becomes text once.
    stay_names = pd.Categorical.from_codes(stay % (len(stays) + 1), categories=[*stays, ""])
    parameters = pd.Categorical.from_codes(predictor, categories=list(names))
    return pd.DataFrame(
        {
            "stay": pd.Series(stay_names).astype("str"),
            "minute": minute,
            "parameter": pd.Series(parameters).astype("str"),
        }
    )


def _texts(
    out: NDArray[np.int64],
    reason: NDArray[np.int8],
    joined: _Joined,
    found: Found,
    predictors: Sequence[PredictorSpec],
) -> pd.Series:
    """What is not used, as it stood: with its unit where that is not the card's, and a time that cannot be read."""
    texts = np.full(len(out), "", dtype=object)
    for source, cells in enumerate(found.cells):
        here = np.flatnonzero(joined.source[out] == source)
        if not len(here):
            continue
        at, p = joined.position[out[here]], predictors[cells.predictor]
        texts[here] = [_text(cell) for cell in cells.given.iloc[at].astype(object)]
        if cells.unit is not None and p.kind == "number":
            units = [str(u).strip() for u in cells.unit.iloc[at].astype(object).fillna("")]
            said = zip(texts[here], units, reason[out[here]], strict=True)
            texts[here] = [_with_unit(text, unit, p, why) for text, unit, why in said]
    undated = np.flatnonzero(reason[out] == Reason.TIME)
    times = found.rows.written.iloc[joined.row[out[undated]]].astype(object)
    texts[undated] = [f"{text} ({_text(when) or '-'})" for text, when in zip(texts[undated], times, strict=True)]
    return pd.Series(texts, dtype="str").str.slice(0, SHOWN)


def _with_unit(text: str, unit: str, p: PredictorSpec, reason: int) -> str:
    if unit and not own_unit(unit, p):
        return f"{text} {unit}"
    return f"{text} (no unit)" if reason == Reason.UNIT else text


def _text(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    return str(cell).strip()[:SHOWN].removesuffix(".0")
