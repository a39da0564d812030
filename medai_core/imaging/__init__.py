"""Scans: read them, prepare them, check that a model applies, classify, segment, explain."""
