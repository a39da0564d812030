"""One's own manifest evaluates at once, or says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.errors import ImageError, ManifestError
from medai_core.evaluation import (
    Predictions,
    Rule,
    decide,
    measures,
    predict,
    predictions_table,
    read_manifest,
    rounded,
    with_and_without_refusals,
)

NAMES = ("normal", "pneumonia")
RULE = Rule({"pneumonia": 0.4}, 0.6)


def manifest(folder: Path, text: str, files: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    for i, file in enumerate(files):
        (folder / file).write_bytes(bytes([i]))
    path = folder / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path, split: str | None = None) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read_manifest(path, NAMES, split)
    return caught.value


def answers(n: int = 120, seed: int = 0, classes: int = 2, refused: float = 0.2) -> Predictions:
    """Calibrated answers to drawn images, four a patient."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), n)
    label = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    names = (*NAMES, "tuberculosis")[:classes]
    groups = tuple(f"patient {i // 4}" for i in range(n))
    return Predictions(names, tuple(f"{i}.png" for i in range(n)), label, groups, p, rng.random(n) < refused)


def test_a_manifest_gives_its_rows_with_files_beside_it(tmp_path: Path) -> None:
    path = manifest(tmp_path, "file,label,group,split\na.png,normal,007,train\nb.png,pneumonia,p2,test\n")
    table = read_manifest(path, NAMES)
    assert list(table["file"]) == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    assert table["group"][0] == "007"  # a patient's number is no quantity
    assert list(read_manifest(path, NAMES, "test")["label"]) == ["pneumonia"]


@pytest.mark.parametrize("column", ["file", "label", "group"])
def test_a_column_that_is_missing_is_named(tmp_path: Path, column: str) -> None:
    columns = [c for c in ("file", "label", "group") if c != column]
    error = complaint(manifest(tmp_path, ",".join(columns) + "\n" + ",".join("xy") + "\n"))
    assert (error.message.id, error.message.facts["missing"]) == ("manifest.columns", column)


def test_a_split_is_asked_of_a_manifest_that_has_none(tmp_path: Path) -> None:
    error = complaint(manifest(tmp_path, "file,label,group\na.png,normal,1\n"), "test")
    assert (error.message.id, error.message.facts["missing"]) == ("manifest.columns", "split")


def test_a_split_without_rows_is_named(tmp_path: Path) -> None:
    error = complaint(manifest(tmp_path, "file,label,group,split\na.png,normal,1,train\n"), "tset")
    assert error.message.id == "manifest.empty"
    assert "'tset'" in str(error)


def test_labels_that_the_model_does_not_know_are_named_beside_those_it_knows(tmp_path: Path) -> None:
    error = complaint(manifest(tmp_path, "file,label,group\na.png,Pneumonia,1\nb.png,normal,2\n"))
    assert error.message.id == "manifest.labels"
    assert "Pneumonia" in str(error)
    assert "normal, pneumonia" in str(error)


def test_files_that_are_not_there_are_counted_and_the_first_is_named_with_its_row(tmp_path: Path) -> None:
    text = "file,label,group\na.png,normal,1\nmissing.png,normal,1\n,normal,2\n"
    error = complaint(manifest(tmp_path, text))
    assert error.message.id == "manifest.missing_files"
    assert error.message.facts["count"] == 2
    assert error.message.facts["row"] == 3  # as a spreadsheet counts
    assert "missing.png" in str(error)


@pytest.mark.parametrize("text", ["", "\n\n", "file,label,group\n"])
def test_a_manifest_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    assert complaint(manifest(tmp_path, text)).message.id in ("manifest.empty", "manifest.unreadable")


@pytest.mark.parametrize(
    "text",
    [
        "file,label,group\na.png\n",
        "file,label,group\na.png,normal,1,surplus\n",
        "file,label,group\na.png,normal,1\nb.png,normal,1,surplus,more\n",
        'file,label,group\n"a.png,normal,1\n',
    ],
)
def test_a_row_that_is_too_short_or_too_long_is_refused(tmp_path: Path, text: str) -> None:
    assert complaint(manifest(tmp_path, text)).message.id.startswith("manifest.")


def test_a_manifest_that_is_no_table_or_no_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    for path in (tmp_path / "picture.csv", tmp_path, tmp_path / "nowhere.csv"):
        assert complaint(path).message.id in ("manifest.unreadable", "manifest.columns")


def table(files: list[Path]) -> pd.DataFrame:
    return pd.DataFrame(
        {"file": [str(f) for f in files], "label": "normal", "group": [str(i) for i in range(len(files))]}
    )


def answer(data: bytes) -> tuple[np.ndarray, bool]:
    """A toy of a model: the first byte decides."""
    if data[:1] == b"!":
        raise ImageError("image.unknown")
    return (np.array([0.4, 0.6]), True) if data[:1] == b"?" else (np.array([0.8, 0.2]), data[:1] == b"r")


def test_files_that_cannot_be_read_are_reported_and_the_others_are_answered(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("good", "bad", "none", "refused", "gone")]
    for file, content in zip(files[:4], (b"g", b"!", b"?", b"r"), strict=True):
        file.write_bytes(content)
    made, unread = predict(table(files), NAMES, answer)
    assert [u.file for u in unread] == [str(files[1]), str(files[4])]
    assert "no type that can be read" in unread[0].reason
    assert made.file == tuple(str(files[i]) for i in (0, 2, 3))
    assert made.refused.tolist() == [False, True, True]
    assert made.probability[1].tolist() == [0.4, 0.6]
    assert made.probability[2] == pytest.approx([0.8, 0.2])  # refused, and still written


def test_when_no_file_can_be_read_there_is_nothing_to_measure(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"!")
    with pytest.raises(ManifestError) as caught:
        predict(table([tmp_path / "bad"]), NAMES, answer)
    assert caught.value.message.id == "manifest.unread"


def test_a_predictions_table_has_a_column_for_each_class_also_where_the_reading_is_refused() -> None:
    made = answers(classes=3)
    found = predictions_table(made)
    assert list(found.columns) == ["file", "group", "label", "refused", "normal", "pneumonia", "tuberculosis"]
    assert found[found["refused"]][list(made.names)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert set(found["label"]) == set(made.names)


def test_every_measure_has_an_interval_that_holds_it_and_counts_images_and_groups() -> None:
    for m in measures(answers(), RULE, data="drawn", draws=60):
        assert (m.n, m.groups, m.data) == (120, 30, "drawn")
        # Resampled images repeat, which makes a calibration error larger: its interval may lie above it.
        assert m.low <= m.value <= m.high or m.measure == "calibration_error", m
        assert (m.ideal is not None) == (m.measure == "calibration_error")


def test_three_classes_have_a_sensitivity_and_a_calibration_intercept_each() -> None:
    found = {m.measure for m in measures(answers(classes=3), Rule({}, 0.6), data="drawn", draws=5)}
    for name in (*NAMES, "tuberculosis"):
        assert {f"sensitivity_{name}", f"calibration_intercept_{name}"} <= found


def test_measures_are_given_with_and_without_the_refused() -> None:
    made = answers()
    found = {m.measure: m for m in with_and_without_refusals(made, RULE, data="drawn", draws=20)}
    assert found["refused_share"].value == made.refused.mean()
    assert found["auc"].n == 120
    assert found["auc_accepted"].n == int((~made.refused).sum())
    accepted = {m.measure: m for m in measures(made.chosen(~made.refused), RULE, data="drawn", draws=20)}
    for name, m in accepted.items():
        assert found[f"{name}_accepted"].value == m.value


def test_when_nothing_is_refused_the_measures_are_given_once() -> None:
    found = [m.measure for m in with_and_without_refusals(answers(refused=-1), RULE, data="drawn", draws=5)]
    assert len(set(found)) == len(found)
    assert not [name for name in found if name.endswith("_accepted")]


def test_when_every_reading_is_refused_the_measures_over_all_remain() -> None:
    found = [m.measure for m in with_and_without_refusals(answers(refused=1.1), RULE, data="drawn", draws=5)]
    assert "auc" in found
    assert not [name for name in found if name.endswith("_accepted")]


def test_images_of_one_class_alone_have_a_sensitivity_and_no_area() -> None:
    made = answers()
    found = {m.measure: m.value for m in measures(made.chosen(made.label == 1), RULE, data="drawn", draws=5)}
    assert np.isnan(found["auc"])
    assert 0 < found["sensitivity_pneumonia"] < 1
    assert rounded(found["auc"]) is None


def test_of_two_classes_the_threshold_decides_and_of_three_the_most_probable() -> None:
    p = np.array([[0.61, 0.39], [0.6, 0.4], [0.1, 0.9]])
    assert decide(p, NAMES, {"pneumonia": 0.4}).tolist() == [0, 1, 1]
    assert decide(p, NAMES, {}).tolist() == [0, 0, 1]
    assert decide(np.array([[0.4, 0.35, 0.25]]), ("a", "b", "c"), {}).tolist() == [0]


def test_the_same_seed_gives_the_same_card() -> None:
    assert measures(answers(), RULE, data="drawn", draws=20) == measures(answers(), RULE, data="drawn", draws=20)
