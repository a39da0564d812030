"""A cohort in groups: asked for, found while a bar shows how far it is, answered, and shown in tabs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.precision.genomics import Grouping
from ui.cached import expression
from ui.cached.expression import Read
from ui.language import _, language, say
from ui.results import header_cells, plain, unreadable
from ui.subtypes import asking, said
from ui.subtypes.export import downloads
from ui.subtypes.groups import clinical, evidence, markers, samples
from ui.subtypes.survival import survival

BY_EVIDENCE = 0


def find() -> None:
    """From a file to its groups."""
    asked = asking.ask()
    if asked is None:
        return
    try:
        read = expression.read(asked)
        heading(read)
        method = _ask(read)
        if method is not None:
            _show(read, expression.found(read, method))
    except MedAIError as error:
        unreadable(asked.file.name, error)


def heading(read: Read) -> None:
    """Which file, and what is in it; what was assumed of it."""
    matrix, upload = read.expression, read.upload
    made = _("SYNTHETIC example") if upload.synthetic else f"SHA-256 {upload.sha256[:16]}…"
    header_cells(
        [
            (_("File"), upload.name[:200], made),
            (_("Samples"), f"{len(matrix.samples):,}", ""),
            (_("Genes"), f"{len(matrix.genes):,}", ""),
            (_("Clinical columns"), f"{matrix.clinical.shape[1]:,}", ""),
        ]
    )
    for note in matrix.notes:
        st.caption(plain(say(note)))


def _ask(read: Read) -> str | None:
    """The method, once its evidence is gathered; None where it is not yet."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="subtypes_start"):
        method = asking.ask_method()
        place = st.empty()
        pressed = expression.found(read, method) is None and place.button(
            _("Find subtypes"), type="primary", icon=":material/play_arrow:", key="subtypes_find"
        )
    if expression.found(read, method) is not None:
        return method
    if not pressed:
        st.caption(_("The evidence for two to eight groups is gathered in resamples; large files take about a minute."))
        return None
    place.empty()
    _gather(read, method)
    return method


def _gather(read: Read, method: str) -> None:
    """Gather the evidence under a bar; pressing the button, like any other, runs the page anew and so stops it."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, _("Preparing the matrix…"))
        st.button(_("Stop"), icon=":material/stop:", key="subtypes_stop")

    def tell(share: float) -> None:
        bar.progress(min(share, 1.0), _("Gathering evidence for the number of groups…"))

    try:
        expression.find(read, method, tell)
    finally:
        place.empty()


def _show(read: Read, found: Grouping | None) -> None:
    assert found is not None
    for_number, for_survival = st.columns(2, gap="medium", vertical_alignment="bottom")
    with for_number:
        grouping = expression.in_groups(read, found, _ask_number(read, found))
    with for_survival:
        columns = asking.ask_survival(read)
    _answer(grouping)
    with st.expander(_("What was done to the matrix"), icon=":material/checklist:"):
        said.steps(grouping.matrix.steps)
    downloads(read, grouping, columns)
    shown: dict[str, Callable[[], None]] = {
        _("Samples"): lambda: samples(read, grouping),
        _("How many groups"): lambda: evidence(grouping),
        _("Marker genes"): lambda: markers(grouping),
        _("Survival"): lambda: survival(grouping, columns),
        _("Clinical columns"): lambda: clinical(grouping),
    }
    tabs = st.tabs(list(shown), key=f"subtypes_tabs:{language()}", on_change="rerun")
    for tab, show in zip(tabs, shown.values(), strict=True):
        if tab.open:
            with tab:
                show()


def _ask_number(read: Read, found: Grouping) -> int:
    """How many groups: as the evidence speaks for, or another number that is tried out."""
    numbers = [BY_EVIDENCE, *(e.k for e in found.evidence)]
    spoken = _("by evidence ({k})").format(k=found.k) if found.k else _("by evidence (none)")
    return int(
        st.pills(
            _("Number of groups"),
            numbers,
            default=BY_EVIDENCE,
            format_func=lambda k: f"{k}" if k else spoken,
            key=f"subtypes_k:{read.id}:{found.method}",
            required=True,
        )
    )


def _answer(grouping: Grouping) -> None:
    """What was found, and what speaks for and against it."""
    used = grouping.used
    lines = [said.evidence_words(used)] if used else []
    if grouping.agreement:
        others = [f"{said.method_title(method)} {index:.2f}" for method, index in grouping.agreement.items()]
        lines.append(
            _("Agreement with the other methods (adjusted Rand index): {others}.").format(others="; ".join(others))
        )
    if used and grouping.chosen and grouping.chosen.k != used.k:
        lines.append(_("The evidence speaks for {k} groups.").format(k=grouping.chosen.k))
    lines += said.doubts(grouping)
    over = _("Subtypes, by {method}").format(method=said.method_title(grouping.method))
    said.answer_section(over, said.answer_words(grouping), lines, refused=not (used and used.holds))
