"""A training as a process of its own beside the dashboard: started, watched, stopped. One at a time.

Its state lies in the folder ``training`` of the record: what it has reached, line by line, and a lock that it holds
as long as it lives, so that a dashboard which is started anew finds it. The lines name no patient but where a
manifest is refused, whose rows they quote; the next run replaces them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.commands.own_models import MOST_EPOCHS, check_name, lock_of, parent_of
from medai_core.errors import Fact, ManifestError, Message, ModelError
from medai_core.errors.plain import from_plain
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.files import private_folder, taken
from medai_core.records.store import Store

FOLDER, PROGRESS, LOG = "training", "progress.jsonl", "log.txt"
LOCK = lock_of(Path(PROGRESS)).name
ENDS = ("done", "failed", "stopped", "broken")
MOST_BYTES = 2**22
"""Of the lines, at most; a thousand epochs take a tenth."""

_started: list[subprocess.Popen[bytes]] = []
"""The runs that this process started: they must be waited for when they end."""


@dataclass(frozen=True)
class Asked:
    """What is to be trained; ``manifest`` is a path on this machine."""

    model: str
    manifest: str
    name: str
    epochs: int = 30
    seed: int = 7


@dataclass(frozen=True)
class Epoch:
    """One line of the fitting."""

    stage: str
    loss: float
    validation_loss: float
    balanced_accuracy: float


@dataclass(frozen=True)
class Run:
    """What the newest run has reached.

    Attributes
    ----------
    stage : the last one, one of ``ENDS`` when it has ended.
    done, of : images read so far. before : the loss on the validation part of the model as it was.
    epochs : every one so far; most : how many there can be at most.
    name : of the new model, when it is there. message : why there is none.
    """

    running: bool
    stage: str = ""
    done: int = 0
    of: int = 0
    before: float | None = None
    epochs: tuple[Epoch, ...] = ()
    most: int = 0
    name: str = ""
    message: Message | None = None

    @property
    def share(self) -> float:
        """How much is done at least, 0 to 1: a tenth is reading, the rest epochs; it may end sooner."""
        if self.stage == "done":
            return 1.0
        return 0.1 * (self.done / self.of if self.of else 0.0) + 0.8 * (
            len(self.epochs) / self.most if self.most else 0.0
        )


def start(store: Store, person: Person, models: Catalog, asked: Asked) -> None:
    """Start a training; it goes on when nobody looks, and when the dashboard ends.

    Raises
    ------
    AccessError : the person may not. ModelError : one runs already, or what is asked for cannot be.
    ManifestError : there is no such file.
    """
    store.allow(person, "configure")
    check_name(asked.name, models.folder, models)
    parent = parent_of(asked.model, models)
    if not 1 <= asked.epochs <= MOST_EPOCHS:
        raise ModelError("train.epochs", found=asked.epochs, most=MOST_EPOCHS)
    if "\0" in asked.manifest or not Path(asked.manifest).is_file():
        raise ManifestError("train.no_manifest", path=asked.manifest[:200])
    folder = private_folder(store.folder / FOLDER)
    if _running(folder):
        raise ModelError("train.running")
    (folder / PROGRESS).unlink(missing_ok=True)
    detail: dict[str, Fact | bool | None] = {"parent": parent.name, "epochs": asked.epochs, "seed": asked.seed}
    store.enter(person, Act("model.train", object=asked.name, detail=detail))
    with (folder / LOG).open("wb") as log:
        _started.append(
            subprocess.Popen(
                _words(models, asked, folder),
                cwd=Path(__file__).parent.parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )


def _words(models: Catalog, asked: Asked, folder: Path) -> list[str]:
    nice = shutil.which("nice")
    return [
        *((nice, "-n", "10") if nice else ()),  # people wait for the dashboard beside it
        *(sys.executable, "-m", "medai_core", f"--models={models.folder}", "train", asked.model),
        *(f"--data={Path(asked.manifest).absolute()}", f"--name={asked.name}", f"--epochs={asked.epochs}"),
        *(f"--seed={asked.seed}", f"--progress={folder / PROGRESS}"),
    ]


def stop(store: Store, person: Person) -> None:
    """Ask the run to end; it tidies up by itself. Nothing where none runs.

    Raises
    ------
    AccessError : the person may not.
    """
    store.allow(person, "configure")
    folder = private_folder(store.folder / FOLDER)
    if not _running(folder):
        return
    store.enter(person, Act("model.stop"))
    pid = next((line["pid"] for line in _lines(folder) if line.get("stage") == "begun"), None)
    if pid is not None:
        os.kill(int(pid), signal.SIGTERM)
    else:  # it has begun nothing yet
        for process in _alive():
            process.terminate()


def _alive() -> list[subprocess.Popen[bytes]]:
    _started[:] = [process for process in _started if process.poll() is None]
    return _started


def _running(folder: Path) -> bool:
    if _alive():
        return True
    with taken(folder / LOCK) as free:
        return not free


def newest(store: Store) -> Run | None:
    """What the newest run has reached; None where there never was one."""
    folder = store.folder / FOLDER
    if not folder.is_dir():
        return None
    running, lines = _running(folder), list(_lines(folder))
    if not lines:
        return Run(running) if running else None
    epochs = tuple(_epoch(line) for line in lines if "epoch" in line)
    last, read = lines[-1], next((line for line in reversed(lines) if "done" in line), dict[str, Any]())
    before = next((line for line in lines if line.get("stage") == "before"), dict[str, Any]())
    stage = str(last.get("stage", ""))
    return Run(
        running and stage not in ENDS,
        stage if running or stage in ENDS else "broken",
        int(read.get("done", 0)),
        int(read.get("of", 0)),
        before.get("validation_loss"),
        epochs,
        int(before.get("most", 0)),
        str(last.get("name", "")),
        from_plain(last["message"]) if "message" in last else None,
    )


def _epoch(line: dict[str, Any]) -> Epoch:
    values = (line.get(name) for name in ("loss", "validation_loss", "balanced_accuracy"))
    return Epoch(str(line["stage"]), *(float("nan") if value is None else float(value) for value in values))


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The whole lines that are there; the last may still be on its way."""
    path = folder / PROGRESS
    text = path.read_bytes()[:MOST_BYTES].decode(errors="replace") if path.exists() else ""
    for line in text.split("\n")[:-1]:
        yield json.loads(line)
