"""A confident answer to the wrong input is what a clinician must never see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medai_core.cards import Applicability, Card, Population
from medai_core.catalog import MODELS, read_card
from medai_core.errors import MESSAGES, Message
from medai_core.imaging.applicability import (
    Kind,
    header_notices,
    header_refusal,
    kind_refusal,
    likeness_refusal,
    template_correlation,
)
from medai_core.imaging.images import Image, Patient, read_image
from tests import drawn
from tests.scans import dicom

FILM = read_card(MODELS / drawn.FILM)
NEAR = np.zeros(4, dtype=np.float32)


def image(age_years: float | None = None, **facts: object) -> Image:
    pixels = np.zeros((8, 8), dtype=np.uint8)
    return Image(pixels, pixels, "00", "DICOM", patient=Patient(age_years=age_years), **facts)  # type: ignore[arg-type]


def measured(limits: Applicability) -> Card:
    return replace(drawn.CARDS[1], measured=replace(drawn.measured(("normal", "pneumonia")), applicability=limits))


def reason(found: Message | None) -> str | None:
    """The message's id; its sentence can be said."""
    if found is None:
        return None
    assert "{" not in found.text
    assert found.id in MESSAGES
    return found.id


@pytest.mark.parametrize(
    ("age_years", "fits"),
    [(0.0, False), (0.99, False), (1.0, True), (3.0, True), (5.9, True), (6.0, False), (44, False)],
)
def test_a_child_is_five_until_the_sixth_birthday(age_years: float, fits: bool) -> None:
    assert reason(header_refusal(FILM, image(age_years))) == (None if fits else "refusal.age")


@pytest.mark.parametrize(
    ("age", "fits"), [("011M", False), ("012M", True), ("071M", True), ("072M", False), ("005Y", True), ("006Y", False)]
)
def test_an_age_in_a_dicom_header_is_understood_in_months_and_years(age: str, fits: bool) -> None:
    found = header_refusal(FILM, read_image(dicom(PatientAge=age)))
    assert reason(found) == (None if fits else "refusal.age")


def test_an_age_follows_from_the_two_dates_where_the_header_gives_no_age() -> None:
    adult = read_image(dicom(PatientBirthDate="19800301", StudyDate="20200301"))
    assert reason(header_refusal(FILM, adult)) == "refusal.age"
    assert "40" in str(header_refusal(FILM, adult).text)  # type: ignore[union-attr]


@pytest.mark.parametrize("part", ["KNEE", "ABDOMEN", "HEAD"])
def test_another_part_of_the_body_is_refused_by_name(part: str) -> None:
    found = header_refusal(FILM, read_image(dicom(BodyPartExamined=part)))
    assert reason(found) == "refusal.body_part"
    assert part in found.text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("view", "fits"), [("AP", True), ("PA", True), ("LL", False), ("RL", False), ("LATERAL", False)]
)
def test_a_lateral_film_is_refused(view: str, fits: bool) -> None:
    found = header_refusal(FILM, read_image(dicom(ViewPosition=view, BodyPartExamined="CHEST")))
    assert reason(found) == (None if fits else "refusal.view")


@pytest.mark.parametrize(("modality", "fits"), [("DX", True), ("CR", True), ("OT", True), ("CT", False), ("MR", False)])
def test_another_modality_is_refused(modality: str, fits: bool) -> None:
    assert reason(header_refusal(FILM, read_image(dicom(Modality=modality)))) == (None if fits else "refusal.modality")


@pytest.mark.parametrize(
    ("age_years", "view", "notice"),
    [
        (None, None, "notice.age_and_view"),
        (3.0, None, "notice.view"),
        (None, "PA", "notice.age"),
        (3.0, "PA", None),
    ],
)
def test_where_the_header_is_silent_the_result_says_so(age_years: float | None, view: str, notice: str | None) -> None:
    silent = image(age_years, view=view)
    assert header_refusal(FILM, silent) is None
    assert [reason(n) for n in header_notices(FILM, silent)] == ([notice] if notice else [])


def test_a_model_for_everyone_demands_nothing_of_the_header() -> None:
    card = replace(FILM, population=Population("Anyone"), input=replace(FILM.input, modalities=()))
    anyone = image(90.0, modality="XA", body_part="FOOT", view="LL")
    assert header_refusal(card, anyone) is None
    assert header_notices(card, image()) == ()


def test_another_kind_of_image_is_refused_and_both_kinds_are_said_in_words() -> None:
    brain = Kind("brain_mri", 0.999, {"brain_mri": 0.999})
    found = kind_refusal(drawn.CARDS[1], brain)
    assert reason(found) == "refusal.kind"
    assert "a brain MRI slice" in found.text  # type: ignore[union-attr]
    assert "a chest radiograph" in found.text  # type: ignore[union-attr]


def test_a_doubtful_kind_is_refused_unless_the_reader_chose_it() -> None:
    limit = drawn.CARDS[1].measured.applicability.kind_probability_min  # type: ignore[union-attr]
    doubtful = Kind("chest_radiograph", limit - 0.01, {})
    assert reason(kind_refusal(drawn.CARDS[1], doubtful)) == "refusal.kind_unsure"
    assert kind_refusal(drawn.CARDS[1], replace(doubtful, overruled=True)) is None
    assert kind_refusal(drawn.CARDS[1], replace(doubtful, probability=limit)) is None


def test_choosing_a_kind_does_not_make_a_model_read_another_one() -> None:
    chosen = Kind("brain_mri", 0.1, {}, overruled=True)
    assert reason(kind_refusal(drawn.CARDS[1], chosen)) == "refusal.kind"


TEMPLATE = tuple(tuple(float(abs(8 - x) / 8) for x in range(16)) for _ in range(16))
CARD = measured(Applicability(3.0, 0.5, TEMPLATE, 0.4))
USUAL = (np.tile(np.abs(np.arange(64) - 32) / 32, (64, 1)) * 255).astype(np.uint8)


def test_a_usual_film_near_the_training_images_is_read() -> None:
    assert likeness_refusal(CARD, USUAL, NEAR) is None
    assert template_correlation(USUAL, np.array(TEMPLATE)) > 0.98


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_image_is_refused_as_blank(level: int) -> None:
    assert reason(likeness_refusal(CARD, np.full((40, 50), level, np.uint8), NEAR)) == "refusal.blank"


def test_an_inverted_film_is_refused_as_inverted() -> None:
    assert reason(likeness_refusal(CARD, 255 - USUAL, NEAR)) == "refusal.inverted"


def test_noise_is_unlike_the_training_images() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    assert reason(likeness_refusal(CARD, noise, NEAR)) == "refusal.unlike"


@pytest.mark.parametrize(("distance", "fits"), [(2.99, True), (3.01, False), (np.nan, False), (np.inf, False)])
def test_an_image_far_from_the_training_images_is_refused(distance: float, fits: bool) -> None:
    embedding = np.array([distance, 0, 0], dtype=np.float32)
    assert reason(likeness_refusal(CARD, USUAL, embedding)) == (None if fits else "refusal.unlike")


def test_a_colour_image_is_compared_by_its_grey_levels_and_a_blank_one_correlates_with_nothing() -> None:
    assert template_correlation(np.dstack([USUAL] * 3), np.array(TEMPLATE)) > 0.98
    assert template_correlation(np.full((20, 20), 9, np.uint8), np.array(TEMPLATE)) == 0.0
