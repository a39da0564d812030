"""The models that are here: find their folders, read their cards, load their weights."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from medai_core.cards import Card, read_card
from medai_core.cards.own import FILE, InUse, Switches, read_switches
from medai_core.errors import Message, ModelError
from medai_core.imaging.similarity import Neighbourhoods, read_neighbourhoods
from medai_core.runtime import Network

if TYPE_CHECKING:
    # Only a type: pandas, which risks need, takes longer to import than a scan to read.
    from medai_core.imaging.synthesis import SynthesisModel
    from medai_core.precision.dosing.model import DosingModel
    from medai_core.precision.genomics.placing import SubtypeModel
    from medai_core.precision.survival import SurvivalModel
    from medai_core.prognosis.monitoring import MonitorModel
    from medai_core.prognosis.risk import RiskModel

MODELS = Path(__file__).resolve().parent.parent / "models"
WEIGHTS = "model.tflite"
PARAMETERS = "model.npz"
NEIGHBOURHOODS = "neighbourhoods.npz"
GUARD = "guard.npz"
T = TypeVar("T")


@dataclass(frozen=True)
class Catalog:
    """Cards by folder; networks are loaded when first used, and only if their hash is the card's.

    Attributes
    ----------
    folder : one sub-folder a model.
    cards : sorted by name.
    apart : the folders of models that lie elsewhere, by name.
    """

    folder: Path
    cards: tuple[Card, ...]
    apart: Mapping[str, Path] = field(default_factory=dict)
    _networks: dict[tuple[str, str], Network] = field(default_factory=dict, repr=False, compare=False)
    _neighbourhoods: dict[str, Neighbourhoods] = field(default_factory=dict, repr=False, compare=False)
    _models: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def card(self, name: str) -> Card:
        """The card of the model called ``name``; a ``ModelError`` that names the known ones otherwise."""
        for card in self.cards:
            if card.name == name:
                return card
        raise ModelError("model.unknown", name=name, known=", ".join(c.name for c in self.cards) or "-")

    def trained(self, task: str) -> tuple[Card, ...]:
        """The cards of a task that answer: their recipe has run, and nothing of one's own stands in their place."""
        switches = read_switches(self.folder)
        return tuple(c for c in self.cards if c.task == task and c.trained and self._answers(c, switches))

    def answers(self, card: Card) -> bool:
        """Whether a scan is sent to the card's model; one that is not can still be asked by its name."""
        return card.trained and self._answers(card, read_switches(self.folder))

    def replacement(self, card: Card) -> Card | None:
        """The card of the model of one's own that answers in the place of this one; None where it answers itself."""
        line = read_switches(self.folder).replacing(card.name)
        return self._in_use(line) if line else None

    def _answers(self, card: Card, switches: Switches) -> bool:
        line = switches.of(card.name) if card.own else switches.replacing(card.name)
        return (self._in_use(line) is not None) == card.own if line else not card.own

    def _in_use(self, line: InUse) -> Card | None:
        """The card that a line speaks of, if it is here with the very weights that were switched to."""
        card = next((c for c in self.cards if c.name == line.model and c.own), None)
        return card if card and card.measured and card.measured.sha256.get(WEIGHTS) == line.sha256 else None

    @property
    def router(self) -> Card:
        """The model that tells which kind of image something is."""
        routers = self.trained("applicability")
        if not routers:
            raise ModelError("model.none_trained")
        return routers[0]

    def network(self, card: Card, file: str = WEIGHTS) -> Network:
        """The card's network, its weights' hash checked before they are loaded.

        Raises
        ------
        ModelError : the file is absent, or is not the one that the card was measured on.
        """
        with self._lock:
            if (card.name, file) not in self._networks:
                self._networks[card.name, file] = self._load(card, file)
            return self._networks[card.name, file]

    def neighbourhoods(self, card: Card) -> Neighbourhoods | None:
        """How the training images of the card's model were labelled, by place; None where it keeps none.

        Raises
        ------
        ModelError : the file is absent, or is not the one that the card was measured with.
        """
        if card.measured is None or NEIGHBOURHOODS not in card.measured.sha256:
            return None
        with self._lock:
            if card.name not in self._neighbourhoods:
                self._neighbourhoods[card.name] = read_neighbourhoods(self._checked(card, NEIGHBOURHOODS))
            return self._neighbourhoods[card.name]

    def risk_model(self, card: Card) -> RiskModel:
        """The card's risk model, its parameters' hash checked before they are loaded.

        Raises
        ------
        ModelError : the card is of another task, or the file is absent or not the one that was measured.
        """
        from medai_core.prognosis.risk import load_model

        return self._loaded(card, "risk", "model.no_risk", load_model)

    def monitor_model(self, card: Card) -> MonitorModel:
        """The card's model that watches stays, as ``risk_model``, and its network's hash checked too."""
        from medai_core.prognosis.monitoring import load_model

        return self._loaded(
            card, "monitoring", "model.no_monitor", lambda card, path: load_model(card, path, self.network(card))
        )

    def subtype_model(self, card: Card) -> SubtypeModel:
        """The card's model that places patients in subtypes, as ``risk_model``."""
        from medai_core.precision.genomics.placing import load_model

        return self._loaded(card, "genomics", "model.no_subtypes", load_model)

    def survival_model(self, card: Card) -> SurvivalModel:
        """The card's model of survival, as ``risk_model``."""
        from medai_core.precision.survival import load_model

        return self._loaded(card, "survival", "model.no_survival", load_model)

    def dosing_model(self, card: Card) -> DosingModel:
        """The card's policy with the regimens beside it, the hash of its network checked before it is loaded.

        Raises
        ------
        ModelError : the card is of another task, or the file is absent or not the one that was measured.
        """
        if card.task != "dosing":
            raise ModelError("model.no_dosing", name=card.name)
        from medai_core.precision.dosing.model import DosingModel

        return DosingModel(card, self.network(card))

    def synthesis_model(self, card: Card) -> SynthesisModel:
        """The card's generator with its guard, as ``risk_model``, the hashes of both checked."""
        from medai_core.imaging.synthesis import load_model

        def load(card: Card, path: Path) -> SynthesisModel:
            return load_model(card, self.network(card), path)

        return self._loaded(card, "synthesis", "model.no_synthesis", load, GUARD)

    def _loaded(
        self, card: Card, task: str, refusal: str, load: Callable[[Card, Path], T], file: str = PARAMETERS
    ) -> T:
        """The card's model of plain arrays, loaded when it is first asked for."""
        if card.task != task:
            raise ModelError(refusal, name=card.name)
        with self._lock:
            if card.name not in self._models:
                self._models[card.name] = load(card, self._checked(card, file))
            model: T = self._models[card.name]
            return model

    def outcomes(self) -> dict[str, tuple[Card, ...]]:
        """The trained risk models of each outcome, the recommended one first."""
        found: dict[str, list[Card]] = {}
        for card in sorted(self.trained("risk"), key=lambda c: not c.recommended):
            found.setdefault(card.outcome, []).append(card)
        return {name: tuple(found[name]) for name in sorted(found)}

    def folder_of(self, card: Card) -> Path:
        """Where the card's model lies."""
        return self.apart.get(card.name, self.folder / card.name)

    def beside(self, folder: Path) -> Catalog:
        """These models and the one in ``folder``, which is not among them yet."""
        card = read_card(folder)
        return Catalog(self.folder, (*self.cards, card), {**self.apart, card.name: folder})

    def _load(self, card: Card, file: str) -> Network:
        return Network(self._checked(card, file))

    def _checked(self, card: Card, file: str) -> Path:
        path = self.folder_of(card) / file
        if card.measured is None or not path.exists():
            raise ModelError("model.no_weights", name=card.name, file=file)
        if sha256(path) != card.measured.sha256.get(file):
            raise ModelError("model.changed", name=card.name, file=file)
        return path


def find_models(folder: Path | None = None) -> Catalog:
    """Every model folder below ``folder`` (the project's own by default); an absent folder has none.

    Raises
    ------
    CardError : one of the cards cannot be used as it stands; of what was measured, when it is first asked for.
    """
    folder = folder or MODELS
    return Catalog(folder, tuple(read_card(path.parent) for path in sorted(folder.glob("*/card.toml"))))


def state(folder: Path | None = None) -> tuple[int, ...]:
    """Changes when a model is put into the folder or taken out; its last number only when another one is to answer."""
    folder = folder or MODELS
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in (folder, folder / FILE))


@dataclass(frozen=True)
class Sample:
    """A scan to try that is no patient's: a model's own SYNTHETIC example, or what pydicom bundles."""

    name: str
    title: Message
    path: Path


def samples(models: Catalog) -> tuple[Sample, ...]:
    """The examples of the trained models, then the bundled CT and MR."""
    made = [
        Sample(f"{card.name}/{path.name}", Message("sample.synthetic", {"number": number, "title": card.title}), path)
        for card in models.cards
        if models.answers(card)
        for number, path in enumerate(sorted((models.folder / card.name).glob("example*.png")), start=1)
    ]
    return (*made, *_bundled("CT_small.dcm", "sample.bundled_ct"), *_bundled("MR_small.dcm", "sample.bundled_mr"))


def _bundled(name: str, title: str) -> tuple[Sample, ...]:
    folder = importlib.util.find_spec("pydicom")
    assert folder is not None and folder.origin is not None
    path = Path(folder.origin).parent / "data/test_files" / name
    return (Sample(name, Message(title), path),) if path.exists() else ()


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
