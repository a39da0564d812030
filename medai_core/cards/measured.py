"""What a recipe measured of its model: ``measured.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field

from medai_core.cards.dosing import Dosed
from medai_core.cards.measures import Bounds, Measure
from medai_core.cards.monitoring import Monitored
from medai_core.cards.subtypes import Subtyped
from medai_core.cards.survival import Survived
from medai_core.cards.synthesis import Guard


@dataclass(frozen=True)
class Calibration:
    """Probability = softmax(logits / temperature + offsets), fitted on held-out data."""

    temperature: float
    offsets: tuple[float, ...]


@dataclass(frozen=True)
class Conformal:
    """A class is in the set when its probability is at least ``1 - quantile``.

    Attributes
    ----------
    level : the nominal coverage.
    quantile : of all classes together; by_class : of each, where the sets are made with these instead.
    coverage : the coverage measured on the test split.
    mean_size : mean number of classes in a set there.
    """

    level: float
    quantile: float
    coverage: Measure
    mean_size: float
    by_class: tuple[float, ...] = ()

    @property
    def quantiles(self) -> float | tuple[float, ...]:
        """The quantile that the sets are made with, or those of the classes."""
        return self.by_class or self.quantile


@dataclass(frozen=True)
class Applicability:
    """Statistics that tell a foreign input.

    Attributes
    ----------
    distance_max : largest norm of the network's ``embedding`` output, a validation quantile.
    kind_probability_min : least probability that the router must give the right kind.
    template : mean of the training images (all of them, so of no one), (rows, columns), 0 to 1.
    template_correlation_min : least correlation with it; an inverted film has a negative one.
    quantiles : the share of validation images that each of the above passes, by name.
    """

    distance_max: float
    kind_probability_min: float = 0.0
    template: tuple[tuple[float, ...], ...] = ()
    template_correlation_min: float = -1.0
    quantiles: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outlines:
    """How the probabilities of a segmentation model become outlines; all from held-out data.

    Attributes
    ----------
    threshold : the calibrated probability from which a pixel belongs to what is outlined.
    between : the probabilities between which it is doubtful whether a pixel belongs.
    evident : the greatest probability below which nothing stands out, and a reading refuses.
    size_factors : the true area (one region), or the true count (many objects), lies between these multiples
        of the outlined one in ``level`` of scans; ``coverage`` is the share that was measured on the test split.
    seed : for many objects, the probability of an object's inside from which it is taken as the start of one;
        least_px : the smallest object, in pixels.
    """

    threshold: float
    between: tuple[float, ...]
    evident: float
    size_factors: tuple[float, ...]
    level: float
    coverage: Measure
    seed: float = 0.0
    least_px: int = 0


@dataclass(frozen=True)
class Reliability:
    """One bin of a reliability plot; bins of fewer than 10 people are merged before they are written."""

    probability: float
    frequency: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Approach:
    """Something that was tried, with what it scored on validation data."""

    name: str
    measure: str
    value: float
    chosen: bool = False
    note: str = ""


@dataclass(frozen=True)
class Evaluation:
    """One use of the test split. The first one stays."""

    date: str
    commit: str
    values: dict[str, float]
    note: str = ""


@dataclass(frozen=True)
class Provenance:
    """How the weights came about."""

    commit: str
    command: str
    seed: int
    date: str
    seconds: float
    data: str


@dataclass(frozen=True)
class Comparison:
    """One measure of a fine-tuned model beside its parent's, both on the same images.

    Attributes
    ----------
    data : "own" for the held-out part of one's own data, "original" for the data that the parent was tested on.
    difference : the fine-tuned model's value minus the parent's; its interval resamples the groups of both alike.
    """

    measure: str
    data: str
    n: int
    groups: int
    parent: Bounds
    child: Bounds
    difference: Bounds


@dataclass(frozen=True)
class PredictorStatistics:
    """What a predictor looks like in the development cohort (at least 10 people each).

    Attributes
    ----------
    quantiles : of a number, at ``QUANTILES``; shares : of a category's values.
    missing_share : of people in whom it is not known.
    importance : mean absolute contribution in log-odds.
    """

    name: str
    missing_share: float
    importance: float
    quantiles: tuple[float, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def typical(self) -> float | str:
        """The median of a number, the most frequent category."""
        return self.quantiles[3] if self.quantiles else max(self.shares, key=self.shares.__getitem__)


QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class SurvivalCurve:
    """Log-odds of the event by each year: ``intercept + slope * log-odds at the horizon``."""

    years: tuple[float, ...]
    intercept: tuple[float, ...]
    slope: tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """What the recipe measured; ``predictors`` to ``recalibrated`` only of risk models, ``conformal`` of classifiers,
    ``outlines`` of segmentation models.

    Attributes
    ----------
    risk_quantiles : of the predicted risk in the development cohort, at 0, 1, ... 100 %.
    region_sha256 : of the weights of the model that found the regions when this one was measured.
    recalibrated : the calibration for a place like the one that the model was tested on from outside.
    comparison : of a fine-tuned model with its parent.
    monitored : of a model that watches a stay; subtyped : of one that places patients in subtypes; survived : of one
        of survival from history and expression; dosed : of one that doses a drug; guard : of one that makes images.
    milliseconds : that one image takes in the network, the median, where it was measured.
    """

    sha256: dict[str, str]
    thresholds: dict[str, float]
    threshold_source: str
    calibration: Calibration
    applicability: Applicability
    performance: tuple[Measure, ...]
    reliability: tuple[Reliability, ...]
    confusion: tuple[tuple[int, ...], ...]
    approaches: tuple[Approach, ...]
    test_evaluations: tuple[Evaluation, ...]
    provenance: Provenance
    conformal: Conformal | None = None
    predictors: tuple[PredictorStatistics, ...] = ()
    risk_quantiles: tuple[float, ...] = ()
    survival: SurvivalCurve | None = None
    recalibrated: Calibration | None = None
    outlines: Outlines | None = None
    region_sha256: str = ""
    comparison: tuple[Comparison, ...] = ()
    milliseconds: float | None = None
    monitored: Monitored | None = None
    subtyped: Subtyped | None = None
    survived: Survived | None = None
    dosed: Dosed | None = None
    guard: Guard | None = None

    @property
    def promised(self) -> Measure:
        """The coverage that was measured: of the conformal sets, or of the intervals of an outline's size."""
        return self.outlines.coverage if self.outlines else self.sets().coverage

    @property
    def level(self) -> float:
        """The nominal coverage of the sets, or of the intervals of an outline's size."""
        return self.outlines.level if self.outlines else self.sets().level

    def sets(self) -> Conformal:
        """The conformal sets of a classifier, which always has them."""
        assert self.conformal is not None
        return self.conformal
