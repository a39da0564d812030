"""What a Keras 3 file says it is made of, looked at before anything is built from it.

Keras itself loads no code in safe mode, but a layer may still read a file or run another format's graph when it is
built. So each part must be one that is known here: layers that only compute, and their initialisers.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medai_core.errors import ModelError

MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
MOST_BYTES = 2**30
"""Of the file, and of what it unpacks to."""
MOST_CONFIG_BYTES = 2**24
MOST_UNITS = 2**16
"""Of any number in a layer's description: filters, units, sides."""

# fmt: off
LAYERS = {
    "InputLayer", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Dense", "EinsumDense",
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "Activation", "ReLU",
    "LeakyReLU", "PReLU", "ELU", "Softmax", "Identity", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "Flatten", "Reshape", "Permute", "RepeatVector", "Dropout", "SpatialDropout2D",
    "GaussianNoise", "GaussianDropout", "AlphaDropout", "Rescaling", "Normalization", "Resizing", "CenterCrop",
    "ZeroPadding2D", "Cropping2D", "UpSampling2D", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
    "Concatenate", "Dot", "MultiHeadAttention", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
    "RandomContrast", "RandomBrightness", "RandomCrop",
}
# fmt: on
"""Layers that compute and do nothing else."""
CONTAINERS = {"Functional", "Sequential", "Model"}
VALUES = {"__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tuple__", "__tensor__", "slice"}
MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints", "keras.src.ops.", "keras.activations")
"""Where parts that are no layers come from."""


def check_file(path: Path) -> None:
    """See that a file is a Keras 3 model of parts that only compute.

    Raises
    ------
    ModelError : it is another format, larger than is read, or made of something else; the part is named.
    """
    if path.suffix != ".keras":
        raise ModelError("add.format", file=path.name)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError("add.too_large", file=path.name, limit_mb=MOST_BYTES // 2**20)
        with zipfile.ZipFile(path) as packed:
            config = _config(packed, path.name)
    except (OSError, ValueError, zipfile.BadZipFile, RecursionError, NotImplementedError, RuntimeError) as error:
        raise ModelError("add.format", file=path.name) from error
    for part in _parts({k: v for k, v in config.items() if k not in ("compile_config", "build_config")}):
        if not _known(part):
            raise ModelError("add.part", part=str(part.get("class_name"))[:80])
        if any(_too_many(value) for value in _own_values(part)):
            raise ModelError("add.units", part=str(part.get("class_name"))[:80], most=MOST_UNITS)


def _config(packed: zipfile.ZipFile, name: str) -> dict[str, Any]:
    members = {info.filename: info.file_size for info in packed.infolist() if not info.is_dir()}
    if sorted(members) != sorted(MEMBERS) or len(members) < len([x for x in packed.infolist() if not x.is_dir()]):
        raise ModelError("add.format", file=name)
    if sum(members.values()) > MOST_BYTES or members["config.json"] > MOST_CONFIG_BYTES:
        raise ModelError("add.too_large", file=name, limit_mb=MOST_BYTES // 2**20)
    config = json.loads(packed.read("config.json"))
    if not isinstance(config, dict):
        raise ModelError("add.format", file=name)
    return config


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every description of an object in a configuration."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _known(part: dict[str, Any]) -> bool:
    name, module = part.get("class_name"), part.get("module") or ""
    if not isinstance(name, str) or not isinstance(module, str):
        return False
    if module in ("keras.layers", "keras") or module.startswith("keras.src.models."):
        return name in LAYERS or name in CONTAINERS or name == "DTypePolicy"
    if not module:
        return name in VALUES
    if module == "builtins":
        return name in VALUES or (name == "function" and part.get("registered_name") == "function")
    return module.startswith(MODULES)


def _own_values(part: dict[str, Any]) -> Iterator[Any]:
    """The plain values of a part's own description, and of the lists in it; a seed may be any number."""
    config = part.get("config")
    for name, value in config.items() if isinstance(config, dict) else ():
        if name != "seed":
            yield from value if isinstance(value, list) else (value,)


def _too_many(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > MOST_UNITS
