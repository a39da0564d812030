"""The slice viewer: original and evidence side by side, windowed, zoomed and panned in the browser."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.errors import N_
from medai_core.imaging.images import Image
from medai_core.imaging.saliency import CIVIDIS, evidence_ceiling, evidence_shares
from medai_core.imaging.segmentation import marks
from medai_core.readings import Reading
from ui import words
from ui.cached import Box
from ui.language import _, finding_title

HERE = Path(__file__).parent
LONGEST = 2048
"""The browser is sent at most this many pixels a side; a larger film is averaged down for viewing."""

CT_WINDOWS = (
    (N_("Lung"), -600.0, 1500.0),
    (N_("Bone"), 480.0, 2500.0),
    (N_("Brain"), 40.0, 80.0),
    (N_("Soft tissue"), 50.0, 400.0),
)
"""Centres and widths in Hounsfield units, as radiology departments set them."""


def source(name: str) -> str:
    """A file of the viewers."""
    return (HERE / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "medai_viewer",
    html=source("viewer.html"),
    css=source("viewer.css"),
    js=source("pixels.js") + source("viewer.js"),
)


def _key(sha256: str, frame: int) -> str:
    """Names the pixels, so that nothing of a scan outlives it."""
    return f"viewer:{sha256}:{frame}"


def drawn_box(sha256: str, frame: int) -> Box | None:
    """The box that the reader drew on these pixels, (top, left, bottom, right), exclusive ends."""
    box = st.session_state.get(_key(sha256, frame), {}).get("region")
    if not box:
        return None
    top, left, bottom, right = (int(edge) for edge in box)
    return top, left, bottom, right


def viewer(reading: Reading, card: Card | None, *, name: str = "", draw: bool = True) -> None:
    """Show the scan of a reading beside its evidence or outline; a refused one has the scan alone.

    Parameters
    ----------
    name : tells viewers of one scan apart that stand on one page.
    draw : whether the reader may draw the region that a model reads in.
    """
    image = reading.image
    data = {
        "id": f"{image.sha256}:{image.frame}",
        **_pixels(image.sha256, image.frame, image),
        "presets": _presets(image),
        "evidence": _evidence(reading, card),
        "outline": _outline(reading, card),
        "region": _region(reading),
        "draw": draw and _may_draw(reading, card),
        "drawn": reading.region is not None and reading.region.source == "drawn",
        "alt": _("Scan {file}").format(file=reading.file),
        "words": _words(),
    }
    _mount(key=_key(image.sha256, image.frame) + name, data=data, on_region_change=lambda: None)


def _may_draw(reading: Reading, card: Card | None) -> bool:
    """Whether the model takes a box; one that awaits its precondition is asked nothing yet."""
    waits = reading.refusal is not None and reading.refusal.id == "reading.precondition"
    return card is not None and card.input.region is not None and not waits


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def _pixels(sha256: str, frame: int, _image: Image) -> dict[str, Any]:
    """What the browser draws: the pixels as shown and, for windowing, as the modality gave them."""
    display = _image.display
    step = -(-max(display.shape[:2]) // LONGEST)
    shown = np.asarray(Picture.fromarray(display).reduce(step)) if step > 1 else display
    row_mm, column_mm = _image.spacing_mm or (0, 0)
    return {
        "shape": list(shown.shape[:2]),
        "full": list(display.shape[:2]),
        "display": packed(shown),
        "channels": 3 if shown.ndim == 3 else 1,
        "values": _values(_image, step) if _windowed(_image) else None,
        "aspect": row_mm / column_mm if column_mm else 1.0,
        "mm": column_mm,
    }


def packed(array: NDArray[Any]) -> str:
    """An array's bytes as the browser unpacks them."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode("ascii")


def _windowed(image: Image) -> bool:
    """Whether the pixels hold more than the eye is shown."""
    return image.display.ndim == 2 and (image.modality == "CT" or float(np.ptp(image.pixels)) > 255)


def _values(image: Image, step: int) -> dict[str, Any]:
    """The pixels as 16-bit numbers with the line that turns them back; exact for integers within 16 bits."""
    pixels: NDArray[Any] = image.pixels
    if step > 1:
        pixels = np.asarray(Picture.fromarray(pixels).reduce(step))
    low, high = float(pixels.min()), float(pixels.max())
    slope = 1.0 if high - low <= 65535 and np.array_equal(pixels, np.rint(pixels)) else (high - low) / 65535
    stored = np.rint((pixels - low) / slope).astype("<u2")
    return {
        "data": packed(stored),
        "slope": slope,
        "intercept": low,
        "low": low,
        "high": high,
        "inverted": image.inverted,
    }


def _presets(image: Image) -> list[dict[str, Any]]:
    """The windows to choose from, the stored one first; none where the pixels hold no more than is shown."""
    if not _windowed(image):
        return []
    windows = CT_WINDOWS if image.modality == "CT" else _grey_windows(image.pixels)
    named = [{"label": _(name), "centre": centre, "width": width} for name, centre, width in windows]
    return [{"label": _("As stored")}, *named]


def _grey_windows(pixels: NDArray[Any]) -> tuple[tuple[str, float, float], ...]:
    """A window without the extreme hundredths, and one over all values."""
    low, high = (float(value) for value in np.percentile(pixels, (1, 99)))
    least, most = float(pixels.min()), float(pixels.max())
    return (
        (N_("Auto"), (low + high) / 2, max(high - low, 1.0)),
        (N_("Full range"), (least + most) / 2, max(most - least, 1.0)),
    )


def _evidence(reading: Reading, card: Card | None) -> dict[str, Any] | None:
    """One small map a finding; they come from a coarse grid, so a coarse copy loses nothing."""
    if reading.evidence is None:
        return None
    ceiling = evidence_ceiling(reading.evidence)
    maps = []
    for finding, evidence in zip(reading.findings, reading.evidence, strict=True):
        picture = Picture.fromarray(evidence_shares(evidence, ceiling))
        picture.thumbnail((160, 160), Picture.Resampling.BOX)
        title = words.sentence(finding_title(card, finding.name))
        maps.append({"label": title, "shape": [picture.height, picture.width], "data": packed(np.asarray(picture))})
    likeliest = max(range(len(maps)), key=lambda i: reading.findings[i].probability)
    return {"maps": maps, "chosen": likeliest, "colours": list(CIVIDIS)}


def _outline(reading: Reading, card: Card | None) -> dict[str, Any] | None:
    """What is drawn over the scan of a segmentation."""
    if reading.outline is None:
        return None
    step = -(-max(reading.image.display.shape[:2]) // LONGEST)
    drawn = marks(reading.outline, step)
    title = words.sentence(finding_title(card, reading.outline.finding))
    return {"label": title, "shape": list(drawn.shape), "data": packed(drawn)}


def _region(reading: Reading) -> dict[str, Any] | None:
    """The box that a model looked into; an outline says more than a box around it."""
    if reading.region is None or reading.outline is not None:
        return None
    found = reading.region.source == "found"
    label = _("Region found by the model") if found else _("Region drawn by the reader")
    return {"box": list(reading.region.box), "label": label}


def _words() -> dict[str, str]:
    """The viewer's own texts."""
    return {
        "viewer": _("Slice viewer"),
        "original": _("Original"),
        "evidence": _("Evidence"),
        "evidence_for": _("Evidence for"),
        "opacity": _("Opacity"),
        "window": _("Window"),
        "zoom": _("Zoom"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Fit"),
        "outline": _("Outline"),
        "edge": _("outline"),
        "doubtful": _("doubtful"),
        "less": _("less evidence"),
        "more": _("more evidence"),
        "draw": _("Draw a box"),
        "apply": _("Read in this box"),
        "clear": _("Let the model find it"),
        "hint": _("Click an image first: the wheel zooms, dragging or the arrow keys move, + and − zoom, 0 fits."),
        "draw_hint": _(
            "Drag a box, or move it with the arrow keys and size it with Shift and the arrow keys; Enter reads in it."
        ),
    }
