"""Files as they are given: alone, in a folder, or in a zip archive; their bytes are fetched when they are needed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from medai_core.errors import ImageError
from medai_core.imaging.images import MAX_BYTES

MOST_ENTRIES = 10_000
MOST_BYTES = 2**32
"""Of an archive, unpacked: 4 GiB."""

ZIP = b"PK\x03\x04"
_LOCKED = 1  # bit 0 of a zip entry's flags


@dataclass(frozen=True)
class File:
    """A file by its name, and how to get its bytes."""

    name: str
    read: Callable[[], bytes]


def files_at(path: Path) -> Iterator[File]:
    """The file, or all files in the folder and in those below it, by name; archives among them are opened.

    Raises
    ------
    ImageError : the folder cannot be read. An archive that cannot be opened says so when it is read.
    """
    try:
        found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p)) if path.is_dir() else [path]
    except OSError as error:
        raise ImageError("series.folder", path=str(path), reason=error.strerror or "") from error
    for file in found:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        given = File(name, partial(_bytes, file))
        yield from _inside(given) if _starts_as_zip(file) else [given]


def _inside(archive: File) -> list[File]:
    """The files in an archive; one that cannot be opened stands for itself, and says why when it is read."""
    try:
        return unpacked(archive.read())
    except ImageError as error:
        return [File(archive.name, partial(_refuse, error))]


def _refuse(error: ImageError) -> bytes:
    raise error


def unpacked(data: bytes, *, most_bytes: int = MOST_BYTES) -> list[File]:
    """The files in a zip archive, each unpacked when it is read; hidden ones and folders are not among them.

    Raises
    ------
    ImageError : it is damaged or locked, or holds more than ``MOST_ENTRIES`` files or ``most_bytes`` bytes.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise ImageError("series.archive_damaged") from error
    entries = [e for e in archive.infolist() if not e.is_dir() and not _hidden(PurePosixPath(e.filename))]
    if len(entries) > MOST_ENTRIES:
        raise ImageError("series.archive_entries", entries=len(entries), most=MOST_ENTRIES)
    size = sum(e.file_size for e in entries)
    if size > most_bytes:
        raise ImageError("series.archive_size", size_mb=round(size / 1e6), limit_mb=round(most_bytes / 1e6))
    if any(e.flag_bits & _LOCKED for e in entries):
        raise ImageError("series.archive_locked")
    return [File(e.filename, partial(_unpack, archive, e)) for e in sorted(entries, key=lambda e: e.filename)]


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as stream:
            return stream.read(MAX_BYTES + 1)
    except Exception as error:  # each compression has exceptions of its own for damage
        raise ImageError("series.archive_damaged") from error


def _hidden(path: Path | PurePosixPath) -> bool:
    return path.name.startswith(".") or "__MACOSX" in path.parts


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError("series.folder", path=str(path), reason=error.strerror or "") from error


def _starts_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == ZIP
    except OSError:
        return False  # reading it says why
