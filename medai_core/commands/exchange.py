"""What leaves and enters from the command line: ``deidentify``, ``export``, ``listen`` and ``pacs``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.commands.records import opened, person, viewed
from medai_core.errors import MedAIError, RecordError
from medai_core.records.exports import export, send, write
from medai_core.records.files import kept_secret, write_whole
from medai_core.records.store import locate

SECRET = Path("keys", "deidentification.key")


def deidentify(options: argparse.Namespace, _models: Catalog) -> int:
    """Write files without their person; one line a file, 1 where one was refused."""
    from medai_core.records.deidentification import deidentify

    secret = kept_secret(locate(os.environ).folder / SECRET)
    done = refused = 0
    for path in _files(options.source):
        try:
            made = deidentify(path.read_bytes(), str(path), secret, keep_burned_in=options.burned_in == "keep")
            target = options.out / f"{made.uid}.dcm"
            _put(target, made.data)
        except (MedAIError, OSError) as error:
            refused += 1
            print(error, file=sys.stderr)
            continue
        done += 1
        print(": ".join([f"{path} -> {target}", *(flag.text for flag in made.flags)]), flush=True)
    print(f"{done} of {done + refused} files are without names in {options.out}.")
    return int(refused > 0)


def _files(source: Path) -> list[Path]:
    """The files, those of a folder in order."""
    found = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    if not found:
        raise RecordError("deidentify.nothing", folder=str(source))
    return found


def _put(target: Path, data: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() != data:
            raise RecordError("deidentify.twice", file=str(target))
        write_whole(target, data)
    except OSError as error:
        raise RecordError(
            "deidentify.unwritten", file=str(target), detail=error.strerror or type(error).__name__
        ) from error


def hand_out(options: argparse.Namespace, models: Catalog) -> int:
    """Write what is filed to a patient in one format; the paths, one a line."""
    with opened() as store:
        found = viewed(store, options.patient)
        cards = {card.name: card for card in models.cards}
        made = export(store, person(), found.id, options.format, cards, scan=options.scan, reading=options.reading)
    for path in write(made, options.out):
        print(path)
    return 0


def listen(options: argparse.Namespace, models: Catalog) -> int:
    """Listen until Ctrl+C or SIGTERM."""
    from medai_core.records.listener import Listening, listen

    warnings.simplefilter("ignore")  # what a library warns of repeats the value that it stumbles over
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its lines would name patients
    wanted = Listening(
        options.address,
        options.port,
        options.title,
        tuple(options.allow),
        options.certificate,
        options.key,
        options.clients,
    )
    stop = threading.Event()
    with opened() as store:
        server = listen(store, models, wanted)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        host, port = server.server_address[:2]
        print(
            f"MedAI listens for DICOM at {host}:{port} as {options.title} (research use; Ctrl+C stops it)", flush=True
        )
        stop.wait()
        server.shutdown()
    return 0


def find(options: argparse.Namespace, _models: Catalog) -> int:
    """Print the studies of a PACS that fit, one a line."""
    from medai_core.records import dicomweb

    on = _day(options.date) if options.date else None
    found = dicomweb.find(_pacs(options), number=options.patient, name=options.name, on=on, limit=options.limit)
    for study in found:
        print(f"{study.uid}  {study.number or '-'}  {study.name or '-'}  {study.title}")
    print(f"{len(found)} studies")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RecordError("record.date", found=text) from error


def fetch(options: argparse.Namespace, models: Catalog) -> int:
    """Write a study's instances into a folder, or file and read them as the listener does."""
    from medai_core.records import dicomweb

    instances = dicomweb.fetch(_pacs(options), options.study)
    if options.out is not None:
        return _save(instances, options.out)
    from medai_core.records.receiving import receive

    refused = 0
    with opened() as store:
        for data in instances:
            outcome = receive(store, models, data)
            refused += outcome.status != 0
            print(f"{outcome.sha256[:12]}  {outcome.said}", flush=True)
    return int(refused > 0)


def _save(instances: Iterator[bytes], folder: Path) -> int:
    for i, data in enumerate(instances, start=1):
        _put(folder / f"{i:05}.dcm", data)
        print(folder / f"{i:05}.dcm", flush=True)
    return 0


def store(options: argparse.Namespace, models: Catalog) -> int:
    """Put a patient's results, or DICOM files, into the PACS."""
    from medai_core.records import dicomweb

    pacs = _pacs(options)
    if options.files:
        count = dicomweb.store(pacs, [_read(path) for path in options.files])
    else:
        cards = {card.name: card for card in models.cards}
        with opened() as record:
            found = viewed(record, options.patient)
            count = send(record, person(), found.id, cards, pacs, scan=options.scan)
    print(f"{count} objects stored at {pacs.url}")
    return 0


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError("deidentify.damaged", file=str(path)) from error
    if data[128:132] != b"DICM":
        raise RecordError("pacs.no_dicom", file=str(path))
    return data


def _pacs(options: argparse.Namespace) -> Any:
    from medai_core.records.dicomweb import pacs_of

    return pacs_of(os.environ, options.url)
