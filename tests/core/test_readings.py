"""The one way from a scan to results: findings with their set, or a refusal with its reason."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core.catalog import find_models
from medai_core.imaging.images import read_image
from medai_core.metrics import in_sets
from medai_core.readings import Question, Reading, answerer, as_json, read_image_with, read_scan
from tests import drawn
from tests.scans import bundled, dicom, grey, photograph, png

MODELS = find_models()
CLASSIFIERS = [card for card in MODELS.cards if card.task == "classification"]
EXAMPLES = [(card, path) for card in CLASSIFIERS for path in sorted((MODELS.folder / card.name).glob("example*.png"))]
FILM = next(path for card, path in EXAMPLES if card.name == drawn.FILM)
BRAIN = next(path for card, path in EXAMPLES if card.name == drawn.BRAIN)


def read(data: bytes, **question: object) -> Reading:
    """The reading of a scan by the model that names what it shows, every precondition affirmed."""
    return read_scan(data, "scan", MODELS, **({"affirm": True} | question))[0]  # type: ignore[arg-type]


def reason(data: bytes, **question: object) -> str:
    """Why there are no findings; a refusal leaves nothing behind that could be taken for one."""
    reading = read(data, **question)
    assert reading.refusal is not None
    assert reading.findings == ()
    assert reading.evidence is None
    assert as_json(reading)["refused"] == reading.refusal.text
    return reading.refusal.id


@pytest.mark.parametrize(("card", "path"), EXAMPLES, ids=lambda x: getattr(x, "name", None))
def test_an_example_has_findings_with_their_set_and_evidence_over_its_own_pixels(card, path) -> None:  # type: ignore[no-untyped-def]
    reading = read(path.read_bytes())
    assert reading.refusal is None
    assert [finding.name for finding in reading.findings] == [spec.name for spec in card.findings]
    p = np.array([finding.probability for finding in reading.findings])
    assert p.sum() == pytest.approx(1)
    assert [f.in_set for f in reading.findings] == in_sets(p, card.measured.sets().quantiles).tolist()
    assert reading.evidence is not None
    assert reading.evidence.shape == (len(p), *grey(path).shape)
    assert np.isfinite(reading.evidence).all()
    assert (reading.model, reading.version) == (card.name, card.version)
    assert reading.weights_sha256 == card.measured.sha256["model.tflite"]


def test_a_reading_names_the_bytes_it_was_made_from() -> None:
    data = FILM.read_bytes()
    assert read(data).image.sha256 == hashlib.sha256(data).hexdigest()


def test_a_picture_without_a_header_says_that_age_and_view_are_not_verified() -> None:
    picture = png(grey(FILM))
    assert [n.id for n in read(picture).notices] == ["notice.age_and_view"]
    assert "Age and view not verified" in as_json(read(picture))["notices"][0]


def film(**header: object) -> bytes:
    return dicom(grey(FILM), **header)


def test_the_same_film_as_a_dicom_file_of_a_child_has_the_same_findings_and_no_notice() -> None:
    child = {"PatientAge": "004Y", "ViewPosition": "AP", "BodyPartExamined": "CHEST", "Modality": "DX"}
    reading = read(film(**child, PatientID="7", PatientName="Drawn^Ada"))
    assert reading.notices == ()
    assert [f.probability for f in reading.findings] == [f.probability for f in read(FILM.read_bytes()).findings]
    assert as_json(reading)["patient"] == {"id": "7", "name": reading.image.patient.name}


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ({"PatientAge": "044Y"}, "refusal.age"),
        ({"PatientAge": "006M"}, "refusal.age"),
        ({"BodyPartExamined": "KNEE"}, "refusal.body_part"),
        ({"ViewPosition": "LL"}, "refusal.view"),
        ({"Modality": "CT"}, "refusal.modality"),
    ],
)
def test_a_header_that_contradicts_the_card_refuses_a_film_that_looks_right(
    header: dict[str, str], refusal: str
) -> None:
    assert reason(film(**header)) == refusal


def test_a_photograph_is_no_scan() -> None:
    reading = read(photograph())
    assert (reading.model, reading.refusal and reading.refusal.id) == (None, "refusal.other")


@pytest.mark.parametrize("model", [card.name for card in CLASSIFIERS])
def test_no_model_reads_a_photograph_noise_a_blank_or_another_models_scan(model: str) -> None:
    rng = np.random.default_rng(0)
    foreign = {
        "photograph": photograph(),
        "noise": png(rng.integers(0, 256, (224, 224), dtype=np.uint8)),
        "blank": png(np.full((224, 224), 128, dtype=np.uint8)),
        "CT": bundled("CT_small.dcm").read_bytes(),
        **{card.name: path.read_bytes() for card, path in EXAMPLES if card.name != model},
    }
    for name, data in foreign.items():
        assert reason(data, model=model).startswith("refusal."), name


def test_a_film_that_is_inverted_or_upside_down_is_refused_even_when_its_kind_is_chosen() -> None:
    pixels = grey(FILM)
    assert reason(png(255 - pixels), kind="chest_radiograph").startswith("refusal.")
    assert reason(png(np.ascontiguousarray(pixels[::-1])), kind="chest_radiograph").startswith("refusal.")
    assert reason(png(255 - pixels), model=drawn.FILM).startswith("refusal.")


def test_a_blank_film_is_refused_as_blank_when_its_kind_is_chosen() -> None:
    assert reason(png(np.full((224, 224), 90, dtype=np.uint8)), kind="chest_radiograph") == "refusal.blank"


def test_the_reader_may_overrule_the_kind_and_the_result_says_so() -> None:
    reading = read(FILM.read_bytes(), kind="chest_ct_slice")
    assert reading.model is None
    assert reading.refusal is not None
    assert "chest CT" in reading.refusal.text
    assert as_json(reading)["kind_overruled"] is True
    assert as_json(read(FILM.read_bytes(), kind="chest_radiograph"))["findings"]


def test_without_affirming_that_a_tumour_was_found_no_type_is_named() -> None:
    assert reason(BRAIN.read_bytes(), affirm=False) == "reading.precondition"


def test_the_model_says_whether_it_found_the_region_or_the_reader_drew_it() -> None:
    found = read(BRAIN.read_bytes())
    assert found.region is not None
    top, left, bottom, right = found.region.box
    box = (top - 2, left - 2, bottom + 2, right + 2)
    outlined = read(BRAIN.read_bytes(), region=box)
    assert found.region.source == "found"
    assert outlined.region is not None
    assert (outlined.region.box, outlined.region.source) == (box, "drawn")
    assert as_json(outlined)["region"] == {"box": list(box), "source": "drawn"}


def test_one_frame_of_many_is_read_and_named() -> None:
    pages = [Picture.fromarray(grey(FILM)), Picture.fromarray(grey(FILM)[:, ::-1])]
    out = BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    reading = read(out.getvalue(), frame=0)
    assert "notice.frame" in [n.id for n in reading.notices]
    assert (as_json(reading)["frame"], as_json(reading)["frames"]) == (0, 2)
    assert [f.probability for f in reading.findings] == [f.probability for f in read(FILM.read_bytes()).findings]


def test_an_image_that_is_decoded_already_has_the_same_reading() -> None:
    image = read_image(FILM.read_bytes())
    (again,) = read_image_with(image, "scan", MODELS, Question(affirm=True))
    assert again.findings == read(FILM.read_bytes()).findings


@pytest.mark.parametrize(("card", "path"), EXAMPLES, ids=lambda x: getattr(x, "name", None))
def test_an_evaluation_sees_what_a_reader_sees(card, path) -> None:  # type: ignore[no-untyped-def]
    p, refused = answerer(card, MODELS)(path.read_bytes())
    assert not refused
    assert p == pytest.approx([f.probability for f in read(path.read_bytes()).findings])


def test_an_evaluation_has_probabilities_also_where_a_reader_is_refused() -> None:
    card = MODELS.card(drawn.FILM)
    p, refused = answerer(card, MODELS)(png(255 - grey(FILM)))
    assert refused
    assert p is not None
    assert p.sum() == pytest.approx(1)


def test_every_result_can_be_written_as_json() -> None:
    for data in (FILM.read_bytes(), BRAIN.read_bytes(), photograph(), bundled("MR_small.dcm").read_bytes()):
        for reading in read_scan(data, "scan", MODELS):
            assert json.loads(json.dumps(as_json(reading), allow_nan=False))["file"] == "scan"


def test_a_reading_waits_for_no_library_that_it_does_not_need() -> None:
    unneeded = "pandas tensorflow keras sklearn streamlit plotly nibabel"
    code = f"import sys, medai_core.readings, medai_core.catalog; print(set(sys.modules) & set('{unneeded}'.split()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=MODELS.folder.parent)
    assert done.stdout == "set()\n", done.stderr


def test_a_field_of_many_blood_cells_is_refused_by_the_models_of_single_cells() -> None:
    cells = [
        np.asarray(Picture.open(p).convert("RGB"))
        for p in sorted((MODELS.folder / "blood_cell_type").glob("example*.png"))
    ]
    row = np.concatenate([cells[i % len(cells)] for i in range(4)], axis=1)
    field = png(np.concatenate([row, row[:, ::-1], row], axis=0))
    for kind in (None, "blood_smear", "malaria_smear"):
        reading = read(field, kind=kind)
        assert reading.refusal is not None, kind
