"""A model of survival on a drawn cohort: no one's data."""

from __future__ import annotations

import io
import sys
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from medai_core.catalog import Catalog, find_models
from medai_core.precision.survival import Patients, SurvivalModel, read_patients
from medai_core.training import survival as recipe

NAME = "breast_cancer_survival"
SHIPPED = Path(__file__).parent.parent / "models" / NAME


@cache
def drawn_models() -> Catalog:
    """The recipe's smoke run, once a process."""
    folder = Path(tempfile.mkdtemp())
    words = ["train.py", "--smoke", "--out", str(folder / NAME)]
    # Whichever test comes first, what the recipe says is not what the test asks for.
    with patch.object(sys, "argv", words), redirect_stdout(io.StringIO()):
        recipe.main(SHIPPED)
    return find_models(folder)


def drawn_model() -> SurvivalModel:
    """That model."""
    models = drawn_models()
    return models.survival_model(models.card(NAME))


def drawn_table(n: int = 6) -> pd.DataFrame:
    """Some of the drawn people: sample, clinical columns, outcome and probes."""
    folder = drawn_models().folder / NAME
    table = pd.read_parquet(folder / "nki_breast_expression/patients.parquet").head(n)
    table.insert(0, "sample", [f"P{i}" for i in range(len(table))])
    return table


CLINICAL = (
    "age",
    "diameter",
    "nodes",
    "grade",
    "vessel_invasion",
    "lymphocytes",
    "chemotherapy",
    "hormonal_therapy",
    "surgery",
)


def asked(table: pd.DataFrame, clinical: pd.DataFrame | None = None) -> Patients:
    """The patients of tables, as from uploaded files."""
    beside = None if clinical is None else (clinical.to_csv(index=False).encode(), "clinical.csv")
    return read_patients(drawn_model(), (table.to_csv(index=False).encode(), "table.csv"), beside)


def genes_of(table: pd.DataFrame) -> list[str]:
    return [c for c in table.columns if c.startswith("PROBE_")]


def noise(n: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, columns))
