"""Images that are nobody's: asked for, shown, opened larger."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.imaging.images.synthetic import WORD
from medai_core.imaging.synthesis import Made, SynthesisModel
from ui.cached.synthesis import identity, made, sources
from ui.cards.synthesis import doubt
from ui.language import _
from ui.synthesis import closer, export
from ui.synthesis.asking import ask_label, ask_seed
from ui.synthesis.grid import grid

MOST, FIRST = 64, 12
"""Images at once, and until another number is asked for."""


def make(model: SynthesisModel) -> None:
    """Ask for images, show them, and open the one that is picked.

    Raises
    ------
    SynthesisError : they cannot be made as asked.
    """
    label, count, seed = _ask(model)
    synthetic()
    doubt(model.card)
    found = made(model, label, count, seed)
    id = identity(model, label, count, seed)
    picked = grid(model, found.images, sources(found, id), id)
    withheld(found, model)
    export.downloads(model, found)
    if picked is not None:
        closer.open_larger(model, found.images[picked])


def _ask(model: SynthesisModel) -> tuple[str, int, int]:
    asked, many, from_seed = st.columns([3, 2, 4], gap="medium", vertical_alignment="bottom")
    with asked:
        label = ask_label(model, _("Finding"), "label")
    with many:
        count = st.number_input(_("Images"), 1, MOST, FIRST, step=1, key="synthesis_count", persist_state="session")
    with from_seed:
        seed = ask_seed(_("Seed"), "seed", 1)
    return label, int(count), seed


def synthetic() -> None:
    """Says what these images are, over them."""
    said = _("A program made these images. They show nobody, and what is seen on them was never in anyone.")
    st.html(f'<p class="medai-synthetic" role="note"><b>{escape(WORD)}</b> {escape(said)}</p>')


def withheld(found: Made, model: SynthesisModel) -> None:
    """How many images were not shown, and what that means."""
    limit = f"{model.nearest_min:.3g}"
    if not found.withheld:
        st.caption(
            _(
                "Each image was held against all that the model learnt from. None lay too near to one (a distance "
                "below {limit}), so none was withheld."
            ).format(limit=limit)
        )
        return
    st.caption(
        _(
            "{withheld} of {drawn} images were withheld and drawn anew: they lay too near to an image that the model "
            "learnt from (a distance below {limit}), and might have shown something of a person."
        ).format(withheld=found.withheld, drawn=found.withheld + len(found.images), limit=limit)
    )
