"""What a model of survival from history, treatment and expression says of itself, and what its recipe measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from medai_core.cards.measures import Bounds


@dataclass(frozen=True)
class ExpressionSpec:
    """The expression that a model weighs.

    Attributes
    ----------
    genes : how many it weighs. scale : of their values, in words.
    names : the table below the data folder with their names: ``probe``, ``symbol``, ``entrez``.
    """

    genes: int
    scale: str
    names: str


@dataclass(frozen=True)
class SurvivalSpec:
    """What is predicted, from what, and where the cohort's table says what became of its people.

    Attributes
    ----------
    develop : the table below the data folder.
    time, event : its columns with the years of follow-up and how they ended; ``happened`` : the values that mean the
        event.
    horizons : the years at which survival is told; horizon : the same in words, as it ends "the risk of ... ".
    history, treatment : the predictors of each kind; needed : those without which history tells nothing.
    surgery : the treatment that is an operation; the others are drugs with the categories "no" and "yes".
    nodes : the predictor that counts involved lymph nodes, after which treatment was chosen.
    refits : resamples of the cohort that the intervals come from.
    why : what expression adds, in words.
    """

    develop: str
    time: str
    event: str
    happened: tuple[str, ...]
    horizons: tuple[float, ...]
    horizon: str
    history: tuple[str, ...]
    treatment: tuple[str, ...]
    needed: tuple[str, ...]
    surgery: str
    nodes: str
    expression: ExpressionSpec
    refits: int = 100
    why: str = ""

    @property
    def drugs(self) -> tuple[str, ...]:
        """The treatments that are no operation."""
        return tuple(name for name in self.treatment if name != self.surgery)


@dataclass(frozen=True)
class Gain:
    """What expression adds to history and treatment, in nested cross-validation, with 95 % intervals over patients.

    Attributes
    ----------
    subgroup : empty for everybody. n, events : people and events in it.
    concordance : by how much Harrell's is higher with expression.
    brier : at each horizon, by how much the error is lower with expression.
    likelihood_ratio : twice the gain in log-likelihood when the cross-validated log-hazard by expression joins that by
        history and treatment; p : of it with one degree of freedom.
    adds : whether the interval of the concordance lies above 0; where it does not, no gain is shown.
    """

    subgroup: str
    n: int
    events: int
    concordance: Bounds
    brier: tuple[Bounds, ...]
    likelihood_ratio: Bounds
    p: float
    adds: bool


@dataclass(frozen=True)
class Third:
    """A third of the cohort by the predicted risk of the event by a horizon, beside what became of it.

    Attributes
    ----------
    part : of the model, "clinical", "expression" or "both".
    predicted : the mean of cross-validated predictions. observed : by Kaplan and Meier, with its interval.
    """

    part: str
    years: float
    predicted: float
    observed: Bounds
    n: int


@dataclass(frozen=True)
class ShareAt:
    """The share of a group that lives at a moment, with its 95 % interval."""

    years: float
    share: Bounds


@dataclass(frozen=True)
class Fared:
    """How those fared who received one treatment, at least 10 people.

    Attributes
    ----------
    received : the names of the drugs with "+" between, "none", or the category of the operation.
    survival : at the horizons to which at least 10 of them were followed.
    """

    received: str
    n: int
    deaths: int
    survival: tuple[ShareAt, ...]


@dataclass(frozen=True)
class Stratum:
    """The cohort's people alike in lymph nodes and in predicted risk, treatment left out of it.

    Attributes
    ----------
    part : what the risk came from, "clinical" or "both".
    nodes : "free" or "involved". third : 1 (lowest risk) to 3.
    n, deaths, survival : of those whose treatment is shown: others are fewer than 10, and not told even by subtraction.
    drugs, surgery : one entry a treatment that at least 10 received.
    hidden_drugs, hidden_surgery : the treatments that fewer received.
    """

    part: str
    nodes: str
    third: int
    n: int
    deaths: int
    survival: tuple[ShareAt, ...]
    drugs: tuple[Fared, ...]
    surgery: tuple[Fared, ...]
    hidden_drugs: tuple[str, ...] = ()
    hidden_surgery: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survived:
    """What the recipe measured of a model of survival.

    Attributes
    ----------
    n, events : of the cohort.
    gains : what expression adds, everybody first. too_few : subgroups that are too small to be told of.
    thirds : predicted beside observed.
    strata : the treatment discussion sheets. edges : of the thirds, the two log-hazards between them, by part.
    least_weight : the share of the genes' weight that must be known; least_loss : what the concordance loses there.
    spread, shift : between which the root mean square of a sample's standardised values lies, and how far their mean
        may lie from 0, in 99 of 100 of the cohort.
    """

    n: int
    events: int
    gains: tuple[Gain, ...]
    thirds: tuple[Third, ...]
    strata: tuple[Stratum, ...]
    edges: dict[str, tuple[float, ...]]
    least_weight: float
    least_loss: float
    spread: tuple[float, ...]
    shift: float
    too_few: tuple[str, ...] = field(default=())
