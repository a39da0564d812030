"""Gene expression: subtypes found in a cohort, and a patient placed in a known subtype."""

from medai_core.precision.genomics.clustering import METHODS, Evidence
from medai_core.precision.genomics.grouping import Grouping, find_subtypes, regrouped
from medai_core.precision.genomics.markers import GroupSurvival, group_survival
from medai_core.precision.genomics.matrix import Matrix, prepare
from medai_core.precision.genomics.ordering import Heatmap, heatmap
from medai_core.precision.genomics.placing import Placement, Placements, SubtypeModel, load_model, place

__all__ = [
    "METHODS",
    "Evidence",
    "GroupSurvival",
    "Grouping",
    "Heatmap",
    "Matrix",
    "Placement",
    "Placements",
    "SubtypeModel",
    "find_subtypes",
    "group_survival",
    "heatmap",
    "load_model",
    "place",
    "prepare",
    "regrouped",
]
