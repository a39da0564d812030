"""How commands print what they found."""

from __future__ import annotations

import json
from collections.abc import Iterable

from medai_core.cards import Measure


def say_measures(found: Iterable[Measure], *, as_json: bool) -> None:
    """Print each measure with its interval and n: one JSON object, or a line each."""
    from medai_core.evaluation import rounded

    values = {
        m.measure: {"value": rounded(m.value), "low": rounded(m.low), "high": rounded(m.high), "n": m.n} for m in found
    }
    if as_json:
        print(json.dumps(values))
        return
    for name, v in values.items():
        print(f"{name:34} {v['value']}  ({v['low']} to {v['high']}), n = {v['n']}")
