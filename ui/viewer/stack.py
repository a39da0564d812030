"""The series viewer: one picture of a volume at a time, in three planes, with marks that are measured."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.errors import N_
from medai_core.imaging.images import windowed
from medai_core.imaging.measurements import MEASURED
from medai_core.imaging.segmentation import edge_marks
from medai_core.imaging.series import PLANES, Series, Volume
from ui.language import _
from ui.viewer import CT_WINDOWS, packed, source

LARGEST = 190_000
"""Bytes of a picture that are sent at most; with all else a slice then moves less than 200 kB."""
LONGEST = 1024
"""Pixels a side that are sent at most."""
QUALITIES = (95, 90, 80, 60, 30)

SIDES = {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}
"""DICOM's letters for what is at the left, the right, the top and the bottom of a picture."""

TOOLS = {
    "move": N_("Move"),
    **MEASURED,
    "point": N_("Point"),
}

_mount = st.components.v2.component(
    "medai_stack",
    html=source("stack.html"),
    css=source("viewer.css") + source("stack.css"),
    js=source("pixels.js") + source("stack.js"),
)


@dataclass(frozen=True)
class Mark:
    """What the reader marked on a picture: a length, an angle, an area or a point, by (row, column) in pixels."""

    kind: str
    plane: str
    number: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class View:
    """What is looked at: a picture of a plane in a window."""

    plane: str
    number: int
    preset: int = 0


@dataclass(frozen=True)
class Over:
    """What lies over the slices: a mask (z, y, x), named by ``stamp``, and what a model says of each slice."""

    mask: NDArray[Any] | None = None
    stamp: str = ""
    strip: Sequence[float | None] = ()
    strip_title: str = ""


def view_of(id: str, volume: Volume) -> View:
    """What is looked at now, the middle of the series at first."""
    told = st.session_state.get(_key(id), {}).get("view") or {}
    plane = told.get("plane") if told.get("plane") in volume.planes else volume.planes[0]
    count = volume.count(plane)
    number = told.get("number")
    number = min(max(0, number), count - 1) if isinstance(number, int) else count // 2
    preset = told.get("preset")
    return View(plane, number, preset if isinstance(preset, int) and 0 <= preset < len(windows(volume)) else 0)


def marks_of(id: str, volume: Volume) -> tuple[Mark, ...]:
    """What is marked on the series."""
    told = st.session_state.get(_key(id), {}).get("marks") or []
    made = [
        Mark(str(m["kind"]), str(m["plane"]), int(m["number"]), tuple((float(r), float(c)) for r, c in m["points"]))
        for m in told
    ]
    return tuple(m for m in made if m.plane in volume.planes and m.kind in TOOLS and m.number < volume.count(m.plane))


def _key(id: str) -> str:
    return f"stack:{id}"


def windows(volume: Volume) -> list[tuple[str, float, float]]:
    """The windows to choose from by their titles, the file's own first; one without a title where there is none."""
    if volume.voxels.ndim == 4 or volume.window is None:
        return [("", 0.0, 0.0)]
    own = (N_("As stored"), *volume.window)
    return [own, *(CT_WINDOWS if volume.hounsfield else ())]


def stack(
    id: str,
    series: Series,
    volume: Volume,
    *,
    over: Over = Over(),
    marked: Mapping[Mark, str] = {},
) -> None:
    """Show a series; to be called in a fragment, which alone runs again when something else is looked at.

    Parameters
    ----------
    marked : the marks with what was measured.
    """
    view = view_of(id, volume)
    shown, packing, shape = _picture(volume, view)
    head = {
        "id": id,
        "stamp": over.stamp,
        **vars(view),
        "planes": [_plane(volume, plane) for plane in volume.planes],
        "presets": _presets(volume),
        "tools": [{"name": name, "label": _(title)} for name, title in TOOLS.items()],
        "marks": [
            {"kind": m.kind, "plane": m.plane, "number": m.number, "points": m.points, "label": label}
            for m, label in marked.items()
        ],
        "overlay": _overlay(volume, view, over.mask),
        "overlaid": over.mask is not None,
        "strip": {"values": list(over.strip), "alt": over.strip_title} if over.strip else None,
        "corner": _corner(series, volume, view),
        "absent": _absent(series, volume, view),
        "packing": packing,
        "shape": shape,
        "alt": f"{plane_title(view.plane)} {view.number + 1}",
        "words": _words(),
    }
    said = json.dumps(head).encode()
    _mount(
        key=_key(id),
        data=len(said).to_bytes(4, "little") + said + shown,
        on_view_change=lambda: None,
        on_marks_change=lambda: None,
    )


def _plane(volume: Volume, plane: str) -> dict[str, Any]:
    rows, columns = volume.picture(plane, 0).shape[:2]
    aspect = volume.aspect(plane)
    return {
        "name": plane,
        "label": plane_title(plane),
        "count": volume.count(plane),
        "middle": volume.count(plane) // 2,
        "rows": rows,
        "columns": columns,
        "aspect": volume.proportion(plane),
        "mm": aspect[1] if aspect else 0,
        "sides": SIDES[plane] if volume.axes is not None and plane in SIDES else "",
    }


def plane_title(plane: str) -> str:
    """A plane's name."""
    return _(PLANES[plane]).capitalize() if plane in PLANES else _("Slices")


def _presets(volume: Volume) -> list[dict[str, Any]]:
    titles = windows(volume)
    return [{"number": i, "label": _(title)} for i, (title, _c, _w) in enumerate(titles)] if len(titles) > 1 else []


def _picture(volume: Volume, view: View) -> tuple[bytes, str, list[int]]:
    """The picture's bytes, how they are packed, and its rows, columns and channels.

    "exact" : every grey level, as the difference to its left neighbour, Huffman-coded: a fifth of the time of a PNG.
    "jpeg" : where that would be too large.
    """
    values = volume.picture(view.plane, view.number)
    if values.ndim == 2:
        values = _grey(volume, values, view.preset)
    step = -(-max(values.shape[:2]) // LONGEST)
    if step > 1:
        values = np.asarray(Picture.fromarray(np.ascontiguousarray(values)).reduce(step))
    shape = [*values.shape[:2], 3 if values.ndim == 3 else 1]
    steps = np.diff(values.reshape(values.shape[0], -1), axis=1, prepend=np.uint8(0))
    coder = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    made = coder.compress(steps.tobytes()) + coder.flush()
    if len(made) <= LARGEST:
        return made, "exact" if step == 1 else "reduced", shape
    picture = Picture.fromarray(np.ascontiguousarray(values))
    return next(jpeg for jpeg in _jpegs(picture) if len(jpeg) <= LARGEST), "jpeg", shape


def _jpegs(picture: Picture.Image) -> Iterator[bytes]:
    """The picture in falling quality, and then in falling size: one of them is small enough."""
    while True:
        for quality in QUALITIES:
            stream = BytesIO()
            picture.save(stream, "JPEG", quality=quality)
            yield stream.getvalue()
        picture = picture.reduce(2)


def _grey(volume: Volume, values: NDArray[Any], preset: int) -> NDArray[np.uint8]:
    _title, centre, width = windows(volume)[preset]
    if width == 0:
        grey = np.asarray(np.clip(values, 0, 255), np.uint8)
        return 255 - grey if volume.inverted else grey
    return windowed(values, centre, width, inverted=volume.inverted)


def _overlay(volume: Volume, view: View, mask: NDArray[Any] | None) -> dict[str, Any] | None:
    """The outline on this picture; None where there is none."""
    if mask is None:
        return None
    cut = Volume(mask, None, None, False, volume.axes).picture(view.plane, view.number)
    if not cut.any():
        return None
    return {"shape": list(cut.shape), "data": packed(edge_marks(cut))}


def _corner(series: Series, volume: Volume, view: View) -> str:
    """What stands in the corner of the picture: where it lies, and how thick the slices are."""
    if view.plane != volume.planes[0]:
        return ""
    part = series.slots[view.number]
    if part is None:
        return ""
    place = part.header.place
    lines = [part.file.name if len(part.file.name) < 40 else "…" + part.file.name[-38:]]
    if place is not None and series.placed:
        lines.append(_("{mm} mm").format(mm=f"{series.at_mm(view.number):.1f}"))
    return "\n".join(lines)


def _absent(series: Series, volume: Volume, view: View) -> str:
    missing = view.plane == volume.planes[0] and series.slots[view.number] is None
    return _("This slice is missing") if missing else ""


def _words() -> dict[str, str]:
    """The viewer's own texts."""
    return {
        "viewer": _("Series viewer"),
        "picture": _("Picture"),
        "plane": _("Plane"),
        "window": _("Window"),
        "tool": _("Tool"),
        "slice": _("Slice"),
        "zoom": _("Zoom"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Fit"),
        "of": _("{i} of {n}"),
        "play": _("Play"),
        "stop": _("Stop"),
        "overlay": _("Outline"),
        "remove": _("Remove all marks"),
        "lossy": _("This picture was reduced to travel fast; values are measured in the original."),
        "hint": _(
            "Click the picture first: wheel or arrow keys turn slices, Page Up and Page Down ten, "
            "Ctrl and wheel or + and − zoom, dragging moves, 0 fits."
        ),
        "hint_length": _("Click both ends; or move the cross with the arrow keys and press Enter. Escape ends."),
        "hint_angle": _("Click an end, the corner, the other end; or arrow keys and Enter. Escape ends."),
        "hint_area": _(
            "Click around the area and double-click to close it; or arrow keys and Enter, twice on the last corner. "
            "Escape ends."
        ),
        "hint_point": _("Click a point, inside of a nodule perhaps; or arrow keys and Enter. Escape ends."),
    }
