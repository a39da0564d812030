"""Files that are either whole or not there: written aside, synced, renamed."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MARK = ".part"
"""How the name of a file ends that is still being written."""


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` at ``path`` so that a reader, or a start after a crash, finds all of it or nothing."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}{MARK}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:  # an interruption too leaves no half file, and goes on
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def kept_secret(path: Path, first: Callable[[bytes], None] = lambda _secret: None) -> bytes:
    """32 random bytes, the same each time; ``first`` is called with them once, before they are kept.

    The folder that they are in holds nothing but secrets, and can lie elsewhere by a link.
    """
    private_folder(path.parent.parent)
    private_folder(path.parent)
    with locked(path.parent.parent / f"{path.stem}.lock"):
        if not path.exists():
            drawn = secrets.token_bytes(32)
            first(drawn)
            write_whole(path, drawn.hex().encode())
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` outlast a power cut; Windows needs and allows no such thing."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(folder: Path) -> Path:
    """The folder, made if it is not there, for nobody but the account that runs MedAI."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock at ``path``; it ends with the process, however that ends."""
    with path.open("a+b") as stream:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                stream.seek(0)
                msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Hold the lock at ``path`` if no other process does; whether it could be had."""
    with path.open("a+b") as stream:
        try:
            _try_lock(stream)
        except OSError:
            yield False
            return
        yield True


def _try_lock(stream: BinaryIO) -> None:
    """Lock an open file, or raise OSError at once; it ends with the file."""
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
