"""How commands print what they found."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from medai_core.cards import Bounds, Card, Measure
from medai_core.errors import Message


def say_measures(found: Iterable[Measure], *, as_json: bool) -> None:
    """Print each measure with its interval and n: one JSON object, or a line each."""
    from medai_core.evaluation import rounded

    values = {
        "_".join(filter(None, (m.measure, f"hour_{m.hour}" if m.hour else "", m.subgroup))): {
            "value": rounded(m.value),
            "low": rounded(m.low),
            "high": rounded(m.high),
            "n": m.n,
        }
        for m in found
    }
    if as_json:
        print(json.dumps(values))
        return
    for name, v in values.items():
        print(f"{name:34} {v['value']}  ({v['low']} to {v['high']}), n = {v['n']}")


def said_reading(reading: Mapping[str, Any]) -> str:
    """A reading's answer in a line, from its JSON: what was outlined, or the findings with their probability."""
    outline = reading.get("outline")
    if not outline:
        findings = reading["findings"]
        return ", ".join(f"{f['name']} {f['probability']:.3f}{' *' if f['in_set'] else ''}" for f in findings)
    area = f"{outline['area_px']} pixels" if outline["area_mm2"] is None else f"{outline['area_mm2']} mm2"
    between = f"{outline['interval_of']} between {outline['low']:g} and {outline['high']:g}"
    return f"{outline['finding']} outlined: {outline['count']}, {area} ({between} at {outline['level']:.0%})"


def said_series(line: Mapping[str, Any]) -> str:
    """What one model says of a series in a line, from its JSON."""
    found = [
        f"highest {name} {at['probability']:.3f} at slice {at['slice'] + 1}" for name, at in line["highest"].items()
    ]
    if line["volume_ml"] is not None:
        found.append(f"{'at least ' if line['volume_is_at_least'] else ''}{line['volume_ml']:g} mL outlined")
    read = f"{line['slices']} slices, {line['slices_refused']} refused"
    return f"{line['file']}: {line['model']}: {'; '.join([read, *found])}  {' '.join(line['notices'])}".rstrip()


def say_comparison(card: Card, original: Card | None) -> None:
    """Print what a fine-tuned model gained or lost, beside what the original's card says of its own data.

    Parameters
    ----------
    original : the model at the beginning of the line; None where it is not here any more.
    """
    from medai_core.evaluation.gains import learnt_nothing, original_values, verdict

    assert card.measured is not None
    known = original_values(original)
    head = (f"{'measure':30}", "parent, own data", "new, own data", "difference", "", "original, by its card")
    print("  ".join(f"{cell:>26}" if i else cell for i, cell in enumerate(head)))
    for one in card.measured.comparison:
        cells = (*(_bounded(b) for b in (one.parent, one.child, one.difference)), verdict(one))
        before = known.get(one.measure)
        of_card = f"{before.value:.3f} ({before.low:.3f} to {before.high:.3f})" if before else "-"
        name = one.measure if one.data == "own" else f"{one.measure}, original"
        print("  ".join((f"{name:30}", *(f"{cell:>26}" for cell in (*cells, of_card)))))
    if learnt_nothing(card):
        print(Message("train.nothing_learnt").text)


def _bounded(bounds: Bounds) -> str:
    return f"{bounds.value:.3f} ({bounds.low:.3f} to {bounds.high:.3f})"


def progress_line() -> Callable[[float], None]:
    """A line that is written over, where somebody watches; else nothing."""
    if not sys.stderr.isatty():
        return lambda share: None

    def tell(share: float) -> None:
        print(f"\r{share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    return tell
