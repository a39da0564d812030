"""What the images of a generator are worth: how like real ones, as asked for or not, and what they can teach."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from medai_core.errors import N_
from ui import words
from ui.cached import models
from ui.cards import performance as classifiers
from ui.cards.purpose import findings
from ui.figures import confusion_matrix
from ui.language import _, card_words, finding_title
from ui.results import facts, plain

BESIDE = {
    "frechet": N_("Fréchet distance to real images; less is more alike"),
    "manifold_precision": N_("Share that lies among the real images (precision)"),
    "manifold_recall": N_("Share of the real images that they lie around (recall)"),
}
"""Measures that stand beside the same one between two halves of the real images, which nothing can beat."""
HALVES = "_halves"
TAUGHT = {
    "taught_real": N_("real images"),
    "taught_synthetic": N_("synthetic images alone"),
    "taught_both": N_("both together"),
    "region_taught_real": N_("real images, told where to look"),
    "region_taught_synthetic": N_("synthetic images alone, told where to look"),
    "region_taught_both": N_("both together, told where to look"),
}
"""What a small classifier was taught with; told where to look, it sees the box around the outline, and it enlarged."""
NEAR = "nearest_ratio_embedding"
SHARES = ("accepted_share", "label_agreement")


def worth(card: Card) -> None:
    """The measures in short, below the images, with the way to the whole card; nothing where nothing was measured."""
    if not (card.measured and card.measured.performance):
        return
    with st.expander(_("What these images are worth"), icon=":material/balance:"):
        _worth(card, _measures(card))
        st.page_link(
            "pages/system/models.py",
            label=_("The whole card"),
            icon=":material/fact_check:",
            query_params={"model": card.name},
        )


HEEDED = 0.85
"""The share of images called what was asked for from which a label may be relied on."""
TEACHING = 0.9
"""What a classifier that learnt from the images alone is worth, beside one that learnt from real ones, at least."""
TEACHES_NOT = N_(
    "To look at, not to teach with: a classifier that learnt from such images alone is {share} as good on real ones as "
    "one that learnt from real ones."
)
TEACHES_REGION = N_(
    "To teach with only where a classifier is told where to look: one that learnt from such images alone is then "
    "{region} as good on real ones as one that learnt from real ones, and {share} where it sees them whole."
)


def doubt(card: Card) -> None:
    """Warnings beside the images: their findings do not hold, or they do not teach what real ones teach."""
    found = _measures(card) if card.measured else {}
    agreed = found.get("label_agreement")
    if agreed is not None and agreed.value < HEEDED:
        said = _("Do not rely on the finding: the classifier calls only {share} of these images what was asked for.")
        st.warning(said.format(share=words.share(agreed.value)), icon=":material/label_off:")
    whole, region = found.get("synthetic_to_real_ratio"), found.get("region_synthetic_to_real_ratio")
    if whole is not None and whole.value < TEACHING:
        told = region is not None and region.value >= TEACHING
        sentence = _(TEACHES_REGION) if told else _(TEACHES_NOT)
        share = {"share": words.share(whole.value), "region": words.share(region.value) if region else ""}
        st.warning(sentence.format(**share), icon=":material/school:")


def _measures(card: Card) -> dict[str, Measure]:
    """Each measure by its name, on the test split where it was measured there."""
    assert card.measured is not None
    found: dict[str, Measure] = {}
    for m in card.measured.performance:
        if m.measure not in found or m.data == "test":
            found[m.measure] = m
    return found


def made(card: Card) -> None:
    """What it makes, and which model its images are judged by."""
    spec = card.synthesis
    assert spec is not None
    judge = next((c for c in models().cards if c.name == spec.classifier), None)
    outlined = finding_title(card, spec.outline_of) if spec.outlined else _("none")
    st.subheader(_("What it makes"), anchor=False)
    facts(
        {
            _("Image"): _("{size} × {size} pixels, grey").format(size=spec.size),
            _("Outline"): outlined,
            _("Judged by"): card_words(judge).title if judge else spec.classifier,
        }
    )
    findings(card)


def performance(card: Card) -> None:
    """How good the images are, in short, then every measure with its interval and n."""
    found = _measures(card)
    if not found:
        return
    st.subheader(_("What these images are worth"), anchor=False)
    _worth(card, found)
    classifiers.performance(card)


def trust(card: Card) -> None:
    """When an image is withheld, and what the classifier takes the images for."""
    assert card.measured is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("When an image is withheld"), anchor=False)
        st.markdown(plain(guarded(card)))
    if card.measured.confusion:
        with right:
            st.subheader(_("Asked for, and what the classifier took it for"), anchor=False)
            confusion_matrix(card)


def guarded(card: Card) -> str:
    """What the guard does, in words."""
    assert card.measured is not None and card.measured.guard is not None
    guard = card.measured.guard
    return _(
        "An image is withheld and drawn anew where it lies nearer than {limit} to an image that the model learnt from: "
        "{share} of {n} real images of other people lay nearer than that. Of the made ones {withheld} did."
    ).format(
        limit=f"{guard.nearest_min:.3g}",
        share=words.share(guard.quantile),
        n=guard.n,
        withheld=words.share(guard.withheld),
    )


def _worth(card: Card, found: dict[str, Measure]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _beside(found)
    with right:
        _taught(found)
    for sentence in _sentences(card, found):
        st.markdown(f"- {plain(sentence)}")


def _beside(found: dict[str, Measure]) -> None:
    """Each measure of likeness beside what two halves of the real images have."""
    rows = [
        {
            _("Likeness"): _(title),
            _("Synthetic and real"): _said(found[name]),
            _("Two halves of the real"): _said(found[name + HALVES]),
        }
        for name, title in BESIDE.items()
        if name in found and name + HALVES in found
    ]
    if rows:
        alt = _("How like real images they are, beside two halves of the real ones")
        st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=alt)


def _taught(found: dict[str, Measure]) -> None:
    """How well a small classifier does on real images, by what it was taught with."""
    rows = [
        {_("A classifier taught with"): _(title), _("Balanced accuracy on real images"): _said(found[name])}
        for name, title in TAUGHT.items()
        if name in found
    ]
    if rows:
        alt = _("Balanced accuracy on real images, by what a classifier was taught with")
        st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=alt)


def _sentences(card: Card, found: dict[str, Measure]) -> list[str]:
    said = []
    if all(name in found for name in SHARES):
        accepted, agreed = (found[name] for name in SHARES)
        said.append(
            _(
                "The classifier accepts {accepted} of the images, and calls {agreed} of those what was asked for."
            ).format(accepted=_share(accepted), agreed=_share(agreed))
        )
    if NEAR in found:
        near = found[NEAR]
        said.append(
            _(
                "The made images lie {ratio} ({span}) times as far from the nearest training image as real images of "
                "other people do; far below 1 some would have been learnt by heart."
            ).format(ratio=f"{near.value:.2f}", span=words.span(near.low, near.high))
        )
    if "augmentation_gain" in found:
        gain = found["augmentation_gain"]
        said.append(_gained(gain).format(gain=f"{gain.value:+.3f}", span=words.span(gain.low, gain.high)))
    if card.measured and card.measured.guard:
        said.append(guarded(card))
    return said


def _gained(gain: Measure) -> str:
    """What adding made images did to balanced accuracy, in words that do not say more than the interval does."""
    if gain.low > 0:
        return _("Adding synthetic images to the real ones made a classifier better: {gain} ({span}).")
    if gain.high < 0:
        return _("Adding synthetic images to the real ones made a classifier worse: {gain} ({span}).")
    return _("Adding synthetic images to the real ones did not change a classifier for certain: {gain} ({span}).")


def _share(m: Measure) -> str:
    return f"{words.share(m.value)} ({words.span(m.low, m.high, shares=True)})"


def _said(m: Measure) -> str:
    places = 2 if m.measure.startswith("frechet") else 3
    return f"{m.value:.{places}f} ({m.low:.{places}f}–{m.high:.{places}f})"


def takes(card: Card) -> str:
    """What it is asked for."""
    return _("a finding and a seed: {findings}").format(findings=words.joined(list(card_words(card).findings.values())))
