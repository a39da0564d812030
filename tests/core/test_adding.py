"""A network from elsewhere: looked through before it is built, made a model, and said what was not checked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli
import tomli_w
from PIL import Image as Picture

from medai_core.__main__ import main
from medai_core.cards import Card, parse, read_card
from medai_core.catalog import find_models
from medai_core.metrics import softmax
from medai_core.readings import read_scan
from medai_core.runtime import Network
from tests import own_models as own


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with the router, drawn cells with a manifest, and a card."""
    desk = tmp_path_factory.mktemp("desk")
    own.models_with_router(desk / "models")
    own.images(desk / "cells")
    (desk / "card.toml").write_text(tomli_w.dumps(own.card_table()), encoding="utf-8")
    saved(desk / "plain.keras", plain())
    return desk


def plain(end: str = "softmax", *, pooled: bool = True, outputs: int = 2) -> Any:
    """A network that sees how much of a cell is brighter than 0.7, which is what a spot is; nothing is fitted."""
    import keras
    from keras import layers

    middle = [layers.GlobalAveragePooling2D()] if pooled else [layers.AveragePooling2D(8), layers.Flatten()]
    network = keras.Sequential(
        [
            keras.Input((own.SIDE, own.SIDE, 1)),
            layers.Conv2D(6, 3, padding="same", activation="relu"),
            *middle,
            layers.Dropout(0.2),
            layers.Dense(outputs, activation=end),
        ]
    )
    kernel = np.zeros((3, 3, 1, 6), np.float32)
    kernel[1, 1, 0] = np.linspace(1, 2, 6)
    features = network.layers[-1].get_weights()[0].shape[0]
    dense = np.zeros((features, outputs), np.float32)
    dense[:, -1] = 240 / features
    bias = np.zeros(outputs, np.float32)
    bias[-1] = -1.0
    network.layers[0].set_weights([kernel, np.linspace(-0.7, -1.4, 6).astype(np.float32)])
    network.layers[-1].set_weights([dense, bias])
    return network


def saved(path: Path, network: Any) -> Path:
    network.save(path)
    return path


def add(desk: Path, weights: Path, name: str, *more: str, card: Path | None = None) -> int:
    words = ["add-model", str(card or desk / "card.toml"), str(weights), "--name", name, *more]
    return main([f"--models={desk / 'models'}", *words])


def measured_on(desk: Path) -> str:
    return f"--manifest={desk / 'cells/manifest.csv'}"


@pytest.fixture(scope="module")
def added(desk: Path) -> Path:
    """The folder of the plain network as a model, measured."""
    assert add(desk, desk / "plain.keras", "measured_plain", measured_on(desk)) == 0
    return desk / "models/measured_plain"


def test_a_plain_softmax_network_becomes_a_model_with_measures_and_is_not_in_use(added: Path) -> None:
    card = read_card(added)
    assert card.measured is not None
    found = {m.measure: m for m in card.measured.performance}
    assert found["auc"].value > 0.95
    assert (found["auc"].n, found["auc"].groups) == (80, 20)
    assert card.measured.provenance.data.startswith("measured on: train 0 of 0 groups")
    assert card.measured.milliseconds is not None
    assert "CARD.toml WEIGHTS.keras --manifest MANIFEST.csv" in card.measured.provenance.command
    models = find_models(added.parent)
    assert card.added
    assert not models.answers(card)
    assert models.trained("classification") == ()


def test_its_probabilities_are_those_of_the_network_that_came(desk: Path, added: Path) -> None:
    image = np.asarray(Picture.open(desk / "cells/images/005.png"), np.float32)[None, ..., None] / 255
    served = Network(added / "model.tflite")(image=image)
    assert softmax(served["logits"]) == pytest.approx(np.asarray(plain()(image)), abs=1e-5)


def test_its_evidence_is_the_exact_account_of_its_logits_and_lies_on_the_spot(desk: Path, added: Path) -> None:
    image = np.asarray(Picture.open(desk / "cells/images/005.png"), np.float32)[None, ..., None] / 255
    served = Network(added / "model.tflite")(image=image)
    assert served["evidence"].shape == (1, own.SIDE, own.SIDE, 2)
    assert served["evidence"].mean(axis=(1, 2)) == pytest.approx(served["logits"], abs=1e-4)
    spot = image[0, ..., 0] > 0.7
    assert spot.any()
    assert served["evidence"][0, ..., 1][spot].min() > served["evidence"][0, ..., 1][~spot].max()


def test_what_could_not_be_checked_is_said_and_stands_in_the_card(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(desk, desk / "plain.keras", "said_plain") == 0
    said = capsys.readouterr().out
    card = read_card(desk / "models/said_plain")
    assert len(card.unchecked) == 7
    for sentence in card.unchecked:
        assert sentence in said
    assert "one image takes" in said
    assert "It was not measured, so it is not asked" in said


def test_without_a_manifest_it_cannot_be_asked_or_switched_to_until_it_is_measured(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(desk, desk / "plain.keras", "later") == 0
    scan = str(desk / "cells/images/005.png")
    assert main([f"--models={desk / 'models'}", "read", scan, "--model", "later", "--kind", "malaria_smear"]) == 1
    assert main([f"--models={desk / 'models'}", "switch", "later", "--seen"]) == 1
    assert "was not measured" in capsys.readouterr().err
    assert add(desk, desk / "plain.keras", "later", measured_on(desk)) == 0
    assert read_card(desk / "models/later").trained
    assert add(desk, desk / "plain.keras", "later") == 1, "a measured one is not replaced"
    assert not [path for path in (desk / "models").iterdir() if path.name.startswith(".")]


def test_a_model_that_is_asked_by_its_name_reads_a_scan(desk: Path, added: Path) -> None:
    data = (desk / "cells/images/005.png").read_bytes()
    models = find_models(desk / "models")
    reading = read_scan(data, "5.png", models, model="measured_plain", kind="malaria_smear")[0]
    assert reading.refusal is None
    assert {f.name: f.in_set for f in reading.findings} == {"free": False, "spotted": True}


@pytest.mark.parametrize(
    ("make", "lacks"),
    [
        (lambda: plain("sigmoid", outputs=1), 0),
        (lambda: plain("linear"), 0),
        (lambda: plain(pooled=False), 1),
        (lambda: any_size(), 0),
        (lambda: ends_in_a_layer_of_its_own(), 0),
        (lambda: ends_in_a_sum(), 2),
    ],
    ids=["one sigmoid", "logits", "flattened", "any size", "softmax apart", "a sum of two"],
)
def test_other_ways_to_end_give_the_same_answers_or_say_what_they_lack(
    desk: Path, make: Callable[[], Any], lacks: int, tmp_path: Path
) -> None:
    from medai_core.training.foreign_networks import read_foreign
    from medai_core.training.keras_files import check_file

    network = make()
    path = saved(tmp_path / "network.keras", network)
    check_file(path)
    found = read_foreign(path, parse(Card, own.card_table() | {"name": "x"}, "card"))
    image = np.asarray(Picture.open(desk / "cells/images/005.png"), np.float32)[None, ..., None] / 255
    answered = {name: np.asarray(value) for name, value in found.network(image).items()}
    came, p = np.asarray(network(image)), softmax(answered["logits"])
    if came.shape[1] == 1:
        came = np.concatenate([1 - came, came], axis=1)
    elif came.min() < 0 or not np.allclose(came.sum(axis=1), 1):
        came = softmax(came)
    assert p == pytest.approx(came, abs=1e-4)
    assert answered["evidence"].mean(axis=(1, 2)) == pytest.approx(answered["logits"], abs=1e-4)
    assert len(found.lacks) == lacks
    assert answered["features"].ndim == 2


def any_size() -> Any:
    import keras
    from keras import layers

    image = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


def ends_in_a_layer_of_its_own() -> Any:
    import keras
    from keras import layers

    inside = plain("linear")
    return keras.Model(inside.inputs[0], layers.Softmax()(inside.outputs[0]))


def ends_in_a_sum() -> Any:
    import keras
    from keras import layers

    image = keras.Input((own.SIDE, own.SIDE, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
    return keras.Model(image, layers.Add()([layers.Dense(2)(x), layers.Dense(2)(x)]))


# What is not taken


def refused(desk: Path, path: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> str:
    """What is said of a file that is not taken, of which nothing stays."""
    before = {p.name for p in (desk / "models").iterdir()}
    assert add(desk, path, "never", **more) == 1
    assert {p.name for p in (desk / "models").iterdir()} == before
    return capsys.readouterr().err


def repacked(desk: Path, path: Path, change: Callable[[dict[str, Any]], None], **members: bytes) -> Path:
    """The plain network's file with another description of itself, and more members."""
    with zipfile.ZipFile(desk / "plain.keras") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            target.writestr(name, data)
        for name, data in members.items():
            target.writestr(name, data)
    return path


def layer(config: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = config["config"]["layers"][number]
    return found


def no_change(_config: dict[str, Any]) -> None:
    return


def test_a_lambda_is_refused_and_named_before_anything_is_built(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras
    from keras import layers

    network = keras.Sequential([keras.Input((32, 32, 1)), layers.Lambda(lambda x: x * 2), layers.Flatten()])
    assert "made with 'Lambda'" in refused(desk, saved(tmp_path / "lambda.keras", network), capsys)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"class_name": "StringLookup", "module": "keras.layers"}, "'StringLookup'"),  # reads a file when it is built
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "'TFSMLayer'"),  # runs another format's graph
        ({"class_name": "Mine", "module": "my.package", "registered_name": "Custom>Mine"}, "'Mine'"),
        ({"class_name": "run", "module": "subprocess", "registered_name": "run"}, "'run'"),
        ({"class_name": "system", "module": "os"}, "'system'"),
        ({"class_name": "enable_unsafe_deserialization", "module": "keras.config"}, "'enable_unsafe"),
        ({"class_name": "get_file", "module": "keras.utils"}, "'get_file'"),
        ({"class_name": "__lambda__", "module": "builtins"}, "'__lambda__'"),
        ({"class_name": ["Dense"], "module": "keras.layers"}, "none of the layers"),
    ],
    ids=lambda value: str(value.get("class_name")) if isinstance(value, dict) else "",
)
def test_what_could_do_more_than_compute_is_refused_by_its_name(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: dict[str, Any], said: str
) -> None:
    path = repacked(desk, tmp_path / "changed.keras", lambda config: layer(config, 1).update(part))
    assert said in refused(desk, path, capsys)
    inner = part | {"config": {}}
    path = repacked(desk, tmp_path / "nested.keras", lambda c: layer(c, 1)["config"].update(activation=inner))
    assert said in refused(desk, path, capsys)


def test_sizes_that_no_machine_holds_are_refused_before_they_are_built(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repacked(desk, tmp_path / "huge.keras", lambda config: layer(config, 1)["config"].update(filters=10**9))
    assert "size above 65536" in refused(desk, path, capsys)


def test_other_formats_and_damaged_files_are_refused(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (desk / "plain.keras").read_bytes()
    files = {
        "model.h5": content,
        "empty.keras": b"",
        "hdf5.keras": b"\x89HDF\r\n\x1a\n" + bytes(200),
        "cut.keras": content[: len(content) // 2],
        "text.keras": b"not a network",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert "is no Keras 3 file" in refused(desk, tmp_path / name, capsys), name
    assert "is no Keras 3 file" in refused(desk, tmp_path / "absent.keras", capsys)
    for number, more in enumerate(({"../../evil.py": b"x"}, {"assets/vocabulary.txt": b"x"})):
        path = repacked(desk, tmp_path / f"more{number}.keras", no_change, **more)
        assert "is no Keras 3 file" in refused(desk, path, capsys), more


def test_a_file_that_unpacks_to_more_than_is_read_is_refused_without_unpacking_it(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("metadata.json", "{}")
        target.writestr("model.weights.h5", b"")
        target.writestr("config.json", bytes(2**24 + 1))
    assert path.stat().st_size < 2**16
    assert "packed or unpacked" in refused(desk, path, capsys)


def test_a_network_that_does_not_fit_its_card_is_refused_with_both(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = own.card_table()
    for change, said in (
        ({"input": {"kinds": ["malaria_smear"], "size": [64, 64], "channels": 1}}, "32 x 32 x 1 (rows x columns"),
        ({"input": {"kinds": ["malaria_smear"], "size": [32, 32], "channels": 3}}, "its card says 32 x 32 x 3"),
        ({"findings": [{"name": n, "title": n} for n in "abc"]}, "returns 2 values and its card names 3"),
    ):
        (tmp_path / "card.toml").write_text(tomli_w.dumps(table | change), encoding="utf-8")
        assert said in refused(desk, desk / "plain.keras", capsys, card=tmp_path / "card.toml")


def test_a_network_without_sense_is_refused(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value, said in ((np.nan, "no number"), (0.0, "answers the same to every image")):
        network = plain()
        network.layers[-1].set_weights([np.full_like(w, value) for w in network.layers[-1].get_weights()])
        assert said in refused(desk, saved(tmp_path / "senseless.keras", network), capsys)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "risk"}, "are added"),
        ({"task": "surgery"}, "are added"),
        ({"input": {"size": [32, 32], "channels": 1}}, "kinds of image -"),
        ({"input": {"kinds": ["x_ray"], "size": [32, 32], "channels": 1}}, "kinds of image x_ray"),
        ({"input": {"kinds": ["malaria_smear"], "size": [32], "channels": 1}}, "Give rows and columns"),
        ({"input": {"kinds": ["malaria_smear"], "size": [10**6, 10**6], "channels": 1}}, "Give rows and columns"),
        ({"findings": [{"name": "a", "title": "A"}] * 2}, "each once"),
        ({"findngs": []}, "unknown field 'findngs'"),
    ],
)
def test_a_card_that_does_not_say_what_is_needed_is_refused(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], said: str
) -> None:
    (tmp_path / "card.toml").write_text(tomli_w.dumps(own.card_table() | change), encoding="utf-8")
    assert said in refused(desk, desk / "plain.keras", capsys, card=tmp_path / "card.toml")


def test_a_card_that_is_none_is_refused(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "card.toml").write_bytes(b"")
    assert "has no field" in refused(desk, desk / "plain.keras", capsys, card=tmp_path / "card.toml")
    assert "cannot be read" in refused(desk, desk / "plain.keras", capsys, card=tmp_path / "absent.toml")
    (tmp_path / "card.toml").write_bytes(b"#" * (2**20 + 1))
    assert "is not read" in refused(desk, desk / "plain.keras", capsys, card=tmp_path / "card.toml")


def test_a_card_cannot_make_a_stranger_one_of_the_house(desk: Path, tmp_path: Path) -> None:
    parent = {"model": "malaria_cell", "version": "1", "sha256": "0", "original": "malaria_cell"}
    table = own.card_table() | {"added": False, "parent": parent, "unchecked": ["all is well"]}
    (tmp_path / "card.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    assert add(desk, desk / "plain.keras", "a_stranger", card=tmp_path / "card.toml") == 0
    found = tomli.loads((desk / "models/a_stranger/card.toml").read_text(encoding="utf-8"))
    assert found["added"] is True
    assert "parent" not in found
    assert "all is well" not in found["unchecked"]


def test_a_manifest_that_is_refused_leaves_no_folder(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.manifest(tmp_path, [["none.png", "free", "1"]])
    before = {p.name for p in (desk / "models").iterdir()}
    assert add(desk, desk / "plain.keras", "never", f"--manifest={tmp_path / 'manifest.csv'}") == 1
    assert "row 2: none.png" in capsys.readouterr().err
    assert {p.name for p in (desk / "models").iterdir()} == before


def test_the_name_is_the_cards_where_none_is_given(desk: Path, tmp_path: Path) -> None:
    card = tmp_path / "from_the_card.toml"
    card.write_text(tomli_w.dumps(own.card_table()), encoding="utf-8")
    words = ["add-model", str(card), str(desk / "plain.keras"), f"--out={tmp_path / 'out'}"]
    assert main([f"--models={desk / 'models'}", *words]) == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["from_the_card"]
