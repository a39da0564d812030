"""What a model that makes synthetic scans says of itself in its card, and what its recipe measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SynthesisSpec:
    """What is made, and by what it is judged.

    Attributes
    ----------
    classifier : the model that reads such scans, whose findings the labels are and in whose embedding the distances
        of the card are.
    size : rows and columns of an image.
    latent : numbers in a latent point, each from a standard normal distribution.
    outlined : whether each image comes with the outline of what is in it, named by ``outline_of``.
    develop : the set of images that it learnt from, below the data folder.
    modality, body_part : of the files that are written, in DICOM's words.
    """

    classifier: str
    size: int
    latent: int
    develop: str
    modality: str
    body_part: str
    outlined: bool = False
    outline_of: str = ""


@dataclass(frozen=True)
class Guard:
    """When an image lies too near to one that the generator learnt from, and is not shown.

    Attributes
    ----------
    nearest_min : the least distance in the projected embedding between an image that is shown and the nearest
        training image: the ``quantile`` of the distances of held-out images to their nearest training image.
    n : held-out images that it was found from; withheld : the share of made images that lay nearer.
    """

    nearest_min: float
    quantile: float
    n: int
    withheld: float
