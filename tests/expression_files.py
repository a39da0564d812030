"""Matrices of expression that the tests draw, and the files that hold them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd

from medai_core.errors import ManifestError
from medai_core.sources.expression import Expression, read_expression

GENES = ("TP53", "BRCA1", "ESR1", "ERBB2", "MKI67", "GATA3", "KRT5", "AURKA")


def matrix(samples: int = 6, genes: Sequence[str] = GENES, *, seed: int = 0) -> pd.DataFrame:
    """Log-ratios between -2 and 2, as a microarray of two colours gives them, indexed by sample."""
    drawn = np.random.default_rng(seed).uniform(-2, 2, (samples, len(genes))).round(3) + 0.0001
    return pd.DataFrame(drawn, index=[f"S{i + 1}" for i in range(samples)], columns=list(genes))


def csv(table: pd.DataFrame, *, sep: str = ",", decimal: str = ".", heading: str = "sample") -> bytes:
    """The table as text, the names of its rows first."""
    return table.to_csv(sep=sep, decimal=decimal, index_label=heading).encode()


def parquet(table: pd.DataFrame, *, index: bool = True) -> bytes:
    """The table as Parquet."""
    stream = io.BytesIO()
    table.to_parquet(stream, index=index)
    return stream.getvalue()


def gct(table: pd.DataFrame) -> bytes:
    """The table, samples in rows, as GCT 1.2."""
    lines = ["#1.2", f"{table.shape[1]}\t{table.shape[0]}", "\t".join(["NAME", "Description", *table.index])]
    lines += ["\t".join([gene, '"a gene', *map(str, table[gene])]) for gene in table]
    return "\n".join([*lines, ""]).encode()


def same(found: Expression, table: pd.DataFrame) -> None:
    """Nothing where the matrix is the table."""
    assert found.samples == tuple(table.index)
    assert found.genes == tuple(table.columns)
    np.testing.assert_array_equal(found.values, table.to_numpy(dtype=np.float32))


def refusal(data: bytes, name: str = "x.csv", *, clinical: Sequence[str] = (), genes_in_rows: bool = False) -> str:
    """The id and the sentence that a file is refused with."""
    try:
        read_expression(data, name, clinical=clinical, genes_in_rows=genes_in_rows)
    except ManifestError as error:
        return f"{error.message.id}: {error}"
    raise AssertionError("it was read")


def notes(found: Expression) -> dict[str, str]:
    """The notes by their ids."""
    return {note.id: note.text for note in found.notes}
