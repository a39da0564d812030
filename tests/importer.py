"""Imports studies until it is killed: a nursery that has everything imported forks one importer for each line it reads.

Each importer writes the UID of every study whose filing was acknowledged to a file, which outlasts it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.store import Location, open_store
from medai_core.records.store.filing import Given, file_scans
from tests.records import CARDS, CLINICIAN, filed, film, reading, someone

SERIES = (1, 1, 2)


def nursery() -> None:
    """Each line: how an importer is to be called, the folder, the acknowledgements' file, the patient, the address."""
    with tempfile.TemporaryDirectory() as folder:
        # What is imported only when needed is now, so that the importers lose no time on it.
        store = open_store(Location(Path(folder)))
        filed(store, someone(store).id, film())
        store.close()
    for line in sys.stdin:
        number, folder, acknowledged, id, *url = line.split()
        child = os.fork()
        if child == 0:
            importing(int(number), Location(Path(folder), url[0] if url else ""), Path(acknowledged), id)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


def importing(number: int, location: Location, acknowledged: Path, id: str) -> None:
    """Studies of three scans in two series each, to one patient, for ever."""
    out = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = open_store(location)
    study = 0
    while True:
        study += 1
        uid, scans = f"1.{number}.{study}", []
        for scan, series in enumerate(SERIES):
            data = film(
                number * 100_000 + study * 10 + scan, side=96, StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.{series}"
            )
            scans.append(Given(data, (reading(data, evidence=True),)))
        file_scans(store, CLINICIAN, id, scans, CARDS)
        os.write(out, f"{uid}\n".encode())


def views(folder: str, url: str, count: str) -> None:
    """Enter so many views into the audit."""
    store = open_store(Location(Path(folder), url))
    for i in range(int(count)):
        store.enter(Person(f"process-{os.getpid()}", "A process", "clinician"), Act("view", object=str(i)))
    store.close()


if __name__ == "__main__":
    if sys.argv[1:]:
        views(*sys.argv[1:])
    else:
        nursery()
