"""Slices of one nodule are one reading: what counts how much, what is shown, and one that is refused refuses all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core import cards
from medai_core.__main__ import main
from medai_core.errors import ImageError, ManifestError, ModelError
from medai_core.evaluation import predict, read_manifest
from medai_core.imaging import slices as slices_module
from medai_core.imaging.classification import calibrated, classify_together
from medai_core.readings import Question, Reading, answerer, as_json, read_scan, read_together
from tests import drawn
from tests.scans import dicom, png

NAMES = ("benign", "malignant")
KIND = "ct_nodule"


def card_of(unit: str) -> cards.Card:
    """A card of a model that reads slices together as ``unit``, and takes a nodule's area for its malignancy."""
    made = drawn.card("nodule", "Nodule", KIND, NAMES, ("良", "恶"))
    measured = replace(
        made.measured, applicability=cards.Applicability(1.0, 0.5), calibration=cards.Calibration(1, (0, 0))
    )
    spec = cards.InputSpec((64, 64), 1, (KIND,), unit=unit)
    return replace(made, input=spec, population=cards.Population("Nobody."), measured=measured)


CARD, ALONE = card_of("nodule"), replace(card_of(""), name="alone")
ROUTER = replace(
    CARD,
    name="router",
    findings=tuple(cards.FindingSpec(name, name) for name in (KIND, "other")),
    measured=replace(CARD.measured, calibration=cards.Calibration(1, (0, 0))),
)


def route(image: np.ndarray) -> dict[str, np.ndarray]:
    """A phantom of a router: what is bright in its corner is something else."""
    other = image[0, 0, 0, 0] > 0.9
    return {"logits": np.array([[0, 9] if other else [9, 0]], np.float32)}


def score(image: np.ndarray) -> dict[str, np.ndarray]:
    """A phantom of a network: a hundredth of the area is the logit, and a slice counts by its area."""
    mask = (image > 0.5).astype(np.float32)
    area = mask.sum()
    logits = np.array([[0, area / 100 - 1]], np.float32)
    share = mask / max(area, 1) * mask.size
    return {
        "logits": logits,
        "evidence": share * logits[:, None, None],
        "embedding": np.array([[5.0 if area > 3000 else 0.1]], np.float32),
        "weight": np.array([[max(area, 1)]], np.float32),
    }


class Models:
    """A catalog of phantoms."""

    router = ROUTER

    def __init__(self, *known: cards.Card) -> None:
        self.known = known or (CARD,)

    def card(self, name: str) -> cards.Card:
        return next(card for card in self.known if card.name == name)

    def trained(self, task: str) -> tuple[cards.Card, ...]:
        return tuple(card for card in self.known if card.task == task)

    def network(self, card: cards.Card, file: str = "model.tflite") -> Callable[..., dict[str, np.ndarray]]:
        return route if card is ROUTER else score

    def neighbourhoods(self, card: cards.Card) -> None:
        """A phantom has no training images."""


MODELS: Any = Models()


def disc(radius: float) -> np.ndarray:
    """A disc on black, (64, 64); grey 200."""
    y, x = np.mgrid[:64, :64] - 31.5
    return np.where(np.hypot(y, x) <= radius, 200, 0).astype(np.uint8)


def area(radius: float) -> int:
    return int(np.count_nonzero(disc(radius)))


def elsewhere() -> np.ndarray:
    """What the router takes for something else."""
    image = disc(9)
    image[:8, :8] = 255
    return image


def together(radii: tuple[float, ...]) -> float:
    """The probability of discs together, worked out by hand."""
    areas = np.array([area(r) for r in radii], float)
    logit = (areas * (areas / 100 - 1)).sum() / areas.sum()
    return float(1 / (1 + np.exp(-logit)))


def tiff(*images: np.ndarray) -> bytes:
    pages = [Picture.fromarray(image) for image in images]
    out = BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    return out.getvalue()


def files(*images: np.ndarray) -> list[tuple[str, bytes]]:
    return [(f"{i}.png", png(image)) for i, image in enumerate(images, start=1)]


def malignant(reading: Reading) -> float:
    return {f.name: f.probability for f in reading.findings}["malignant"]


def ids(reading: Reading) -> list[str]:
    return [notice.id for notice in reading.notices]


RADII = (4.0, 11.0, 7.0)


def test_the_logits_of_slices_are_averaged_by_their_weight_and_calibrated_once() -> None:
    found = classify_together(CARD, lambda file: score, [disc(r) for r in RADII])
    assert found.whole.probabilities[1] == pytest.approx(together(RADII), abs=1e-6)
    assert found.leading == 1
    assert [a.weight for a in found.each] == [area(r) for r in RADII]
    assert found.whole.maps is found.each[1].maps
    assert calibrated(found.whole.logits, 1, (0, 0)) == pytest.approx(found.whole.probabilities)
    assert found.whole.probabilities[1] < found.each[1].probabilities[1]


def test_the_set_is_that_of_all_slices_and_not_of_the_one_that_is_shown() -> None:
    found = classify_together(CARD, lambda file: score, [disc(11), *[disc(4)] * 25])
    assert found.each[0].in_set.tolist() == [False, True]
    assert found.whole.in_set.tolist() == [True, True]


def test_one_slice_together_is_that_slice_alone() -> None:
    (alone,) = classify_together(CARD, lambda file: score, [disc(9)]).each
    whole = classify_together(CARD, lambda file: score, [disc(9)]).whole
    assert whole.probabilities == pytest.approx(alone.probabilities)
    assert whole.in_set.tolist() == alone.in_set.tolist()


def test_files_read_together_are_one_reading_that_shows_the_slice_that_counts_most() -> None:
    (reading,) = read_together(files(*map(disc, RADII)), MODELS)
    assert malignant(reading) == pytest.approx(together(RADII), abs=1e-6)
    assert (reading.file, ids(reading)) == ("2.png", ["notice.slices"])
    assert reading.notices[0].facts == {"slice": 2, "slices": 3}
    assert reading.image.display.tolist() == disc(11).tolist()
    assert reading.evidence is not None
    assert (reading.evidence[1] != 0).tolist() == (disc(11) > 0).tolist()
    json.dumps(as_json(reading))


def test_the_frames_of_a_file_are_read_as_the_slices_of_one_nodule() -> None:
    (reading,) = read_scan(tiff(*map(disc, RADII)), "nodule.tif", MODELS)
    assert malignant(reading) == pytest.approx(together(RADII), abs=1e-6)
    assert (reading.file, reading.image.frame, reading.image.frames) == ("nodule.tif", 1, 3)
    assert ids(reading) == ["notice.slices"]


def test_the_frames_of_a_dicom_file_are_read_together_too() -> None:
    frames = np.stack([disc(r) for r in RADII])
    data = dicom(disc(4), NumberOfFrames=3, PixelData=frames.tobytes())
    (reading,) = read_scan(data, "nodule.dcm", MODELS)
    assert malignant(reading) == pytest.approx(together(RADII), abs=1e-6)
    assert reading.image.frame == 1


def test_a_single_slice_is_read_and_the_reader_is_told_that_it_was_but_one() -> None:
    (reading,) = read_scan(png(disc(9)), "one.png", MODELS)
    assert malignant(reading) == pytest.approx(together((9,)), abs=1e-6)
    assert ids(reading) == ["notice.one_slice"]
    assert "Only one slice" in as_json(reading)["notices"][0]


def test_a_frame_that_is_asked_for_is_read_alone() -> None:
    (reading,) = read_scan(tiff(*map(disc, RADII)), "nodule.tif", MODELS, frame=2)
    assert malignant(reading) == pytest.approx(together((7,)), abs=1e-6)
    assert ids(reading) == ["notice.frame", "notice.one_slice"]


def test_a_model_that_reads_images_alone_still_reads_the_middle_frame() -> None:
    (reading,) = read_scan(tiff(*map(disc, RADII)), "nodule.tif", Models(ALONE))  # type: ignore[arg-type]
    assert malignant(reading) == pytest.approx(together((11,)), abs=1e-6)
    assert ids(reading) == ["notice.frame"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (elsewhere(), "refusal.kind"),
        (np.zeros((64, 64), np.uint8), "refusal.blank"),
        (disc(34), "refusal.unlike"),
    ],
    ids=["another kind", "blank", "unlike"],
)
def test_a_slice_that_is_refused_refuses_the_whole_and_is_named(bad: np.ndarray, why: str) -> None:
    (reading,) = read_together(files(disc(4), disc(11), bad), MODELS)
    assert reading.refusal is not None
    assert (reading.refusal.id, reading.file, reading.findings, reading.evidence) == (why, "3.png", (), None)
    assert ids(reading) == ["notice.slice_refused"]
    assert reading.notices[0].facts == {"slice": 3, "slices": 3}
    assert reading.image.display.tolist() == bad.tolist()


def test_the_slice_that_the_kind_is_told_by_is_named_like_any_other_when_it_is_refused() -> None:
    (reading,) = read_together(files(disc(4), elsewhere(), disc(5)), MODELS, Question(model="nodule"))
    assert reading.refusal is not None
    assert (reading.refusal.id, reading.file, ids(reading)) == ("refusal.kind", "2.png", ["notice.slice_refused"])


def test_a_slice_of_another_kind_is_read_when_the_reader_chooses_the_kind_for_all() -> None:
    (reading,) = read_together(files(disc(4), elsewhere()), MODELS, Question(kind=KIND))
    assert reading.refusal is None


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"PatientID": "1"}, {"PatientID": "2"}, "refusal.several_patients"),
        ({"PatientName": "A^B"}, {"PatientName": "C^D"}, "refusal.several_patients"),
        ({"SeriesInstanceUID": "1.2.3"}, {"SeriesInstanceUID": "1.2.4"}, "refusal.several_series"),
        ({"PatientID": "1", "SeriesInstanceUID": "1.2"}, {"PatientID": "1", "SeriesInstanceUID": "1.2"}, None),
        ({"PatientID": "1"}, {}, None),
    ],
)
def test_slices_of_several_patients_or_series_are_never_read_as_one(
    one: dict[str, str], other: dict[str, str], why: str | None
) -> None:
    given = [("a", dicom(disc(5), **one)), ("b", dicom(disc(6), **other))]
    (reading,) = read_together(given, MODELS)
    assert (reading.refusal.id if reading.refusal else None) == why


def test_a_file_that_cannot_be_read_is_named_among_the_others() -> None:
    with pytest.raises(ImageError) as caught:
        read_together([*files(disc(4)), ("cut.dcm", dicom()[:-10])], MODELS)
    assert caught.value.message.id == "image.slice"
    assert "cut.dcm" in str(caught.value)
    assert "ends before" in str(caught.value)


def test_more_slices_than_a_nodule_can_have_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices_module, "MOST", 3)
    assert read_together(files(*[disc(4)] * 3), MODELS)[0].refusal is None
    for too_many in (
        lambda: read_together(files(*[disc(4)] * 4), MODELS),
        lambda: read_scan(tiff(*[disc(4)] * 4), "", MODELS),
    ):
        with pytest.raises(ImageError) as caught:
            too_many()
        assert "4 slices" in str(caught.value)


def test_a_model_that_reads_images_alone_is_not_asked_to_read_them_together() -> None:
    with pytest.raises(ModelError) as caught:
        read_together(files(disc(4), disc(5)), Models(ALONE))  # type: ignore[arg-type]
    assert caught.value.message.id == "model.reads_alone"


# Evaluation


def manifest(folder: Path, rows: list[tuple[float, str, str, str]], columns: str = "file,label,group,nodule") -> Path:
    """A manifest of discs: radius, label, group and nodule."""
    lines = [columns]
    for i, (radius, *others) in enumerate(rows):
        (folder / f"{i}.png").write_bytes(png(disc(radius)))
        lines.append(",".join([f"{i}.png", *others[: columns.count(",")]]))
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


ROWS = [
    (4.0, "benign", "p1", "n1"),
    (11.0, "malignant", "p2", "n2"),
    (5.0, "benign", "p1", "n1"),
    (7.0, "malignant", "p2", "n2"),
    (6.0, "benign", "p3", ""),
    (6.5, "benign", "p3", ""),
]


def test_a_manifest_that_names_the_nodules_is_answered_nodule_by_nodule(tmp_path: Path) -> None:
    table = read_manifest(manifest(tmp_path, ROWS), NAMES)
    made, unread = predict(table, NAMES, answerer(CARD, MODELS), CARD.input.unit)
    assert unread == ()
    assert made.file == ("n1", "n2", str(tmp_path / "4.png"), str(tmp_path / "5.png"))
    assert (made.label.tolist(), made.group) == ([0, 1, 0, 0], ("p1", "p2", "p3", "p3"))
    expected = [together((4, 5)), together((11, 7)), together((6,)), together((6.5,))]
    assert made.probability[:, 1] == pytest.approx(expected, abs=1e-6)


def test_without_the_column_or_a_unit_in_the_card_each_image_is_answered_alone(tmp_path: Path) -> None:
    expected = [together((row[0],)) for row in ROWS]
    table = read_manifest(manifest(tmp_path, ROWS, "file,label,group"), NAMES)
    made, _ = predict(table, NAMES, answerer(CARD, MODELS), CARD.input.unit)
    assert made.probability[:, 1] == pytest.approx(expected, abs=1e-6)
    table = read_manifest(manifest(tmp_path, ROWS), NAMES)
    made, _ = predict(table, NAMES, answerer(ALONE, Models(ALONE)), ALONE.input.unit)  # type: ignore[arg-type]
    assert made.probability[:, 1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("column", ["label", "group"])
def test_a_nodule_that_is_of_two_classes_or_patients_is_an_error_in_the_manifest(tmp_path: Path, column: str) -> None:
    other = (4.0, "malignant", "p1", "n1") if column == "label" else (4.0, "benign", "p9", "n1")
    table = read_manifest(manifest(tmp_path, [*ROWS, other]), NAMES)
    with pytest.raises(ManifestError) as caught:
        predict(table, NAMES, answerer(CARD, MODELS), "nodule")
    assert "'n1'" in str(caught.value)
    assert f"'{column}'" in str(caught.value)


def test_a_nodule_with_a_slice_that_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    table = read_manifest(manifest(tmp_path, ROWS), NAMES)
    (tmp_path / "2.png").write_bytes(b"")
    made, (unread,) = predict(table, NAMES, answerer(CARD, MODELS), "nodule")
    assert unread.file == "n1"
    assert "slice 2" in unread.reason
    assert made.file[0] == "n2"


def test_a_nodule_with_a_refused_slice_counts_as_refused(tmp_path: Path) -> None:
    table = read_manifest(manifest(tmp_path, ROWS), NAMES)
    (tmp_path / "2.png").write_bytes(png(elsewhere()))
    made, _ = predict(table, NAMES, answerer(CARD, MODELS), "nodule")
    assert made.refused.tolist() == [True, False, False, False]


# The command line


def test_the_command_line_reads_files_together(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medai_core.__main__.find_models", lambda folder: MODELS)
    given = [tmp_path / name for name, _ in files(*map(disc, RADII))]
    for path, (_, data) in zip(given, files(*map(disc, RADII)), strict=True):
        path.write_bytes(data)
    assert main(["read", *map(str, given), "--together", "--json"]) == 0
    (line,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert line["file"] == str(given[1])
    assert line["findings"][1]["probability"] == pytest.approx(together(RADII), abs=1e-5)
    assert main(["read", *map(str, given), "--json"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 3
    assert main(["read", str(given[0]), str(tmp_path / "nowhere.png"), "--together", "--json"]) == 1
    (line,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert "cannot be opened" in line["error"]
    assert line["file"].endswith("nowhere.png")
