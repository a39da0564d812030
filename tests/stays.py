"""SYNTHETIC stays: observations drawn by the tests, written in every format that they may come in."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from medai_core.cards import Category, Code, OtherUnit, PredictorSpec
from medai_core.sources.observations import Observations, read_observations

START = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


def number(
    name: str, title: str, loinc: str, unit: str, ucum: str, low: float, high: float, **more: Any
) -> PredictorSpec:
    return PredictorSpec(
        name, title, "number", unit=unit, ucum=ucum, low=low, high=high, code=Code("LOINC", loinc, title), **more
    )


HEART_RATE = number("heart_rate", "Heart rate", "8867-4", "/min", "/min", 10, 300, columns=("HR", "pulse"))
TEMPERATURE = number(
    *("temperature", "Body temperature", "8310-5", "°C", "Cel", 25, 45),
    columns=("Temp",),
    other_unit=OtherUnit("°F", 1.8, 32),
    missing_values=("-1",),
)
SYSTOLIC = number("systolic", "Systolic pressure", "8480-6", "mmHg", "mm[Hg]", 20, 320, columns=("SBP", "SysABP"))
LACTATE = number("lactate", "Lactate", "2524-7", "mmol/L", "mmol/L", 0.1, 40, other_unit=OtherUnit("mg/dL", 9.008))
AGE = number("age", "Age", "30525-0", "years", "a", 0, 120)
SEX = PredictorSpec(
    "sex",
    "Sex",
    "category",
    columns=("Gender",),
    code=Code("LOINC", "76689-9", "Sex"),
    categories=(Category("female", "female", ("0", "F")), Category("male", "male", ("1", "M"))),
    missing_values=("-1",),
)
PREDICTORS = (HEART_RATE, TEMPERATURE, SYSTOLIC, LACTATE, AGE, SEX)
BY_NAME = {p.name: p for p in PREDICTORS}


class Seen(NamedTuple):
    """One observation: of a stay, so many minutes after ``START``."""

    stay: str
    minute: float
    parameter: str
    value: str
    unit: str = ""

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=self.minute)


def read(data: bytes | str, name: str = "export.csv", **options: Any) -> Observations:
    return read_observations(data.encode() if isinstance(data, str) else data, name, PREDICTORS, **options)


def rows(observations: Observations) -> list[tuple[Any, ...]]:
    """The table as tuples: stay, minute, parameter, value."""
    return list(observations.table.itertuples(index=False, name=None))


def left_out(observations: Observations) -> list[tuple[Any, ...]]:
    """What was not used as tuples: stay, parameter, value, reason without its prefix."""
    table = observations.left_out[["stay", "parameter", "value", "reason"]]
    return [(s, p, v, r.removeprefix("observation.")) for s, p, v, r in table.itertuples(index=False, name=None)]


def long_table(seen: Sequence[Seen], *, clock: bool = True) -> pd.DataFrame:
    when = "time" if clock else "minute"
    return pd.DataFrame(
        {
            "stay": [s.stay for s in seen],
            when: [s.at.isoformat() if clock else s.minute for s in seen],
            "parameter": [s.parameter for s in seen],
            "value": [s.value for s in seen],
            "unit": [s.unit for s in seen],
        }
    )


def wide_table(seen: Sequence[Seen], *, clock: bool = True) -> pd.DataFrame:
    found: dict[tuple[str, float], dict[str, str]] = {}
    for s in seen:
        found.setdefault((s.stay, s.minute), {})[s.parameter] = s.value
    when = "timestamp" if clock else "minute"
    table = pd.DataFrame(
        [
            {"stay": stay, when: (START + timedelta(minutes=minute)).isoformat() if clock else minute, **values}
            for (stay, minute), values in found.items()
        ]
    )
    order = [p.name for p in PREDICTORS if p.name in table.columns]
    return table[["stay", when, *order]].fillna("")


def csv(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False)).encode()


def parquet(table: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    return stream.getvalue()


def observation(s: Seen, **more: Any) -> dict[str, Any]:
    p = BY_NAME[s.parameter]
    assert p.code is not None
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": p.code.value}]},
        "subject": {"reference": f"Patient/{s.stay}"},
        "effectiveDateTime": s.at.isoformat(),
    }
    if p.kind == "number":
        unit = s.unit or p.ucum
        found["valueQuantity"] = {"value": float(s.value), "unit": unit, "code": unit}
    else:
        found["valueCodeableConcept"] = {"text": s.value}
    return found | more


def bundle(*resources: dict[str, Any]) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    ).encode()


def lines(*resources: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(r) for r in resources).encode()


def obx(s: Seen, number: int = 1, status: str = "F", kind: str = "NM") -> str:
    p = BY_NAME[s.parameter]
    assert p.code is not None
    stamp = f"{s.at:%Y%m%d%H%M%S}+0000"
    name = f"{p.code.value}^{p.title}^LN"
    return f"OBX|{number}|{kind}|{name}||{s.value}|{s.unit or p.ucum}|||||{status}|||{stamp}"


def message(stay: str, *segments: str, kind: str = "ORU^R01^ORU_R01", pv1: str = "", pid: str = "") -> str:
    head = f"MSH|^~\\&|MONITOR|ICU|MEDAI|HOSPITAL|20250301080000||{kind}|1|P|2.5.1"
    person = pid or f"PID|1||{stay}^^^HOSPITAL^MR"
    return "\r".join([head, person, *([pv1] if pv1 else []), "OBR|1|||VITALS|||20250301080000", *segments]) + "\r"


def messages(seen: Sequence[Seen]) -> str:
    """One message an observation."""
    return "".join(message(s.stay, obx(s, kind="NM" if BY_NAME[s.parameter].kind == "number" else "ST")) for s in seen)
