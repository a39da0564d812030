"""Readings, risks and verdicts as resources; a refusal is a result that was cancelled, with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.imaging.segmentation import Outline
from medai_core.readings import Finding
from medai_core.records.dossier import Dossier
from medai_core.records.fhir.parts import (
    ABSENT,
    DCM,
    Json,
    concept,
    device_resource,
    entry,
    instant,
    notes,
    own,
    practitioner_resource,
    quantity,
    reference,
    tags,
    url,
)
from medai_core.records.store.estimates import StoredEstimate
from medai_core.records.store.results import StoredReading, StoredScan, Verdict
from medai_core.records.wording import RESEARCH_USE, Wording
from medai_core.sources.fhir import resource

PROBABILITY = own("probability", "Probability")


@dataclass(frozen=True)
class Subject:
    """Whose results they are, and what they are said with."""

    dossier: Dossier
    patient: str
    words: Wording = Wording()

    @property
    def stamp(self) -> Json:
        """What every result of the patient has."""
        return {"meta": tags(self.dossier.patient), "subject": reference(self.patient)}


def device(model: str | None, version: str | None, weights: str | None, card: Card | None) -> Json:
    """The entry of a model as a device."""
    name = model or "router"
    said = device_resource(name, version or "-", weights or "-", card.title if card else "")
    return entry(_device_url(model, version, weights), said)


def _device_url(model: str | None, version: str | None, weights: str | None) -> str:
    return url("device", f"{model}/{version}/{weights}")


def reading_entries(of: Subject, scan: StoredScan, stored: StoredReading) -> Iterator[Json]:
    """One reading: the model, the findings, the report that holds them, and where it all comes from."""
    given, card = stored.reading, of.dossier.card(stored)
    by = _device_url(given.model, given.version, given.weights_sha256)
    report, study = url("reading", stored.id), url("study", scan.study)
    observations = []
    yield device(given.model, given.version, given.weights_sha256, card)
    for finding in given.findings:
        observations.append(url("finding", f"{stored.id}/{finding.name}"))
        said = _observation(of, stored, _named(card, finding.name), by, study)
        yield entry(observations[-1], said | _found(finding))
    if given.outline is not None:
        observations.append(url("outline", stored.id))
        said = _observation(of, stored, _named(card, given.outline.finding), by, study)
        yield entry(observations[-1], said | _outlined(of, given.outline))
    if given.refusal is not None:
        observations.append(url("refusal", stored.id))
        said = _observation(of, stored, own(given.refusal.id, "Refusal to give findings"), by, study)
        yield entry(observations[-1], said | _refused(of, given.refusal, card))
    yield entry(report, _report(of, stored, card, study, observations))
    yield from _verdicts(of, stored.verdicts, report, observations)
    yield _provenance(url("reading.provenance", stored.id), stored.at, stored.by, by, [report, *observations], study)


def _observation(of: Subject, stored: StoredReading, code: Json, by: str, study: str) -> Json:
    """What every observation of a reading has, whatever it is of."""
    return of.stamp | {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [own("image-reading", "Reading of an image by a model")],
        "code": code,
        "effectiveDateTime": instant(stored.at),
        "device": reference(by),
        "derivedFrom": [reference(study)],
    }


def _named(card: Card | None, name: str) -> Json:
    """The code of a finding, from the card where it has one."""
    spec = next((f for f in card.findings if f.name == name), None) if card else None
    return concept(spec.code if spec else None, name, spec.title if spec else name)


def _found(finding: Finding) -> Json:
    in_set = {"code": own("in-set", "In the conformal set"), "valueBoolean": finding.in_set}
    over = {"code": own("over-threshold", "Over the card's threshold"), "valueBoolean": finding.over_threshold}
    return {
        "valueQuantity": quantity(round(finding.probability, 6), "1", "1"),
        "component": [in_set, over],
        "method": PROBABILITY | {"text": "Calibrated probability, 0 to 1"},
    }


def _outlined(of: Subject, outline: Outline) -> Json:
    area = quantity(float(outline.area_px), "pixels", "{pixels}")
    if outline.area_mm2 is not None:
        area = quantity(round(outline.area_mm2, 2), "mm2", "mm2")
    return {
        "valueQuantity": area,
        "component": [{"code": own("count", "Number of outlined parts"), "valueInteger": outline.count}],
        "note": notes([of.words.size_interval(outline)]),
        "method": own("outlined-area", "Area outlined by a model"),
    }


def _refused(of: Subject, refusal: Message, card: Card | None) -> Json:
    return {"status": "cancelled", "dataAbsentReason": _not_performed(of.words.reason(refusal, card))}


def _not_performed(reason: str) -> Json:
    return {"coding": [{"system": ABSENT, "code": "not-performed", "display": "Not Performed"}], "text": reason}


def _report(of: Subject, stored: StoredReading, card: Card | None, study: str, observations: list[str]) -> Json:
    given, words = stored.reading, of.words
    said = [words.answer_or_refusal(given, card), words.coverage(given, card), *map(words.say, given.notices)]
    limits = [f"Not for: {card.not_for}", *card.limits] if card else []
    return of.stamp | {
        "resourceType": "DiagnosticReport",
        "status": "cancelled" if given.refusal else "preliminary",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "IMG"}]}],
        "code": own(given.model or "none", card.title if card else "No model applies"),
        "effectiveDateTime": instant(stored.at),
        "issued": instant(stored.at),
        "performer": [reference(url("person", stored.by), stored.by)],
        "result": [reference(o) for o in observations],
        "imagingStudy": [reference(study)],
        "conclusion": " ".join(filter(None, [*said, *limits, RESEARCH_USE + "."])),
    }


def estimate_entries(of: Subject, e: StoredEstimate) -> Iterator[Json]:
    """One risk: the model, what it rests on, the assessment, verdicts, and where it comes from."""
    card = of.dossier.cards.get(e.model)
    by, assessed = _device_url(e.model, e.version, e.weights_sha256), url("estimate", e.id)
    yield device(e.model, e.version, e.weights_sha256, card)
    basis = []
    for p in card.predictors if card else ():
        value = e.predictors.get(p.name)
        if value is not None and value == value:
            basis.append(url("predictor", f"{e.id}/{p.name}"))
            yield entry(basis[-1], resource(p, value, instant(e.at)) | {"subject": reference(of.patient)})
    yield entry(assessed, _assessment(of, e, card, by, basis))
    yield from _verdicts(of, e.verdicts, assessed, [])
    yield _provenance(url("estimate.provenance", e.id), e.at, e.by, by, [assessed], "")


def _assessment(of: Subject, e: StoredEstimate, card: Card | None, by: str, basis: list[str]) -> Json:
    found: Json = of.stamp | {
        "resourceType": "RiskAssessment",
        "status": "cancelled" if e.risk is None else "preliminary",
        "method": own(e.model, card.title if card else e.model),
        "code": own(e.outcome, of.words.outcome(card) if card else e.outcome),
        "occurrenceDateTime": instant(e.at),
        "performer": reference(by),
        "note": notes(_said(of, e, card)),
    }
    if basis:
        found["basis"] = [reference(b) for b in basis]
    return found | ({"prediction": [_prediction(e, card)]} if e.risk is not None else {})


def _prediction(e: StoredEstimate, card: Card | None) -> Json:
    event = card.findings[0] if card else None
    found: Json = {
        "outcome": concept(event.code, event.name, event.title) if event else own(e.outcome, e.outcome),
        "probabilityDecimal": round(e.risk or 0.0, 6),
    }
    if e.low is not None and e.high is not None:
        found["rationale"] = f"95 % interval {e.low:.4f} to {e.high:.4f}"
    if card and card.prediction and card.prediction.horizon_years:
        found["whenRange"] = {"low": quantity(0, "a", "a"), "high": quantity(card.prediction.horizon_years, "a", "a")}
    return found


def _said(of: Subject, e: StoredEstimate, card: Card | None) -> Iterator[str]:
    """Refusals, warnings, what drives the risk, and the model's limits."""
    words = of.words
    for refusal in e.refusals:
        yield "Refused: " + words.about_predictor(card, refusal)
    for warning in e.warnings:
        yield words.about_predictor(card, warning)
    if e.recalibrated:
        yield "Recalibrated for another place."
    drivers = sorted(e.contributions.items(), key=lambda item: -abs(item[1]))
    if drivers:
        told = "; ".join(f"{words.predictor(card, name)} {value:+.3f}" for name, value in drivers)
        yield f"Contributions in log-odds, from {e.base or 0:.3f}: {told}"
    if card:
        yield from (f"Not for: {card.not_for}", *card.limits)
    yield RESEARCH_USE


def _verdicts(of: Subject, verdicts: tuple[Verdict, ...], about: str, results: list[str]) -> Iterator[Json]:
    """What clinicians say of a result, the newest first; a later one stands beside the earlier and counts."""
    for i, v in enumerate(verdicts):
        person = url("person", f"{v.by}/{v.by_name}")
        yield entry(person, practitioner_resource(v.by, v.by_name))
        said = own("agrees", "Agrees") if v.agrees else own("disagrees", "Disagrees")
        found: Json = of.stamp | {
            "resourceType": "Observation",
            "status": "final" if i == 0 else "amended",
            "code": own("verdict", "Clinician's verdict"),
            "focus": [reference(about), *(reference(r) for r in results)],
            "effectiveDateTime": instant(v.at),
            "performer": [reference(person, v.by_name)],
            "valueCodeableConcept": said,
        }
        yield entry(url("verdict", f"{about}/{v.at}"), found | ({"note": notes([v.why])} if v.why else {}))


def _provenance(name: str, at: object, person: str, by: str, targets: list[str], source: str) -> Json:
    """Which model gave the results, who had them filed, and what they rest on."""
    agents = [
        {"type": {"coding": [{"system": DCM, "code": "110150", "display": "Application"}]}, "who": reference(by)},
        {"type": {"text": "filed by"}, "who": reference(url("person", person), person)},
    ]
    found: Json = {
        "resourceType": "Provenance",
        "target": [reference(t) for t in targets],
        "recorded": instant(at),  # type: ignore[arg-type]
        "agent": agents,
    }
    return entry(name, found | ({"entity": [{"role": "source", "what": reference(source)}]} if source else {}))
