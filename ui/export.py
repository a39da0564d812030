"""A result to take away: as JSON for programs and as a picture for people.

A refusal is exported like any other result, and every export says that it is for research use.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import PurePath

import streamlit as st
from PIL.PngImagePlugin import PngInfo

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.imaging.masks import mask_nifti, mask_png
from medai_core.imaging.segmentation import Outline
from medai_core.readings import Reading, as_json
from medai_core.records.capture import capture
from ui import words
from ui.frame import research_notice
from ui.language import _, language, speaking, wording
from ui.taking import take_away


def downloads(reading: Reading, card: Card | None, source: bytes, *, key: str = "") -> None:
    """What can be taken away of a reading.

    Parameters
    ----------
    source : the bytes of its scan. key : tells the buttons of several readings on one page apart.
    """
    spoken, sha256 = language(), reading.image.sha256
    stem = PurePath(reading.file).stem or "scan"
    name = "_".join(part for part in (stem, reading.model or "no_model") if part)
    with st.container(horizontal=True, gap="small"):
        take_away(
            _("Result as JSON"),
            lambda: json_bytes(reading, card),
            f"{name}.json",
            "application/json",
            object=sha256,
            icon=":material/data_object:",
            key=f"json:{key}",
        )
        if reading.outline is not None:
            _masks(reading, reading.outline, source, name, key)
        take_away(
            _("Picture as PNG"),
            lambda: png_bytes(reading, card, spoken),
            f"{name}.png",
            "image/png",
            object=sha256,
            icon=":material/image:",
            key=f"png:{key}",
        )


def _masks(reading: Reading, outline: Outline, source: bytes, name: str, key: str) -> None:
    """The outline's own pixels, for other programs."""
    for label, make, suffix, media in (
        (_("Mask as PNG"), lambda: mask_png(outline, synthetic=reading.image.synthetic), "png", "image/png"),
        (_("Mask as NIfTI"), lambda: mask_nifti(outline, reading.image, source), "nii.gz", "application/gzip"),
    ):
        take_away(
            label,
            make,
            f"{name}_mask.{suffix}",
            media,
            object=reading.image.sha256,
            icon=":material/gesture:",
            key=f"mask:{suffix}:{key}",
        )


def json_bytes(reading: Reading, card: Card | None) -> bytes:
    """The JSON of the command line with what stands beside the result on the page, in English."""
    with speaking("en"):
        beside = {
            "research_use": research_notice(),
            "model_title": card.title if card else None,
            "answer": words.answer(reading, card) if reading.refusal is None else None,
            "limits": list(card.limits) if card else [],
        }
    return json.dumps(as_json(reading) | beside, ensure_ascii=False, indent=2).encode()


def png_bytes(reading: Reading, card: Card | None, spoken: str) -> bytes:
    """Original and evidence side by side over a caption; the original alone where it was refused."""
    with speaking(spoken):
        sheet, said = capture(reading, card, wording())
    facts = PngInfo()
    facts.add_itxt("Description", said)
    if reading.image.synthetic:
        facts.add_itxt("Comment", Message("notice.synthetic").text)
    stream = BytesIO()
    sheet.save(stream, "PNG", pnginfo=facts)
    return stream.getvalue()
