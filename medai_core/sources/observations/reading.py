"""A file of observations, of whatever kind its content is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from medai_core.cards import PredictorSpec
from medai_core.sources.formats import is_json
from medai_core.sources.observations.bundles import in_fhir
from medai_core.sources.observations.hl7v2 import in_hl7, is_hl7
from medai_core.sources.observations.rows import Found, instant
from medai_core.sources.observations.settling import Observations, settle
from medai_core.sources.observations.statements import gathered
from medai_core.sources.observations.tabular import in_table
from medai_core.sources.tables import open_bytes, read_table

ROWS_MAX = 5_000_000
"""Rows of an uploaded table: an observation is a hundred times shorter than a patient."""
SLACK = timedelta(minutes=5)
"""How far a bedside clock may run ahead."""


def read_observations(
    data: bytes,
    name: str,
    predictors: Sequence[PredictorSpec],
    *,
    now: datetime | None = None,
    limited: bool = True,
    started: Mapping[str, datetime] | None = None,
) -> Observations:
    """The observations in a file called ``name``: a long or wide table, FHIR R4 or HL7 version 2.

    Parameters
    ----------
    predictors : what the card asks; whatever else a file says is counted and not read.
    now : times of day more than five minutes after it are not used; None takes all.
    limited : whether the limits of uploads apply.
    started : when stays began that are known already, as of a live feed, whose minutes go on counting from there.
        Any other stay begins at its stated admission, else at its first observation.

    Raises
    ------
    ManifestError : it is something else, empty, damaged, or larger than the limits; or it does not say when or
        whose its observations are.
    """
    latest = float("inf") if now is None else instant(now + SLACK)
    if is_hl7(data):
        found = gathered(in_hl7(data, predictors, limited=limited), predictors, started=started, latest=latest)
    elif is_json(data):
        found = gathered(in_fhir(data, predictors, limited=limited), predictors, started=started, latest=latest)
    else:
        found = _tabular(data, name, predictors, limited=limited)
    return settle(found, predictors, started=started, latest=latest)


def _tabular(data: bytes, name: str, predictors: Sequence[PredictorSpec], *, limited: bool) -> Found:
    return in_table(read_table(data, name, limited=limited, rows=ROWS_MAX), name, predictors)


def open_observations(
    path: Path,
    predictors: Sequence[PredictorSpec],
    *,
    now: datetime | None = None,
    started: Mapping[str, datetime] | None = None,
) -> Observations:
    """As ``read_observations``, from a file of one's own, whatever its size."""
    return read_observations(open_bytes(path), path.name, predictors, now=now, limited=False, started=started)
