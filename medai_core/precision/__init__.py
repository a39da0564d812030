"""Precision medicine: subtypes from gene expression, survival from genome and history, doses of a drug."""
