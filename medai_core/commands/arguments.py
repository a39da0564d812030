"""What the commands of the record are called; what they do is imported only when one runs."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from medai_core.cards.subtypes import METHODS
from medai_core.catalog import Catalog
from medai_core.records import FORMATS, SHOWN


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


def add_exchange(commands: Any) -> None:
    """The commands of what leaves and enters, with their arguments."""
    _add_deidentify(commands)
    _add_export(commands)
    _add_listen(commands)
    _add_pacs(commands)


def _add_deidentify(commands: Any) -> None:
    deidentify = commands.add_parser("deidentify", help="write DICOM files without the person (PS3.15, Annex E)")
    deidentify.add_argument("source", type=Path, metavar="FILE|DIR")
    deidentify.add_argument("--out", type=Path, required=True, metavar="DIR")
    deidentify.add_argument(
        "--burned-in",
        choices=("refuse", "keep"),
        default="refuse",
        help="files that say or look as if names were written into the picture (keep: somebody has looked)",
    )
    deidentify.set_defaults(run=partial(_exchange, "deidentify"))


def _add_export(commands: Any) -> None:
    export = commands.add_parser("export", help="hand out what is filed to a patient")
    export.add_argument("patient", metavar="PATIENT", help="the patient's number, or the identifier from `record list`")
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.add_argument("--scan", default="", metavar="ID", help="only what is of this scan (see `record show --json`)")
    export.add_argument("--reading", default="", metavar="ID", help="only this reading")
    export.set_defaults(run=partial(_exchange, "hand_out"))


def _add_listen(commands: Any) -> None:
    listen = commands.add_parser("listen", help="file and read what modalities and the PACS push (DICOM C-STORE)")
    listen.add_argument("--port", type=int, default=11112)
    listen.add_argument("--address", default="127.0.0.1", help="another than this machine's own needs the certificates")
    listen.add_argument("--title", default="MEDAI", metavar="AE", help="the AE title that senders call")
    listen.add_argument("--allow", action="append", default=[], metavar="AE", help="an AE title that may send")
    listen.add_argument("--certificate", type=Path, metavar="PEM", help="of this side, for TLS")
    listen.add_argument("--key", type=Path, metavar="PEM")
    listen.add_argument("--clients", type=Path, metavar="PEM", help="the authorities of the senders' certificates")
    listen.set_defaults(run=partial(_exchange, "listen"))


def _add_pacs(commands: Any) -> None:
    actions = commands.add_parser("pacs", help="find, fetch and store at a PACS (DICOMweb)").add_subparsers(
        required=True, metavar="ACTION"
    )
    find = actions.add_parser("find", help="list the studies that fit")
    find.add_argument("--patient", default="", metavar="NUMBER")
    find.add_argument("--name", default="", help="DICOM's way: Family^Given, * for any letters")
    find.add_argument("--date", default="", metavar="YYYY-MM-DD")
    find.add_argument("--limit", type=int, default=100)
    find.set_defaults(run=partial(_exchange, "find"))
    fetch = actions.add_parser("fetch", help="file and read a study, or write its files into a folder")
    fetch.add_argument("study", metavar="STUDY_UID")
    fetch.add_argument("--out", type=Path, metavar="DIR", help="only write the files there")
    fetch.set_defaults(run=partial(_exchange, "fetch"))
    store = actions.add_parser("store", help="put a patient's results, or DICOM files, into the PACS")
    what = store.add_mutually_exclusive_group(required=True)
    what.add_argument("--patient", default="", metavar="PATIENT")
    what.add_argument("--files", nargs="+", type=Path, metavar="FILE")
    store.add_argument("--scan", default="", metavar="ID", help="only what is of this scan")
    store.set_defaults(run=partial(_exchange, "store"))
    for command in (find, fetch, store):
        command.add_argument("--url", default="", help="of the PACS's DICOMweb (default: MEDAI_PACS_URL)")


def add_own_models(commands: Any) -> None:
    """The commands of models of one's own, with their arguments."""
    train = commands.add_parser("train", help="fit a model further on your own labelled images, as a new model")
    train.add_argument("model", metavar="MODEL", help="the model to begin with")
    train.add_argument("--data", type=Path, required=True, metavar="MANIFEST.csv", help="file, label, group, split")
    train.add_argument("--name", required=True, metavar="NEW", help="small letters, digits and _")
    train.add_argument("--original", type=Path, metavar="MANIFEST.csv", help="the images that MODEL was tested on")
    train.add_argument("--out", type=Path, metavar="DIR", help="where its folder goes (default: beside the others)")
    train.add_argument("--epochs", type=int, default=30, help="at most (default: 30); it ends when nothing improves")
    train.add_argument("--seed", type=int, default=7)
    train.add_argument("--progress", type=Path, metavar="FILE", help="write a line of JSON after each step")
    train.set_defaults(run=partial(_own_models, "train"))
    add = commands.add_parser("add-model", help="make a model of a card and a Keras 3 file from elsewhere")
    add.add_argument("card", type=Path, metavar="CARD.toml")
    add.add_argument("weights", type=Path, metavar="WEIGHTS.keras")
    add.add_argument("--manifest", type=Path, metavar="MANIFEST.csv", help="measure it on these labelled images")
    add.add_argument("--name", default="", metavar="NEW", help="(default: the card's file or folder)")
    add.add_argument("--out", type=Path, metavar="DIR", help="where its folder goes (default: beside the others)")
    add.add_argument("--seed", type=int, default=7)
    add.set_defaults(run=_add_model)
    switch = commands.add_parser("switch", help="have a model of your own answer, once you have seen what it is worth")
    switch.add_argument("name", metavar="NEW")
    switch.add_argument("--seen", action="store_true", help="you have seen the comparison: do it")
    switch.add_argument("--back", action="store_true", help="have it answer no more")
    switch.set_defaults(run=partial(_own_models, "switch"))


def add_stays(commands: Any) -> None:
    """``monitor`` and ``follow``: stays that are watched hour by hour."""
    watch = commands.add_parser("monitor", help="the risk of every stay in a file of observations, hour by hour")
    watch.add_argument("model", metavar="MODEL")
    watch.add_argument("file", type=Path, metavar="OBSERVATIONS", help="CSV, TSV, Parquet, FHIR R4 or HL7 version 2")
    watch.add_argument("--hours", metavar="H,H,...", help="hours of the stay, from 1 (default: those of the card)")
    watch.add_argument("--estimator", metavar="NAME", help="which estimator of the model answers (see the card)")
    watch.add_argument("--out", type=Path, metavar="OUT", help="write to OUT.csv or OUT.parquet")
    watch.add_argument("--json", action="store_true", help="print JSON, one line for each stay and hour")
    watch.set_defaults(run=partial(_stays, "monitor"))
    live = commands.add_parser("follow", help="follow the observations that arrive in a folder, one line a new risk")
    live.add_argument("folder", type=Path, metavar="FOLDER")
    live.add_argument("--model", required=True, metavar="NAME", help="the model that watches")
    live.add_argument("--level", type=float, help="the risk from which an alarm is raised (default: the card's)")
    live.add_argument("--every", type=float, default=2.0, help="seconds between two looks (default: 2)")
    live.add_argument("--once", action="store_true", help="read what is there, and end")
    live.set_defaults(run=partial(_stays, "follow"))


def add_subtypes(commands: Any) -> None:
    """``subtype``: groups in an expression matrix, and patients placed in known ones."""
    subtype = commands.add_parser("subtype", help="find subtypes in gene expression, or place samples in a model's")
    subtype.add_argument("file", type=Path, metavar="MATRIX", help="samples by genes: CSV, TSV, Parquet; or GCT")
    subtype.add_argument("--k", default="auto", metavar="N", help="the number of groups (default: auto, by evidence)")
    subtype.add_argument("--method", choices=METHODS, default=METHODS[0])
    subtype.add_argument("--survival", metavar="TIME,EVENT", help="columns to compare the groups' survival by")
    subtype.add_argument(
        "--clinical", type=Path, metavar="FILE", help="a table with clinical columns, one row a sample"
    )
    subtype.add_argument("--clinical-columns", metavar="COLUMN,...", help="columns of MATRIX that are no expression")
    subtype.add_argument("--genes-in-rows", action="store_true", help="MATRIX has one row a gene")
    subtype.add_argument("--model", metavar="NAME", help="place each sample in a subtype of this model")
    subtype.add_argument("--out", type=Path, metavar="OUT", help="write to OUT.csv or OUT.parquet")
    subtype.add_argument("--json", action="store_true", help="print JSON, one object")
    subtype.set_defaults(run=_subtype)


def _subtype(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import subtypes

    return subtypes.subtype(options, models)


def add_survival(commands: Any) -> None:
    """``survive``: survival from history, treatment and expression."""
    survive = commands.add_parser(
        "survive", help="survival of every patient in a file, from history, treatment and gene expression"
    )
    survive.add_argument("model", metavar="MODEL")
    survive.add_argument("file", type=Path, metavar="FILE", help="samples by genes and clinical columns, or either")
    survive.add_argument("--clinical", type=Path, metavar="FILE", help="clinical columns, with a column 'sample'")
    survive.add_argument("--out", type=Path, metavar="OUT", help="write to OUT.csv or OUT.parquet")
    survive.add_argument("--json", action="store_true", help="print JSON, one line a patient")
    survive.set_defaults(run=_survive)


def _survive(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import survival

    return survival.survive(options, models)


def add_dosing(commands: Any) -> None:
    """``dose`` and ``simulate``: warfarin, in simulation."""
    dose = commands.add_parser("dose", help="a simulated patient's next dose of warfarin; no prescription")
    dose.add_argument("--patient", type=Path, required=True, metavar="FILE", help="JSON, or a CSV of one row")
    dose.add_argument("--inrs", type=Path, metavar="FILE", help="new INRs: FHIR Observations, HL7, or a meter's table")
    dose.add_argument("--policy", default="", metavar="NAME", help="which policy doses (default: the trained one)")
    dose.set_defaults(run=partial(_dosing, "dose"))
    simulate = commands.add_parser("simulate", help="virtual patients on warfarin under one policy")
    simulate.add_argument("--patients", type=int, default=1000, metavar="N")
    simulate.add_argument("--policy", default="", metavar="NAME", help="which policy doses (default: the trained one)")
    simulate.add_argument("--seed", type=int, default=0, metavar="S")
    simulate.set_defaults(run=partial(_dosing, "simulate"))
    for command in (dose, simulate):
        command.add_argument("--model", default="", metavar="NAME", help="the model that doses (default: the first)")
        command.add_argument("--json", action="store_true", help="print JSON")


def add_synthesis(commands: Any) -> None:
    """``synthesize``: scans that no patient ever had."""
    synthesize = commands.add_parser("synthesize", help="make SYNTHETIC scans, with a manifest; none is a patient's")
    synthesize.add_argument("model", metavar="MODEL")
    synthesize.add_argument("--label", action="append", metavar="NAME", help="what to make; again for several (all)")
    synthesize.add_argument("--count", type=int, default=10, metavar="N", help="images a label (default: 10)")
    synthesize.add_argument("--seed", type=int, default=0, metavar="S", help="the same gives the same (default: 0)")
    synthesize.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or an empty folder")
    synthesize.add_argument("--dicom", action="store_true", help="write DICOM files instead of PNG")
    synthesize.add_argument("--json", action="store_true", help="print JSON, one object")
    synthesize.set_defaults(run=_synthesize)


def _synthesize(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import synthesis

    return synthesis.make(options, models)


def _dosing(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import dosing

    return int(getattr(dosing, name)(options, models))


def _stays(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import stays

    return int(getattr(stays, name)(options, models))


def _add_model(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands.adding import add_model

    return add_model(options, models)


def _own_models(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import own_models

    return int(getattr(own_models, name)(options, models))


def _exchange(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import exchange

    return int(getattr(exchange, name)(options, models))


def _run(name: str, options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import records

    return int(getattr(records, name)(options, models))
