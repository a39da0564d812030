"""What a clinician sees on the page Synthesis, with the real models behind it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image as Picture
from streamlit.testing.v1 import AppTest

from medai_core.cards import Measure
from medai_core.catalog import Catalog, find_models
from medai_core.imaging.images import read_image
from medai_core.imaging.images.synthetic import mark
from medai_core.imaging.synthesis import as_png, between, is_synthetic, synthesize
from medai_core.records.access import LOCAL
from medai_core.records.marking import marks, switch_marks
from medai_core.records.store import default_store
from tests.test_pages import opened
from tests.test_pages_survival import html, text
from tests.test_signin import claims
from tests.test_signin import opened as signed_in
from ui.synthesis import export, scored

PAGE = "pages/imaging/synthesis.py"
MODELS = find_models()
trained = pytest.mark.skipif(not MODELS.trained("synthesis"), reason="No model that makes scans has been trained.")


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


def model() -> Any:
    return MODELS.synthesis_model(MODELS.trained("synthesis")[0])


def tiles(at: AppTest) -> list[dict[str, str]]:
    """The images of the grid."""
    assert not at.exception, at.exception
    given = [json.loads(component.proto.json) for component in at.get("bidi_component")]
    return next(data["images"] for data in given if "images" in data)


def decoded(source: str) -> bytes:
    return base64.b64decode(source.partition(",")[2])


def film(seed: int) -> bytes:
    """A drawn image that no program of this kind made."""
    stream = BytesIO()
    grey = np.random.default_rng(seed).integers(0, 256, (260, 300), np.uint8)
    Picture.fromarray(grey).save(stream, "JPEG")
    return stream.getvalue()


def brought(*files: tuple[str, bytes], at: AppTest | None = None) -> AppTest:
    at = at or opened(PAGE, view="blind")
    at.file_uploader(key="synthesis_real").set_value([(name, data, "image/jpeg") for name, data in files])
    return at.run()


def taken(at: AppTest, module: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the buttons hand out when the page runs again, by their files' names."""
    handed: dict[str, bytes] = {}

    def keep(_label: str, make, name: str, _mime: str, **_more: object) -> None:  # type: ignore[no-untyped-def]
        handed[name] = make()

    with monkeypatch.context() as patched:
        patched.setattr(module, "take_away", keep)
        at.run()
    return handed


@trained
def test_the_images_are_those_of_the_seed_each_marked_numbered_and_described() -> None:
    at = opened(PAGE)
    at.number_input(key="synthesis_count").set_value(5)
    at.number_input(key="synthesis_seed").set_value(11).run()
    made = synthesize(model(), model().labels[0], 5, 11)
    shown = tiles(at)
    assert [decoded(tile["source"]) for tile in shown] == [as_png(image) for image in made.images]
    assert [tile["number"] for tile in shown] == ["1", "2", "3", "4", "5"]
    assert all("SYNTHETIC image" in tile["alt"] and tile["label"] in tile["alt"] for tile in shown)
    assert "<b>SYNTHETIC</b>" in html(at) and "withheld" in text(at)
    at.button(key="synthesis_seed_another").click().run()
    assert tiles(at) != shown and at.number_input(key="synthesis_seed").value != 11


@trained
def test_all_leave_in_an_archive_whose_manifest_says_what_each_is(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(PAGE)
    at.number_input(key="synthesis_count").set_value(2).run()
    for name, packed in taken(at, export, monkeypatch).items():
        with ZipFile(BytesIO(packed)) as archive:
            told = pd.read_csv(archive.open("manifest.csv"))
            assert name.startswith("SYNTHETIC_") and list(told["number"]) == [0, 1] and set(told["seed"]) == {1}
            assert all(is_synthetic(archive.read(file)) for file in told["file"])


@trained
def test_the_mark_in_the_pixels_is_switched_by_an_administrator_alone() -> None:
    at = opened(PAGE)
    marked = decoded(tiles(at)[0]["source"])
    next(t for t in at.toggle if str(t.key).startswith("synthesis_mark")).set_value(False).run()
    plain = decoded(tiles(at)[0]["source"])
    first = synthesize(model(), model().labels[0], 1, 1).images[0]
    assert np.array_equal(read_image(plain).display, first.pixels) and marked != plain and is_synthetic(plain)
    store = default_store()
    assert marks(store) is False
    switch_marks(store, LOCAL, on=True)
    store.close()
    at = signed_in(claims("clinician"), PAGE)
    assert not [t for t in at.toggle if str(t.key).startswith("synthesis_mark")] and at.get("download_button")
    at = signed_in(claims("reader"), PAGE)
    assert tiles(at) and not at.get("download_button")


@trained
def test_the_slider_shows_the_image_on_the_way_and_the_way_in_seven_steps() -> None:
    at = opened(PAGE, view="between")
    at.slider(key="synthesis_share").set_value(37).run()
    labels = model().labels
    there = between(model(), labels[0], (1, 2), [0.37], labels[1])
    page = html(at)
    if there.images:
        shown = next(re.finditer(r'<img src="([^"]+)" alt="[^"]*at 37 % of the way', page))
        assert np.array_equal(read_image(decoded(shown[1])).display, mark(there.images[0].pixels))
    else:
        assert "so it is withheld" in text(at)
    assert page.count("<li>") >= 7 and "100 %" in page


@trained
def test_a_blind_test_asks_for_real_images_and_says_why_none_are_there() -> None:
    page = text(opened(PAGE, view="blind"))
    assert "Real images are needed" in page and "none are shipped" in page


@trained
def test_what_cannot_be_taken_for_real_is_said_and_the_rest_is_kept() -> None:
    made = as_png(synthesize(model(), model().labels[0], 1, 1).images[0], marked=False)
    at = brought(
        ("a.jpg", film(1)), ("notes.txt", b"hello"), ("made.png", made), ("b.jpg", film(2)), ("c.jpg", film(1))
    )
    said = [error.value.replace("\\", "") for error in at.error]
    assert len(said) == 2 and said[0].startswith("notes.txt") and "says of itself that it is SYNTHETIC" in said[1]
    assert len(at.radio) == 4, "two real ones, of which one came twice, and as many synthetic ones"


@trained
def test_every_image_is_answered_before_the_score_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    at = brought(*((f"Doe_{k}.jpg", film(k)) for k in range(5)))
    assert html(at).count("<img") == 10 and "Doe_" not in html(at) and "SYNTHETIC" not in html(at)
    for radio in at.radio[:-1]:
        radio.set_value(True)
    submit = next(b for b in at.button if b.label == "Score my answers")
    submit.click().run()
    assert "Not answered yet: image 10" in text(at) and "right</h2>" not in html(at)
    assert [radio.value for radio in at.radio] == [True] * 9 + [None]
    at.radio[-1].set_value(True)
    next(b for b in at.button if b.label == "Score my answers").click().run()
    page = text(at)
    assert "5 of 10 right" in page and "does not differ from guessing (p = 1.000)" in page
    shares = next(t.value for t in at.table if "95 % interval" in t.value)
    assert list(shares["Right"]) == ["5 of 10", "5 of 5", "0 of 5"] and shares["95 % interval"][0] == "23.7 to 76.3 %"
    assert html(at).count("✓ right") == 5 and html(at).count("you said: Real") == 5 and "Doe_3.jpg" in html(at)
    files = taken(at, scored, monkeypatch)
    assert not any(b"Doe" in data for data in files.values())
    told = json.loads(next(data for name, data in files.items() if name.endswith("json")))
    assert told["score"]["all"]["right"] == 5 and len(told["images"]) == 10
    at.button(key="synthesis_again").click().run()
    assert len(at.radio) == 10 and all(radio.value is None for radio in at.radio)


@trained
def test_the_page_speaks_chinese() -> None:
    at = opened(PAGE, lang="zh_CN")
    assert "这些图像由程序生成" in html(at) and "不属于任何人" in text(at)


@trained
@pytest.mark.parametrize("card", MODELS.trained("synthesis"), ids=lambda card: card.name)
def test_the_card_says_when_an_image_is_withheld(card: Any) -> None:
    page = text(opened("pages/system/models.py", model=card.name))
    assert "An image is withheld and drawn anew" in page and "a finding and a seed" in page


MEASURED = {
    "frechet": (3.21, 3.0, 3.5),
    "frechet_halves": (0.42, 0.3, 0.5),
    "accepted_share": (0.8, 0.75, 0.85),
    "label_agreement": (0.9, 0.86, 0.93),
    "taught_real": (0.9, 0.88, 0.92),
    "taught_synthetic": (0.7, 0.66, 0.74),
    "taught_both": (0.89, 0.87, 0.91),
    "augmentation_gain": (-0.01, -0.02, 0.005),
    "nearest_ratio_embedding": (0.97, 0.95, 0.99),
}


@trained
def test_what_was_measured_stands_below_the_images_and_in_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    card = MODELS.trained("synthesis")[0]
    assert card.measured is not None
    performance = tuple(
        Measure(name, *values, 100, 50, data)
        for data, shift in (("test", 0.0), ("validation", 9.0))
        for name, values in ((name, [value + shift for value in them]) for name, them in MEASURED.items())
    )
    measured = replace(card, measured=replace(card.measured, performance=performance))
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(MODELS.folder, (measured,)))
    for at in (opened(PAGE), opened("pages/system/models.py", model=card.name)):
        page = text(at)
        likeness = next(t.value for t in at.table if "Synthetic and real" in t.value).iloc[0]
        assert (likeness.iloc[1], likeness.iloc[2]) == ("3.21 (3.00–3.50)", "0.42 (0.30–0.50)")
        assert "accepts 80.0 % (75.0 to 85.0 %) of the images, and calls 90.0 % (86.0 to 93.0 %)" in page
        assert "lie 0.97 (0.950 to 0.990) times as far" in page
        assert "did not change a classifier for certain: -0.010 (-0.020 to 0.005)" in page
        assert len(next(t.value for t in at.table if "A classifier taught with" in t.value)) == 3


@trained
@pytest.mark.parametrize("view", ["make", "between"])
def test_nothing_is_shown_where_all_lies_too_near_to_a_training_image(
    view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = MODELS.trained("synthesis")[0]
    assert card.measured is not None and card.measured.guard is not None
    strict = replace(card.measured.guard, nearest_min=1e9)
    strictly = replace(card, measured=replace(card.measured, guard=strict))
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(MODELS.folder, (strictly,)))
    at = opened(PAGE, view=view)
    assert not at.exception and "each lay too near" in at.error[0].value and "<img" not in html(at)


def test_without_a_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No model makes scans yet" in text(opened(PAGE))


@trained
@pytest.mark.parametrize(
    ("measure", "value", "region", "said"),
    [
        ("label_agreement", 0.6, None, "calls only 60.0 %"),
        ("label_agreement", 0.9, None, ""),
        (
            "synthetic_to_real_ratio",
            0.65,
            None,
            "not to teach with: a classifier that learnt from such images alone is 65",
        ),
        (
            "synthetic_to_real_ratio",
            0.65,
            0.7,
            "not to teach with: a classifier that learnt from such images alone is 65",
        ),
        (
            "synthetic_to_real_ratio",
            0.65,
            0.95,
            "told where to look: one that learnt from such images alone is then 95",
        ),
        ("synthetic_to_real_ratio", 0.95, 0.7, ""),
    ],
)
def test_what_made_images_are_not_good_for_is_said_beside_them(
    measure: str, value: float, region: float | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = MODELS.trained("synthesis")[0]
    assert card.measured is not None
    found = [("synthetic_to_real_ratio", 1.0), ("label_agreement", 1.0)]
    found = [(name, value if name == measure else one) for name, one in found]
    found += [] if region is None else [("region_synthetic_to_real_ratio", region)]
    measures = tuple(Measure(name, one, one, one, 100, 50, "test") for name, one in found)
    other = replace(card, measured=replace(card.measured, performance=measures))
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(MODELS.folder, (other,)))
    warned = " ".join(w.value for w in opened(PAGE).warning if "classifier" in w.value)
    assert said in warned if said else not warned
