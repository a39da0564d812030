"""Observations that were read one by one, from FHIR and HL7, brought into rows; age and sex of whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.fhir.codes import AGE, SEX, known_codes
from medai_core.sources.fhir.values import age_at
from medai_core.sources.observations.judging import judge
from medai_core.sources.observations.rows import AT_START, Cells, Found, Reason, Rows, moment_of, places, starts

NAN = float("nan")
GENDERS = {"f": "female", "m": "male", "o": "other", "u": "unknown"}
"""The letters of HL7 version 2 for what FHIR writes out."""


@dataclass(frozen=True)
class Statement:
    """One thing that is said of a stay: the predictor ``name`` at ``at``, in microseconds since 1970."""

    stay: str
    at: float
    written: str
    name: str
    value: str
    unit: str
    reason: Reason = Reason.GOOD
    corrected: bool = False


@dataclass
class Stay:
    """What is said of a stay as a whole, as far as it is known yet."""

    admitted: float = NAN
    born: str = ""
    sex: str = ""


@dataclass
class Said:
    """What a file has said so far: its stays in order of appearance, what is said of them, and unknown codes."""

    stays: dict[str, Stay] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    def stay(self, name: str) -> Stay:
        """The stay called ``name``; a new one where it is named for the first time."""
        return self.stays.setdefault(name, Stay()) if name else Stay()

    def count_unknown(self, name: str) -> None:
        """Count one more observation of what the card does not know."""
        self.unknown[name[:80]] = self.unknown.get(name[:80], 0) + 1


def gathered(
    said: Said,
    predictors: Sequence[PredictorSpec],
    *,
    started: Mapping[str, datetime] | None,
    latest: float,
) -> Found:
    """What a file said, in rows; a number needs a unit there, and age is that at the start of the stay.

    Raises
    ------
    ManifestError : it said nothing at all.
    """
    if not (said.stays or said.statements or said.unknown):
        raise ManifestError("observation.nothing")
    begun = starts(_rows(said, said.statements), started, latest)
    statements = [*_people(said, begun, predictors), *said.statements]
    return Found(_rows(said, statements), tuple(_cells(statements, predictors)), said.unknown)


def _rows(said: Said, statements: list[Statement]) -> Rows:
    place = places(said.stays)
    return Rows(
        tuple(said.stays),
        np.array([place.get(s.stay, -1) for s in statements], dtype=np.int64),
        np.array([s.at for s in statements], dtype=np.float64),
        True,
        pd.Series([s.written for s in statements], dtype="str"),
        {name: stay.admitted for name, stay in said.stays.items()},
        np.array([s.reason for s in statements], dtype=np.int8),
        np.array([s.corrected for s in statements], dtype=bool),
    )


def _people(said: Said, begun: np.ndarray, predictors: Sequence[PredictorSpec]) -> list[Statement]:
    """Age and sex of those whose stays they are, where the card asks them."""
    known, found = known_codes(predictors), []
    for (name, stay), start in zip(said.stays.items(), begun.tolist(), strict=True):
        age = None if np.isnan(start) else age_at(stay.born, moment_of(start).date())
        sex = GENDERS.get(stay.sex.lower(), stay.sex.lower())
        if age is not None:
            found += [Statement(name, AT_START, "", p.name, f"{age}", "a") for p in known.get(AGE, ())]
        if sex:
            found += [Statement(name, AT_START, "", p.name, sex, "") for p in known.get(SEX, ())]
    return found


def _cells(statements: list[Statement], predictors: Sequence[PredictorSpec]) -> list[Cells]:
    at: dict[str, list[int]] = {}
    for row, s in enumerate(statements):
        at.setdefault(s.name, []).append(row)
    cells = []
    for place, p in enumerate(predictors):
        if rows := at.get(p.name):
            given = pd.Series([statements[row].value for row in rows], dtype="str")
            unit = pd.Series([statements[row].unit for row in rows], dtype="str")
            cells.append(judge(given, np.array(rows, dtype=np.int64), p, place, unit, bare=False))
    return cells
