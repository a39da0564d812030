"""What a risk model asks of a patient, what it predicts, and the cohort's table that it was developed on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Code:
    """A code of a public terminology: ``system`` is SNOMED CT, LOINC or RadLex."""

    system: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Category:
    """One value of a categorical predictor.

    Attributes
    ----------
    values : how it stands in tables, beside ``name``, compared without regard to case.
    ranges : numeric codes that mean it, each (first, last) inclusive; a code's decimals are dropped.
    rest : takes whatever no other category does.
    """

    name: str
    title: str
    values: tuple[str, ...] = ()
    ranges: tuple[tuple[float, ...], ...] = ()
    rest: bool = False
    code: Code | None = None


@dataclass(frozen=True)
class OtherUnit:
    """The other customary unit: a value in it is ``value * factor + offset``."""

    unit: str
    factor: float
    offset: float = 0.0


@dataclass(frozen=True)
class PredictorSpec:
    """One thing that a risk model asks.

    Attributes
    ----------
    kind : "number" or "category".
    columns : the names it goes by in tables, beside ``name``.
    unit : as it is written; ``ucum`` the same in UCUM, for FHIR.
    low, high : the plausible range; a value outside is refused.
    decimals : digits after the point that are customary.
    missing_values : values in tables that mean "unknown".
    bands : numbers that stand for text in tables ("[70-80)" = 75).
    modifiable : "lower", "raise" or "either" where a patient can change a number; for a category the
        name of the category that can be reached; empty where nothing can be done.
    monotone : 1 or -1 where the model's risk never falls or never rises with it; 0 promises nothing.
    """

    name: str
    title: str
    kind: str
    columns: tuple[str, ...] = ()
    unit: str = ""
    ucum: str = ""
    low: float = 0.0
    high: float = 0.0
    decimals: int = 0
    other_unit: OtherUnit | None = None
    code: Code | None = None
    categories: tuple[Category, ...] = ()
    missing_values: tuple[str, ...] = ()
    bands: dict[str, float] = field(default_factory=dict)
    modifiable: str = ""
    monotone: int = 0

    def category(self, name: str) -> Category:
        """The category called ``name``."""
        return next(c for c in self.categories if c.name == name)


@dataclass(frozen=True)
class OutcomeColumns:
    """Where a table says what became of the patients.

    Attributes
    ----------
    event : the column; ``happened`` the values in it that mean the event, ``above`` the number above which it does.
    time : the column with the years of follow-up; empty where everybody was followed to the end.
    group : the column that tells patients apart; empty where each row is one.
    left_out : rows with one of these values in a column are left out (deaths, hospice).
    """

    event: str
    happened: tuple[str, ...] = ()
    above: float | None = None
    time: str = ""
    group: str = ""
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictionSpec:
    """What a risk model predicts, and with what.

    Attributes
    ----------
    estimator : "logistic", "svm", "tree" or "boosting".
    horizon : in words, as it ends "the risk of ... ": "within 10 years", "now".
    horizon_years : 0 where the question is not one of time.
    columns : where a table states the outcome.
    develop, external : tables below the data folder: developed on, and tested on as another place.
    age_bands : upper edges of the age bands that are reported; ``subgroups`` the categorical predictors.
    why : why this estimator is or is not the one recommended for its outcome.
    """

    estimator: str
    horizon: str
    columns: OutcomeColumns
    develop: str
    horizon_years: float = 0.0
    external: str = ""
    age: str = ""
    age_bands: tuple[float, ...] = ()
    subgroups: tuple[str, ...] = ()
    why: str = ""
