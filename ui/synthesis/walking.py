"""From one image to another: a slider, what the generator makes there, and the whole way in seven steps."""

from __future__ import annotations

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.synthesis import SynthesisModel, as_png
from ui.cached.synthesis import address, between, marked, there
from ui.language import _
from ui.results import problem
from ui.synthesis import closer
from ui.synthesis.asking import ask_label, ask_seed, label_title
from ui.synthesis.films import Film, films
from ui.synthesis.making import synthetic

STEPS = tuple(k / 6 for k in range(7))


@st.fragment
def walk(model: SynthesisModel) -> None:
    """Two ends, a slider between them, and the way; a fragment runs alone, so it says itself what cannot be."""
    labels, seeds = _ask(model)
    synthetic()
    try:
        _shown(model, labels, seeds)
    except MedAIError as error:
        problem(error)


def _shown(model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int]) -> None:
    seen, way = st.columns([4, 5], gap="large")
    with way:
        percent = st.slider(
            _("How far on the way"),
            0,
            100,
            50,
            format="%d %%",
            key="synthesis_share",
            persist_state="session",
            help=_("0 % is the first image, 100 % the second. Arrow keys move it too."),
        )
        drawn = model.spec.outlined and st.toggle(
            closer.outline_label(model), True, key="synthesis_walk_outline", persist_state="session"
        )
        _strip(model, labels, seeds)
    with seen:
        _there(model, labels, seeds, percent, outline=drawn)


def _ask(model: SynthesisModel) -> tuple[tuple[str, str], tuple[int, int]]:
    first, second = st.columns(2, gap="medium")
    with first:
        one = _ask_end(model, _("First image"), _("Its seed"), "from", 0)
    with second:
        other = _ask_end(model, _("Second image"), _("Its seed"), "to", 1)
    return (one[0], other[0]), (one[1], other[1])


def _ask_end(model: SynthesisModel, words: str, seed_words: str, key: str, index: int) -> tuple[str, int]:
    with st.container(border=True):
        label = ask_label(model, words, f"{key}_label", index)
        return label, ask_seed(seed_words, f"{key}_seed", index + 1)


def _there(
    model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int], percent: int, *, outline: bool
) -> None:
    """The image at one place."""
    image = there(model, labels, seeds, percent)
    if image is None:
        st.info(
            _("The image here lies too near to one that the model learnt from, so it is withheld. Move on a little."),
            icon=":material/visibility_off:",
        )
    else:
        closer.larger(model, image, outline=outline, said=_said(model, labels, percent / 100))


def _strip(model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int]) -> None:
    """The way in steps; a step that is withheld leaves a gap, and says so."""
    found = {image.number: image for image in between(model, labels, seeds, STEPS).images}
    shown = [
        Film(
            address(as_png(found[k], marked=marked())) if k in found else "",
            _said(model, labels, share),
            f"{100 * share:.0f} %",
            "" if k in found else _("withheld"),
        )
        for k, share in enumerate(STEPS)
    ]
    films(shown, _("The way in seven steps"), "way")
    st.caption(
        _(
            "Each step is made by the model, not blended from the two ends. How even the change looks says how smooth "
            "the model's space of images is."
        )
    )
    missing = len(STEPS) - len(found)
    if missing:
        st.caption(
            _("{n} of the steps lie too near to an image that the model learnt from, and are withheld.").format(
                n=missing
            )
        )


def _said(model: SynthesisModel, labels: tuple[str, str], share: float) -> str:
    first, second = (label_title(model, label) for label in labels)
    return _("SYNTHETIC image at {share:.0f} % of the way from {first} to {second}").format(
        share=100 * share, first=first, second=second
    )
