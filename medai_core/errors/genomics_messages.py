"""The sentences about gene expression, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

GENOMICS_MESSAGES: dict[str, str] = {
    # What keeps a matrix from being read
    "expression.gzip": N_("The packed file is damaged or cut short. Copy or pack it again."),
    "expression.inflated": N_("The file unpacks to more than {limit_mb} MB. Keep fewer samples or genes."),
    "expression.no_rows": N_("The file has a heading and no rows below it. Give a row for each sample."),
    "expression.long_heading": N_(
        "The first line is longer than {limit_mb} MB, which no heading is. Give each gene a column with a short name."
    ),
    "expression.no_heading": N_(
        "The first line holds measured values ({cells}) where the names of genes are needed. Add a heading."
    ),
    "expression.gct_line": N_(
        "The second line of the GCT file does not say how many genes and samples it has. Export it again."
    ),
    "expression.gct_counts": N_(
        "The GCT file says that it has {genes} genes and {samples} samples, and {found_genes} and {found_samples} were "
        "found. It may be cut short: export or copy it again."
    ),
    "expression.none": N_("No column holds expression. Give a column of numbers for each gene."),
    "expression.too_few_genes": N_("A single column holds expression and at least 2 genes are needed. Add the others."),
    "expression.too_many_columns": N_(
        "The file has {columns} columns and at most {limit} are read. Keep fewer genes, such as the most variable."
    ),
    "expression.too_many_genes": N_(
        "There are {genes} genes and at most {limit} are read. Keep fewer, such as the most variable."
    ),
    "expression.too_many_samples": N_(
        "There are {samples} samples in rows and at most {limit} are read. Keep fewer; or if rows are genes, say so."
    ),
    "expression.too_many_values": N_("Samples times genes are more than {limit}, the most that is read. Keep fewer."),
    "expression.text_cell": N_(
        "In sample {sample}, the column {gene} holds the text '{cell}' where a number is needed. Correct or empty the "
        "cell; or if the column is no gene, name it as clinical."
    ),
    "expression.text_cells": N_(
        "In sample {sample}, the column {gene} holds the text '{cell}' where a number is needed, as do {others} more "
        "cells. Correct or empty them; or if the column is no gene, name it as clinical."
    ),
    "expression.two_decimals": N_(
        "Some numbers are written with a decimal comma and those of the column {column} with a point. Use one of them."
    ),
    "expression.genes_twice": N_(
        "{count} names of genes stand more than once, such as {names}. Keep one of each, or average them."
    ),
    "expression.samples_twice": N_(
        "{count} names of samples stand more than once, such as {names}. Give each sample a name of its own."
    ),
    "expression.unnamed_sample": N_("Row {row} has no sample name. Give each sample a name of its own."),
    "expression.unnamed_gene": N_("Row {row} has no gene name. Name the gene, or remove the row."),
    "expression.samples_missing": N_("{count} samples have no value at all: {names}. Remove them."),
    "expression.samples_equal": N_(
        "{count} samples have the same value for every gene, such as 0, so nothing was measured: {names}. Remove them."
    ),
    "expression.infinite": N_(
        "The value of {gene} in sample {sample} is infinite, as the logarithm of 0 is. Replace it, or leave it empty."
    ),
    "expression.transposed": N_(
        "The matrix lies the other way round: its rows are genes ({names}) and its columns samples ({columns}). Say "
        "that genes are in rows, or transpose it."
    ),
    "expression.transposed_heading": N_(
        "The matrix lies the other way round: the heading '{heading}' says that its rows are genes. Say that genes are "
        "in rows, or transpose it."
    ),
    "expression.transposed_calls": N_(
        "The matrix lies the other way round: {columns} columns hold detection calls, which stand beside samples. Say "
        "that genes are in rows, or leave the calls out and transpose it."
    ),
    "expression.not_turned": N_(
        "The columns are genes ({names}), not samples. Do not say that genes are in rows, or transpose the matrix."
    ),
    "expression.no_gene_names": N_("No column names the genes. Put their names into the first column."),
    "expression.no_clinical": N_("There is no column '{column}'. Check the name of the clinical column."),
    # What was set aside or assumed
    "expression.numbered": N_("No column names the {samples} samples. They are numbered in the order of their rows."),
    "expression.set_aside": N_("{count} columns are clinical and not expression: {columns}."),
    "expression.gene_columns": N_("Columns that describe genes were left out: {columns}."),
    "expression.calls": N_("{columns} columns of detection calls were left out."),
    "expression.decimal_comma": N_("Commas were read as decimal signs."),
    # A clinical table beside a matrix
    "expression.join_numbered": N_(
        "The samples of the matrix have no names, so that no clinical table can be joined. Add a column 'sample'."
    ),
    "expression.nothing_common": N_(
        "No column of the clinical table holds a sample of the matrix ({samples}). Give both the same names."
    ),
    "expression.rows_twice": N_(
        "{count} samples have several rows in the clinical table, such as {names}. Keep one row for each."
    ),
    "expression.replaced": N_("Columns of the matrix were replaced by those of the clinical table: {columns}."),
    "expression.without_row": N_("{count} of {samples} samples have no row in the clinical table."),
    "expression.unused_rows": N_("{count} rows of the clinical table belong to no sample and were left out."),
}
"""Every sentence about gene expression."""
