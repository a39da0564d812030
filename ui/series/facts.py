"""What a series is, in words: whose, how many slices, how large, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from medai_core.imaging.series import Arranged, Series
from ui import words
from ui.dress import research_notice
from ui.language import _, say, speaking
from ui.results import header_cells, plain


def title(series: Series, number: int) -> str:
    """A series in a line of a list."""
    header, slices = series.header, _("{n} slices").format(n=len(series.slots))
    parts = [f"{number + 1}", words.patient_title(header.patient), header.modality or "", slices, size(series)]
    return " · ".join(part for part in parts if part)


def size(series: Series) -> str:
    """How many pixels of which size."""
    header = series.header
    pixels = f"{header.columns} × {header.rows}"
    if series.spacing_mm is None:
        return pixels
    z, y, x = series.spacing_mm
    return f"{pixels} · {x:.2f} × {y:.2f} × {z:.2f} mm"


def header(series: Series) -> None:
    """Whose series and from when: stands over everything."""
    image = series.header
    shown = [
        (_("Patient"), words.patient_title(image.patient), words.patient_facts(image.patient)),
        (_("Scan time"), words.scan_time(image), image.modality or ""),
        (_("Series"), _("{n} slices").format(n=len(series.slots)), size(series)),
        (_("First file"), series.parts[0].file.name, _range(series)),
    ]
    header_cells(shown)


def _range(series: Series) -> str:
    if series.step_mm is None:
        return _("distance of the slices not known")
    return _("{mm} mm from first to last").format(mm=f"{series.step_mm * (len(series.slots) - 1):.1f}")


def taken(series: Series, **what: Any) -> bytes:
    """``what`` as JSON with whose series it is of, for taking away."""
    header = series.header
    with speaking("en"):
        made = {
            "research_use": research_notice(),
            "series": header.uids.series,
            "patient": {"id": header.patient.id, "name": header.patient.name},
        }
    return json.dumps(made | what, ensure_ascii=False, indent=2).encode()


def left_out(found: Arranged) -> None:
    """Files that are of no series, with the reason of each."""
    if not found.left_out:
        return
    with st.expander(_("Files left out: {n}").format(n=len(found.left_out)), icon=":material/report:"):
        st.markdown("\n".join(f"- {plain(left.file)}: {plain(say(left.reason))}" for left in found.left_out[:50]))
