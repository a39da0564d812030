"""From a point in a CT series to an outlined nodule, its size, and what the nodule model says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.errors import MedAIError
from medai_core.imaging.series import Series, Volume
from medai_core.imaging.series.cropping import nodule_crops
from medai_core.imaging.series.growing import REACH_MM, Grown, How
from ui import cached, results
from ui.cached import Scan
from ui.cached import series as cached_series
from ui.language import _
from ui.results import facts, problem
from ui.viewer.stack import Mark

UNIT = "nodule"


@dataclass(frozen=True, eq=False)
class Nodule:
    """What was outlined, with a name that changes when it does."""

    grown: Grown
    stamp: str


def ask_nodule(id: str, series: Series, volume: Volume, marks: Sequence[Mark]) -> Nodule | None:
    """Outline a nodule from the point that is marked; None where none is, or nothing can be outlined."""
    point = next((mark for mark in marks if mark.kind == "point"), None)
    if point is None or not volume.hounsfield:
        return None
    with st.container(border=True, key="nodule"):
        st.markdown(f"**{_('Nodule at the point')}**")
        try:
            seed = volume.voxel(point.plane, point.number, point.points[0][0] + 0.5, point.points[0][1] + 0.5)
            how = _ask_how(id)
            grown = cached_series.grown(id, volume, seed, how)
        except MedAIError as error:
            problem(error)
            return None
        _size(grown)
        _read(id, volume, grown)
    return Nodule(grown, f"{seed}:{how}")


def _ask_how(id: str) -> How:
    """How the reader corrects the outline."""
    threshold, reach, grown = st.columns(3)
    with threshold:
        by_itself = _("half-way to the lung")
        hu = st.select_slider(
            _("Least value (HU)"),
            [None, *range(-700, 101, 50)],
            format_func=lambda v: by_itself if v is None else f"{v}",
            key=f"least:{id}",
        )
    with reach:
        mm = st.slider(_("Reach (mm)"), 3, round(REACH_MM), round(REACH_MM), key=f"reach:{id}")
    with grown:
        by = st.slider(_("Larger or smaller by (mm)"), -3.0, 3.0, 0.0, 0.5, key=f"by:{id}")
    return How(None if hu is None else float(hu), float(mm), by)


def _size(grown: Grown) -> None:
    rows = {
        _("Volume"): f"{grown.volume_ml:.2f} mL",
        _("Longest diameter on a slice"): f"{grown.diameter_mm:.1f} mm",
        _("Slices"): f"{grown.slices[0] + 1} – {grown.slices[-1] + 1}",
        _("Least value"): f"{grown.threshold_hu:.0f} HU",
    }
    facts(rows)
    if grown.cut:
        st.caption(_("It touches a vessel or the chest wall and was cut from it: look at the outline on every slice."))


def _read(id: str, volume: Volume, grown: Grown) -> None:
    """What the model for outlined nodules says, where the reader asks for it."""
    card = next((c for c in cached.models().trained("classification") if c.input.unit == UNIT), None)
    if card is None or not st.toggle(_("Read this nodule"), key=f"read_nodule:{id}"):
        return
    try:
        crops = [Scan(f"slice {z + 1}", *_png(pixels)) for z, pixels in nodule_crops(volume, grown)]
        (reading,) = cached_series.read_outlined(crops, card.name)
    except MedAIError as error:
        problem(error)
        return
    results.result(reading, card)
    st.caption(
        _(
            "The model was measured on nodules that radiologists outlined, not on outlines made here; "
            "the grey values of its training images had to be estimated."
        )
    )
    results.limits(card, key=f"nodule_limits:{id}")


def _png(pixels: NDArray[np.uint8]) -> tuple[bytes, str]:
    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue(), hashlib.sha256(stream.getvalue()).hexdigest()
