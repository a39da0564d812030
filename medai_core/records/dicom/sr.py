"""A reading as a structured report: Comprehensive 3D SR after TID 1500 (PS3.16), which other systems can read.

One group of measurements for the answer as a whole (or its refusal) with the clinicians' verdicts, and one for
each finding with its probability; each names the algorithm with version and weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import pydicom
from highdicom import sr
from pydicom.dataset import Dataset

from medai_core.cards import Card
from medai_core.imaging.segmentation import Outline
from medai_core.readings import Finding, Reading
from medai_core.records import MAKER
from medai_core.records.dicom import codes
from medai_core.records.dicom.source import Source, called, class_and_instance, stamp, state, uid_of
from medai_core.records.store.results import StoredReading
from medai_core.records.wording import RESEARCH_USE, Wording

SERIES = 9001


def structured_report(stored: StoredReading, reading: Reading, card: Card | None, source: Source) -> Dataset:
    """The report of one reading; a refusal is reported like any other answer."""
    groups = [_whole(stored, card, source, Wording())]
    groups += [_finding(stored, finding, card, source) for finding in reading.findings]
    if reading.outline is not None:
        groups.append(_outlined(stored, reading.outline, card, source))
    language = sr.LanguageOfContentItemAndDescendants(sr.CodedConcept("en", "RFC5646", "English"))
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=uid_of("device", MAKER), name=MAKER, manufacturer_name=MAKER, model_name=stored.reading.model or MAKER
    )
    context = sr.ObserverContext(sr.CodedConcept("121007", "DCM", "Device"), device)
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=context),
        procedure_reported=codes.PROCEDURE,
        imaging_measurements=groups,
        title=sr.CodedConcept("126000", "DCM", "Imaging Measurement Report"),
        language_of_content_item_and_descendants=language,
    )
    made = sr.Comprehensive3DSR(
        evidence=[source.header],
        content=content[0],
        **called("sr", stored, SERIES),
        is_complete=True,
    )
    stamp(made, state(stored)[1])
    made.SeriesDescription = "MedAI reading (research use)"
    made.ManufacturerModelName = stored.reading.model or MAKER
    made.SoftwareVersions = stored.reading.version or "-"
    made.SpecificCharacterSet = "ISO_IR 192"
    return made


def _algorithm(stored: StoredReading) -> sr.AlgorithmIdentification | None:
    given = stored.reading
    if not given.model:
        return None
    facts = [f"weights SHA-256 {given.weights_sha256}"]
    return sr.AlgorithmIdentification(given.model, given.version or "-", facts, codes.NETWORK, MAKER)


def _image(source: Source) -> list[sr.SourceImageForMeasurementGroup]:
    frames = [source.frame] if source.frame else None
    return [sr.SourceImageForMeasurementGroup(*class_and_instance(source.header), frames)]


def _whole(
    stored: StoredReading, card: Card | None, source: Source, words: Wording
) -> sr.MeasurementsAndQualitativeEvaluations:
    """The answer or the refusal, what it rests on, and what clinicians say of it."""
    given = stored.reading
    evaluations = [sr.QualitativeEvaluation(codes.ANSWER, codes.REFUSED if given.refusal else codes.GIVEN)]
    if stored.verdicts:
        said = codes.AGREES if stored.verdicts[0].agrees else codes.DISAGREES
        evaluations.append(sr.QualitativeEvaluation(codes.VERDICT, said))
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid_of("answer", stored.id), "answer"),
        finding_type=codes.FINDING,
        algorithm_id=_algorithm(stored),
        qualitative_evaluations=evaluations,
        source_images=_image(source),
    )
    for text in comments(stored, card, words):
        _say(group, text)
    return group


def comments(stored: StoredReading, card: Card | None, words: Wording) -> Iterator[str]:
    """The answer in sentences, with everything that must be known beside it."""
    given = stored.reading
    yield words.answer_or_refusal(given, card)
    if coverage := words.coverage(given, card):
        yield coverage
    for notice in given.notices:
        yield words.say(notice)
    for verdict in stored.verdicts:
        yield words.verdict(verdict)
    if card:
        yield f"Not for: {card.not_for}"
        yield "Limits: " + " ".join(card.limits)
    yield RESEARCH_USE


def _finding(
    stored: StoredReading, finding: Finding, card: Card | None, source: Source
) -> sr.MeasurementsAndQualitativeEvaluations:
    """One finding with its probability."""
    held = codes.YES if finding.in_set else codes.NO
    over = codes.YES if finding.over_threshold else codes.NO
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid_of("finding", stored.id, finding.name), finding.name),
        finding_type=codes.finding_concept(card, finding.name),
        algorithm_id=_algorithm(stored),
        measurements=[sr.Measurement(codes.PROBABILITY, round(float(finding.probability), 6), codes.ONE)],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(codes.IN_SET, held),
            sr.QualitativeEvaluation(codes.OVER_THRESHOLD, over),
        ],
        source_images=_image(source),
    )


def _outlined(
    stored: StoredReading, outline: Outline, card: Card | None, source: Source
) -> sr.MeasurementsAndQualitativeEvaluations:
    """What was outlined: how many, and the area in mm² where the size of a pixel is known, else in pixels."""
    known = outline.area_mm2 is not None
    area = sr.Measurement(
        codes.AREA,
        round(float(outline.area_mm2 or 0), 2) if known else float(outline.area_px),
        codes.SQUARE_MM if known else codes.PIXELS,
    )
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid_of("outline", stored.id), "outline"),
        finding_type=codes.finding_concept(card, outline.finding),
        algorithm_id=_algorithm(stored),
        measurements=[area, sr.Measurement(codes.QUANTITY, float(outline.count), codes.ONE)],
        source_images=_image(source),
    )


def _say(group: sr.MeasurementsAndQualitativeEvaluations, text: str) -> None:
    kind = sr.RelationshipTypeValues.CONTAINS
    group[0].ContentSequence.append(sr.TextContentItem(codes.COMMENT, text, relationship_type=kind))


def texts_of(report: pydicom.Dataset) -> list[str]:
    """Every text of a structured report, in order."""
    found = [str(report.TextValue)] if "TextValue" in report else []
    for item in report.get("ContentSequence", ()):
        found += texts_of(item)
    return found
