"""The viewer of a series with what is marked in it: a fragment, so that turning a slice runs nothing else."""

from __future__ import annotations

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.measurements import Measurement, measure
from medai_core.imaging.series import Series, Volume
from medai_core.readings.series import SeriesReading
from ui import cached
from ui.cached import series as cached_series
from ui.language import _, finding_title
from ui.results import problem
from ui.series.facts import taken
from ui.series.nodules import Nodules, ask_nodules
from ui.series.single import ask_slice
from ui.taking import take_away
from ui.viewer.stack import TOOLS, Mark, Over, marks_of, plane_title, stack


def look(id: str, series: Series, read: SeriesReading | None) -> None:
    """The viewer, what was measured, and the nodule that was outlined from a point."""
    try:
        volume = cached_series.volume(id, series)
    except MedAIError as error:
        problem(error)
        return
    _look(id, series, volume, read)


@st.fragment
def _look(id: str, series: Series, volume: Volume, read: SeriesReading | None) -> None:
    place = st.container()
    marks = marks_of(id, volume)
    measured = {mark: _measured(mark, volume) for mark in marks}
    nodules = ask_nodules(id, series, volume, marks)
    labels = {mark: found.said if found else "" for mark, found in measured.items()}
    with place:
        stack(id, series, volume, over=_over(id, read, nodules), marked=labels)
    _table(series, measured)
    ask_slice(id, series, volume, measured)


def _over(id: str, read: SeriesReading | None, nodules: Nodules | None) -> Over:
    if nodules is not None:
        return Over(nodules.mask, nodules.stamp)
    if read is None:
        return Over()
    mask = cached_series.series_labels(id, read) if read.outlines else None
    values, said = _strip(read)
    return Over(mask, f"{read.model}:{read.seconds}", values, said)


def _strip(read: SeriesReading) -> tuple[list[float | None], str]:
    """One value a slice, 0 to 1, and what it is: the outlined area, or the probability of what is urgent."""
    if read.outlines:
        largest = max((answer.area_px or 0 for answer in read.answers), default=0) or 1
        values = [None if a.refusal else round((a.area_px or 0) / largest, 3) for a in read.answers]
        return values, _("Outlined area on each slice, as a share of the largest")
    card = cached.card_of(read.model)
    assert card is not None
    urgent = [k for k, finding in enumerate(card.findings) if finding.urgent] or [0]
    names = ", ".join(finding_title(card, card.findings[k].name) for k in urgent)
    values = [round(sum(a.probabilities[k] for k in urgent), 3) if a.probabilities else None for a in read.answers]
    return values, _("Probability on each slice: {findings}").format(findings=names)


def _measured(mark: Mark, volume: Volume) -> Measurement | None:
    """None for a point, which measures nothing."""
    if mark.kind == "point":
        return None
    pixels, known = volume.picture(mark.plane, mark.number), volume.known(mark.plane, mark.number)
    return measure(mark.kind, mark.points, pixels, volume.aspect(mark.plane), volume.unit, known)


def _table(series: Series, measured: dict[Mark, Measurement | None]) -> None:
    """The measurements one below the other, and as a file."""
    rows = [(mark, found) for mark, found in measured.items() if found is not None]
    if not rows:
        return
    st.subheader(_("Measurements"), anchor=False)
    st.table(
        {
            _("What"): [_(TOOLS[mark.kind]) for mark, _found in rows],
            _("Where"): [f"{plane_title(mark.plane)} {mark.number + 1}" for mark, _found in rows],
            _("Value"): [found.said for _mark, found in rows],
        },
        hide_index=True,
    )
    take_away(
        _("Measurements as JSON"),
        lambda: _json(series, rows),
        "measurements.json",
        "application/json",
        object=series.header.uids.series or "",
        icon=":material/straighten:",
        key="series:measurements",
    )


def _json(series: Series, rows: list[tuple[Mark, Measurement]]) -> bytes:
    """Pictures are counted from 1, points as they are seen in them."""
    found = [
        vars(found) | {"plane": mark.plane, "picture": mark.number + 1, "said": found.said} for mark, found in rows
    ]
    return taken(series, measurements=found)
