"""What a recipe measured of its model: ``measured.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measure:
    """A measured value with its 95 % interval.

    Attributes
    ----------
    data : "test", "validation", "cross-validation", "test, degraded" ...: where it was measured.
    n, groups : images, and the groups (patients, exams or blocks) that the bootstrap resampled.
    subgroup : empty for everybody.
    ideal : what a perfect model would score at this n, where that is not obvious (calibration error).
    """

    measure: str
    value: float
    low: float
    high: float
    n: int
    groups: int
    data: str
    subgroup: str = ""
    model: str = ""
    ideal: float | None = None


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
    coverage : the coverage measured on the test split.
    mean_size : mean number of classes in a set there.
    """

    level: float
    quantile: float
    coverage: Measure
    mean_size: float


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
class Measured:
    """What the recipe measured."""

    sha256: dict[str, str]
    thresholds: dict[str, float]
    threshold_source: str
    calibration: Calibration
    conformal: Conformal
    applicability: Applicability
    performance: tuple[Measure, ...]
    reliability: tuple[Reliability, ...]
    confusion: tuple[tuple[int, ...], ...]
    approaches: tuple[Approach, ...]
    test_evaluations: tuple[Evaluation, ...]
    provenance: Provenance
