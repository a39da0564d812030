"""What the commands of the record are called; what they do is imported only when one runs."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.records import SHOWN


def add_record(commands: Any) -> None:
    """The commands with their arguments."""
    record = commands.add_parser("record", help="list the patients of the record, or show one").add_subparsers(
        required=True, metavar="ACTION"
    )
    listed = record.add_parser("list", help="the worklist, the most urgent first")
    listed.add_argument("--search", default="", help="words that each begin a word of name, number or birth date")
    listed.add_argument("--show", choices=SHOWN, default="all")
    listed.add_argument("--limit", type=int, default=100, help="lines at most (default: 100)")
    listed.set_defaults(run=partial(_run, "list_patients"))
    shown = record.add_parser("show", help="all that is filed to one patient")
    shown.add_argument("patient", metavar="PATIENT", help="the patient's number, or the identifier from `record list`")
    shown.set_defaults(run=partial(_run, "show_patient"))
    for name, run, words in (
        ("backup", "back_up", "write the whole record into a new folder"),
        ("restore", "restore", "make the record of a backup, where there is none yet"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("folder", type=Path, metavar="DIR")
        command.set_defaults(run=partial(_run, run))
    actions = commands.add_parser("audit", help="verify or export who did what").add_subparsers(
        required=True, metavar="ACTION"
    )
    actions.add_parser("verify", help="name the first entry that cannot be trusted").set_defaults(
        run=partial(_run, "verify")
    )
    exported = actions.add_parser("export", help="every entry as FHIR R4 AuditEvent")
    exported.add_argument(
        "--out", type=Path, metavar="FILE", help="write there: .ndjson one a line, else one Bundle (default: print it)"
    )
    exported.set_defaults(run=partial(_run, "export_audit"))
    for command in (listed, shown, *actions.choices.values()):
        command.add_argument("--json", action="store_true", help="print JSON")


def _run(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import records

    return int(getattr(records, name)(options, models))
