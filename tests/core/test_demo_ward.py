"""The DEMO ward: 24 patients who are nobody, with all that a ward has, each of them labelled wherever it goes."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from medai_core.catalog import Catalog, find_models
from medai_core.imaging.images import read_image
from medai_core.imaging.synthesis import synthesize
from medai_core.prognosis.monitoring import answer, by_hour
from medai_core.records.access import LOCAL
from medai_core.records.demo import demo_count, demo_stays, has_demo_choice, make_demo, remove_demo, stays_file
from medai_core.records.demo.courses import quantiles, simulate
from medai_core.records.demo.people import Scan
from medai_core.records.demo.pictures import Pictures, pictures
from medai_core.records.demo.scans import file_scan_of
from medai_core.records.exports import export
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.estimates import estimates_of
from medai_core.records.store.patients import (
    Details,
    Patient,
    create_patient,
    edit_patient,
    patient_numbered,
    patient_of,
)
from medai_core.records.store.portrait import portrait
from medai_core.records.store.results import scans_of
from medai_core.records.store.vitals import vitals_of
from medai_core.records.store.worklist import Asked, find_lines
from medai_core.sources.observations import read_observations
from tests import drawn
from tests.records import entered, few, on_disc, verified

MODELS = find_models()
NOW = datetime(2026, 3, 4, 17, 30, tzinfo=UTC)
WATCHING = MODELS.trained("monitoring")


def opened(folder: Path) -> Store:
    return open_store(Location(folder), clock=lambda: NOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A new record with the ward; nobody changes it."""
    store = opened(tmp_path_factory.mktemp("ward") / "record")
    assert make_demo(store, LOCAL, MODELS) == 24
    yield store
    store.close()


def everybody(store: Store) -> list[dict[str, Any]]:
    return [portrait(store, patient_of(store, line.id)) for line in find_lines(store, Asked(size=100)).lines]


def results(portraits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r for p in portraits for r in (*p["estimates"], *(r for scan in p["scans"] for r in scan["readings"]))]


def numbered(store: Store, number: int) -> Patient:
    found = patient_numbered(store, f"DEMO-{number}")
    assert found is not None
    return found


def test_there_are_24_patients_marked_demo_with_scans_risks_and_stays_of_both_sexes_and_all_ages(made: Store) -> None:
    lines = find_lines(made, Asked(size=100)).lines
    assert len(lines) == demo_count(made) == 24
    assert all(line.demo and line.name.startswith("DEMO, ") for line in lines)
    assert len({line.name for line in lines}) == 24
    assert {line.sex for line in lines} == {"F", "M"}
    found = everybody(made)
    children = [
        p for p in found if any(s["file"] == "chest.dcm" for s in p["scans"]) and p["patient"]["birth_date"] > "2020"
    ]
    assert len(children) >= 7
    assert sum(any(s["file"] == "brain.dcm" for s in p["scans"]) for p in found) == 6
    assert sum(bool(p["vitals"]) for p in found) == 4
    outcomes = {e["model"].rsplit("_", 1)[0] for p in found for e in p["estimates"]}
    assert outcomes == {card.outcome for card in (*MODELS.trained("risk"), *WATCHING)}
    assert any(p["estimates"] and p["scans"] for p in found)
    followed = [e["made"] for p in found if p["patient"]["number"] == "DEMO-15" for e in p["estimates"]]
    assert [made_at[:4] for made_at in followed] == ["2026", "2024", "2022", "2020"]


def test_some_are_refused_some_agreed_and_some_disagreed_with_a_reason_and_some_wait(made: Store) -> None:
    found = results(everybody(made))
    refusals = {
        r["refused"] if isinstance(r["refused"], str) else "; ".join(r["refused"]) for r in found if r["refused"]
    }
    for reason in (
        "years old and the model is for",
        "no kind of scan",
        "precondition",
        "plausible range",
        "No risk at hour",
    ):
        assert any(reason in refusal for refusal in refusals), reason
    verdicts = [v for r in found for v in r["verdicts"]]
    assert any(v["agrees"] for v in verdicts)
    disagreed = [v for v in verdicts if not v["agrees"]]
    assert len(disagreed) >= 4 and all(v["why"] for v in disagreed)
    lines = find_lines(made, Asked(size=100)).lines
    waiting = [line for line in lines if line.waits]
    assert 6 <= len(waiting) <= 14
    assert lines[: len(waiting)] == tuple(waiting)
    assert [line.refused for line in waiting] == sorted((line.refused for line in waiting), reverse=True)
    assert len({line.newest_at for line in lines}) > 10


def test_the_same_seed_makes_the_same_ward_and_another_seed_another(made: Store, tmp_path: Path) -> None:
    def said(store: Store) -> str:
        """Everything but the random identifiers."""
        found = sorted(everybody(store), key=lambda p: str(p["patient"]["number"]))
        return re.sub(r"\b[0-9a-f]{32}\b", "-", json.dumps(found, sort_keys=True))

    some = few(MODELS, "scan_kind", drawn.FILM, "mortality_10y_logistic")
    stores = [opened(tmp_path / name) for name in ("one", "two")]
    for store in stores:
        make_demo(store, LOCAL, some, seed=7)
    assert said(stores[0]) == said(stores[1])
    assert on_disc(stores[0]) == on_disc(stores[1])
    for store in stores:
        store.close()
    ward = [stays_file(MODELS, WATCHING[0], demo_stays(made), seed=seed) for seed in (7, 7, 8)]
    assert ward[0] == ward[1] != ward[2]


def test_one_call_removes_all_of_them_with_their_files_and_they_never_come_back(made: Store, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "ward")
    store = opened(tmp_path / "ward")
    renamed = numbered(store, 3)
    edit_patient(store, LOCAL, renamed, dataclasses.replace(renamed.details, name="Other, Olga"))
    assert remove_demo(store, LOCAL) == 24
    assert (demo_count(store), on_disc(store), find_lines(store, Asked()).total) == (0, set(), 0)
    assert make_demo(store, LOCAL, MODELS) == 0
    assert demo_stays(store) == {}
    assert verified(store).problem is None
    store.close()


def test_it_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise OSError("the power is gone")

    store = opened(tmp_path / "ward")
    monkeypatch.setattr("medai_core.records.demo.stays.file_courses", broken)
    with pytest.raises(OSError, match="power"):
        make_demo(store, LOCAL, Catalog(MODELS.folder, ()))
    assert (demo_count(store), has_demo_choice(store)) == (0, False)
    monkeypatch.undo()
    assert make_demo(store, LOCAL, Catalog(MODELS.folder, ())) == 24
    assert verified(store).problem is None
    store.close()


@pytest.mark.parametrize("kept", [(), ("scan_kind",), (drawn.FILM,), ("mortality_10y_tree",), (WATCHING[0].name,)])
def test_without_a_model_there_is_less_and_everybody_is_there(tmp_path: Path, kept: tuple[str, ...]) -> None:
    store = opened(tmp_path / "ward")
    assert make_demo(store, LOCAL, few(MODELS, *kept)) == 24
    assert {r["model"] for r in results(everybody(store))} <= {*kept, None}
    store.close()


def test_weights_that_are_not_those_of_the_card_are_left_out_and_the_rest_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for name in ("scan_kind", drawn.FILM, "heart_failure_death_logistic"):
        shutil.copytree(MODELS.folder / name, folder / name)
    (folder / "heart_failure_death_logistic" / "model.npz").write_bytes(b"altered")
    store = opened(tmp_path / "ward")
    assert make_demo(store, LOCAL, find_models(folder)) == 24
    assert {r["model"] for r in results(everybody(store))} == {drawn.FILM, None}
    store.close()


@pytest.mark.skipif(not MODELS.trained("synthesis"), reason="no generator is trained")
def test_where_a_generator_is_trained_its_images_are_tried_first() -> None:
    for card in MODELS.trained("synthesis"):
        assert card.synthesis is not None
        label = card.findings[0].name
        found = pictures(MODELS, [Scan(card.synthesis.classifier, label, 1)], 5)
        first = synthesize(MODELS.synthesis_model(card), label, 1, 5).images[0]
        assert np.array_equal(next(found.of(Scan(card.synthesis.classifier, label, 1))), first.pixels)


def test_where_no_model_takes_what_was_made_for_such_a_scan_another_stands_in(tmp_path: Path) -> None:
    store, wanted = opened(tmp_path / "ward"), Scan(drawn.FILM, "normal", 1)
    to = create_patient(store, LOCAL, Details("DEMO, Somebody", "DEMO-1", date(2023, 1, 1), "F"), demo=True)
    noise = np.random.default_rng(0).integers(0, 256, (128, 128), dtype=np.uint8)
    examples = pictures(few(MODELS, drawn.FILM), [wanted], 5).examples
    file_scan_of(store, LOCAL, MODELS, to, wanted, Pictures({(drawn.FILM, "normal"): iter([noise] * 9)}, examples), 1)
    (scan,) = scans_of(store, to.id)
    assert scan.readings[0].reading.findings
    store.close()


def test_every_file_of_it_says_synthetic_and_whose_it_is(made: Store) -> None:
    for line in find_lines(made, Asked(size=100)).lines:
        for scan in scans_of(made, line.id):
            image = read_image((made.scans / scan.sha256).read_bytes())
            if scan.format == "DICOM":
                assert image.synthetic
                assert (image.patient.id, image.patient.birth_date) == (line.number, line.birth_date)
                assert "DEMO" in (image.patient.name or "")
            else:
                assert image.patient.name is None


@pytest.mark.parametrize("number", [1, 9, 22])
def test_what_is_handed_out_of_them_says_demo(made: Store, number: int) -> None:
    to, cards = numbered(made, number), {card.name: card for card in MODELS.cards}
    assert portrait(made, to)["patient"]["demo"] is True
    (fhir,) = export(made, LOCAL, to.id, "fhir", cards)
    bundle = json.loads(fhir.data)
    for about in (bundle, *(e["resource"] for e in bundle["entry"])):
        if about["resourceType"] in ("Bundle", "Patient", "RiskAssessment", "DiagnosticReport"):
            assert "HTEST" in {tag["code"] for tag in about["meta"]["tag"]}, about["resourceType"]
    (pdf,) = export(made, LOCAL, to.id, "pdf", cards)
    assert pdf.data.startswith(b"%PDF")
    for format in ("sr", "sc") if scans_of(made, to.id) else ():
        for one in export(made, LOCAL, to.id, format, cards):
            file = pydicom.dcmread(BytesIO(one.data))
            assert (file.SyntheticData, str(file.PatientName).split("^")[0]) == ("YES", "DEMO")


@pytest.mark.parametrize("card", WATCHING, ids=[card.name for card in WATCHING])
def test_what_is_filed_of_a_stay_is_what_the_page_monitor_says_of_it(made: Store, card: Any) -> None:
    names = demo_stays(made)
    assert list(names) == ["DEMO-21", "DEMO-22", "DEMO-23", "DEMO-24"]
    told = read_observations(stays_file(MODELS, card, names), "ward.csv", card.predictors)
    assert set(told.left_out["stay"]) == {names["DEMO-24"]}  # a slip of the pen
    model = MODELS.monitor_model(card)
    for number, name in names.items():
        to = patient_numbered(made, number)
        assert to is not None
        filed = [e for e in estimates_of(made, to.id) if e.model == card.name]
        hours = by_hour(told.table, [name], card.predictors)
        ends = [int((e.at - min(v.at for v in vitals_of(made, to.id))).total_seconds() // 3600) + 1 for e in filed]
        found = answer(model, hours, sorted(ends), explain=False)
        expected = [None if np.isnan(risk) else pytest.approx(risk) for risk in found.risk.tolist()]
        assert [e.risk for e in reversed(filed)] == expected


def test_who_worsens_rises_above_who_is_well(made: Store) -> None:
    published = quantiles(MODELS)
    well, ill = (simulate(course, 30, published, 1) for course in ("stable", "worsening"))
    assert ill["heart_rate"][1][-6:].mean() > well["heart_rate"][1][-6:].mean() + 10
    assert ill["systolic"][1][-6:].mean() < well["systolic"][1][-6:].mean() - 10
    for card in WATCHING:
        newest = {
            n: next(e.risk for e in estimates_of(made, numbered(made, n).id) if e.model == card.name)
            for n in (21, 22, 23)
        }
        assert newest[21] is not None and all(newest[n] is not None and newest[n] > 2 * newest[21] for n in (22, 23))


def test_a_profile_is_drawn_within_what_the_card_publishes_and_fits_the_patient(made: Store) -> None:
    for line in find_lines(made, Asked(size=100)).lines:
        for e in estimates_of(made, line.id):
            card = MODELS.card(e.model)
            if card.task != "risk" or e.risk is None:
                continue
            assert e.predictors["sex"] == {"F": "female", "M": "male"}[line.sex or ""]
            years = (e.at.date() - line.birth_date).days / 365.25 if line.birth_date else 0
            assert abs(float(e.predictors["age"] or 0) - years) <= 0.51
            assert card.measured is not None
            for p, s in zip(card.predictors, card.measured.predictors, strict=True):
                value = e.predictors[p.name]
                if p.kind == "number" and value is not None and p.name != "age":
                    slack = 0.5 * 10**-p.decimals + 1e-9
                    assert s.quantiles[0] - slack <= float(value) <= s.quantiles[-1] + slack, p.name
                elif p.kind != "number" and value is not None:
                    assert value in s.shares, p.name


def test_the_audit_says_when_it_was_done_and_not_when_it_is_said_to_have_been(made: Store) -> None:
    found = verified(made)
    assert found.problem is None and found.entries > 100
    assert {entry.at for entry in entered(made)[:100]} == {NOW.isoformat(timespec="microseconds")}
