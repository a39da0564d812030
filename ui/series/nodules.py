"""From a point in a CT series to an outlined nodule, its size, and what the nodule model says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.errors import MedAIError
from medai_core.imaging.masks import series_nifti
from medai_core.imaging.series import Series, Volume
from medai_core.imaging.series.cropping import nodule_crops
from medai_core.imaging.series.growing import REACH_MM, Grown, How, numbered
from ui import cached, results, words
from ui.cached import Scan
from ui.cached import series as cached_series
from ui.language import _
from ui.results import facts, problem
from ui.series.facts import taken
from ui.taking import take_away
from ui.viewer.stack import Mark

UNIT = "nodule"


@dataclass(frozen=True, eq=False)
class Nodules:
    """What was outlined: all masks in one (z, y, x) by number, with a name that changes when one of them does."""

    mask: NDArray[np.uint16]
    stamp: str


def ask_nodules(id: str, series: Series, volume: Volume, marks: Sequence[Mark]) -> Nodules | None:
    """Outline a nodule from each point that is marked; None where none is, or nothing can be outlined."""
    points = [mark for mark in marks if mark.kind == "point"]
    if not points:
        return None
    if not volume.hounsfield:
        st.caption(_("A point outlines a nodule only on CT whose values are Hounsfield units."))
        return None
    with st.container(border=True, key="nodule"):
        found = [_ask(id, volume, number, point) for number, point in enumerate(points, start=1)]
        outlined = [nodule for nodule in found if nodule is not None]
        if len(points) > 1:
            _table(found)
        if outlined:
            _downloads(series, outlined)
    if not outlined:
        return None
    stamp = ";".join(f"{grown.seed}:{grown.threshold_hu}:{grown.part.sum()}" for grown, _answer in outlined)
    return Nodules(cached_series.together(id, stamp, [grown for grown, _answer in outlined]), stamp)


def _ask(id: str, volume: Volume, number: int, point: Mark) -> tuple[Grown, str] | None:
    """One nodule with what the model said of it, if it was asked; None where nothing can be outlined."""
    with st.expander(_("Nodule at point {n}").format(n=number), expanded=True):
        try:
            seed = volume.nearest(point.plane, point.number, *point.points[0])
            key = f"{id}:{seed}"
            how = _ask_how(key)
            grown = cached_series.grown(id, volume, seed, how)
        except MedAIError as error:
            problem(error)
            return None
        _size(grown)
        return grown, _read(key, volume, grown)


def _downloads(series: Series, outlined: Sequence[tuple[Grown, str]]) -> None:
    """The nodules as numbers, and as a mask that has the number of each."""
    object = series.header.uids.series or ""
    with st.container(horizontal=True, gap="small"):
        take_away(
            _("Nodules as JSON"),
            lambda: _json(series, outlined),
            "nodules.json",
            "application/json",
            object=object,
            icon=":material/data_object:",
            key="nodules:json",
        )
        take_away(
            _("Nodules as NIfTI"),
            lambda: series_nifti(numbered([grown for grown, _answer in outlined]), series),
            "nodules.nii.gz",
            "application/gzip",
            object=object,
            icon=":material/layers:",
            key="nodules:mask",
        )


def _json(series: Series, outlined: Sequence[tuple[Grown, str]]) -> bytes:
    nodules = [
        {
            "nodule": number,
            "seed": list(grown.seed),
            "slices": list(grown.slices),
            "volume_ml": round(grown.volume_ml, 3),
            "longest_diameter_mm": round(grown.diameter_mm, 1),
            "threshold_hu": round(grown.threshold_hu, 1),
            "cut_from_what_it_touches": grown.cut,
            "incomplete": grown.incomplete,
            "model_answer": answer or None,
        }
        for number, (grown, answer) in enumerate(outlined, start=1)
    ]
    return taken(series, nodules=nodules)


def _table(found: Sequence[tuple[Grown, str] | None]) -> None:
    """All nodules of the patient."""
    rows = [(number, *_sizes(one[0]), one[1]) for number, one in enumerate(found, start=1) if one]
    titles = (_("Nodule"), _("Volume"), _("Longest diameter on a slice"), _("Slices"), _("Model"))
    st.table(pd.DataFrame(rows, columns=titles), hide_index=True)


def _sizes(grown: Grown) -> tuple[str, str, str]:
    """The volume, the longest diameter on a slice, and the slices from 1."""
    slices = f"{grown.slices[0] + 1} – {grown.slices[-1] + 1}"
    return f"{grown.volume_ml:.2f} mL", f"{grown.diameter_mm:.1f} mm", slices


def _ask_how(key: str) -> How:
    """How the reader corrects the outline."""
    threshold, reach, grown = st.columns(3)
    with threshold:
        by_itself = _("half-way to the lung")
        hu = st.select_slider(
            _("Least value (HU)"),
            [None, *range(-700, 101, 50)],
            format_func=lambda v: by_itself if v is None else f"{v}",
            key=f"least:{key}",
        )
    with reach:
        mm = st.slider(_("Reach (mm)"), 3, round(REACH_MM), round(REACH_MM), key=f"reach:{key}")
    with grown:
        by = st.slider(_("Larger or smaller by (mm)"), -3.0, 3.0, 0.0, 0.5, key=f"by:{key}")
    return How(None if hu is None else float(hu), float(mm), by)


def _size(grown: Grown) -> None:
    volume, diameter, slices = _sizes(grown)
    rows = {
        _("Volume"): volume,
        _("Longest diameter on a slice"): diameter,
        _("Slices"): slices,
        _("Least value"): f"{grown.threshold_hu:.0f} HU",
    }
    facts(rows)
    if grown.incomplete:
        st.caption(_("It touches the edge of the series or a missing slice: what lies there is not counted."))
    if grown.cut:
        st.caption(_("It touches a vessel or the chest wall and was cut from it: look at the outline on every slice."))


def _read(key: str, volume: Volume, grown: Grown) -> str:
    """What the model for outlined nodules says, where the reader asks for it."""
    card = next((c for c in cached.models().trained("classification") if c.input.unit == UNIT), None)
    if card is None or not st.toggle(_("Read this nodule"), key=f"read_nodule:{key}"):
        return ""
    try:
        crops = [Scan(f"slice {z + 1}", *_png(pixels)) for z, pixels in nodule_crops(volume, grown)]
        (reading,) = cached_series.read_outlined(crops, card.name)
    except MedAIError as error:
        problem(error)
        return ""
    results.result(reading, card)
    st.caption(
        _(
            "The model was measured on nodules that radiologists outlined, not on outlines made here; "
            "the grey values of its training images had to be estimated."
        )
    )
    results.limits(card, key=f"nodule_limits:{key}")
    return words.answer_or_refusal(reading, card)


def _png(pixels: NDArray[np.uint8]) -> tuple[bytes, str]:
    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue(), hashlib.sha256(stream.getvalue()).hexdigest()
