"""A small model fitted further on drawn data: what it gains, what it does not, and what is left when it is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli

from medai_core.__main__ import main
from medai_core.cards import Card, Comparison, Measured, read_card
from medai_core.catalog import Catalog, find_models, sha256
from medai_core.commands import own_models as command
from medai_core.commands.making import YOUNG_S
from medai_core.errors import Message
from medai_core.errors.plain import from_plain
from medai_core.evaluation import Predictions, Rule
from medai_core.evaluation.gains import compare, verdict
from medai_core.readings import read_scan
from medai_core.training import tuning
from tests import own_models as own
from tests.servers import ROOT

MARK = "Ada Lovelace 1815"
"""Part of a path: no file of a new model may hold it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a parent, a model that was fitted to paler cells, and one fitted to labels that say nothing."""
    desk = tmp_path_factory.mktemp("desk") / MARK
    own.make_parent(desk / "models", own.images(desk / "own"))
    own.images(desk / "pale", own.pale, seed=1)
    own.images(desk / "nothing", own.unreadable_labels, seed=2)
    more = [f"--original={desk / 'own/manifest.csv'}", f"--progress={desk / 'progress.jsonl'}"]
    assert train(desk, "pale", "paler", *more) == 0
    assert train(desk, "nothing", "learnt_nothing", "--epochs=6") == 0
    return desk


def train(desk: Path, data: str, name: str, *more: str) -> int:
    words = ["train", own.PARENT, f"--data={desk / data / 'manifest.csv'}", f"--name={name}", "--epochs=18", *more]
    return main([f"--models={desk / 'models'}", *words])


def card_of(desk: Path, name: str) -> tuple[Card, Measured]:
    card = read_card(desk / "models" / name)
    assert card.measured is not None
    return card, card.measured


def compared(desk: Path, name: str, data: str = "own") -> dict[str, Comparison]:
    return {c.measure: c for c in card_of(desk, name)[1].comparison if c.data == data}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_model_fitted_to_ones_own_cells_reads_them_better(made: Path) -> None:
    found = compared(made, "paler")
    assert found["balanced_accuracy"].parent.value < 0.7
    assert found["balanced_accuracy"].child.value > 0.9
    assert found["balanced_accuracy"].difference.low > 0
    assert verdict(found["balanced_accuracy"]) == "better"
    assert verdict(found["log_loss"]) == "better", "less is better"
    assert (found["auc"].n, found["auc"].groups) == (32, 8)


def test_labels_that_say_nothing_teach_nothing_and_nobody_claims_so(made: Path) -> None:
    found = compared(made, "learnt_nothing")
    for name in ("auc", "balanced_accuracy", "accuracy"):
        assert verdict(found[name]) != "better"
        assert found[name].child.value < 0.75


def test_what_it_lost_on_the_original_images_is_measured_where_they_are_here(made: Path) -> None:
    found = compared(made, "paler", "original")
    _card, parent = card_of(made, own.PARENT)
    assert found["balanced_accuracy"].n == 160
    assert found["balanced_accuracy"].parent.value > 0.95
    assert found["balanced_accuracy"].difference.value <= 0
    assert parent.performance[0].measure == "auc"
    assert compared(made, "learnt_nothing", "original") == {}


def test_a_difference_is_that_of_the_two_values(made: Path) -> None:
    for c in compared(made, "paler").values():
        assert c.difference.value == pytest.approx(c.child.value - c.parent.value, rel=1e-4, abs=1e-5)


def test_the_same_answers_differ_by_nothing_however_wide_their_intervals_are() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(2), 60)
    label, groups = (rng.random(60) < p[:, 1]).astype(np.int64), tuple(str(i // 4) for i in range(60))
    answers = Predictions(own.NAMES, tuple(map(str, range(60))), label, groups, p, np.zeros(60, bool))
    rule = Rule({"spotted": 0.5}, 0.6)
    for c in compare(answers, answers, (rule, rule), data="own", draws=50):
        assert (c.difference.value, c.difference.low, c.difference.high) == (0, 0, 0)
        assert verdict(c) == "unclear"
        assert c.measure in ("coverage", "set_size", "refused_share") or c.child.low < c.child.high


def test_the_new_card_states_its_parent_and_its_data_as_counts(made: Path) -> None:
    card, measured = card_of(made, "paler")
    assert card.parent is not None
    weights = sha256(made / "models" / own.PARENT / "model.keras")
    assert (card.parent.model, card.parent.version, card.parent.sha256) == (own.PARENT, "1.2.0", weights)
    assert card.parent.original == own.PARENT
    assert card.title == "Spot in a drawn cell (fine-tuned)"
    assert card.translations["zh_CN"].title == "细胞中的斑点（微调）"
    assert len(card.translations["zh_CN"].limits) == len(card.limits) == 2
    assert card.cohorts[-1].note.startswith("train 96 of 24 groups (free 48, spotted 48)")
    assert measured.provenance.command == (
        f"python -m medai_core train {own.PARENT} --data MANIFEST.csv --name paler --seed 7 --epochs 18 "
        "--original MANIFEST.csv"
    )
    assert len(measured.approaches) == 3
    assert sum(a.chosen for a in measured.approaches) == 1


def test_no_file_of_it_holds_a_name_a_path_or_an_image(made: Path) -> None:
    folder = made / "models/paler"
    assert left(folder) == {
        *("card.toml", "measured.toml", "model.keras", "model.tflite"),
        *("example_spotted_1.png", "expected.json"),
    }
    for path in folder.iterdir():
        assert MARK.encode() not in path.read_bytes(), path.name
        assert b"images/0" not in path.read_bytes(), path.name
    example = "example_spotted_1.png"
    assert (folder / example).read_bytes() == (made / "models" / own.PARENT / example).read_bytes(), "drawn, nobody's"


def test_the_folder_is_a_model_like_any_other(made: Path) -> None:
    models = find_models(made / "models")
    card, measured = card_of(made, "paler")
    assert sha256(made / "models/paler/model.tflite") == measured.sha256["model.tflite"]
    wanted = json.loads((made / "models/paler/expected.json").read_text(encoding="utf-8"))
    data = (made / "models/paler/example_spotted_1.png").read_bytes()
    reading = read_scan(data, "a.png", models, model="paler", kind="malaria_smear")[0]
    if reading.refusal is None:
        p = {f.name: f.probability for f in reading.findings}
        assert p == pytest.approx(wanted["examples"]["example_spotted_1.png"]["probabilities"], abs=0.001)
    assert measured.milliseconds is not None
    assert 0 < measured.milliseconds < 1000
    assert card.trained
    assert measured.applicability.distance_max < 1e3


def test_probabilities_from_few_images_are_never_0_or_1(made: Path) -> None:
    """Thirty images that a network tells apart without error do not show that it never errs."""
    assert compared(made, "paler")["log_loss"].child.value > 0.005


def test_nothing_answers_that_nobody_has_switched_to(made: Path) -> None:
    models = find_models(made / "models")
    assert [card.name for card in models.trained("classification")] == [own.PARENT]
    assert not models.answers(models.card("paler"))


def test_progress_is_told_line_by_line(made: Path) -> None:
    told = lines(made / "progress.jsonl")
    stages = list(dict.fromkeys(line["stage"] for line in told))
    assert stages == ["begun", "reading", "before", "head", "all", "export", "measure", "compare", "original", "done"]
    epochs = [line for line in told if "epoch" in line]
    assert [line["epoch"] for line in epochs if line["stage"] == "head"] == list(range(1, 7))
    for line in epochs:
        assert {"loss", "validation_loss", "balanced_accuracy", "seconds", "epochs"} <= set(line)
    assert told[-1]["name"] == "paler"


def test_the_command_line_says_what_is_in_use(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--models={made / 'models'}", "models"]) == 0
    said = capsys.readouterr().out
    assert f"paler  1.0.0  Spot in a drawn cell (fine-tuned)  [fine-tuned from {own.PARENT} 1.2.0; not in use]" in said


# Refusals


@pytest.mark.parametrize("name", ["../paler", "/tmp/x", "Pale", "a", "new model", "pälé", "", "x" * 61, "a/b", ".."])
def test_a_name_that_is_no_plain_word_is_refused(
    made: Path, name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = left(made / "models")
    assert train(made, "pale", name) == 1
    assert "is no name for a model" in capsys.readouterr().err
    assert left(made / "models") == before


def test_a_name_that_is_taken_is_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (own.PARENT, "paler"):
        assert train(made, "pale", name) == 1
        assert f"a model named '{name}' already" in capsys.readouterr().err


def test_a_model_that_cannot_be_fitted_further_names_those_that_can(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("brain_mri_tumour_type", "lung_nodule_ct_malignancy", "cell_nuclei_segmentation", "mortality_10y_svm"):
        assert main(["train", name, "--data=none.csv", "--name=new_one"]) == 1
        said = capsys.readouterr().err
        assert f"'{name}' cannot be fine-tuned" in said
        for other in ("blood_cell_type", "breast_ultrasound_lesion", "chest_radiograph_pneumonia", "malaria_cell"):
            assert other in said


def test_a_manifest_that_is_refused_leaves_its_reason_for_whoever_watches(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.manifest(tmp_path, [[f"{i}.png", "free", "p"] for i in range(3)])
    before, progress = left(made / "models"), tmp_path / "progress.jsonl"
    words = [f"--data={tmp_path / 'manifest.csv'}", "--name=refused", f"--progress={progress}"]
    assert main([f"--models={made / 'models'}", "train", own.PARENT, *words]) == 1
    last = lines(progress)[-1]
    assert last["stage"] == "failed"
    message = from_plain(last["message"])
    assert message.id == "manifest.rows_file"
    assert message.text in capsys.readouterr().err
    assert message.say(lambda template: f"<{template}>").startswith("<3 rows name a file"), "in another language too"
    assert left(made / "models") == before


def test_weights_that_were_altered_are_never_fitted_further(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made / "models", tmp_path / "models")
    weights = tmp_path / "models" / own.PARENT / "model.keras"
    weights.write_bytes(weights.read_bytes() + b"x")
    words = [f"--data={made / 'pale/manifest.csv'}", "--name=altered"]
    assert main([f"--models={tmp_path / 'models'}", "train", own.PARENT, *words]) == 1
    assert "are not those its card was measured on" in capsys.readouterr().err
    assert left(tmp_path / "models") == left(made / "models")


# Stopping


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody presses Ctrl+C in the second epoch."""
    seen = tuning._Watch.on_epoch_end

    def press(watch: Any, epoch: int, logs: Any = None) -> None:
        seen(watch, epoch, logs)
        if epoch == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(tuning._Watch, "on_epoch_end", press)
    return


@pytest.mark.usefixtures("interrupted")
def test_a_run_that_is_stopped_while_it_fits_leaves_nothing_behind(made: Path, tmp_path: Path) -> None:
    before = left(made / "models")
    assert train(made, "pale", "stopped", f"--progress={tmp_path / 'progress.jsonl'}") == command.STOPPED
    assert left(made / "models") == before
    last = lines(tmp_path / "progress.jsonl")[-1]
    assert last == {"stage": "stopped", "message": {"id": "train.stopped", "facts": {}}}


def test_a_run_that_fails_while_it_measures_leaves_nothing_behind(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from medai_core.training import finetuning

    def broken(*_given: object) -> None:
        raise RuntimeError("the disc is gone")

    monkeypatch.setattr(finetuning, "tune", lambda *_given: {"before": 1.0})
    monkeypatch.setattr(finetuning, "_measure", broken)
    before = left(made / "models")
    with pytest.raises(RuntimeError):
        train(made, "pale", "broken", f"--progress={tmp_path / 'progress.jsonl'}")
    assert left(made / "models") == before
    assert lines(tmp_path / "progress.jsonl")[-1] == {"stage": "broken"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_process_that_is_asked_to_end_leaves_nothing_behind(made: Path, tmp_path: Path) -> None:
    before, progress = left(made / "models"), tmp_path / "progress.jsonl"
    options = [f"--data={made / 'pale/manifest.csv'}", "--name=asked_to_end", f"--progress={progress}"]
    words = [sys.executable, "-m", "medai_core", f"--models={made / 'models'}", "train", own.PARENT, *options]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _attempt in range(600):
            if progress.exists() and '"reading"' in progress.read_text(encoding="utf-8"):
                break
            time.sleep(0.05)
        assert any(name.startswith(".asked_to_end-") for name in left(made / "models"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == command.STOPPED
    assert left(made / "models") == before
    assert lines(progress)[-1]["stage"] == "stopped"


def test_what_a_killed_run_left_is_removed_by_the_next_and_that_of_a_living_one_is_not(made: Path) -> None:
    from medai_core.commands.making import LOCK, MARK, making
    from medai_core.records.files import taken

    folder = made / "models"
    before = left(folder)
    dead, living = folder / f".dead-1{MARK}", folder / f".living-1{MARK}"
    for path in (dead, living):
        path.mkdir()
        (path / LOCK).touch()
        os.utime(path, (time.time() - 2 * YOUNG_S,) * 2)
    with taken(living / LOCK) as free:
        assert free
        with pytest.raises(KeyError), making(folder, "anything"):
            raise KeyError("whatever happens")
    assert left(folder) == before | {living.name}
    shutil.rmtree(living)


def test_a_catalog_never_sees_a_model_that_is_being_made(made: Path) -> None:
    from medai_core.commands.making import making

    with pytest.raises(KeyError), making(made / "models", "half") as place:
        shutil.copytree(made / "models/paler", place)
        assert "half" not in {card.name for card in find_models(made / "models").cards}
        assert find_models(made / "models").beside(place).card("half").own
        raise KeyError


def test_two_trainings_beside_one_dashboard_are_one_too_many(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from medai_core.records.files import taken

    with taken(command.lock_of(tmp_path / "progress.jsonl")):
        assert train(made, "pale", "second", f"--progress={tmp_path / 'progress.jsonl'}") == 1
    assert "A training is running already" in capsys.readouterr().err
    assert not (tmp_path / "progress.jsonl").exists()
    assert train(made, "pale", "second", f"--progress={tmp_path / 'nowhere/progress.jsonl'}") == 1
    assert "there is no such folder" in capsys.readouterr().err


# The parts


def test_only_the_head_learns_in_the_first_stage_and_statistics_in_none() -> None:
    import keras
    from keras import layers

    image = keras.Input((8, 8, 1))
    inside = keras.Model(image, layers.BatchNormalization()(layers.Conv2D(2, 3, name="inner")(image)))
    outer = keras.Input((8, 8, 1))
    evidence = layers.Conv2D(2, 1, name="evidence")(inside(outer))
    network = keras.Model(outer, {"logits": layers.GlobalAveragePooling2D(name="logits")(evidence)})
    tuning._thaw(network, head=True)
    assert [v.path.split("/")[0] for v in network.trainable_variables] == ["evidence"] * 2
    tuning._thaw(network, head=False)
    assert {v.path.split("/")[-2] for v in network.trainable_variables} == {"inner", "evidence"}


def test_few_images_that_are_told_apart_without_error_still_leave_a_doubt() -> None:
    from medai_core.training.calibration import fit_calibration

    label = np.array([0, 1] * 8)
    logits = np.stack([np.where(label == 0, 40.0, 0.0), np.where(label == 1, 40.0, 0.0)], axis=1)
    cautious, bold = (fit_calibration(logits, label, cautious=flag) for flag in (True, False))
    assert 1 / (1 + np.exp(-40 / cautious.temperature)) == pytest.approx(9 / 10, abs=0.01)
    assert bold.temperature < cautious.temperature


def test_a_message_survives_the_way_through_a_file() -> None:
    rows = (Message("manifest.row", {"row": 2, "found": "a"}), Message("manifest.more_rows", {"count": 3}))
    message = Message("manifest.rows_file", {"count": 4, "rows": rows})
    from medai_core.errors.plain import to_plain

    assert from_plain(json.loads(json.dumps(to_plain(message)))) == message
    with pytest.raises(KeyError):
        from_plain({"id": "no.such", "facts": {}})


def test_the_card_is_plain_toml_that_people_can_read(made: Path) -> None:
    table = tomli.loads((made / "models/paler/card.toml").read_text(encoding="utf-8"))
    assert set(table["parent"]) == {"model", "version", "sha256", "original"}
    assert isinstance(find_models(made / "models"), Catalog)
