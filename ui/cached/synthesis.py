"""What a generator makes, kept for the newest questions: it is nobody's, but the seeds are the reader's own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture
from streamlit.delta_generator import DeltaGenerator

from medai_core.cards import Card
from medai_core.imaging.synthesis import Made, SynthesisModel, Synthetic, as_png, synthesize
from medai_core.imaging.synthesis import between as core_between
from medai_core.imaging.synthesis.blind import Brought, bring
from medai_core.imaging.synthesis.blind import mixed_in as core_mixed_in
from medai_core.imaging.synthesis.drawing import BATCH
from medai_core.records.marking import marks
from ui import kept
from ui.cached import models
from ui.cached.uploads import Upload, named
from ui.language import _

KEPT = 6
"""Of grids that are kept in a session."""


def synthesis_model(card: Card) -> SynthesisModel:
    """The model of a card.

    Raises
    ------
    ModelError : it is absent or altered.
    """
    return models().synthesis_model(card)


def identity(model: SynthesisModel, *parts: object) -> str:
    """A short name for what the model makes when it is asked for ``parts``; another one for other weights."""
    assert model.card.measured is not None
    return named(model.card.name, *sorted(model.card.measured.sha256.values()), *map(str, parts))


def made(model: SynthesisModel, label: str, count: int, seed: int) -> Made:
    """The first images of a seed, with a bar while they are made.

    Raises
    ------
    SynthesisError : they cannot be made as asked.
    """
    id = identity(model, label, count, seed)
    return _kept(id, lambda tell: synthesize(model, label, count, seed, tell))


def mixed_in(model: SynthesisModel, labels: tuple[str, ...], count: int, seed: int) -> tuple[Synthetic, ...]:
    """The synthetic images of a blind test, with a bar while they are made.

    Raises
    ------
    SynthesisError : they cannot be made as asked.
    """
    id = identity(model, "blind", labels, count, seed)
    return _kept(id, lambda tell: Made(core_mixed_in(model, labels, count, seed, tell), 0)).images


def _kept(id: str, make: Callable[[Callable[[float], None]], Made]) -> Made:
    if id not in _made():
        place = st.empty()
        try:
            _made()[id] = make(lambda share: _advance(place, share))
        finally:
            place.empty()
        while len(_made()) > KEPT:
            del _made()[next(iter(_made()))]
    return _made()[id]


def _advance(place: DeltaGenerator, share: float) -> None:
    place.progress(min(share, 1.0), _("Making the images"))


@st.cache_resource(scope="session", show_spinner=False)
def _made() -> dict[str, Made]:
    """The newest ones. A cached function could not show a bar: Streamlit would show it again at each hit."""
    return {}


def between(model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int], shares: Sequence[float]) -> Made:
    """The images on the way between two.

    Raises
    ------
    SynthesisError : they cannot be made as asked.
    """
    return _between(identity(model, labels, seeds, tuple(shares)), model, labels, seeds, tuple(shares))


def there(model: SynthesisModel, labels: tuple[str, str], seeds: tuple[int, int], percent: int) -> Synthetic | None:
    """The image at so many of a hundred steps on the way; None where it is withheld.

    Made with its neighbours, which cost nothing more, so that most moves of a slider find theirs made already.

    Raises
    ------
    SynthesisError : it cannot be made as asked.
    """
    first = percent - percent % BATCH
    steps = range(first, min(first + BATCH, 101))
    found = between(model, labels, seeds, [step / 100 for step in steps]).images
    return next((image for image in found if image.number == percent - first), None)


@st.cache_resource(scope="session", max_entries=40, show_spinner=False)
def _between(
    id: str, _model: SynthesisModel, _labels: tuple[str, str], _seeds: tuple[int, int], _shares: tuple[float, ...]
) -> Made:
    return core_between(_model, _labels[0], _seeds, _shares, _labels[1])


def brought(upload: Upload, size: int, prepared: tuple[int, ...]) -> Brought:
    """A file of the reader as an image of a blind test; for this session only.

    Raises
    ------
    MedAIError : it cannot be.
    """
    return _brought(upload.sha256, upload.name, upload.data, size, prepared)


@st.cache_data(scope="session", max_entries=200, show_spinner=False)
def _brought(sha256: str, name: str, _data: bytes, size: int, prepared: tuple[int, ...]) -> Brought:
    return bring(_data, name, size, prepared)


def marked() -> bool:
    """Whether SYNTHETIC stands in the pixels of what is shown and taken away."""
    return marks(kept.store())


def sources(made: Made, id: str) -> list[str]:
    """Each image as the browser shows it: the very file that can be taken away."""
    return _sources(f"{id}:{marked()}", marked(), made.images)


@st.cache_data(scope="session", max_entries=KEPT, show_spinner=False)
def _sources(id: str, marked: bool, _images: tuple[Synthetic, ...]) -> list[str]:
    return [address(as_png(image, marked=marked)) for image in _images]


def address(png: bytes) -> str:
    """A PNG as an address that holds all of it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def bare(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels as PNG with nothing else in the file: how a blind test shows both kinds."""
    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
