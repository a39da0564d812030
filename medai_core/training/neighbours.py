"""The neighbourhoods of a model's training images, and how well they tell what an image is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Measure, read_card
from medai_core.imaging.similarity import divided, write_neighbourhoods
from medai_core.training import recipes, reporting

FILE = "neighbourhoods.npz"
Ints = NDArray[np.int64]


def add_neighbourhoods(
    folder: Path,
    embedding: NDArray[np.floating],
    label: Ints,
    group: Sequence[str],
    held: Ints,
    unseen: NDArray[np.floating] | None = None,
) -> None:
    """Write the neighbourhoods beside a trained model, and into its card their hash and what they are worth.

    Parameters
    ----------
    embedding, label, group : of all training images, (n, dimensions), (n,) and (n,).
    held : the rows that the network was not fitted on, which the worth is measured on.
    unseen : the embedding of all rows by a network that was not fitted on ``held``, where the one that serves was.
    """
    card = read_card(folder)
    assert card.measured is not None
    names, member = [finding.name for finding in card.findings], np.unique(group, return_inverse=True)[1]
    write_neighbourhoods(divided(embedding, label, member, len(names)), folder / FILE)
    worth = _worth(embedding if unseen is None else unseen, label, group, held, len(names))
    kept = [m for m in card.measured.performance if m.measure not in {w.measure for w in worth}]
    recipes.write_hashes(replace(card.measured, performance=(*kept, *worth)), folder)
    recipes.say(f"neighbourhoods: {worth[0].value:.3f} of similar images have the image's own label")


def _worth(
    embedding: NDArray[np.floating], label: Ints, group: Sequence[str], held: Ints, classes: int
) -> tuple[Measure, ...]:
    """The share of an unseen image's neighbourhood that has its label, beside the label's share of all images."""
    fitted = np.setdiff1d(np.arange(len(label)), held)
    member = np.unique(group, return_inverse=True)[1]
    known = divided(embedding[fitted], label[fitted], member[fitted], classes)
    names, everywhere = tuple(map(str, range(classes))), np.bincount(label[fitted], minlength=classes) / len(fitted)
    near = [known.nearest(embedding[i], names) for i in held]
    shares = [found.counts[str(label[i])] / found.n for found, i in zip(near, held, strict=True)]
    groups = [str(group[i]) for i in held]
    return (
        reporting.share("similar_share", shares, groups, "validation"),
        reporting.share("share_of_all", [float(everywhere[label[i]]) for i in held], groups, "validation"),
    )
