"""The colour map of evidence: one for the viewer and the exports, legible to colour-blind readers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
"""Ten steps of cividis (Nunez, PLoS ONE 2018, 10.1371/journal.pone.0199239), least to most."""


def evidence_ceiling(evidence: NDArray[np.float32]) -> float:
    """The evidence that the map's end stands for, one for all findings so that they can be compared."""
    return max(float(evidence.max(initial=0.0)), 1e-9)


def evidence_shares(evidence: NDArray[np.float32], ceiling: float) -> NDArray[np.uint8]:
    """Evidence for a finding, 0 to 255 of the ceiling; what speaks against it is 0."""
    return np.rint(255 * np.clip(evidence / ceiling, 0, 1)).astype(np.uint8)


def colour(shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, 3) RGB of shares 0 to 255."""
    steps = np.array([[int(step[i : i + 2], 16) for i in (1, 3, 5)] for step in CIVIDIS], float)
    at = np.arange(256) / 255 * (len(steps) - 1)
    table = np.stack([np.interp(at, np.arange(len(steps)), steps[:, c]) for c in range(3)], axis=-1)
    return np.rint(table).astype(np.uint8)[shares]


LINES = ("#3b8fc9", "#c98a1b", "#2a9d78", "#b5679a", "#7f7fd0", "#c0632b")
"""Colours of lines for colour-blind eyes too, 3:1 against either theme; their marks differ as well."""
