"""Images in rows, each of which opens larger."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from medai_core.imaging.synthesis import SynthesisModel, Synthetic
from ui.cached.synthesis import marked
from ui.language import _
from ui.synthesis.asking import label_title

HERE = Path(__file__).parent


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "medai_synthesis_grid",
    html=_source("grid.html"),
    css=_source("grid.css"),
    js=_source("grid.js"),
    isolate_styles=False,  # so that the focus comes back to an image when what it opened is closed
)


def grid(model: SynthesisModel, images: tuple[Synthetic, ...], sources: list[str], id: str) -> int | None:
    """Show the images; the place of the one that was just picked, None where none was.

    Parameters
    ----------
    sources : the images as the browser takes them. id : names these images and no others.
    """
    tiles = [
        {
            "source": source,
            "alt": alt(model, image),
            "number": str(image.number + 1),
            "label": label_title(model, image.label),
        }
        for image, source in zip(images, sources, strict=True)
    ]
    data = {"id": f"{id}:{marked()}", "images": tiles, "title": _("Synthetic images")}
    return _mount(key=f"grid:{id}", data=data, on_picked_change=lambda: None).picked


def alt(model: SynthesisModel, image: Synthetic) -> str:
    """An image in words."""
    return _("SYNTHETIC image {number}: {label}").format(number=image.number + 1, label=label_title(model, image.label))
