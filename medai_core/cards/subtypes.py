"""What a model that places patients in subtypes says of itself in its card, and what its recipe measured."""

from __future__ import annotations

from dataclasses import dataclass

from medai_core.cards.measures import Bounds

METHODS = ("kmeans", "hierarchical", "gaussian_mixture")
"""How samples are put into groups: k-means, Ward's tree, a Gaussian mixture."""


@dataclass(frozen=True)
class SubtypeSpec:
    """The cohort that the subtypes were found in.

    Attributes
    ----------
    develop : its file below the data folder; symbols : the file that names genes for probes.
    clinical : its columns that are no expression.
    time, event : the columns of survival, in years, and of the event, 1 where it happened.
    genes_min : the shared genes that a placement needs; samples_min : the samples measured alike that another platform
        needs.
    missing_max : the largest share of the shared genes that a sample may lack.
    doubtful_below : the probability below which a placement is called doubtful.
    why : how the ways of placing compare.
    """

    develop: str
    symbols: str
    clinical: tuple[str, ...]
    time: str
    event: str
    genes_min: int
    samples_min: int
    missing_max: float
    doubtful_below: float
    why: str = ""


@dataclass(frozen=True)
class GroupEvidence:
    """What speaks for ``k`` groups in the cohort; the words are those of ``precision.genomics.Evidence``.

    A size of 0 stands for fewer than 10 people; where there is one, the survival of the groups is not compared.
    """

    k: int
    method: str
    stability: float
    low: float
    silhouette: float
    gap: float
    gap_error: float
    p: float
    valley: float
    sizes: tuple[int, ...]
    log_rank_p: float


@dataclass(frozen=True)
class SubtypeSurvival:
    """The Kaplan-Meier curve of a subtype in the cohort, at whole years while at least 10 were observed."""

    name: str
    n: int
    events: int
    years: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]


@dataclass(frozen=True)
class SharedGenes:
    """How a placement by so many genes is calibrated, and what it takes to be from such a cohort.

    Attributes
    ----------
    genes : how many genes are shared.
    slope : the log-odds for one unit of difference between the squared distances; offsets : one a subtype.
    explained_min : the least share of a sample's profile that the cohort's components explain.
    noise_max : the share that they explain of most profiles whose genes were mixed up; among samples of another
        platform, which resemble the cohort less, it takes the place of ``explained_min``.
    quantiles : of 1 less the probability, one a subtype, from which it is not possible any more; the most probable
        subtype always is.
    coverage : the share of patients left out whose own subtype was among the possible ones, with quantiles that they
        had no part in.
    """

    genes: int
    slope: float
    offsets: tuple[float, ...]
    explained_min: float
    noise_max: float
    quantiles: tuple[float, ...]
    coverage: Bounds


@dataclass(frozen=True)
class SplitHalves:
    """What became of subtypes found in one half of the cohort and recognised in the other, over many halvings.

    Attributes
    ----------
    halvings : how many; agreement : median adjusted Rand index with the subtypes of all.
    p : median p of the log-rank test in the other half; separated : share of halvings with p below 0.05.
    """

    halvings: int
    agreement: float
    p: float
    separated: float


@dataclass(frozen=True)
class Subtyped:
    """What the recipe measured of a model that places patients in subtypes.

    Attributes
    ----------
    k, method : the number of groups and the method that made them.
    evidence : for every number of groups and method that was tried.
    shared : from the most genes to the fewest.
    log_rank_p : of the subtypes' survival in the cohort.
    """

    k: int
    method: str
    evidence: tuple[GroupEvidence, ...]
    survival: tuple[SubtypeSurvival, ...]
    shared: tuple[SharedGenes, ...]
    halves: SplitHalves
    log_rank_p: float
