"""Reading every slice of a series with one model, with a bar and a way to stop it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError
from medai_core.imaging.masks import series_nifti
from medai_core.imaging.series import Series
from medai_core.readings.series import SeriesReading, SliceAnswer, models_for, series_json
from ui import cached, words
from ui.cached import series as cached_series
from ui.language import _, card_words, finding_title, kind_title, say
from ui.results import empty_state, facts, limits, plain, problem
from ui.series.facts import taken
from ui.taking import take_away


def ask_reading(id: str, series: Series) -> SeriesReading | None:
    """Offer to read all slices, and show what was found; None where nobody asked for it yet."""
    try:
        kind, cards = models_for(series, cached.models())
    except MedAIError as error:
        problem(error)
        return None
    # First what needs no affirmation: a model that outlines may say whether there is anything to affirm.
    cards = tuple(sorted((card for card in cards if not card.input.unit), key=lambda card: bool(card.precondition)))
    if not cards:
        said = _("The middle slice was recognised as: {kind}. No model here reads such slices one by one.")
        empty_state(
            "layers", _("No model reads this series"), said.format(kind=kind_title(kind)), key="no_series_model"
        )
        return None
    card = cards[0]
    if len(cards) > 1:
        titles = {c.name: card_words(c).title for c in cards}
        chosen = st.selectbox(_("Model"), list(titles), format_func=titles.__getitem__, key=f"series_model:{id}")
        card = next(c for c in cards if c.name == chosen)
    return _asked(id, series, card)


def _asked(id: str, series: Series, card: Card) -> SeriesReading | None:
    affirm = True
    if card.precondition:
        label = _("I affirm: {precondition}").format(precondition=card_words(card).precondition)
        affirm = st.checkbox(label, key=f"series_affirm:{id}:{card.name}")
    key = f"series_read:{id}:{card.name}"
    count = len(series.slots)
    more = _("Each slice is read on its own. The model was measured on single images, not on whole series.")
    limits(card, key=f"limits:{key}")
    if not st.toggle(_("Read all {n} slices").format(n=count), key=key, help=more, disabled=not affirm):
        return None
    try:
        found = cached_series.read_series(id, series, card.name, affirm, key)
    except MedAIError as error:
        problem(error)
        return None
    _summary(series, found, card)
    _table(found, card)
    _downloads(series, found, card)
    return found


def _summary(series: Series, found: SeriesReading, card: Card) -> None:
    rows = {_("Slices read"): _("{n} of {of}").format(n=len(found.answers) - found.unread, of=len(found.answers))}
    if card.outline:
        unknown = _("not known: the file does not say how large a voxel is")
        volume = unknown if found.volume_ml is None else f"{found.volume_ml:.1f} mL"
        rows[_("Outlined volume")] = _("at least {volume}").format(volume=volume) if found.unread else volume
        outlined = [answer.number + 1 for answer in found.answers if answer.area_px]
        rows[_("Slices with an outline")] = (
            _("{n}, from {first} to {last}").format(n=len(outlined), first=outlined[0], last=outlined[-1])
            if outlined
            else "0"
        )
    for number, name in enumerate(found.findings if not card.outline else ()):
        most = found.most(number)
        if most is not None:
            rows[_("Highest: {finding}").format(finding=finding_title(card, name))] = _("{p} on slice {i}").format(
                p=words.percent(most.probabilities[number]), i=most.number + 1
            )
    facts(rows)
    for reason, count in found.refusals:
        st.caption(plain(_("Refused slices: {n}. {reason}").format(n=count, reason=words.reason(reason, card))))
    if found.level is not None and card.measured is not None:
        promised = card.measured.promised
        said = _("Sets at {level} nominal coverage; on single images they held the true finding in {held} (n = {n}).")
        st.caption(said.format(level=words.percent(found.level), held=words.percent(promised.value), n=promised.n))
    if not card.outline:
        many = _(
            "The highest of many slices is high by chance more often than one slice is: it is no finding by itself."
        )
        st.caption(many)


def _table(found: SeriesReading, card: Card) -> None:
    """What stands behind the strip under the viewer."""
    with st.expander(_("Every slice as a table")):
        rows = [
            {
                _("Slice"): answer.number + 1,
                **{
                    words.sentence(finding_title(card, name)): words.percent(p)
                    for name, p in zip(found.findings, answer.probabilities, strict=False)
                },
                **_more(answer, found, card),
                _("Refused"): say(answer.refusal) if answer.refusal else "",
            }
            for answer in found.answers
        ]
        st.dataframe(
            pd.DataFrame(rows).fillna(""),
            hide_index=True,
            height=300,
            alt=_("Each slice with what the model says of it"),
        )


def _more(answer: SliceAnswer, found: SeriesReading, card: Card) -> dict[str, object]:
    """The area of an outline, or the findings in the set."""
    if card.outline:
        return {_("Area (pixels)"): answer.area_px}
    inside = [name for name, held in zip(found.findings, answer.in_set, strict=False) if held]
    return {_("In the set"): ", ".join(finding_title(card, name) for name in inside)}


def _downloads(series: Series, found: SeriesReading, card: Card) -> None:
    object = series.header.uids.series or ""
    with st.container(horizontal=True, gap="small"):
        take_away(
            _("Result as JSON"),
            lambda: _json(series, found, card),
            f"series_{found.model}.json",
            "application/json",
            object=object,
            icon=":material/data_object:",
            key="series:json",
        )
        if found.outlines and found.unread < len(found.answers):
            take_away(
                _("Mask of all slices as NIfTI"),
                lambda: series_nifti(found.labels(), series),
                f"series_{found.model}_mask.nii.gz",
                "application/gzip",
                object=object,
                icon=":material/layers:",
                key="series:mask",
            )


def _json(series: Series, found: SeriesReading, card: Card) -> bytes:
    """The command line's JSON with what stands beside the result on the page, in English."""
    beside = {"model_title": card.title, "limits": list(card.limits), "affirmed": card.precondition or None}
    return taken(series, **series_json(series, found) | beside)
