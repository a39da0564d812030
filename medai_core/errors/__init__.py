"""Sentences for the reader: every error and refusal is a message id with its facts.

The English text lives here, once. ``ui`` and reports look the same template up in the reader's
language and fill in the same facts, so nothing is worded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from medai_core.errors.dosing_messages import DOSING_MESSAGES
from medai_core.errors.exchange_messages import EXCHANGE_MESSAGES
from medai_core.errors.genomics_messages import GENOMICS_MESSAGES
from medai_core.errors.marking import N_
from medai_core.errors.messages import MODEL_MESSAGES
from medai_core.errors.monitoring_messages import MONITORING_MESSAGES
from medai_core.errors.own_messages import OWN_MESSAGES
from medai_core.errors.record_messages import RECORD_MESSAGES
from medai_core.errors.series_messages import SERIES_MESSAGES
from medai_core.errors.stay_messages import STAY_MESSAGES
from medai_core.errors.subtype_messages import SUBTYPE_MESSAGES
from medai_core.errors.survival_messages import SURVIVAL_MESSAGES
from medai_core.errors.synthesis_messages import SYNTHESIS_MESSAGES

__all__ = [
    "MESSAGES",
    "N_",
    "AccessError",
    "CardError",
    "Fact",
    "ImageError",
    "ManifestError",
    "MedAIError",
    "Message",
    "ModelError",
    "PatientError",
    "RecordError",
    "SynthesisError",
]

Fact: TypeAlias = "str | int | float | tuple[Message, ...]"
"""What fills a template: a value, or sentences of their own, which are joined."""


MESSAGES = (
    MODEL_MESSAGES
    | RECORD_MESSAGES
    | EXCHANGE_MESSAGES
    | SERIES_MESSAGES
    | OWN_MESSAGES
    | MONITORING_MESSAGES
    | STAY_MESSAGES
    | SUBTYPE_MESSAGES
    | SURVIVAL_MESSAGES
    | GENOMICS_MESSAGES
    | DOSING_MESSAGES
    | SYNTHESIS_MESSAGES
)
"""Every sentence by its id."""


@dataclass(frozen=True)
class Message:
    """A sentence by its id, with the facts that fill it in.

    Attributes
    ----------
    id : a key of ``MESSAGES``.
    facts : what fills the template's fields; numbers carry their unit in the field's name.
    """

    id: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The English template, which is also what a translation is looked up by."""
        return MESSAGES[self.id]

    @property
    def text(self) -> str:
        """The English sentence."""
        return self.say(lambda template: template)

    def say(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of ``translate``; a fact that is a message id is said, or several with |."""
        facts = {name: _worded(fact, translate) for name, fact in self.facts.items()}
        return translate(self.template).format(**facts)


def _worded(fact: Fact, translate: Callable[[str], str]) -> str | int | float:
    if isinstance(fact, tuple):
        return "; ".join(message.say(translate) for message in fact)
    if isinstance(fact, str) and all(id in MESSAGES for id in fact.split("|")):
        return f" {translate(MESSAGES['or'])} ".join(translate(MESSAGES[id]) for id in fact.split("|"))
    return fact


class MedAIError(Exception):
    """Something that the reader can understand and mend; a bug is never one of these."""

    def __init__(self, id: str, **facts: Fact) -> None:
        self.message = Message(id, facts)
        super().__init__(self.message.text)


class CardError(MedAIError):
    """A card that cannot be used as it stands."""


class ModelError(MedAIError):
    """A model that is absent, incomplete or altered."""


class ImageError(MedAIError):
    """A file that cannot be read as a scan."""


class ManifestError(MedAIError):
    """A manifest that cannot be evaluated as it stands."""


class AccessError(MedAIError):
    """Something that the person's role does not include."""


class RecordError(MedAIError):
    """Something that the record cannot do as it was asked."""


class SynthesisError(MedAIError):
    """A synthetic scan that cannot be made as it was asked for."""


class PatientError(MedAIError):
    """A patient who cannot be, or cannot be read, as described."""
