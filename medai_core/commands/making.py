"""A folder that is whole or not there: made aside, moved when it is ready, gone when it is stopped."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from medai_core.errors import ModelError
from medai_core.records.files import sync_folder, taken

MARK = ".making"
"""How the folder's name ends in which a model is made. The model lies one level deeper than a catalog looks."""
LOCK, REPLACED = "lock", "replaced.old"
YOUNG_S = 5.0


@contextmanager
def making(folder: Path, name: str, *, replace: bool = False) -> Iterator[Path]:
    """The place of a new model while it is made; at the end it becomes ``folder / name``, on any failure nothing.

    What a run left that was killed before it could tidy up is removed here by the next one.

    Parameters
    ----------
    replace : what is called so already is put away when the new one is whole.

    Raises
    ------
    ModelError : the folder cannot be written, or a model of this name came meanwhile.
    """
    with stoppable():
        aside = _aside(folder, name)
        try:
            with taken(aside / LOCK):
                yield aside / name
            if replace and (folder / name).exists():
                (folder / name).rename(aside / REPLACED)
            _move(aside / name, folder / name)
        finally:
            with unstoppable():
                shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path, name: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        return Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=MARK, dir=folder))
    except OSError as error:
        raise ModelError("train.folder", folder=str(folder), detail=error.strerror or type(error).__name__) from error


def _move(made: Path, to: Path) -> None:
    if to.exists():
        raise ModelError("train.taken", name=to.name)
    made.rename(to)
    sync_folder(to.parent)


def _sweep(folder: Path) -> None:
    """Remove what killed runs left: nobody holds its lock, and it is older than a run takes to get one."""
    for left in folder.glob(f".*{MARK}"):
        if time.time() - left.stat().st_mtime < YOUNG_S:
            continue
        with taken(left / LOCK) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends what runs inside as Ctrl+C does: by an exception, so that it tidies up."""
    with _signals(_stop):
        yield


@contextmanager
def unstoppable() -> Iterator[None]:
    """A second signal does not interrupt the tidying."""
    with _signals(signal.SIG_IGN):
        yield


@contextmanager
def _signals(action: object) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [signal.signal(number, action) for number in numbers]  # type: ignore[arg-type]  # one of both kinds
    except ValueError:  # only the main thread is sent signals
        yield
        return
    try:
        yield
    finally:
        for number, earlier in zip(numbers, before, strict=True):
            signal.signal(number, earlier)
