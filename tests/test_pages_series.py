"""A whole series on the Scan page, with the real models behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.imaging.measurements import measure
from medai_core.imaging.series import File, Volume, arrange
from medai_core.records.access import LOCAL
from medai_core.records.store.patients import Details, create_patient
from tests.exchange import example
from tests.test_pages import html, opened, shown, uploaded
from tests.volumes import CORONAL, Scanner, ball
from ui import kept
from ui.series import single
from ui.viewer.stack import Mark

SCANNER = Scanner((5.0, 0.9, 0.9), (5, 128, 128))
OUTLINES = "brain_mri_tumour_segmentation"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def brain_slices(count: int = 5, **header: object) -> list[File]:
    """Drawn brain slices of one series."""
    grey = example(OUTLINES).astype(np.int16)
    scanner = Scanner((5.0, 0.9, 0.9), (count, *grey.shape))
    stack = np.broadcast_to(grey, (count, *grey.shape)).copy()
    shown_as_stored = {"Modality": "MR", "RescaleIntercept": -2000, "WindowCenter": 128, "WindowWidth": 256}
    return scanner.files(stack, **(shown_as_stored | header))


def given(files: Sequence[File]) -> AppTest:
    return uploaded(*((file.name, file.read()) for file in files))


def test_a_series_is_shown_as_one_with_whose_it_is_and_what_is_wrong_with_it() -> None:
    files = brain_slices()
    at = given([*files[:2], *files[3:]])
    assert not at.exception
    page = html(at)
    assert "Drawn, Ada" in page and "5 slices" in page and "0.90 × 0.90 × 5.00 mm" in page
    assert "Slices missing between 001.dcm and 003.dcm: 1." in page


def test_every_slice_is_read_when_the_reader_asks_for_it() -> None:
    at = given(brain_slices())
    model = next(box for box in at.selectbox if box.label == "Model")
    at = model.set_value(OUTLINES).run()
    assert "Slices read" not in html(at)
    at = next(t for t in at.toggle if t.label == "Read all 5 slices").set_value(True).run()
    assert not at.exception
    page = html(at)
    assert "Slices read" in page and "5 of 5" in page and "mL" in page
    table = at.dataframe[0].value
    assert list(table["Slice"]) == [1, 2, 3, 4, 5]
    assert (table["Area (pixels)"] > 0).all()


def test_the_reader_may_look_at_each_image_alone() -> None:
    at = given(brain_slices(3))
    at = at.segmented_control[0].set_value("images").run()
    assert not at.exception
    assert [heading.value for heading in at.subheader] == ["3 scans"]
    assert len(at.dataframe[0].value) >= 3


def test_a_series_that_no_model_reads_is_shown_all_the_same() -> None:
    scanner = Scanner((2.0, 0.7, 0.7), (4, 96, 96))
    at = given(scanner.files(scanner.values(ball(12))))
    assert not at.exception
    assert "No model reads this series" in shown(at)


def test_files_of_two_series_can_be_chosen_between() -> None:
    at = given([*brain_slices(4), *Scanner((5.0, 0.9, 0.9), (3, 64, 64), series="1.2.3.99").files(
        SCANNER.values(ball(20))[:3, :64, :64])])  # fmt: skip
    assert not at.exception
    (box,) = [box for box in at.selectbox if box.label == "Series"]
    assert len(box.options) == 2
    assert all("Drawn, Ada" in option for option in box.options)
    assert "The files are of 2 series" in html(at)


def test_a_damaged_archive_is_said(tmp_path: Path) -> None:
    at = uploaded(("study.zip", b"PK\x03\x04" + b"damaged" * 20))
    assert not at.exception
    assert "The archive is damaged" in shown(at)


def test_other_uploads_are_no_series() -> None:
    at = opened("pages/imaging/scan.py")
    at.file_uploader(key="scans").set_value([("a.dcm", brain_slices(1)[0].read(), "application/octet-stream")])
    assert not at.run().segmented_control


def test_a_slice_is_read_by_itself_with_its_evidence_when_the_reader_asks_for_it() -> None:
    at = given(brain_slices())
    at = next(t for t in at.toggle if t.label == "Read slice 3 by itself").set_value(True).run()
    assert not at.exception
    page = html(at)
    assert "outlined" in page and "002.dcm" in page
    affirm = next(box for box in at.checkbox if str(box.key).startswith("single_affirm"))
    assert "Glioma" not in html(at)
    assert "lioma" in html(affirm.set_value(True).run())


def test_an_area_that_was_marked_is_the_region_in_the_slices_own_pixels() -> None:
    series = arrange(Scanner((2.0, 1.0, 1.0), (5, 40, 30), CORONAL).files(np.zeros((5, 40, 30), np.int16) + 7)).series[
        0
    ]
    values = np.zeros((5, 40, 30), np.int16)
    volume = Volume(values, series.spacing_mm, None, False, axes=((1, -1), (2, -1), (0, 1)))
    mark = Mark("area", "coronal", 2, ((10.0, 5.0), (10.0, 12.0), (20.4, 12.0)))
    found = measure("area", mark.points, volume.picture("coronal", 2), (1.0, 1.0))
    assert single.box_of(volume, {mark: found}) == (10, 5, 21, 13)
    assert single.native(volume, mark, found).points == ((10.0, 5.0), (10.0, 12.0), (20.0, 12.0))
    flipped = Volume(values, series.spacing_mm, None, False, axes=((1, -1), (2, 1), (0, -1)))
    assert single.box_of(flipped, {mark: found}) == (19, 17, 30, 25)


def test_a_series_of_somebody_else_is_not_shown_beside_an_open_patient() -> None:
    store = kept.store()
    patient = create_patient(store, LOCAL, Details("Other, Olga", "X-9"))
    at = opened("pages/imaging/scan.py", patient=patient.id)
    files = [(file.name, file.read(), "application/octet-stream") for file in brain_slices()]
    at.file_uploader(key="scans").set_value(files)
    at = at.run()
    assert "The file is of another patient" in shown(at)
    assert not [t for t in at.toggle if t.label.startswith("Read")]


def test_the_first_slice_of_a_file_of_many_frames_is_itself_and_not_the_middle_one() -> None:
    grey = example(OUTLINES).astype(np.int16)
    stack = np.stack([grey, grey[:, ::-1], grey[::-1], grey])
    scanner = Scanner((5.0, 0.9, 0.9), stack.shape)
    header = {"Modality": "MR", "RescaleIntercept": -2000, "WindowCenter": 128, "WindowWidth": 256}
    data = scanner.slice(stack, 0, NumberOfFrames=4, **header)
    at = uploaded(("multi.dcm", data))
    assert "4 slices" in html(at)
    first = single.asked_frame(arrange([File("multi.dcm", lambda: data)]).series[0].parts[0])
    assert first == 0
    alone = arrange(brain_slices(1)).series[0].parts[0]
    assert single.asked_frame(alone) is None
