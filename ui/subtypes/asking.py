"""What to do, with which file, and how it is to be read."""

from __future__ import annotations

import streamlit as st

from medai_core.errors import N_
from medai_core.precision.genomics import METHODS
from medai_core.precision.genomics.example import synthetic_cohort
from ui import asking
from ui.cached.expression import Asked, Read
from ui.cached.uploads import Upload, given
from ui.language import _
from ui.results import empty_state
from ui.subtypes.said import method_title
from ui.taking import take_away

LIMIT_MB = 200
VIEWS = {"find": N_("Find subtypes"), "place": N_("Place a patient"), "survive": N_("One patient's survival")}
VIEW = "subtypes_view"
EXAMPLE = "SYNTHETIC_cohort.csv"


def choose_view() -> str:
    """What to do: find subtypes in a cohort, place a patient in a known one, or tell one patient's survival."""
    return asking.choose_view(_("Question"), VIEWS, VIEW)


def format_help() -> str:
    """What a file of expression may be."""
    return _(
        "CSV, TSV, Parquet or GCT, also packed with gzip: one row a sample, one column a gene, samples' names first; "
        "up to 2,000 samples and 40 million values. GCT has genes in rows. Columns of text, and those called age, "
        "grade, time and the like, are taken to be clinical. Files stay in this session."
    )


def ask() -> Asked | None:
    """The cohort that the reader gives: an upload, or else the drawn one; and how to read it."""
    uploads, tries = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with uploads:
        file = st.file_uploader(
            _("Expression of a cohort"), key="subtypes_file", max_upload_size=LIMIT_MB, help=format_help()
        )
    with tries, st.container(horizontal=True, vertical_alignment="center"):
        tried = st.toggle(
            _("Use the synthetic example"),
            key="subtypes_example",
            disabled=file is not None,
            help=_("SYNTHETIC: a cohort of 120 that is drawn here with three groups in it; it is nobody's."),
        )
        take_away(
            _("Example as CSV"), synthetic_cohort, EXAMPLE, "text/csv", object=EXAMPLE, key="subtypes_example_csv"
        )
    if file is not None:
        return _asked(given(file.name, file.getvalue()))
    if tried:
        return _asked(given(EXAMPLE, synthetic_cohort(), synthetic=True))
    empty_state(
        "genetics",
        _("No cohort yet"),
        _("Drop a matrix of gene expression above, or use the synthetic example. Nothing leaves this session."),
    )
    return None


def _asked(upload: Upload) -> Asked:
    """How the reader says that the file is to be read."""
    key = upload.sha256[:16]
    with st.expander(_("How the file is read"), icon=":material/table_view:"):
        left, right = st.columns(2, gap="medium")
        with left:
            turned = st.toggle(
                _("Genes in rows"),
                key=f"subtypes_turned:{key}",
                help=_("One row a gene and one column a sample; of GCT it is known."),
            )
            aside = st.multiselect(
                _("More columns that are no expression"),
                [],
                key=f"subtypes_aside:{key}",
                accept_new_options=True,
                placeholder=_("Type a column's name"),
                help=_("Beside those that were recognised; they are then compared between the groups."),
            )
        with right:
            table = st.file_uploader(
                _("Clinical table, where it is another file"),
                key=f"subtypes_table:{key}",
                max_upload_size=LIMIT_MB,
                help=_("CSV or Parquet with one row a sample; joined by the samples' names."),
            )
    beside = given(table.name, table.getvalue()) if table else None
    return Asked(upload, bool(turned), tuple(aside), beside)


def ask_method() -> str:
    """How samples are grouped."""
    return str(
        st.segmented_control(
            _("Grouped by"),
            METHODS,
            default=METHODS[0],
            format_func=method_title,
            key="subtypes_method",
            required=True,
            help=_("The others are run as well, and it is said how far they agree."),
        )
    )


def ask_survival(read: Read) -> tuple[str, str] | None:
    """The columns of time and event; None where survival is not asked for."""
    columns = [str(c) for c in read.expression.clinical.columns]
    if len(columns) < 2:
        return None
    proposed = proposed_survival(columns)
    for_time, for_event = st.columns(2, gap="small")
    chosen = []
    for place, label, name, key in (
        (for_time, _("Survival: time"), proposed[0], "time"),
        (for_event, _("Survival: event (1 or 0)"), proposed[1], "event"),
    ):
        with place:
            chosen.append(
                st.selectbox(
                    label,
                    columns,
                    index=columns.index(name) if name else None,
                    placeholder=_("not given"),
                    key=f"subtypes_{key}:{read.id}",
                )
            )
    time, event = chosen
    return (time, event) if time and event else None


TIMES = ("time", "survival", "futime", "follow", "years", "months", "days")
EVENTS = ("event", "death", "dead", "died", "status", "fustat")


def proposed_survival(columns: list[str]) -> tuple[str | None, str | None]:
    """The columns that are called as time and event are, the plainest names first; None where one is not there.

    >>> proposed_survival(["age", "eventdeath", "survival", "timerecurrence"])
    ('survival', 'eventdeath')
    """
    time, event = _called(columns, TIMES), _called(columns, EVENTS)
    return (time, event) if time and event and time != event else (None, None)


def _called(columns: list[str], names: tuple[str, ...]) -> str | None:
    exact = [c for name in names for c in columns if c.casefold() == name]
    return next(iter(exact + [c for name in names for c in columns if name in c.casefold()]), None)
