"""The record from the command line: ``record``, ``backup``, ``restore`` and ``audit``."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.commands.saying import said_reading
from medai_core.errors import RecordError
from medai_core.records import audit
from medai_core.records.access import Person
from medai_core.records.fhir import audit_bundle, audit_event
from medai_core.records.store import Store, backup, default_store, locate
from medai_core.records.store.patients import Patient, patient_numbered, view_patient
from medai_core.records.store.portrait import portrait
from medai_core.records.store.worklist import Asked, Line, Lines, worklist


def person() -> Person:
    """Whoever may run this on the machine that holds the record; the audit calls them by their account."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown account"
    return Person(f"account:{name}", name, "administrator")


@contextmanager
def opened() -> Iterator[Store]:
    """The record of this installation, closed at the end."""
    store = default_store()
    try:
        yield store
    finally:
        store.close()


def list_patients(options: argparse.Namespace, _models: Catalog) -> int:
    """Print the list: one line a patient, or one JSON array."""
    with opened() as store:
        found = worklist(store, person(), Asked(options.search, options.show, size=max(1, options.limit)))
    if options.json:
        print(json.dumps([_line(line) for line in found.lines], ensure_ascii=False))
        return 0
    for line in found.lines:
        print(_said(line))
    print(_counted(found))
    return 0


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "number": line.number,
        "name": line.name,
        "birth_date": line.birth_date.isoformat() if line.birth_date else None,
        "sex": line.sex,
        "demo": line.demo,
        "unread": line.waits,
        "refused": line.refused,
        "urgency": round(line.urgency, 6),
        "finding": line.finding,
        "model": line.model,
        "newest": line.newest_at.isoformat() if line.newest_at else None,
    }


def _said(line: Line) -> str:
    why = "refused: needs a person" if line.refused else f"{line.finding} {line.urgency:.3f}" if line.finding else ""
    state = " ".join(filter(None, ["unread" if line.waits else "read" if line.newest_at else "nothing filed", why]))
    born = f" born {line.birth_date.isoformat()}" if line.birth_date else ""
    return f"{line.id}  {line.number or '-':12}  {line.name}{born}  {state}"


def _counted(found: Lines) -> str:
    more = "more than " if found.more else ""
    return f"{len(found.lines)} of {more}{found.total} patients"


def show_patient(options: argparse.Namespace, _models: Catalog) -> int:
    """Print all that is filed to one patient."""
    with opened() as store:
        found = portrait(store, viewed(store, options.patient))
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    details = found["patient"]
    print(f"{details['name']}  {details['number'] or '-'}  born {details['birth_date'] or 'not known'}")
    for scan in found["scans"]:
        print(f"  scan {scan['file']}  {scan['acquired'] or scan['filed']}")
        for reading in scan["readings"]:
            said = reading["refused"] or said_reading(reading)
            print(f"    {reading['model'] or 'no model'} {reading['version'] or ''}: {said}")
    for e in found["estimates"]:
        risk = " ".join(e["refused"]) if e["risk"] is None else f"{e['risk']:.3f} ({e['low']:.3f} to {e['high']:.3f})"
        print(f"  risk {e['outcome']} by {e['model']} {e['version']}: {risk}")
    print(f"  {len(found['vitals'])} vital signs")
    return 0


def viewed(store: Store, asked: str) -> Patient:
    """A patient by number or identifier, the view entered."""
    known = patient_numbered(store, asked)
    return view_patient(store, person(), known.id if known else asked)


def back_up(options: argparse.Namespace, _models: Catalog) -> int:
    """Write a backup and say what is in it."""
    with opened() as store:
        rows = backup.backup(store, person(), options.folder)
    print(f"{rows['patient']} patients, {rows['scan']} scans, {rows['audit_entry']} audit entries in {options.folder}.")
    print("The folder holds the audit's key and all that the record holds: keep it as carefully.")
    return 0


def restore(options: argparse.Namespace, _models: Catalog) -> int:
    """Make the record of a backup and say what is in it."""
    rows = backup.restore(locate(os.environ), person(), options.folder)
    print(f"{rows['patient']} patients, {rows['scan']} scans, {rows['audit_entry']} audit entries restored.")
    return 0


def verify(options: argparse.Namespace, _models: Catalog) -> int:
    """Print whether every entry can be trusted; 1 and the first that cannot, where one cannot."""
    with opened() as store:
        with store.reading() as connection:
            found = audit.verify(connection, store.folder, store.key)
        store.enter(person(), audit.Act("audit.verify", detail={"good": found.problem is None}))
    said = found.problem.text if found.problem else None
    if options.json:
        print(json.dumps({"entries": found.entries, "broken": found.broken, "problem": said}))
    else:
        print(said or f"{found.entries} entries, each follows the one before it.")
    return int(found.problem is not None)


def export_audit(options: argparse.Namespace, _models: Catalog) -> int:
    """Print or write every entry as AuditEvent."""
    with opened() as store:
        store.enter(person(), audit.Act("audit.export"))
        with store.reading() as connection:
            found = audit.entries(connection)
            if options.out is None:
                json.dump(audit_bundle(found), sys.stdout)
                print()
                return 0
            _write(found, options.out)
    print(f"Written to {options.out}.")
    return 0


def _write(entries: Iterator[audit.Entry], out: Path) -> None:
    try:
        with out.open("w", encoding="utf-8") as stream:
            if out.suffix == ".ndjson":
                stream.writelines(json.dumps(audit_event(entry)) + "\n" for entry in entries)
            else:
                json.dump(audit_bundle(entries), stream)
    except OSError as error:
        raise RecordError("backup.unwritten", folder=str(out), detail=error.strerror or str(error)) from error
