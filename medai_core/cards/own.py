"""Models of one's own: what they were made from, and which of them answer.

The latter stands in ``in_use.toml`` in the folder of models, written by ``switch`` alone.

A model that was fine-tuned or added here answers nowhere until somebody has seen what it is worth and switched to
it. A line of the file names the very weights that were seen: other weights under the same name are not in use.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import tomli_w

from medai_core.cards.parsing import parse, read_toml

FILE = "in_use.toml"


@dataclass(frozen=True)
class Parent:
    """The model that another one was fine-tuned from.

    Attributes
    ----------
    sha256 : of the weights that it began with.
    original : the model at the beginning of the line, whose place a fine-tuned one can take.
    """

    model: str
    version: str
    sha256: str
    original: str


@dataclass(frozen=True)
class InUse:
    """A model of one's own that answers.

    Attributes
    ----------
    model : its name; sha256 : of the weights that were looked at before the switch.
    instead_of : the model whose scans it reads now; empty for one that reads beside the others.
    by, at : who switched, and when (UTC, ISO 8601).
    """

    model: str
    sha256: str
    instead_of: str
    by: str
    at: str


@dataclass(frozen=True)
class Switches:
    """The whole file."""

    in_use: tuple[InUse, ...] = ()

    def of(self, model: str) -> InUse | None:
        """The line of a model; None where it has none."""
        return next((line for line in self.in_use if line.model == model), None)

    def replacing(self, model: str) -> InUse | None:
        """The line of whatever answers in the place of ``model``; None where nothing does."""
        return next((line for line in self.in_use if line.instead_of == model), None)

    def switched(self, line: InUse) -> Switches:
        """With ``line``, and without what answered for the same model so far."""
        return Switches((*self.without(line.model, line.instead_of).in_use, line))

    def without(self, model: str, instead_of: str = "") -> Switches:
        """Without the line of ``model``, and without that of whatever answers in the place of ``instead_of``."""
        kept = (x for x in self.in_use if x.model != model and not (instead_of and x.instead_of == instead_of))
        return Switches(tuple(kept))

    def toml(self) -> bytes:
        """The file's content."""
        return tomli_w.dumps({"in_use": [asdict(line) for line in self.in_use]}).encode()


def read_switches(folder: Path) -> Switches:
    """What the folder of models says; nothing of one's own answers where it has no such file.

    Raises
    ------
    CardError : the file cannot be read as it stands; guessing which model answers would be worse.
    """
    path = folder / FILE
    return parse(Switches, read_toml(path), str(path)) if path.exists() else Switches()
