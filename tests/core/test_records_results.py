"""What was said of a patient comes back as it was said, whatever model, user or database came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from medai_core.cards import Card
from medai_core.catalog import PARAMETERS, find_models
from medai_core.errors import Message, RecordError
from medai_core.prognosis.assessment import assess, typical
from medai_core.readings import as_json, read_scan
from medai_core.records.demo import demo_count, has_demo_choice, make_demo, remove_demo
from medai_core.records.store import Store
from medai_core.records.store.estimates import estimates_of, file_estimate
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import patient_of
from medai_core.records.store.portrait import portrait
from medai_core.records.store.results import give_verdict, note_export, recall, reports_of, scans_of
from medai_core.records.store.vitals import PARAMETERS as VITALS
from medai_core.records.store.vitals import Vital, file_vitals, vitals_of
from medai_core.records.store.worklist import Asked, find_lines
from tests import drawn
from tests.records import (
    ADAS,
    CARDS,
    CLINICIAN,
    COLLEAGUE,
    READER,
    REFUSAL,
    Clock,
    actions,
    audit_text,
    entered,
    few,
    filed,
    film,
    on_disc,
    reading,
    someone,
    verified,
)

MODELS = find_models()
EXAMPLES = [
    (card.name, path)
    for card in MODELS.cards
    if card.task == "classification"
    for path in sorted((MODELS.folder / card.name).glob("example*.png"))[:1]
]


def test_a_reading_comes_back_as_it_was_filed(store: Store) -> None:
    data = film(side=40, **ADAS)
    given = reading(data, evidence=True)
    done = filed(store, someone(store).id, data, given)
    back = recall(store, READER, done.readings[0])
    assert as_json(back) == as_json(given)
    assert (back.kind, back.findings, back.notices, back.region) == (
        given.kind,
        given.findings,
        given.notices,
        given.region,
    )
    assert (back.image.patient, back.image.uids) == (given.image.patient, given.image.uids)
    np.testing.assert_array_equal(back.image.display, given.image.display)
    assert back.evidence is not None
    assert given.evidence is not None
    np.testing.assert_allclose(back.evidence, given.evidence, atol=1e-6)


def test_evidence_of_a_large_scan_comes_back_within_a_hundredth_of_its_range(store: Store) -> None:
    data = film(side=500)
    given = reading(data, evidence=True)
    back = recall(store, READER, filed(store, someone(store).id, data, given).readings[0])
    assert back.evidence is not None
    assert given.evidence is not None
    assert back.evidence.shape == given.evidence.shape
    assert back.evidence.dtype == np.float32
    assert np.abs(back.evidence - given.evidence).mean() < 0.01 * np.ptp(given.evidence)


def test_a_refusal_comes_back_as_the_same_sentence_and_with_no_finding(store: Store) -> None:
    data = film()
    given = reading(data, refusal=REFUSAL)
    back = recall(store, READER, filed(store, someone(store).id, data, given).readings[0])
    assert (back.refusal, back.findings, back.evidence, back.coverage) == (REFUSAL, (), None, None)
    assert as_json(back) == as_json(given)


def test_no_model_at_all_comes_back_as_none(store: Store) -> None:
    data = film()
    given = reading(data, refusal=Message("refusal.other"), model=None, kind=None)
    (scan,) = scans_of(store, filed_to(store, data, given))
    assert (scan.readings[0].reading.model, scan.readings[0].reading.kind) == (None, None)
    assert scan.readings[0].card(None) is None


def filed_to(store: Store, data: bytes, *readings: object) -> str:
    ada = someone(store)
    filed(store, ada.id, data, *readings)  # type: ignore[arg-type]
    return ada.id


@pytest.mark.parametrize(("model", "path"), EXAMPLES, ids=lambda x: getattr(x, "name", x))
def test_what_the_models_here_say_comes_back_as_they_said_it(store: Store, model: str, path) -> None:  # type: ignore[no-untyped-def]
    data, cards, demo = path.read_bytes(), {card.name: card for card in MODELS.cards}, someone(store, demo=True)
    answers = [read_scan(data, path.name, MODELS, model=model, affirm=affirm) for affirm in (False, True)]
    for given in {reading_.refusal is None: reading_ for answer in answers for reading_ in answer}.values():
        back = recall(store, READER, file_scan(store, CLINICIAN, demo.id, data, (given,), cards).readings[0])
        assert back.model == model
        assert as_json(back) == as_json(given)
        assert (back.evidence is None) == (given.evidence is None)
        if given.evidence is not None and back.evidence is not None:
            assert np.abs(back.evidence - given.evidence).mean() < 0.02 * np.ptp(given.evidence)


def test_the_scans_of_a_patient_come_newest_first_with_all_their_readings(store: Store) -> None:
    ada = someone(store)
    dates = ["20240101", "20260101", "20250101"]
    for seed, day in enumerate(dates):
        data = film(seed, AcquisitionDate=day, AcquisitionTime="101500")
        filed(store, ada.id, data, reading(data), reading(data, refusal=REFUSAL, model=drawn.BRAIN))
    scans = scans_of(store, ada.id)
    assert [scan.at.year for scan in scans] == [2026, 2025, 2024]
    assert all(len(scan.readings) == 2 for scan in scans)
    assert {r.reading.model for r in scans[0].readings} == {drawn.FILM, drawn.BRAIN}
    assert scans[0].readings[0].reading.image.display.size == 0


def trained_again(card: Card) -> Card:
    """The card after another training: other weights, another coverage."""
    assert card.measured is not None
    assert card.measured.conformal is not None
    conformal = replace(card.measured.conformal, coverage=drawn.measure("coverage", 0.5))
    return replace(
        card, version="2.0.0", measured=replace(card.measured, sha256={"model.tflite": "cd" * 32}, conformal=conformal)
    )


def test_a_later_model_changes_nothing_of_an_old_result_and_not_the_coverage_it_is_shown_with(store: Store) -> None:
    card = CARDS[drawn.FILM]
    id = filed_to(store, film())
    stored = scans_of(store, id)[0].readings[0]
    assert (stored.reading.version, stored.reading.weights_sha256) == ("1.0.0", "ab" * 32)
    assert stored.card(card) is card
    then = stored.card(trained_again(card))
    assert then is not None
    assert then.measured is not None
    assert then.measured.sets().coverage == card.measured.sets().coverage  # type: ignore[union-attr]
    assert find_lines(store, Asked()).lines[0].urgency == 0.7


def test_what_was_filed_without_a_card_is_shown_with_no_coverage_of_other_weights(store: Store) -> None:
    id = filed_to(store, film(), reading(film(), model="gone"))
    stored = scans_of(store, id)[0].readings[0]
    then = stored.card(trained_again(CARDS[drawn.FILM]))
    assert then is not None
    assert then.measured is None


def test_verdicts_stand_beside_each_other_the_newest_counts_and_the_result_is_no_longer_unread(store: Store) -> None:
    id = filed_to(store, film())
    stored = scans_of(store, id)[0].readings[0]
    assert stored.unread
    assert find_lines(store, Asked(show="unread")).total == 1
    give_verdict(store, CLINICIAN, agrees=True, reading_id=stored.id)
    give_verdict(store, COLLEAGUE, agrees=False, why=" An old\n scar. ", reading_id=stored.id)
    after = scans_of(store, id)[0].readings[0]
    assert not after.unread
    assert [(v.agrees, v.why, v.by, v.by_name) for v in after.verdicts] == [
        (False, "An old scar.", COLLEAGUE.subject, COLLEAGUE.name),
        (True, "", CLINICIAN.subject, CLINICIAN.name),
    ]
    assert find_lines(store, Asked(show="unread")).total == 0
    assert after.reading.findings == stored.reading.findings
    assert entered(store)[-1].object == stored.id
    assert "scar" not in audit_text(store)


def test_who_disagrees_says_why_and_of_which_result(store: Store) -> None:
    stored = scans_of(store, filed_to(store, film()))[0].readings[0]
    for why in ("", " \n\t", "\x00"):
        with pytest.raises(RecordError, match="Say why you disagree"):
            give_verdict(store, CLINICIAN, agrees=False, why=why, reading_id=stored.id)
    for given in ({}, {"reading_id": "0" * 32}, {"estimate_id": stored.id}, {"reading_id": "\x00\ud800"}):
        with pytest.raises(RecordError, match="no such result"):
            give_verdict(store, CLINICIAN, agrees=True, **given)
    with pytest.raises(RecordError, match="no such result"):
        recall(store, READER, "0" * 32)
    assert "verdict" not in actions(store)


def test_a_risk_and_a_refusal_to_give_one_come_back_as_given(store: Store, clock: Clock) -> None:
    card = next(cards[0] for cards in MODELS.outcomes().values())
    model, ada = MODELS.risk_model(card), someone(store)
    values = dict(typical(model))
    answer = assess(model, pd.DataFrame({n: [v] for n, v in values.items()}), explained=True)
    refusal = Message("patient.out_of_range", {"predictor": "Age", "value": 300, "unit": "a", "low": 0, "high": 120})
    earlier = clock() - timedelta(days=365)
    file_estimate(store, CLINICIAN, ada.id, model, values, answer, recalibrated=True, at=earlier)
    refused = file_estimate(store, CLINICIAN, ada.id, model, {"age": 300.0, "sex": None}, (refusal,))
    give_verdict(store, CLINICIAN, agrees=False, why="Too old", estimate_id=refused)
    none, risk = estimates_of(store, ada.id)
    assert (none.refusals, none.risk, none.predictors) == ((refusal,), None, {"age": 300.0, "sex": None})
    assert none.verdicts[0].why == "Too old"
    assert (risk.at, risk.recalibrated, risk.predictors) == (earlier, True, values)
    assert [risk.risk, risk.low, risk.high] == [
        float(x[0]) for x in (answer.estimates.risk, answer.estimates.low, answer.estimates.high)
    ]
    assert risk.weights_sha256 == model.measured.sha256[PARAMETERS]
    assert answer.contributions is not None
    assert list(risk.contributions.values()) == answer.contributions.values[0].tolist()
    assert risk.warnings == answer.warnings[0]
    shown = portrait(store, patient_of(store, ada.id))
    assert [e["risk"] for e in shown["estimates"]] == [None, risk.risk]


def test_vital_signs_are_filed_all_or_none_and_come_back_in_order(store: Store, clock: Clock) -> None:
    ada, now = someone(store), clock()
    good = tuple(Vital(name, p.low, now - timedelta(hours=i)) for i, (name, p) in enumerate(VITALS.items()))
    file_vitals(store, CLINICIAN, ada.id, good)
    assert vitals_of(store, ada.id) == tuple(replace(v, by=CLINICIAN.name) for v in reversed(good))
    for bad, said in (
        (Vital("heart_rate", 351, now), "Heart rate 351 /min is outside the plausible 10 to 350 /min"),
        (Vital("heart_rate", float("nan"), now), "Heart rate nan /min"),
        (Vital("temperature", 19.9, now), "Body temperature 19.9 °C"),
        (Vital("heart_rate", 70, now + timedelta(minutes=6)), "lies in the future"),
        (Vital("glucose", 70, now), "'glucose' is no vital sign"),
    ):
        with pytest.raises(RecordError, match=said):
            file_vitals(store, CLINICIAN, ada.id, (good[0], bad))
    file_vitals(store, CLINICIAN, ada.id, (Vital("heart_rate", 70, now + timedelta(minutes=4)),))
    file_vitals(store, CLINICIAN, ada.id, ())
    assert len(vitals_of(store, ada.id)) == len(good) + 1
    assert actions(store).count("vitals.file") == 2


def test_what_leaves_the_record_is_noted_by_its_hash(store: Store) -> None:
    ada = someone(store)
    note_export(store, CLINICIAN, ada.id, "pdf", b"one")
    note_export(store, CLINICIAN, ada.id, "json", b"three")
    newest, oldest = reports_of(store, ada.id)
    assert (newest.format, newest.size_bytes, oldest.format, oldest.size_bytes) == ("json", 5, "pdf", 3)
    assert entered(store)[-1].object == newest.sha256


@pytest.mark.parametrize("what", ["risk", "vitals", "export"])
def test_nothing_is_filed_to_a_patient_who_was_deleted_meanwhile(store: Store, clock: Clock, what: str) -> None:
    model = MODELS.risk_model(next(cards[0] for cards in MODELS.outcomes().values()))
    filing = {
        "risk": lambda: file_estimate(store, CLINICIAN, "0" * 32, model, {}, (REFUSAL,)),
        "vitals": lambda: file_vitals(store, CLINICIAN, "0" * 32, (Vital("heart_rate", 70, clock()),)),
        "export": lambda: note_export(store, CLINICIAN, "0" * 32, "pdf", b""),
    }
    with pytest.raises(RecordError, match="no such patient"):
        filing[what]()
    assert actions(store) == []


def test_a_new_record_gets_the_demo_patients_once_and_none_after_they_were_removed(store: Store) -> None:
    some = few(MODELS, "scan_kind", drawn.FILM)
    assert not has_demo_choice(store)
    assert make_demo(store, CLINICIAN, some) == demo_count(store) == 24
    assert on_disc(store)
    assert make_demo(store, CLINICIAN, some) == 0
    assert remove_demo(store, CLINICIAN) == 24
    assert (demo_count(store), on_disc(store), has_demo_choice(store)) == (0, set(), True)
    assert make_demo(store, CLINICIAN, some) == 0
    assert verified(store).problem is None


def test_a_record_with_patients_gets_no_demo_patients_and_loses_none_with_them(store: Store) -> None:
    someone(store)
    assert make_demo(store, CLINICIAN, MODELS) == 0
    assert remove_demo(store, CLINICIAN) == 0
    assert find_lines(store, Asked()).total == 1
