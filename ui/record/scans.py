"""A patient's scans with their findings and evidence, the prior study beside the new one."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.catalog import WEIGHTS
from medai_core.errors import MedAIError
from medai_core.readings import Reading
from medai_core.records.store.filing import file_scan, read_file
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading, StoredScan, recall, scans_of
from ui import cached, kept, people, results, signin, words
from ui.cached import Request, Scan
from ui.language import _, kind_title
from ui.record.handing_out import hand_out_reading
from ui.record.verdicts import ask_verdict
from ui.results import empty_state, problem
from ui.viewer import viewer


def scans(patient: Patient) -> None:
    """The newest scan, and beside it an older one that the reader chooses."""
    st.header(_("Scans"), anchor=False)
    found = scans_of(kept.store(), patient.id)
    if not found:
        empty_state("radiology", _("No scan is filed"), _("Read a scan and file it to this patient."), "empty_scans")
        return
    by_id = {scan.id: scan for scan in found}
    new_side, prior_side = st.columns(2, gap="large")
    with new_side:
        newest = _choose(_("Scan to show"), by_id, found[0].id, f"scan:{patient.id}")
        _scan(patient, by_id[newest], "new")
    if len(found) == 1:
        return
    with prior_side:
        others = {id: scan for id, scan in by_id.items() if id != newest}
        prior = _choose(_("Compare with"), others, _prior(found, by_id[newest]), f"prior:{patient.id}:{newest}")
        _scan(patient, by_id[prior], "prior")


def _choose(label: str, scans: dict[str, StoredScan], first: str, key: str) -> str:
    names = list(scans)
    return st.selectbox(label, names, names.index(first), format_func=lambda id: _title(scans[id]), key=key)


def _title(scan: StoredScan) -> str:
    kind = next((r.reading.kind for r in scan.readings if r.reading.kind), None)
    at = (
        f"{scan.at:%Y-%m-%d %H:%M}"
        if scan.acquired
        else _("filed {time}").format(time=people.local_time(scan.filed_at))
    )
    return " · ".join([at, words.sentence(kind_title(kind.name)) if kind else scan.modality or scan.format, scan.file])


def _prior(found: tuple[StoredScan, ...], newest: StoredScan) -> str:
    """The scan to compare with: the newest older one of the same kind, else the next in the list."""

    def kind(scan: StoredScan) -> str:
        return next((r.reading.kind.name for r in scan.readings if r.reading.kind), "")

    later = found[found.index(newest) + 1 :]
    same = [scan for scan in later if kind(scan) == kind(newest)]
    return next(iter(same or later), next(scan for scan in found if scan is not newest)).id


def _scan(patient: Patient, scan: StoredScan, side: str) -> None:
    """One scan: whose, when, by which model; the answer, the picture, and what people say of it."""
    stored = _choose_reading(scan, side)
    try:
        reading = recall(kept.store(), signin.person(), stored.id)
    except MedAIError as error:
        problem(error)
        return
    card = stored.card(cached.models_by_name().get(stored.reading.model or ""))
    _header(patient, scan, stored, reading)
    results.result(reading, card)
    viewer(reading, card, name=f"{stored.id}:{side}", draw=False)
    if card:
        results.limits(card, key=f"limits:{side}")
    _later_model(patient, scan, stored, side)
    hand_out_reading(patient, scan, stored, side)
    ask_verdict(stored.verdicts, reading_id=stored.id, key=f"{side}:{stored.id}")


def _choose_reading(scan: StoredScan, side: str) -> StoredReading:
    """The newest reading, or the older one that is asked for: both stay as they were given."""
    if len(scan.readings) == 1:
        return scan.readings[0]
    index = st.selectbox(
        _("Reading, of {n}").format(n=len(scan.readings)),
        range(len(scan.readings)),
        format_func=lambda i: _reading_title(scan.readings[i]),
        key=f"reading:{side}:{scan.id}",
        help=_("Every reading stays as it was given, whatever model or version came later."),
    )
    return scan.readings[index]


def _reading_title(stored: StoredReading) -> str:
    model = cached.models_by_name().get(stored.reading.model or "")
    version = _("version {version}").format(version=stored.reading.version) if stored.reading.version else ""
    return " · ".join(filter(None, [people.local_time(stored.at), words.model_title(model), version]))


def _header(patient: Patient, scan: StoredScan, stored: StoredReading, reading: Reading) -> None:
    details, image = patient.details, reading.image
    born = _("born {date}").format(date=details.birth_date.isoformat()) if details.birth_date else ""
    names = (
        _("the file names this patient") if scan.states_patient else _("filed here on purpose; the file names nobody")
    )
    version = _("version {version}").format(version=stored.reading.version) if stored.reading.version else ""
    weights = f"SHA-256 {stored.reading.weights_sha256[:12]}…" if stored.reading.weights_sha256 else ""
    cells = (
        (_("Patient"), details.name, " · ".join(filter(None, [born, details.number or ""]))),
        (_("Scan time"), words.scan_time(image) or _("not stated in the file"), words.image_facts(image)),
        (_("File"), scan.file, names),
        (
            _("Model"),
            words.model_title(cached.models_by_name().get(stored.reading.model or "")),
            " · ".join(filter(None, [version, weights, _("read {time}").format(time=people.local_time(stored.at))])),
        ),
    )
    body = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>"
        for name, value, more in cells
    )
    st.html(f'<dl class="medai-header">{body}</dl>')


def _later_model(patient: Patient, scan: StoredScan, stored: StoredReading, side: str) -> None:
    """Where another version is installed now than the one that read: say so, and offer to read again."""
    card = cached.models_by_name().get(stored.reading.model or "")
    if card is None or card.measured is None or card.measured.sha256.get(WEIGHTS) == stored.reading.weights_sha256:
        return
    st.info(
        _(
            "This reading is by version {old}; version {new} is installed now. The reading stays as it was given."
        ).format(old=stored.reading.version, new=card.version)
    )
    label = _("Read again with version {version}").format(version=card.version)
    if signin.may("file") and st.button(label, key=f"again:{side}:{stored.id}"):
        try:
            _read_again(patient.id, scan, stored)
        except MedAIError as error:
            problem(error)
            return
        st.rerun()


def _read_again(id: str, scan: StoredScan, stored: StoredReading) -> None:
    """Add the installed model's reading of the same frame, and of the same region where one was drawn."""
    data, given = read_file(kept.store(), scan.sha256), stored.reading
    asked = Request(
        frame=given.image.frame,
        model=given.model,
        affirm=given.refusal is None,
        region=given.region.box if given.region and given.region.source == "drawn" else None,
    )
    readings = cached.read(Scan(scan.file, data, scan.sha256), asked)
    file_scan(kept.store(), signin.person(), id, data, readings, cached.models_by_name())
