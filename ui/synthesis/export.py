"""Synthetic images to take away: one as a file, all of them in an archive with a list of what is in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.imaging.images.synthetic import WORD
from medai_core.imaging.synthesis import Made, SynthesisModel, Synthetic, as_png, name_of, outline_png
from medai_core.records.marking import switch_marks
from medai_core.sources.tables import harmless_csv
from ui import kept, signin
from ui.cached.synthesis import marked
from ui.language import _
from ui.taking import take_away

WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the same images make the same archive."""


def downloads(model: SynthesisModel, found: Made) -> None:
    """All images as PNG or as DICOM; and the mark's switch for whoever may set it."""
    name, marks = model.card.name, marked()
    first = found.images[0]
    stem = f"{WORD}_{name}_{first.label}_{first.seed}"
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        for label, kind in ((_("All as PNG (ZIP)"), "png"), (_("All as DICOM (ZIP)"), "dcm")):
            make = partial(archive, model.card, found.images, kind, marks=marks)
            take_away(label, make, f"{stem}_{kind}.zip", "application/zip", object=name, key=f"synthesis_take:{kind}")
        switch()


def switch() -> None:
    """The switch of the mark in the pixels, for whoever may configure the installation."""
    if not signin.may("configure"):
        return
    marks = marked()
    on = st.toggle(
        _("SYNTHETIC stands in the pixels"),
        marks,
        key=f"synthesis_mark:{marks}",
        help=_("For everybody who uses this installation; entered into the audit. The words in the files always stay."),
    )
    if on != marks:
        switch_marks(kept.store(), signin.person(), on=on)
        st.rerun()


def one(model: SynthesisModel, image: Synthetic) -> None:
    """One image as PNG, as DICOM, and its outline."""
    card, marks, stem = model.card, marked(), f"{WORD}_{name_of(image)}"
    offered: list[tuple[str, Callable[[], bytes], str, str]] = [
        (_("As PNG"), partial(as_png, image, marked=marks), f"{stem}.png", "image/png"),
        (_("As DICOM"), partial(_dicom, card, image, marks=marks), f"{stem}.dcm", "application/dicom"),
    ]
    outline = outline_png(image)
    if outline is not None:
        offered.append((_("Outline as PNG"), lambda: outline, f"{stem}_outline.png", "image/png"))
    with st.container(horizontal=True, gap="small"):
        for label, make, name, mime in offered:
            take_away(label, make, name, mime, object=card.name, key=f"synthesis_one:{name}")


def archive(card: Card, images: tuple[Synthetic, ...], kind: str, *, marks: bool) -> bytes:
    """The images, their outlines and a list of them in a ZIP archive; ``kind`` : "png" or "dcm"."""
    stream, told = BytesIO(), []
    with ZipFile(stream, "w", ZIP_STORED) as packed:
        for image in images:
            name = f"{WORD}_{name_of(image)}"
            data = as_png(image, marked=marks) if kind == "png" else _dicom(card, image, marks=marks)
            packed.writestr(ZipInfo(f"{name}.{kind}", WRITTEN), data)
            outline = outline_png(image)
            if outline is not None:
                packed.writestr(ZipInfo(f"{name}_outline.png", WRITTEN), outline)
            told.append(_told(image, f"{name}.{kind}", f"{name}_outline.png" if outline else ""))
        packed.writestr(ZipInfo("manifest.csv", WRITTEN), harmless_csv(pd.DataFrame(told)))
    return stream.getvalue()


def _told(image: Synthetic, file: str, outline: str) -> dict[str, object]:
    """An image's row of the manifest: the columns that recipes and ``evaluate`` read, then those of its own.

    Each is its own group, for none is of anyone; and none is of a test split, for they measure nothing about patients.
    """
    return {
        "file": file,
        "label": image.label,
        "group": name_of(image),
        "split": "train",
        "mask": outline,
        "synthetic": WORD,
        "model": image.model,
        "version": image.version,
        "seed": image.seed,
        "number": image.number,
        "nearest": round(image.nearest, 4),
    }


def _dicom(card: Card, image: Synthetic, *, marks: bool) -> bytes:
    # Imported where a file is taken away: it takes longer than a page to draw.
    from medai_core.records.dicom import as_dicom

    return as_dicom(image, card, marked=marks)
