"""How a risk moved lately, and whether an alarm stands, in words for a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medai_core.metrics import Floats
from ui.language import _

BACK = 6
"""Hours that a list looks back."""
EVEN = 0.0005


def change_words(risk: Floats) -> str:
    """How many percentage points the last of successive risks (k,) is above that of ``BACK`` hours before."""
    if len(risk) <= BACK or not np.isfinite(risk[[-1, -1 - BACK]]).all():
        return "–"
    step = float(risk[-1] - risk[-1 - BACK])
    arrow = "→" if abs(step) < EVEN else "↑" if step > 0 else "↓"
    return f"{arrow} {100 * step:+.1f}".replace("-", "−")


def alarm_words(risk: Floats, level: float, raised: Sequence[int], silent_hours: int, first: int = 1) -> str:
    """Since which hour the risk has been at the alarm's level, or when the last alarm was while it is still fresh.

    Parameters
    ----------
    risk : (k,), of successive hours, the first of which is hour ``first``.
    raised : the hours of the alarms so far.
    """
    if not len(risk):
        return ""
    with np.errstate(invalid="ignore"):
        above = risk >= level
    if above[-1]:
        below = np.flatnonzero(~above)
        return _("▲ since hour {hour}").format(hour=(int(below[-1]) + 1 if len(below) else 0) + first)
    if raised and first + len(risk) - 1 - raised[-1] < silent_hours:
        return _("△ at hour {hour}, below since").format(hour=raised[-1])
    return ""
