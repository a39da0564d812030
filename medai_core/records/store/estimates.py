"""Risks of a patient as they were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select

from medai_core.catalog import PARAMETERS
from medai_core.errors import Message
from medai_core.prognosis.assessment import Assessment
from medai_core.prognosis.risk import RiskModel
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import estimate
from medai_core.records.store import Store
from medai_core.records.store.patients import known_patient, new_id
from medai_core.records.store.results import Verdict, verdict_of, verdicts_of
from medai_core.records.store.rows import message_of

if TYPE_CHECKING:
    from medai_core.prognosis.monitoring import Answers, MonitorModel

Value = float | str | None


@dataclass(frozen=True)
class StoredEstimate:
    """A risk in the record, or the refusal to give one.

    Attributes
    ----------
    predictors : in the card's units, None for unknown.
    refusals : why there is no risk; ``risk``, ``low`` and ``high`` are None then.
    contributions : in log-odds, from ``base``; empty where refused.
    verdicts : the newest first.
    """

    id: str
    outcome: str
    model: str
    version: str
    weights_sha256: str
    recalibrated: bool
    predictors: dict[str, Value]
    refusals: tuple[Message, ...]
    risk: float | None
    low: float | None
    high: float | None
    warnings: tuple[Message, ...]
    base: float | None
    contributions: dict[str, float]
    at: datetime
    by: str
    verdicts: tuple[Verdict, ...]


def file_estimate(
    store: Store,
    person: Person,
    id: str,
    model: RiskModel,
    values: Mapping[str, Value],
    answer: Assessment | tuple[Message, ...],
    *,
    recalibrated: bool = False,
    at: datetime | None = None,
) -> str:
    """File what a model says of one patient, or why it says nothing; the identifier of what was filed.

    Parameters
    ----------
    answer : an assessment of one row, or the refusals.
    at : when it was given; now where None.

    Raises
    ------
    RecordError : there is no such patient. AccessError : the role may not.
    """
    columns = {"recalibrated": recalibrated, "predictors": dict(values)}
    columns |= _refused(answer) if isinstance(answer, tuple) else _answered(model, answer)
    return _file(store, person, id, model, columns, at)


def file_watched(
    store: Store,
    person: Person,
    id: str,
    model: MonitorModel,
    values: Mapping[str, Value],
    answers: Answers,
    place: int,
    *,
    at: datetime | None = None,
) -> str:
    """File what a model that watches stays says at one hour, or why it says nothing; as ``file_estimate``.

    Parameters
    ----------
    values : the newest of each predictor. place : of the hour in ``answers``; one without a risk is a refusal.
    """
    columns: dict[str, Any] = {"recalibrated": False, "predictors": dict(values)}
    said = answers.warnings[place]
    if model.spec.covers(int(answers.hour[place])):
        risks = {name: float(getattr(answers, name)[place]) for name in ("risk", "low", "high")}
        columns |= {"refusals": [], **risks, "warnings": _facts(said)}
    else:
        columns |= _refused(said)
    return _file(store, person, id, model, columns, at)


def _file(
    store: Store,
    person: Person,
    id: str,
    model: RiskModel | MonitorModel,
    columns: Mapping[str, Any],
    at: datetime | None,
) -> str:
    store.allow(person, "file")
    found, card = new_id(), model.card
    by = {"outcome": card.outcome, "model": card.name, "version": card.version}
    by["weights_sha256"] = model.measured.sha256[PARAMETERS]
    with store.writing(person) as work:
        known_patient(work.connection, id)
        stamped = {"made_at": at or work.now, "made_by": person.name}
        work.connection.execute(insert(estimate).values(id=found, patient=id, **by, **columns, **stamped))
        work.enter(Act("risk.file", id, found, {"model": card.name, "refused": bool(columns["refusals"])}))
    return found


def _refused(refusals: tuple[Message, ...]) -> dict[str, Any]:
    return {"refusals": _facts(refusals), "warnings": []}


def _facts(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [{"id": m.id, "facts": dict(m.facts)} for m in messages]


def _answered(model: RiskModel, answer: Assessment) -> dict[str, Any]:
    e, why = answer.estimates, answer.contributions
    names = [p.name for p in model.card.predictors]
    return {
        "refusals": [],
        "risk": float(e.risk[0]),
        "low": float(e.low[0]),
        "high": float(e.high[0]),
        "warnings": _facts(answer.warnings[0]),
        "base": float(why.base) if why else None,
        "contributions": dict(zip(names, map(float, why.values[0]), strict=True)) if why else None,
    }


def estimates_of(store: Store, id: str) -> tuple[StoredEstimate, ...]:
    """The risks of a patient, the newest first."""
    with store.reading() as connection:
        rows = connection.execute(
            select(estimate).where(estimate.c.patient == id).order_by(estimate.c.made_at.desc())
        ).all()
        judged = verdicts_of(connection, id)
    return tuple(_estimate(row, judged) for row in rows)


def _estimate(row: Row[Any], judged: Any) -> StoredEstimate:
    return StoredEstimate(
        id=row.id,
        outcome=row.outcome,
        model=row.model,
        version=row.version,
        weights_sha256=row.weights_sha256,
        recalibrated=row.recalibrated,
        predictors=row.predictors,
        refusals=tuple(map(message_of, row.refusals)),
        risk=row.risk,
        low=row.low,
        high=row.high,
        warnings=tuple(map(message_of, row.warnings)),
        base=row.base,
        contributions=row.contributions or {},
        at=row.made_at,
        by=row.made_by,
        verdicts=tuple(verdict_of(v) for v in judged if v.estimate == row.id),
    )
