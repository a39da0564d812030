"""One synthetic image, larger: its outline, where it comes from, what the models say of it, and taken away."""

from __future__ import annotations

import hashlib

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.synthesis import SynthesisModel, Synthetic, as_png, name_of
from ui import cached, results, scans
from ui.cached import Scan
from ui.cached.synthesis import address, marked
from ui.language import _, card_words, finding_title
from ui.synthesis import export
from ui.synthesis.asking import label_title
from ui.synthesis.films import Film, film, outlined
from ui.synthesis.grid import alt


def open_larger(model: SynthesisModel, image: Synthetic) -> None:
    """Open the image over the page."""
    st.dialog(alt(model, image), width="large")(_body)(model, image)


def _body(model: SynthesisModel, image: Synthetic) -> None:
    here = name_of(image)
    seen, told = st.columns([3, 2], gap="medium")
    with seen:
        shown = image.outline is not None and st.toggle(outline_label(model), True, key=f"outline:{here}")
        larger(model, image, outline=shown)
    with told:
        _facts(model, image)
        export.one(model, image)
        if st.toggle(
            _("Read it with the models"),
            key=f"read:{here}",
            help=_("What the models that read scans say of it. It tells of the models, and of nobody."),
        ):
            _read(image)


def larger(model: SynthesisModel, image: Synthetic, *, outline: bool, said: str = "") -> None:
    """The image as large as there is room for, with its outline where that is wanted; ``said`` : it in words."""
    over = outlined(image.outline) if outline and image.outline is not None else ""
    film(Film(address(as_png(image, marked=marked())), said or alt(model, image), outline=over))


def outline_label(model: SynthesisModel) -> str:
    """What the outline is of."""
    return _("Outline of the {what}").format(what=finding_title(model.card, model.spec.outline_of))


def _facts(model: SynthesisModel, image: Synthetic) -> None:
    near = _("{distance:.3g}; below {limit:.3g} it would have been withheld")
    results.facts(
        {
            _("Asked for"): label_title(model, image.label),
            _("Seed"): f"{image.seed}",
            _("Number"): f"{image.number + 1}",
            _("Model"): card_words(model.card).title,
            _("Version"): image.version,
            _("Distance to the nearest training image"): near.format(distance=image.nearest, limit=model.nearest_min),
        }
    )


def _read(image: Synthetic) -> None:
    """What the models say; they are given the pixels without the mark, which would be in their way."""
    data = as_png(image, marked=False)
    scan = Scan(f"{name_of(image)}.png", data, hashlib.sha256(data).hexdigest())
    try:
        reading, _others = scans.ask_reading(scan)
    except MedAIError as error:
        results.problem(error)
        return
    results.result(reading, cached.card_of(reading.model))
