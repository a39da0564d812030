"""Patients from a file of any kind that is known, as one table: CSV, TSV, Parquet or a FHIR R4 Bundle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.sources.fhir import PATIENT, read_bundle
from medai_core.sources.formats import is_json
from medai_core.sources.tables import open_bytes, open_table, read_table

__all__ = ["PATIENT", "open_patients", "read_patients"]


def read_patients(
    data: bytes, name: str, predictors: Sequence[PredictorSpec], *, now: date | None = None
) -> pd.DataFrame:
    """The table in an uploaded file called ``name``, for ``in_card_words``: one row a patient.

    Parameters
    ----------
    predictors : what a Bundle is searched for; a table comes with all its columns.
    now : the day on which people of a Bundle that states no time have their age.

    Raises
    ------
    ManifestError : it is neither, larger than the limits, or damaged.
    """
    if is_json(data):
        return read_bundle(data, predictors, now=now)
    return read_table(data, name)


def open_patients(path: Path, predictors: Sequence[PredictorSpec], *, now: date | None = None) -> pd.DataFrame:
    """As ``read_patients``, from a file of one's own, whatever its size."""
    data = open_bytes(path)
    if is_json(data):
        return read_bundle(data, predictors, now=now, limited=False)
    return open_table(path)
