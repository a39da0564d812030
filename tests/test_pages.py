"""What a clinician sees on each page, with a drawn core behind it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image as Picture
from streamlit.testing.v1 import AppTest

from tests import drawn
from ui import cached, export
from ui.language import speaking

ROOT = Path(__file__).parent.parent
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "pages").rglob("*.py"))
NOTICE = "For research use; not a medical device"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, object]]:
    """The drawn core in place of the real one; what it was asked."""
    asked: list[dict[str, object]] = []

    def read_scan(data: bytes, file: str, models: object, **options: object) -> tuple[object, ...]:
        asked.append({"file": file, **options})
        return drawn.read_scan(data, file, drawn.Catalog(), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cached, "read_scan", read_scan)
    monkeypatch.setattr(cached, "find_models", drawn.Catalog)
    monkeypatch.setattr(cached, "samples", lambda models: drawn.samples(tmp_path))
    return asked


def opened(page: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    return at.switch_page(page).run()


def uploaded(*files: tuple[str, bytes], at: AppTest | None = None) -> AppTest:
    at = at or opened("pages/imaging/scan.py")
    at.file_uploader(key="scans").set_value([(name, data, "application/octet-stream") for name, data in files])
    return at.run()


def shown(at: AppTest) -> str:
    """Every text on the page."""
    assert not at.exception, at.exception
    return "\n".join(str(getattr(element, "value", None) or getattr(element, "body", "")) for element in at)


def html(at: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in at.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_that_it_is_for_research_use(page: str, core: object) -> None:
    assert NOTICE in html(opened(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_short_and_leaves_computing_to_the_core(page: str) -> None:
    source = (ROOT / page).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 80
    for absent in ("import numpy", "st.html", "unsafe_allow_html", "\nfor ", "session_state"):
        assert absent not in source


@pytest.mark.parametrize("page", PAGES)
def test_every_page_speaks_chinese_when_the_address_says_so(page: str, core: object) -> None:
    at = opened(page, lang="zh_CN")
    assert "仅供研究使用" in html(at)
    assert at.title[0].value in (
        "影像判读",
        "合成",
        "模型",
        "队列",
        "风险",
        "监护",
        "给药",
        "亚型",
        "工作列表",
        "患者",
        "训练",
        "操作记录",
    )


def test_the_language_that_was_chosen_is_kept_in_the_address_and_on_the_next_page(core: object) -> None:
    at = opened("pages/imaging/scan.py")
    at.selectbox(key="language_choice").set_value("zh_CN").run()
    assert at.title[0].value == "影像判读"
    assert at.query_params["lang"] == "zh_CN"
    at.query_params.clear()
    assert at.switch_page("pages/system/models.py").run().title[0].value == "模型"


def test_an_unknown_language_in_the_address_is_english(core: object) -> None:
    assert opened("pages/imaging/scan.py", lang="../../etc").title[0].value == "Scan"


def test_a_scan_gets_findings_with_their_set_and_the_coverage_that_was_measured(core: object) -> None:
    page = html(uploaded(("film.png", drawn.scan(220))))
    assert "<h2>Pneumonia</h2>" in page
    assert "held the true finding in 91.2 % of scans" in page
    assert page.count('<th scope="row">') == 2


def test_findings_that_cannot_be_told_apart_are_named_together(core: object) -> None:
    assert "<h2>Cannot tell normal from pneumonia</h2>" in html(uploaded(("film.png", drawn.scan(128))))


def test_patient_and_scan_time_stand_beside_the_result(core: object) -> None:
    page = html(uploaded(("film.png", drawn.scan(220, kind="frames"))))
    assert "Drawn, Ada · ID-7" in page
    assert "2024-03-01 10:22" in page


def test_the_next_upload_leaves_nothing_of_the_last_patient(core: object) -> None:
    at = uploaded(("film.png", drawn.scan(220, kind="frames")))
    assert "Ada" in html(at)
    at = uploaded(("other.png", drawn.scan(30)), at=at)
    assert "Ada" not in html(at) + shown(at)
    assert "other.png" in html(at)


def test_changing_one_pixel_of_a_large_scan_changes_the_answer(core: list[dict[str, object]]) -> None:
    pixels = np.full((1500, 1500), 100, np.uint8)
    pixels[0, 0] = 1
    at = uploaded(("film.png", drawn.png(pixels)))
    asked = len(core)
    pixels[700, 700] += 1
    at = uploaded(("film.png", drawn.png(pixels)), at=at)
    assert len(core) > asked
    at.run()
    assert len(core) == asked + 1, "the same scan was read twice"


def test_a_file_that_is_no_scan_gets_one_sentence(core: object) -> None:
    at = uploaded(("notes.txt", b"hello"))
    assert not at.exception
    assert len(at.error) == 1
    assert "of no type that can be read" in at.error[0].value


def test_an_unreadable_file_does_not_hide_the_others(core: object) -> None:
    at = uploaded(("notes.txt", b"hello"), ("film.png", drawn.scan(220)))
    table = at.dataframe[0].value
    assert list(table["File"]) == ["notes.txt", "film.png"]
    assert "of no type" in table["Result"][0]
    assert table["Result"][1] == "Pneumonia"
    assert "<h2>Pneumonia</h2>" in html(at)


def test_a_hostile_file_name_is_shown_as_text(core: object) -> None:
    name = "<img src=x onerror=alert(1)>[a](javascript:alert(2)).png"
    page = html(uploaded((name, drawn.scan(220))))
    assert "<img" not in page
    assert "&lt;img src=x" in page
    error = uploaded((name, b"hello")).error[0].value
    assert "\\[a\\]\\(javascript" in error


def test_a_refusal_is_a_result_with_its_reason(core: object) -> None:
    page = html(uploaded(("photo.png", drawn.scan(220, kind="photo"))))
    assert "No findings are given for this scan" in page
    assert "There is no model named" in page
    assert "<b>x</b>" not in page
    assert "<table" not in page


def test_a_tumour_type_is_given_only_when_the_tumour_is_affirmed(core: list[dict[str, object]]) -> None:
    at = uploaded(("brain.png", drawn.scan(220, kind="brain")))
    assert "No findings are given" in html(at)
    assert at.checkbox[0].label == "I affirm: A tumour was found."
    at.checkbox[0].check().run()
    assert "<h2>Cannot tell glioma from meningioma</h2>" in html(at)
    assert core[-1]["affirm"] is True
    assert "No findings are given" in html(uploaded(("next.png", drawn.scan(99, kind="brain")), at=at)), (
        "affirmed for another"
    )


def test_the_reader_may_overrule_the_kind_of_image(core: list[dict[str, object]]) -> None:
    at = uploaded(("photo.png", drawn.scan(220, kind="photo")))
    kind = next(box for box in at.selectbox if box.label == "Kind of image")
    kind.set_value("chest_radiograph").run()
    assert core[-1]["kind"] == "chest_radiograph"
    assert "<h2>Pneumonia</h2>" in html(at)


def test_another_frame_is_read_when_it_is_chosen(core: list[dict[str, object]]) -> None:
    at = uploaded(("film.png", drawn.scan(220, kind="frames")))
    at.slider[0].set_value(4).run()
    assert core[-1]["frame"] == 3
    assert "frame 4 of 5" in html(at)


def test_all_frames_are_left_to_the_model_until_the_reader_asks_for_one(core: list[dict[str, object]]) -> None:
    at = uploaded(("film.png", drawn.scan(220, kind="frames")))
    kind = next(box for box in at.selectbox if box.label == "Kind of image")
    kind.set_value("brain_mri").run()
    assert [asked["kind"] for asked in core] == [None, "brain_mri"]
    assert [asked["frame"] for asked in core] == [None, None]


def test_a_sample_is_read_like_an_upload(core: object) -> None:
    at = opened("pages/imaging/scan.py")
    at.selectbox(key="sample").set_value(f"{drawn.FILM}/example.png").run()
    assert "<h2>Pneumonia</h2>" in html(at)


def test_the_models_page_opens_the_card_that_the_address_names(core: object) -> None:
    at = opened("pages/system/models.py", model=drawn.BRAIN)
    assert at.header[0].value == "Tumour type"
    assert at.query_params["model"] == drawn.BRAIN
    assert at.metric[0].label == "AUC"


def test_an_unknown_model_in_the_address_opens_the_first_card(core: object) -> None:
    at = opened("pages/system/models.py", model="../secrets")
    assert not at.exception
    assert at.query_params["model"] == drawn.BRAIN


def test_without_any_model_the_models_page_says_what_to_do(core: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "find_models", lambda: drawn.Catalog(()))
    assert "No model yet" in shown(opened("pages/system/models.py"))


def test_a_card_that_was_not_measured_shows_no_numbers(core: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    unmeasured = tuple(replace(card, measured=None) for card in drawn.CARDS)
    monkeypatch.setattr(cached, "find_models", lambda: drawn.Catalog(unmeasured))
    at = opened("pages/system/models.py")
    assert not at.exception
    assert not at.metric
    assert "has not been measured yet" in at.info[0].value


@pytest.mark.parametrize(("kind", "panes"), [("film", 2), ("photo", 1)])
def test_the_picture_to_take_away_shows_scan_evidence_and_what_they_are_worth(kind: str, panes: int) -> None:
    reading = drawn.read_scan(drawn.scan(220, kind=kind), "film.png", drawn.Catalog())[0]
    card = drawn.Catalog().card(reading.model) if reading.model else None
    picture = Picture.open(BytesIO(export.png_bytes(reading, card, "en")))
    assert picture.width > 2 * 640
    said = picture.info["Description"]
    assert NOTICE in said
    assert "film.png" in said
    assert ("Refused" in said) == (panes == 1)
    right = np.asarray(picture)[100:500, 800:1200].reshape(-1, 3)
    assert (len(np.unique(right, axis=0)) > 1) == (panes == 2)


def test_a_refusal_travels_into_the_json() -> None:
    reading = drawn.read_scan(drawn.scan(220, kind="photo"), "photo.png", drawn.Catalog())[0]
    with speaking("zh_CN"):
        said = json.loads(export.json_bytes(reading, None))
    assert "There is no model named" in said["refused"]
    assert said["findings"] == []
    assert said["research_use"] == NOTICE
