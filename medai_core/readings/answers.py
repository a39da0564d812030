"""What a model answers to bytes, as a reading would: for evaluation and for recipes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from medai_core.cards import Card
from medai_core.catalog import WEIGHTS, Catalog
from medai_core.errors import Message, ModelError
from medai_core.imaging.applicability import Kind, header_refusal, kind_refusal, likeness_refusal, recognise
from medai_core.imaging.classification import Finder
from medai_core.imaging.images import Image, read_image
from medai_core.imaging.segmentation import Outliner, Segmentation, find_region, segment
from medai_core.imaging.slices import Slice, look, slices_of_files
from medai_core.metrics import Floats
from medai_core.runtime import Network

if TYPE_CHECKING:
    # Only a type: pandas, which evaluation needs, takes longer to import than a scan to read.
    from medai_core.evaluation import Answer


def kind_of(models: Catalog, chosen: str | None, image: Image) -> Kind:
    """What the router takes the image for, or what the reader has chosen."""
    kind = recognise(image.display, models.router, models.network(models.router))
    p = kind.probabilities
    return Kind(chosen, p.get(chosen, 0.0), p, overruled=True) if chosen else kind


def finder(card: Card, models: Catalog) -> Finder | None:
    """What finds the region for a model that is shown one; None for others.

    Raises
    ------
    ModelError : the model that finds it is absent, or is not the one that this one was measured with.
    """
    if card.input.region is None:
        return None
    by = models.card(card.input.region.model)
    network = models.network(by)
    if card.measured is None or by.measured is None or by.measured.sha256[WEIGHTS] != card.measured.region_sha256:
        raise ModelError("model.other_finder", name=card.name, finder=by.name)
    return partial(find_region, by, network, card.input.region.evident)


def nothing_outlined(found: Segmentation) -> Message | None:
    """Why there is no outline; None where there is one."""
    return None if found.evident else Message("refusal.nothing_outlined")


def answerer(card: Card, models: Catalog) -> Answer:
    """What ``evaluation.predict`` asks of each file, or of the files that are read together.

    It gives the probabilities, and whether a reading is refused. A manifest's labels affirm the precondition.
    """
    if card.task == "applicability":
        return partial(_kind_answer, card, models.network(card))
    return partial(_answer, card, models)


def _kind_answer(card: Card, network: Network, data: bytes) -> tuple[Floats, bool]:
    return np.array(list(recognise(read_image(data).display, card, network).probabilities.values())), False


def _answer(card: Card, models: Catalog, *files: bytes) -> tuple[Floats, bool]:
    named = ((str(number), data) for number, data in enumerate(files, start=1))
    slices = slices_of_files(named) if card.input.unit else tuple(Slice(n, read_image(data)) for n, data in named)
    found = look(card, partial(models.network, card), slices, partial(kind_of, models, None), finder(card, models))
    return found.answer.whole.probabilities, found.refusal is not None


def outliner(card: Card, models: Catalog) -> Outliner:
    """What ``evaluation.outlines`` asks of each file: the segmentation, and whether a reading is refused."""
    return partial(_outline_answer, card, models)


def _outline_answer(card: Card, models: Catalog, data: bytes) -> tuple[Segmentation, bool]:
    image = read_image(data)
    kind = kind_of(models, None, image)
    found = segment(card, models.network(card), image.display)
    refusal = (
        kind_refusal(card, kind)
        or header_refusal(card, image)
        or likeness_refusal(card, image.display, found.embedding)
        or nothing_outlined(found)
    )
    return found, refusal is not None
