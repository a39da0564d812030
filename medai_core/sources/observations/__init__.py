"""Time-stamped observations of hospital stays from files: tables, FHIR R4 and HL7 version 2, in a card's words."""

from medai_core.sources.observations.growing import Growing, pieces
from medai_core.sources.observations.reading import open_observations, read_observations
from medai_core.sources.observations.saying import said, summary
from medai_core.sources.observations.settling import Observations

__all__ = ["Growing", "Observations", "open_observations", "pieces", "read_observations", "said", "summary"]
