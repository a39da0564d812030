"""Which predictor a name in a file means, and which column says what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from medai_core.cards import PredictorSpec
from medai_core.sources.fhir.codes import SAME, known_codes
from medai_core.sources.intake import plain_name

STAY = (
    *("stay", "stayid", "icustayid", "patientunitstayid", "hadmid", "admissionid", "admission", "visitid"),
    *("visitnumber", "visit", "encounterid", "encounter", "caseid", "case", "recordid", "patientid", "patient"),
    *("patientnumber", "subjectid", "subject", "personid", "person", "pid", "mrn", "deviceid", "device", "userid"),
    *("user", "id"),
)
CLOCK = ("charttime", "timestamp", "datetime", "measuredat", "recordedat", "observedat", "takenat", "effectivedatetime")
LOOSE = ("time", "at", "observationtime", "measurementtime", "startdate", "starttime", "date", "when")
MINUTES = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "timemin", "timeminutes", "minutessinceadmission"), 1.0),
    **dict.fromkeys(("offset", "observationoffset", "labresultoffset", "nursingchartoffset"), 1.0),
    **dict.fromkeys(("hour", "hours", "timehours", "hourssinceadmission", "iculos", "hoursinicu"), 60.0),
    **dict.fromkeys(("second", "seconds", "sec", "timeseconds", "secondssinceadmission"), 1 / 60),
    **dict.fromkeys(("day", "days", "dayssinceadmission"), 1440.0),
}
"""Columns whose numbers say how long a stay has lasted, and the minutes that one of them means."""
TIME = (*CLOCK, *MINUTES, *LOOSE)
PARAMETER = (
    *("parameter", "param", "parametername", "variable", "variablename", "signal", "vital", "vitalsign", "metric"),
    *("loinc", "loinccode", "label", "testname", "test", "analyte", "itemname", "item", "itemid", "code", "name"),
    *("measure", "observation", "type", "channel"),
)
VALUE = ("value", "valuenum", "val", "valuenumeric", "numericvalue", "result", "resultvalue", "reading", "measurement")
UNIT = ("unit", "units", "uom", "valueuom", "ucum", "unitofmeasure", "valueunit")
LOINC = re.compile(r"(?:^|[|:#/\s])(\d{1,7}-\d)$", re.ASCII)
"""A LOINC code at the end of a name, after its system or alone."""


@dataclass(frozen=True)
class Words:
    """The names and LOINC codes of a card's predictors.

    Attributes
    ----------
    predictors : the card's; ``needed`` are their names for a sentence.
    """

    predictors: tuple[PredictorSpec, ...]
    named: dict[str, list[int]] = field(default_factory=dict)
    coded: dict[str, list[int]] = field(default_factory=dict)

    def meant(self, name: str) -> list[int]:
        """The places of the predictors that a name or LOINC code means; none where it is unknown."""
        code = LOINC.search(name.strip())
        return (self.coded.get(code.group(1), []) if code else []) or self.named.get(_key(name), [])

    @property
    def needed(self) -> str:
        """What the card asks, for a sentence."""
        return ", ".join(p.name for p in self.predictors)


def words_of(predictors: Sequence[PredictorSpec]) -> Words:
    """The words of a card."""
    words = Words(tuple(predictors))
    for place, p in enumerate(predictors):
        for key in {_key(name) for name in (p.name, p.title, *p.columns)} - {""}:
            words.named.setdefault(key, []).append(place)
    codes = known_codes(predictors)
    same = {said: codes[meaning] for said, meaning in SAME.items() if meaning in codes}
    for (system, code), meant in {**same, **codes}.items():
        if system == "LOINC":
            words.coded[code] = [predictors.index(p) for p in meant]
    return words


def _key(name: str) -> str:
    # A name in another script has no letter that would tell it from the next.
    return plain_name(name) or name.strip().casefold()


def column_of(columns: Iterable[str], names: Sequence[str]) -> str | None:
    """The column that goes by the first of ``names`` that is there."""
    plain = {plain_name(c): c for c in reversed(list(columns))}
    return next((plain[name] for name in names if name in plain), None)


def columns_of(columns: Iterable[str], names: Sequence[str]) -> list[str]:
    """All columns that go by one of ``names``, in the order of the names."""
    plain = {plain_name(c): c for c in reversed(list(columns))}
    return [plain[name] for name in names if name in plain]
