"""What a clinician sees on the page Dosing, with the real model behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.catalog import Catalog, find_models
from medai_core.precision.dosing import SIMULATION, Advice, Patient, advise, read_patient
from medai_core.precision.dosing.exports import as_file
from tests.test_pages import opened
from tests.test_pages_survival import html, text
from tests.test_signin import claims
from tests.test_signin import opened as signed_in
from ui.dosing import export
from ui.dosing.form import _days, _spans
from ui.dosing.said import dose_words
from ui.language import speaking

PAGE = "pages/patients/dosing.py"
MODELS = find_models()
CARD = MODELS.trained("dosing")[0]
MODEL = MODELS.dosing_model(CARD)
EXAMPLE = json.loads((MODELS.folder_of(CARD) / "example.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


def given(at: AppTest | None = None, **changed: object) -> AppTest:
    """The page with the example as a file, changed."""
    at = at or opened(PAGE)
    data = json.dumps(EXAMPLE | changed).encode()
    uploader = next(u for u in at.file_uploader if u.key.endswith(":file"))
    uploader.set_value([("patient.json", data, "application/json")])
    return at.run()


def patient(**changed: object) -> Patient:
    return read_patient(json.dumps(EXAMPLE | changed).encode(), "patient.json", CARD)


def field(at: AppTest, name: str):  # type: ignore[no-untyped-def]
    """A field of the form by the end of its key."""
    fields = (
        *at.number_input,
        *at.selectbox,
        *at.text_input,
        *at.file_uploader,
        *at.multiselect,
        *at.slider,
        *at.toggle,
    )
    return next(w for w in fields if str(w.key).endswith(f":{name}"))


def number(at: AppTest) -> str:
    return re.findall(r"medai-number'>(.*?)</h2>", html(at))[0]


def taken(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the buttons hand out when the page runs again, by the ends of the files' names."""
    handed: dict[str, bytes] = {}

    def keep(_label: str, make, name: str, _mime: str, **_more: object) -> None:  # type: ignore[no-untyped-def]
        handed["patient" if name.endswith("_patient.json") else name.rsplit(".", 1)[-1]] = make()

    with monkeypatch.context() as patched:
        patched.setattr(export, "take_away", keep)
        at.run()
    return handed


def doses(at: AppTest) -> list[str]:
    table = next(t.value for t in at.table if "Protocol" in t.value)
    return list(table["Dose"])


def expected_doses(advice: Advice) -> list[str]:
    first = sorted(advice.protocols, key=lambda p: p.name != advice.policy)
    return [dose_words(p.dose_mg_per_day, p.held_days) for p in first]


def test_nobody_is_dosed_before_an_age_is_entered() -> None:
    at = opened(PAGE)
    assert "Nobody is dosed yet" in text(at) and "medai-number" not in html(at)
    field(at, "age_years").set_value(70.0).run()
    first = advise(MODEL, Patient(age_years=70.0))
    assert number(at) == dose_words(first.dose_mg_per_day)
    page = text(at)
    assert "CYP2C9 is not known" in page and "VKORC1 is not known" in page and "Race is not known" in page


def test_the_example_gets_the_dose_of_the_core_with_its_reason_and_what_every_protocol_says() -> None:
    at = opened(PAGE)
    field(at, "example").set_value(True).run()
    found = advise(MODEL, patient())
    page = text(at)
    assert number(at) == dose_words(found.dose_mg_per_day) and doses(at) == expected_doses(found)
    assert found.reason.text in page and f"Next INR in {found.next_visit_days} days" in page
    assert "SYNTHETIC example" in page and "No limit bound this dose." in page


def test_the_sentence_that_it_is_a_simulation_stands_beside_every_dose() -> None:
    at = given()
    found = text(at).count(SIMULATION.text)
    assert found >= 4, "the answer, the course, the protocols and the tried dose"
    alts = [str(c.proto) for c in at.get("plotly_chart")]
    assert len(alts) == 2 and all(SIMULATION.text in alt for alt in alts)


def test_another_policy_can_be_asked_first() -> None:
    at = given()
    at.selectbox(key="dosing_policy").set_value("model_based").run()
    found = advise(MODEL, patient(), "model_based")
    assert number(at) == dose_words(found.dose_mg_per_day) and doses(at) == expected_doses(found)


def test_a_high_inr_leaves_the_drug_out_first_and_raises_no_dose() -> None:
    at = given(inrs=[{"day": 7, "inr": 3.0}, {"day": 14, "inr": 5.4}])
    at.selectbox(key="dosing_policy").set_value("pharmacogenetic").run()
    found = advise(MODEL, patient(inrs=[{"day": 7, "inr": 3.0}, {"day": 14, "inr": 5.4}]), "pharmacogenetic")
    assert found.held_days
    assert number(at) == f"Nothing for {found.held_days} days, then {dose_words(found.dose_mg_per_day)}"
    assert doses(at) == expected_doses(found)


def test_a_dangerous_inr_is_answered_with_no_dose(monkeypatch: pytest.MonkeyPatch) -> None:
    at = given(inrs=[{"day": 7, "inr": 3.0}, {"day": 14, "inr": 9.4}])
    assert number(at) == "No dose now" and "guideline for reversal" in html(at)
    assert "guideline for reversal" in taken(at, monkeypatch)["csv"].decode("utf-8-sig")


def test_a_limit_that_bound_the_dose_is_named_with_what_was_proposed() -> None:
    low = [{"day": 7, "inr": 1.1}, {"day": 14, "inr": 1.1}]
    at = given(doses=[{"day": 0, "dose_mg_per_day": 3.0}], inrs=low, vkorc1="GG", cyp2c9="*1/*1")
    found = advise(MODEL, patient(doses=[{"day": 0, "dose_mg_per_day": 3.0}], inrs=low, vkorc1="GG", cyp2c9="*1/*1"))
    assert found.limit is not None
    assert f"A limit bound this dose: {found.limit.text}" in text(at)
    assert dose_words(found.proposed_mg_per_day) in text(at)


def test_a_missed_dose_an_impossible_inr_and_a_stopped_drug_are_said() -> None:
    at = given(inrs=[{"day": 7, "inr": 2.2}, {"day": 8, "inr": 14.0}], today=14)
    assert "cannot follow 2.2 on day 7" in text(at) and "measured, not used" in str(at.get("plotly_chart")[0].proto)
    field(at, "missed").set_value("7-13").run()
    assert "No dose was taken for 7 days" in text(at) and "7 missed doses" in text(at)


def test_an_impossible_age_is_refused_and_the_refusal_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    at = given()
    field(at, "age_years").set_value(150.0).run()
    assert "medai-refused" in html(at) and "Age is &#x27;150.0&#x27;" in html(at) and "medai-number" not in html(at)
    files = taken(at, monkeypatch)
    said = json.loads(files["json"])
    assert "150" in said["refused"][0] and said["advice"] is None and said["simulation"] == SIMULATION.text
    assert SIMULATION.text in files["csv"].decode("utf-8-sig") and "150" in files["csv"].decode("utf-8-sig")
    assert "patient" not in files


def test_a_file_that_is_no_patient_is_refused_in_the_same_panel() -> None:
    at = given(shoe_size=44)
    assert "medai-refused" in html(at) and "shoe_size" in html(at)


def test_the_advice_and_the_patient_are_taken_away_and_the_patient_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"drug_changes": [{"day": 10, "drug": "-amiodarone"}], "drugs": ["amiodarone"], "missed_days": [9, 12]}
    at = given(**changes)
    field(at, "label").set_value("=cmd|x").run()
    files = taken(at, monkeypatch)
    said = json.loads(files["json"])
    assert said["simulation"] == said["advice"]["simulation"] == SIMULATION.text and said["refused"] is None
    rows = pd.read_csv(pd.io.common.BytesIO(files["csv"]))
    assert set(rows["note"]) == {SIMULATION.text} and set(rows["patient_label"]) == {"'=cmd|x"}
    again = read_patient(files["patient"], "again.json", CARD)
    assert again == patient(**changes) and as_file(again) == json.loads(files["patient"])


def test_new_inrs_of_a_meter_update_the_dose_at_once() -> None:
    at = given(began="2025-03-01")
    before = number(at)
    meter = b"time,inr\n2025-03-22 08:00,1.5\n"
    field(at, "newer").set_value([("meter.csv", meter, "text/csv")]).run()
    assert "day 21 of treatment" in html(at) and "The INR was 1.5 on day 21" in text(at)
    assert number(at) != before


def test_another_patient_and_a_cleared_form_show_nothing_of_the_one_before() -> None:
    at = given(age_years=81, missed_days=[3])
    field(at, "label").set_value("Jane Doe").run()
    assert "Jane Doe" in html(at)
    given(at, age_years=50)
    assert "Jane Doe" not in html(at) and field(at, "missed").value == "" and field(at, "age_years").value == 50
    at.button(key="dosing_anew").click().run()
    assert "Nobody is dosed yet" in text(at) and field(at, "age_years").value is None
    assert not field(at, "file").value and "medai-header" not in html(at)


def test_the_tried_dose_has_the_course_of_the_core() -> None:
    at = given()
    slide = next(s for s in at.slider if ":tried:" in s.key)
    slide.set_value(6.0).run()
    found = next(f for f in advise(MODEL, patient(), doses_mg_per_day=(6.0,)).others if f.dose_mg_per_day == 6.0)
    assert f"**6.00 mg a day** · INR 2 to 3: {100 * found.in_range:.1f} % of the days" in text(at)


def test_missed_days_are_read_as_days_and_spans() -> None:
    assert _days("9; 12-14, 20") == (9, 12, 13, 14, 20) and _spans((9, 12, 13, 14, 20)) == "9; 12-14; 20"
    at = given()
    field(at, "missed").set_value("soon").run()
    assert "medai-refused" in html(at) and "Missed days is &#x27;soon&#x27;" in html(at)


def test_a_reader_sees_the_dose_and_takes_nothing_away() -> None:
    at = signed_in(claims("reader"), PAGE)
    field(at, "age_years").set_value(70.0).run()
    assert "medai-number" in html(at) and not at.get("download_button")


def test_without_a_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No model doses yet" in text(opened(PAGE))


def test_the_page_speaks_chinese() -> None:
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = opened(PAGE, lang="zh_CN")
        field(at, "age_years").set_value(150.0).run()
        assert "年龄" in html(at) and "已拒绝" in html(at)
        field(at, "age_years").set_value(70.0).run()
    assert "模拟，不是处方。" in text(at) and "每日" in number(at)


def test_the_card_shows_the_limits_every_regimen_and_where_bayesian_dosing_is_better() -> None:
    at = opened("pages/system/models.py", model=CARD.name)
    page = text(at)
    assert "15 mg a day; 10 on the first day" in page and "held the true one in" in page
    tables = [t.value for t in (*at.dataframe, *at.table)]
    both = next(t for t in tables if "Situation" in t and "Regimen" not in t)
    disturbed = both[both["Situation"] == "Test, disturbed by 30 %"].iloc[0]
    assert "(policy)" in disturbed["Time in therapeutic range"]
    assert "(Bayesian)" in disturbed["Patients with an INR above 4 on any day"]
    assert len(next(t for t in tables if "Regimen" in t and "Situation" in t)) >= 30
