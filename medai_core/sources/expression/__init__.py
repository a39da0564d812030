"""Gene-expression matrices from files (CSV, TSV, Parquet, GCT): samples by genes, and what is no expression beside."""

from medai_core.sources.expression.joining import with_clinical
from medai_core.sources.expression.matrix import GENES_MAX, SAMPLES_MAX, VALUES_MAX, Expression
from medai_core.sources.expression.reading import open_expression, read_expression

__all__ = [
    "GENES_MAX",
    "SAMPLES_MAX",
    "VALUES_MAX",
    "Expression",
    "open_expression",
    "read_expression",
    "with_clinical",
]
