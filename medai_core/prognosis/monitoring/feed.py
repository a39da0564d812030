"""A folder that is followed: new files, and what is appended to old ones, become observations of a ward."""

from __future__ import annotations

import codecs
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd

from medai_core.errors import ManifestError, Message
from medai_core.prognosis.monitoring.following import Ward
from medai_core.sources.observations import Growing, Observations, read_observations

GROWING = (".csv", ".tsv", ".tab", ".txt", ".ndjson", ".jsonl", ".hl7")
"""Files that are read on from where they ended; others are read again as a whole when they change."""
UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")
FILES_MAX, BYTES_MAX = 10_000, 100 * 2**20
"""Files of a folder that are looked at, and the bytes of one that are read at a time."""
WRITTEN_SECONDS = 10
"""How long a file may be damaged because it is still being written."""


@dataclass(frozen=True)
class Polled:
    """What a look into the folder brought.

    Attributes
    ----------
    changed : stays whose course changed. files : how many held something new.
    problems : files that could not be read, each with the reason.
    """

    changed: tuple[str, ...]
    problems: tuple[tuple[str, Message], ...]
    files: int


@dataclass(frozen=True)
class _Read:
    """How far a file was read."""

    size: int = -1
    changed: float = -1.0
    growing: Growing = field(default_factory=Growing)


class Feed:
    """A folder and the ward that its observations go to; threads may share it.

    Raises
    ------
    ManifestError : there is no such folder.
    """

    def __init__(self, folder: Path, ward: Ward) -> None:
        if not folder.is_dir():
            raise ManifestError("feed.absent", folder=str(folder))
        self.folder, self.ward = folder, ward
        self._read: dict[str, _Read] = {}
        self._problems: dict[str, Message] = {}
        self._lock = threading.Lock()

    def poll(self, now: datetime) -> Polled:
        """Take what is new, and let the time of the stays go on until ``now``.

        Raises
        ------
        ManifestError : the folder is there no more.
        """
        with self._lock:
            changed: dict[str, None] = {}
            files = 0
            paths = self._paths()
            self._forget({path.name for path in paths})
            for path in paths:
                found = self._news(path, now)
                if found is None:
                    continue
                files += 1
                changed |= dict.fromkeys(self.ward.observe(found.table, found.stays, found.started, now))
                self.ward.not_used(found.left_out)
            changed |= dict.fromkeys(self.ward.advance(now))
            return Polled(tuple(changed), tuple(sorted(self._problems.items())), files)

    def observed(self, stay: str) -> pd.DataFrame:
        """``minute, parameter, value`` of the last hours of a stay."""
        return self.ward.observed(stay)

    def _forget(self, names: set[str]) -> None:
        """Keep nothing of files that are there no more."""
        self._read = {name: read for name, read in self._read.items() if name in names}
        self._problems = {name: problem for name, problem in self._problems.items() if name in names}

    def _paths(self) -> list[Path]:
        """The files to look at, the oldest first, so that corrections come after what they correct."""
        try:
            names = list(self.folder.iterdir())
        except OSError as error:
            raise ManifestError("feed.absent", folder=str(self.folder)) from error
        found = [p for p in names if not p.name.startswith(".") and p.suffix.lower() not in UNFINISHED]
        stamped = []
        for path in found[:FILES_MAX]:
            try:
                if path.is_file() and not path.is_symlink():
                    stamped.append((path.stat().st_mtime, path.name, path))
            except OSError:
                continue  # it was taken away in between
        return [path for _, _, path in sorted(stamped)]

    def _news(self, path: Path, now: datetime) -> Observations | None:
        """What a file says that was not read yet; None where that is nothing."""
        before = self._read.get(path.name, _Read())
        try:
            stat = path.stat()
            if (stat.st_size, stat.st_mtime) == (before.size, before.changed):
                return None
            grows = path.suffix.lower() in GROWING
            on = grows and 0 <= before.size <= stat.st_size
            data = _bytes(path, before.size if on else 0)
        except OSError as error:
            self._problems[path.name] = Message("table.unopened", {"file": path.name, "detail": error.strerror or ""})
            return None
        growing, taken = before.growing if on else Growing(), len(data)
        if grows:
            # The writer may be in the middle of a sign: what is not complete yet is read the next time.
            text, taken = codecs.utf_8_decode(data, "replace", False)
            growing, data = growing.add(text)
        self._read[path.name] = _Read((before.size if on else 0) + taken, stat.st_mtime, growing)
        return self._observations(path, data, now, stat.st_mtime) if data else None

    def _observations(self, path: Path, data: bytes, now: datetime, changed: float) -> Observations | None:
        predictors = self.ward.model.card.predictors
        try:
            found = read_observations(data, path.name, predictors, now=now, started=self.ward.started())
        except ManifestError as error:
            if now.timestamp() - changed < WRITTEN_SECONDS and path.suffix.lower() not in GROWING:
                self._read.pop(path.name)  # perhaps only half of it is there yet
            self._problems[path.name] = error.message
            return None
        self._problems.pop(path.name, None)
        return found


def _bytes(path: Path, start: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(BYTES_MAX)
