"""The treatment discussion sheet: what the cohort's people like this one received, and how they fared.

People are alike in two things: whether lymph nodes were involved, since treatment was chosen by that in this cohort
(96 of 100 women without involved nodes got no chemotherapy, 75 of 100 of the others did), and the third of predicted
risk, treatment left out of it. A finer division leaves most cells with fewer than ten people. Nothing here is a trial.
"""

from __future__ import annotations

from dataclasses import dataclass

from medai_core.cards import Card
from medai_core.cards.survival import Stratum
from medai_core.errors import Message
from medai_core.precision.survival.answering import Answer
from medai_core.precision.survival.model import SurvivalModel

NO_TRIAL = Message("survival.no_trial")
"""What stands on every sheet: doctors chose, so those who received a treatment differ from those who did not."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A patient beside the cohort's people like them.

    Attributes
    ----------
    answer : what the model says of the patient. stratum : the people like them, aggregates of at least 10.
    warnings : what must stand beside every number of it, that it is no trial first.
    """

    card: Card
    answer: Answer
    stratum: Stratum
    warnings: tuple[Message, ...]


def sheet(model: SurvivalModel, found: Answer) -> Sheet | Message:
    """The sheet of a patient, or why there is none: history is needed, and people like them."""
    if found.third is None or not found.nodes:
        return Message("survival.no_sheet")
    alike = [s for s in model.survived.strata if (s.part, s.nodes, s.third) == (found.part, found.nodes, found.third)]
    if not alike:
        return Message("survival.no_stratum")
    stratum = alike[0]
    hidden = (*stratum.hidden_drugs, *stratum.hidden_surgery)
    warnings = [NO_TRIAL, Message("survival.old_treatment")]
    if hidden:
        warnings.append(Message("survival.hidden"))
    return Sheet(model.card, found, stratum, tuple(warnings))
