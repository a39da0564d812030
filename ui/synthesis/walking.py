"""From one image to another: a slider, what the generator makes there, and the whole way in seven steps."""

from __future__ import annotations

import streamlit as st

from medai_core.imaging.synthesis import SynthesisModel, as_png
from ui.cached.synthesis import address, between, marked
from ui.language import _
from ui.synthesis import closer
from ui.synthesis.asking import ask_label, ask_seed, label_title
from ui.synthesis.films import Film, films
from ui.synthesis.making import synthetic

STEPS = tuple(k / 6 for k in range(7))


@st.fragment
def walk(model: SynthesisModel) -> None:
    """Two ends, a slider between them, and the way."""
    labels, seeds = _ask(model)
    synthetic()
    at = st.slider(
        _("How far on the way"),
        0,
        100,
        50,
        format="%d %%",
        key="synthesis_share",
        persist_state="session",
        help=_("0 % is the first image, 100 % the second. Arrow keys move it too."),
    )
    seen, way = st.columns([2, 3], gap="large")
    with seen:
        _there(model, labels, seeds, at / 100)
    with way:
        _strip(model, labels, seeds)


def _ask(model: SynthesisModel) -> tuple[tuple[str, str], tuple[int, int]]:
    first, second = st.columns(2, gap="large")
    with first, st.container(border=True):
        labels = [ask_label(model, _("First image"), "from_label")]
        seeds = [ask_seed(_("Seed of the first image"), "from_seed", 1)]
    with second, st.container(border=True):
        labels.append(ask_label(model, _("Second image"), "to_label", index=1))
        seeds.append(ask_seed(_("Seed of the second image"), "to_seed", 2))
    return (labels[0], labels[1]), (seeds[0], seeds[1])


def _there(model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int], share: float) -> None:
    """The image at one place."""
    found = between(model, labels, seeds, (share,)).images
    if not found:
        st.info(
            _("The image here lies too near to one that the model learnt from, so it is withheld. Move on a little."),
            icon=":material/visibility_off:",
        )
        return
    image = found[0]
    drawn = image.outline is not None and st.toggle(
        closer.outline_label(model), True, key="synthesis_walk_outline", persist_state="session"
    )
    closer.larger(model, image, outline=drawn, said=_said(model, labels, share))


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
            _("{n} of the steps lie too near to an image that the model learnt from, and are withheld.").format(n=missing)
        )


def _said(model: SynthesisModel, labels: tuple[str, str], share: float) -> str:
    first, second = (label_title(model, label) for label in labels)
    return _("SYNTHETIC image at {share:.0f} % of the way from {first} to {second}").format(
        share=100 * share, first=first, second=second
    )
