"""The answer: the next dose with its reason and limit, the next visit, and the INR that is expected."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.errors import Message
from ui.cards.dosing import regimen_title
from ui.dosing import course
from ui.dosing.case import Case
from ui.dosing.said import dose_words, refusal_words, simulation, span
from ui.language import _, card_words, say
from ui.results import empty_state, header_cells, notices


def waiting() -> None:
    """What the page shows before anything is entered."""
    empty_state(
        "medication",
        _("Nobody is dosed yet"),
        _("Enter the age, or try the synthetic example. All the rest may be unknown."),
    )


def heading(case: Case) -> None:
    """Who, on which day of treatment, from which file, by which model: stands over every result."""
    upload = case.question.upload
    made = _("SYNTHETIC example") if case.synthetic else f"SHA-256 {upload.sha256[:16]}…" if upload else ""
    day = _("day {day} of treatment").format(day=case.patient.today) if case.patient else ""
    version = _("version {version}").format(version=case.card.version)
    header_cells(
        [
            (_("Patient"), case.label[:200], day),
            (_("File"), upload.name[:200] if upload else "", made),
            (_("Time"), case.when.strftime("%Y-%m-%d %H:%M"), ""),
            (_("Model"), card_words(case.card).title, version),
        ],
        {_("Patient"): _("not named"), _("File"): _("none")},
    )


def refused(case: Case) -> None:
    """Why there is no dose: a result like any other."""
    assert case.refused is not None
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('No dose is given for this patient'))}</h2>"
        f"<p>{escape(refusal_words(case.card, case.refused))}</p></section>"
    )


def answer(case: Case) -> None:
    """The dose with all that belongs beside it."""
    said = case.said
    by = regimen_title(said.policy, case.card)
    over = _("Next dose, day {day}, by: {policy}").format(day=said.day, policy=by)
    lines = "".join(f"<p>{escape(line)}</p>" for line in (*_urgent(case), _visit(case), say(said.reason), _bound(case)))
    st.html(
        f"<section class=\"medai-answer\"><p class='medai-over'>{escape(over)}</p>"
        f"<h2 class='medai-number'>{escape(headline(case))}</h2>"
        f"<p><strong>{escape(simulation())}</strong></p>{lines}"
        f"<p class='medai-meaning'>{escape(_believed(case))}</p></section>"
    )
    notices((*said.warnings, *filter(None, [said.alternative])))
    course.courses(case)


def headline(case: Case) -> str:
    """What is to be taken now, largest of all: nothing, where the drug is left out first or the INR is dangerous."""
    said = case.said
    if _dangerous(case) or not said.dose_mg_per_day:
        return _("No dose now")
    dose = dose_words(said.dose_mg_per_day)
    if said.held_days == 1:
        return _("Nothing today, then {dose}").format(dose=dose)
    return _("Nothing for {days} days, then {dose}").format(days=said.held_days, dose=dose) if said.held_days else dose


def _dangerous(case: Case) -> list[Message]:
    return [warning for warning in case.said.warnings if warning.id == "warning.very_high"]


def _urgent(case: Case) -> list[str]:
    """What comes before any dose, and what the policy would say afterwards."""
    found = [say(warning) for warning in _dangerous(case)]
    if found:
        dose = dose_words(case.said.dose_mg_per_day, case.said.held_days)
        found.append(_("What the policy would say once that is done: {dose}.").format(dose=dose))
    return found


def _visit(case: Case) -> str:
    said = case.said
    return _("{dose} mg a week; dose so far: {last}. Next INR in {days} days, on day {day}.").format(
        dose=f"{said.dose_mg_per_week:g}",
        last=_("none") if said.last_mg_per_day is None else dose_words(said.last_mg_per_day),
        days=said.next_visit_days,
        day=said.day + said.next_visit_days,
    )


def _bound(case: Case) -> str:
    """Which limit bound the dose, and what was proposed before."""
    said = case.said
    if said.limit is None:
        return _("No limit bound this dose.")
    return _("A limit bound this dose: {limit} {proposed} was proposed.").format(
        limit=say(said.limit), proposed=dose_words(said.proposed_mg_per_day)
    )


def _believed(case: Case) -> str:
    """What is believed of the dose that is needed in the end; no sureness about this patient."""
    needed = case.said.needed
    return _(
        "By Bayes' rule this patient needs about {dose} in the end (90 % interval {span} mg a day), if the model and "
        "its assumptions hold."
    ).format(dose=dose_words(needed.dose_mg_per_day), span=span(needed.low, needed.high, 1))
