"""The card of a model: what it is for, what it takes and returns, on whom, and how good it is.

``card.toml`` is written by people and ``measured.toml`` by the recipe alone; together they are the
card. Both are checked when read: a missing or misspelt field is a ``CardError`` that names it.
What was measured is read when it is first asked for: a page shows one model of many, and reading all of
them took most of the time until it stood there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from medai_core.cards.dosing import DosingSpec
from medai_core.cards.inputs import KINDS, InputSpec, OutlineSpec, RegionSpec
from medai_core.cards.measured import (
    Applicability,
    Approach,
    Calibration,
    Comparison,
    Conformal,
    Evaluation,
    Measured,
    Outlines,
    PredictorStatistics,
    Provenance,
    Reliability,
    SurvivalCurve,
)
from medai_core.cards.measures import Bounds, Measure
from medai_core.cards.monitoring import MonitoringSpec
from medai_core.cards.own import Parent
from medai_core.cards.parsing import parse, read_toml
from medai_core.cards.predictors import Category, Code, OtherUnit, OutcomeColumns, PredictionSpec, PredictorSpec
from medai_core.cards.subtypes import SubtypeSpec
from medai_core.cards.survival import SurvivalSpec
from medai_core.cards.synthesis import Guard, SynthesisSpec
from medai_core.errors import CardError

__all__ = [
    "KINDS",
    "TASKS",
    "Applicability",
    "Approach",
    "Bounds",
    "Calibration",
    "Card",
    "Category",
    "Code",
    "Cohort",
    "Comparison",
    "Conformal",
    "Evaluation",
    "FindingSpec",
    "Guard",
    "InputSpec",
    "Measure",
    "Measured",
    "MonitoringSpec",
    "OtherUnit",
    "OutcomeColumns",
    "OutlineSpec",
    "Outlines",
    "Parent",
    "Population",
    "PredictionSpec",
    "PredictorSpec",
    "PredictorStatistics",
    "Provenance",
    "RegionSpec",
    "Reliability",
    "SubtypeSpec",
    "SurvivalCurve",
    "SurvivalSpec",
    "SynthesisSpec",
    "Translation",
    "parse",
    "read_card",
]

TASKS = (
    "applicability",
    "classification",
    "segmentation",
    "synthesis",
    "risk",
    "monitoring",
    "genomics",
    "dosing",
    "survival",
)
"""The core modules that know how to run a model; ``task`` names one."""

NEEDED = {
    "applicability": ("input",),
    "classification": ("input",),
    "segmentation": ("input", "outline"),
    "synthesis": ("findings", "synthesis"),
    "risk": ("predictors", "prediction", "outcome"),
    "monitoring": ("predictors", "monitoring", "outcome"),
    "genomics": ("subtypes",),
    "survival": ("predictors", "survival", "outcome"),
    "dosing": ("predictors", "dosing", "outcome"),
}
"""The parts of a card that only some tasks have."""


@dataclass(frozen=True)
class FindingSpec:
    """One class that a classifier can find; ``name`` is the label in manifests and results.

    ``urgent`` : someone should look at such a scan before others; the worklist sorts by it.
    """

    name: str
    title: str
    code: Code | None = None
    urgent: bool = False


@dataclass(frozen=True)
class Population:
    """On whom the model may be used: a header that contradicts this refuses."""

    description: str
    age_years: tuple[float, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cohort:
    """Where the data came from."""

    name: str
    source: str
    doi: str
    licence: str
    years: str
    note: str = ""


@dataclass(frozen=True)
class Translation:
    """The card's words in another language; findings and predictors by name, categories by their own title."""

    title: str
    intended_use: str
    not_for: str
    limits: tuple[str, ...]
    precondition: str = ""
    population: str = ""
    findings: dict[str, str] = field(default_factory=dict)
    predictors: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    horizon: str = ""
    why: str = ""


class MeasuredField:
    """The field ``measured`` of a card: its value, or the file that it is read from when first asked for."""

    def __get__(self, card: Card | None, owner: type[Card]) -> Measured | None:
        if card is None:
            return None  # the field's default, which a dataclass asks its class for
        value: Measured | Path | None = vars(card)["measured"]
        if isinstance(value, Path):
            value = vars(card)["measured"] = parse(Measured, read_toml(value), str(value), "measured.")
        return value

    def __set__(self, card: Card, value: Measured | Path | None) -> None:
        vars(card)["measured"] = value


@dataclass(frozen=True)
class Card:
    """A model's card.

    Attributes
    ----------
    name : the folder's name.
    task : the core module that runs it, one of ``TASKS``.
    precondition : what the user must affirm before it runs; empty for none.
    outcome, recommended : where several models answer one question, which, and whether this one first.
    input : for a model that takes an image, ``outline`` for one that segments it; ``predictors`` and
        ``prediction`` : for one that takes a patient, ``monitoring`` : for one that watches a stay,
        ``subtypes`` : for one that places a patient in a subtype, ``survival`` : for one of survival from history and
        expression, ``dosing`` : for one that doses a drug, ``synthesis`` : for one that makes images;
        ``groupings`` : what results are reported by though the
        model does not ask it.
    parent : of a model that was fine-tuned; added : whether it was made elsewhere and added here, and
        unchecked : what could then not be checked, in sentences.
    measured : None until the recipe has run; a ``CardError`` where its file cannot be used.
    """

    name: str
    title: str
    task: str
    version: str
    intended_use: str
    not_for: str
    limits: tuple[str, ...]
    findings: tuple[FindingSpec, ...]
    population: Population
    cohorts: tuple[Cohort, ...]
    translations: dict[str, Translation] = field(default_factory=dict)
    precondition: str = ""
    input: InputSpec = InputSpec((), 0)
    outline: OutlineSpec | None = None
    predictors: tuple[PredictorSpec, ...] = ()
    prediction: PredictionSpec | None = None
    monitoring: MonitoringSpec | None = None
    subtypes: SubtypeSpec | None = None
    survival: SurvivalSpec | None = None
    dosing: DosingSpec | None = None
    synthesis: SynthesisSpec | None = None
    groupings: tuple[PredictorSpec, ...] = ()
    outcome: str = ""
    recommended: bool = False
    parent: Parent | None = None
    added: bool = False
    unchecked: tuple[str, ...] = ()
    measured: MeasuredField = MeasuredField()

    @property
    def trained(self) -> bool:
        """Whether the recipe has run; what it measured need not be read for this."""
        return vars(self)["measured"] is not None

    @property
    def own(self) -> bool:
        """Whether it came after the installation: it answers only once somebody has switched to it."""
        return self.parent is not None or self.added


def read_card(folder: Path) -> Card:
    """The card of the model in ``folder``, checked but for what was measured.

    Raises
    ------
    CardError : a file is absent or no TOML; a field is missing, unknown or of the wrong type.
    """
    table = read_toml(folder / "card.toml") | {"name": folder.name}
    card = parse(Card, table, str(folder / "card.toml"))
    if card.task not in TASKS:
        raise CardError(
            "card.wrong_type", path=str(folder), field="task", found=repr(card.task), needed=", ".join(TASKS)
        )
    for needed in NEEDED.get(card.task, ()):
        if needed not in table:
            raise CardError("card.missing", path=str(folder / "card.toml"), field=needed)
    measured = folder / "measured.toml"
    return replace(card, measured=measured) if measured.exists() else card
