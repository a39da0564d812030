"""The form of one patient: who they are, their doses and INRs by day, and new INRs from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError, Message, PatientError
from medai_core.precision.dosing import Patient, checked, with_inrs
from medai_core.precision.dosing.patient import spec_of
from medai_core.precision.dosing.people import DRUGS, RACES
from medai_core.precision.pharmacology import CYP2C9, VKORC1
from ui import people
from ui.cached.dosing import advice
from ui.cached.uploads import Upload, given
from ui.dosing.asking import LIMIT_MB
from ui.dosing.case import Case, Question
from ui.dosing.history import ask_history, read_history
from ui.dosing.said import race_title
from ui.language import _, category_title, predictor_title, say
from ui.words import sentence


def ask(question: Question) -> Case | None:
    """The patient of the form with what the policy says, or why it says nothing; None while there is no age."""
    if question.refused is not None:
        return Case("", question, None, refused=question.refused)
    card, start = question.model.card, question.start
    st.subheader(_("Patient"), anchor=False)
    label = _ask_label(question)
    known = _ask_known(question, start or _beginning(question))
    st.subheader(_("Doses and INRs"), anchor=False)
    history = ask_history(question.key, start)
    missed = _text(_("Missed days"), f"{question.key}:missed", _spans(start.missed_days if start else ()))
    told = _ask_days(question, start)
    newer = _ask_newer(question.key)
    if known["age_years"] is None:
        return None
    try:
        patient = _patient(known, history, missed, told, card)
        if newer is not None:
            patient = with_inrs(patient, newer.data, newer.name, card, now=datetime.now(UTC))
    except MedAIError as error:
        return Case(label, question, None, newer, error.message)
    return Case(label, question, patient, newer, advice=advice(question.model, patient, question.policy))


def _beginning(question: Question) -> Patient | None:
    """What the record knows of the open patient."""
    born = question.known.details.birth_date if question.known else None
    return Patient(age_years=float(people.whole_years(born))) if born else None


def _ask_label(question: Question) -> str:
    if question.known is not None:
        return people.whose(question.known)
    label = st.text_input(
        _("Patient"),
        placeholder=_("a name or number of your own"),
        max_chars=80,
        key=f"{question.key}:label",
        label_visibility="collapsed",
        help=_("Stands beside the result and in the downloads; it is kept in this session only."),
    )
    return (label or "").strip()


def _ask_known(question: Question, start: Patient | None) -> dict[str, Any]:
    """Who the patient is; every field but the age may be unknown."""
    card, key = question.model.card, question.key
    races = ("unknown", *(r for r in RACES if r != "unknown"))
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        age = _number(card, "age_years", key, start)
    with right:
        race = _one(card, "race", races, key, start.race if start else "")
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        height = _number(card, "height_cm", key, start)
    with right:
        weight = _number(card, "weight_kg", key, start)
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        cyp2c9 = _one(card, "cyp2c9", ("", *CYP2C9), key, start.cyp2c9 if start else "")
    with right:
        vkorc1 = _one(card, "vkorc1", ("", *VKORC1), key, start.vkorc1 if start else "")
    drugs = st.multiselect(
        _("Other drugs taken from the start"),
        DRUGS,
        default=_once(f"{key}:drugs", list(start.drugs if start else ())),
        format_func=drug_title,
        key=f"{key}:drugs",
        placeholder=_("none that interacts"),
        help=_("Inducers are carbamazepine, phenytoin and rifampicin."),
    )
    return {
        "age_years": age,
        "height_cm": height,
        "weight_kg": weight,
        "race": race,
        "cyp2c9": cyp2c9,
        "vkorc1": vkorc1,
        "drugs": tuple(drugs),
    }


def drug_title(name: str) -> str:
    """A drug that interacts."""
    return say(Message(f"drug.{name}"))


def _once(key: str, value: Any) -> Any:
    """The value that a field begins with; nothing where it has one of its own already."""
    return None if key in st.session_state else value


def _number(card: Card, name: str, key: str, start: Patient | None) -> float | None:
    p, must = spec_of(card, name), name == "age_years"
    known = getattr(start, name) if start else None
    # Set here and not as the widget's own value: only a field that began empty can be emptied.
    st.session_state.setdefault(f"{key}:{name}", None if known is None else float(known))
    return st.number_input(
        f"{predictor_title(card, name)} ({_(p.unit)})",
        value=None,
        step=1.0,
        format="%.0f",
        placeholder=_("needed") if must else _("not known"),
        key=f"{key}:{name}",
        help=_("{low} to {high} {unit}").format(low=f"{p.low:g}", high=f"{p.high:g}", unit=_(p.unit)),
    )


def _one(card: Card, name: str, choices: Sequence[str], key: str, known: str) -> str:
    st.session_state.setdefault(f"{key}:{name}", known or choices[0])
    return st.selectbox(
        predictor_title(card, name),
        choices,
        format_func=lambda n: sentence(_choice(card, name, n)),
        key=f"{key}:{name}",
    )


def _choice(card: Card, name: str, choice: str) -> str:
    if name == "race":
        return race_title(card, choice)
    return category_title(card, name, choice) if choice else _("not known")


def _text(label: str, key: str, known: str) -> str:
    st.session_state.setdefault(key, known)
    said = _("Days of treatment on which no dose was taken, also as a span.")
    return str(st.text_input(label, placeholder=_("none; else as 9; 12-20"), max_chars=200, key=key, help=said) or "")


def _ask_days(question: Question, start: Patient | None) -> dict[str, Any]:
    """The day that is to be decided about, and the date of the first dose."""
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    later = start.today if start and start.today > _last(start) else None
    st.session_state.setdefault(f"{question.key}:today", later)
    st.session_state.setdefault(f"{question.key}:began", start.began if start else None)
    with left:
        today = st.number_input(
            _("Day to decide about"),
            value=None,
            step=1,
            placeholder=_("the last one told"),
            key=f"{question.key}:today",
            help=_("Day 0 is that of the first dose. Without a number it is the last day in the table."),
        )
    with right:
        began = st.date_input(
            _("Date of the first dose"),
            value=None,
            min_value=date(1990, 1, 1),
            format="YYYY-MM-DD",
            key=f"{question.key}:began",
            help=_("Only needed where new INRs come with dates."),
        )
    return {"today": today, "began": began}


def _ask_newer(key: str) -> Upload | None:
    file = st.file_uploader(
        _("New INRs from a file"),
        key=f"{key}:newer",
        max_upload_size=LIMIT_MB,
        help=_("FHIR Observations, HL7 version 2, or the table of a meter. They are added to those in the table."),
    )
    return None if file is None else given(file.name, file.getvalue())


def _patient(known: dict[str, Any], history: pd.DataFrame, missed: str, told: dict[str, Any], card: Card) -> Patient:
    """All of the form as the core takes it.

    Raises
    ------
    PatientError : something is impossible.
    """
    one = Patient(**known, **vars(read_history(history)), missed_days=_days(missed), began=told["began"])
    today = _last(one) if told["today"] is None else int(told["today"])
    return checked(replace(one, today=today), card)


def _last(one: Patient) -> int:
    """The last day that is told of; the day after the last missed dose, which is over by then."""
    days = [0, *(dose.day for dose in one.doses), *(value.day for value in one.inrs)]
    return max(*days, *(change.day for change in one.drug_changes), *(day + 1 for day in one.missed_days), 0)


def _days(text: str) -> tuple[int, ...]:
    """Days from "9; 12-20"."""
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in re.split(r"[;,，；、]", text))):
        span = re.fullmatch(r"(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?", part, re.ASCII)
        if span is None or int(span[2] or span[1]) < int(span[1]):
            raise PatientError("dosing.value", field="missed_days", value=part[:40], expected=(Message("dosing.days"),))
        found |= set(range(int(span[1]), int(span[2] or span[1]) + 1))
    return tuple(sorted(found))


def _spans(days: Sequence[int]) -> str:
    """Days as they are entered: "9; 12-20"."""
    spans: list[list[int]] = []
    for day in sorted(days):
        if spans and day == spans[-1][1] + 1:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return "; ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
