"""The worklist: asked for, and shown as a table whose rows are links."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records import SHOWN
from medai_core.records.demo import MAKER, demo_count, has_demo_choice, make_demo, remove_demo
from medai_core.records.store.worklist import COUNTED, Asked, Line, Lines, find_lines
from ui import cached, kept, people, signin, words
from ui.language import _, finding_title, language
from ui.record.details import ask_new_patient
from ui.results import empty_state, problem

TITLES = {
    "all": lambda: _("All"),
    "unread": lambda: _("Unread"),
    "refused": lambda: _("Refused"),
    "read": lambda: _("Nothing unread"),
}


def ask() -> Asked:
    """What to look for and which of the patients to list; the address keeps it, so that a link brings it back."""
    searching, showing, adding = st.columns([3, 3, 1], gap="medium", vertical_alignment="bottom")
    with searching:
        search = st.text_input(
            _("Search"),
            key="worklist_search",
            placeholder=_("name, number or birth date"),
            help=_(
                "Each word begins a word of the name, the number or the birth date (2019-03-01); two signs or more."
            ),
            max_chars=100,
            on_change=_first_page,
        )
    with showing:
        show = st.segmented_control(
            _("Show"),
            SHOWN,
            default=SHOWN[0],
            required=True,
            format_func=lambda name: TITLES[name](),
            key="worklist_show",
            on_change=_first_page,
        )
    if signin.may("file"):
        with adding:
            ask_new_patient()
    return Asked((search or "").strip(), show or SHOWN[0], st.query_params.get("place", ""))


def _first_page() -> None:
    st.query_params.pop("place", None)


def begin() -> None:
    """Make the DEMO patients, where this record has never had any."""
    if not has_demo_choice(kept.store()):
        with st.spinner(_("Making the DEMO patients; this happens once…"), show_time=True):
            make_demo(kept.store(), MAKER, cached.models())


def find(asked: Asked) -> Lines:
    """One page of the list; the view is entered."""
    person = kept.store().allow(signin.person(), "view")
    found = find_lines(kept.store(), asked)
    kept.enter(person.subject, person, "list", object=f"{asked.show} {asked.place}".strip()[:60])
    return found


def table(asked: Asked, found: Lines) -> None:
    """The page of the list, or what to do where it is empty."""
    if not found.lines:
        if asked.search or asked.show != SHOWN[0]:
            empty_state("search_off", _("Nobody fits"), _("Search for fewer words, or show all patients."))
        elif signin.may("file"):
            empty_state("group", _("No patient yet"), _("Add a patient, or read a scan and file it to a new one."))
        else:
            empty_state("group", _("No patient yet"), _("Patients whom a clinician adds are listed here."))
        return
    columns = (_("Status"), _("Patient"), _("Born"), _("What makes it urgent"), _("Newest reading"))
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(_row(line) for line in found.lines)
    caption = escape(_("Patients, the most urgent first"))
    st.html(
        f'<div class="medai-wide"><table class="medai-findings medai-worklist"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    _paging(found)
    st.caption(
        _(
            "Unread results come first: refusals, for which no model vouches, then by the calibrated probability of "
            "the finding that its card marks urgent. Open a patient for the set, its measured coverage and the card."
        )
    )


def _row(line: Line) -> str:
    link = escape("patient?" + urlencode({"patient": line.id, "lang": language()}))
    demo = f'<span class="medai-badge">{escape(_("DEMO"))}</span>' if line.demo else ""
    born = line.birth_date.isoformat() if line.birth_date else ""
    facts = " · ".join(filter(None, (line.number or "", people.sex_words(line.sex))))
    age = people.age_words(line.birth_date) if line.birth_date else ""
    newest = (
        f"{people.local_time(line.newest_at)}<small>{escape(people.ago(line.newest_at))}</small>"
        if line.newest_at
        else ""
    )
    name = f'<a href="{link}" target="_self">{escape(line.name)}</a>{demo}<small>{escape(facts)}</small>'
    return (
        f'<tr class="{"medai-waits" if line.waits else ""}"><td>{_status(line)}</td>'
        f'<th scope="row">{name}</th>'
        f"<td>{escape(born)}<small>{escape(age)}</small></td><td>{_why(line)}</td><td>{newest}</td></tr>"
    )


def _status(line: Line) -> str:
    if line.refused:
        sign, said = "▲", _("Refused")
    elif line.waits:
        sign, said = "●", _("Unread")
    elif line.newest_at:
        sign, said = "✓", _("Read")
    else:
        sign, said = "–", _("No scan")
    return f'<span class="medai-status"><i aria-hidden="true">{sign}</i> {escape(said)}</span>'


def _why(line: Line) -> str:
    if line.refused:
        return escape(_("No model gave findings: a person must look"))
    if line.finding is None or line.model is None:
        return ""
    cards = {card.name: card for card in cached.models().cards}
    card = cards.get(line.model)
    title = words.sentence(finding_title(card, line.finding))
    bar = f'<span class="medai-bar" aria-hidden="true"><i style="width:{100 * line.urgency:.1f}%"></i></span>'
    model = escape(words.model_title(card) if card else line.model)
    return f"{escape(title)} <b>{escape(words.percent(line.urgency))}</b>{bar}<small>{model}</small>"


def _paging(found: Lines) -> None:
    total = _("more than {n}").format(n=f"{COUNTED:,}") if found.more else f"{found.total:,}"
    with st.container(horizontal=True, vertical_alignment="center", key="paging"):
        for label, place, icon in (
            (_("Previous"), found.before, ":material/chevron_left:"),
            (_("Next"), found.after, ":material/chevron_right:"),
        ):
            if found.before or found.after:
                st.button(label, icon=icon, disabled=place is None, on_click=_go, args=(place,))
        st.markdown(f":gray[{_('{n} of {total} patients').format(n=len(found.lines), total=total)}]")


def _go(place: str | None) -> None:
    if place:
        st.query_params["place"] = place


def demo() -> None:
    """What the DEMO patients are, and the one button that removes them."""
    count = demo_count(kept.store())
    if not count:
        return
    with st.container(border=True, key="demo"):
        telling, removing = st.columns([4, 1.3], gap="medium", vertical_alignment="center")
        telling.markdown(
            _(
                "**{n} patients marked DEMO are nobody.** This program made their scans, risks and stays to try it "
                "with; what the models say of them is real."
            ).format(n=count)
        )
        label = _("Remove the DEMO patients")
        icon = ":material/delete_sweep:"
        if signin.may("edit") and removing.button(label, icon=icon, key="demo:remove", width="stretch"):
            st.dialog(label)(_remove_demo)(count)


def _remove_demo(count: int) -> None:
    st.markdown(
        _(
            "This takes all {n} DEMO patients away, with what was filed to them since. They do not come back; other "
            "patients stay."
        ).format(n=count)
    )
    if st.button(_("Remove all of them"), type="primary", icon=":material/delete_sweep:", key="demo:sure"):
        try:
            remove_demo(kept.store(), signin.person())
        except MedAIError as error:
            problem(error)
            return
        st.rerun()
