"""What a model that looks at images is given, and how it is prepared."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "chest_radiograph",
    "brain_mri",
    "chest_ct_slice",
    "ct_nodule",
    "breast_ultrasound",
    "blood_smear",
    "malaria_smear",
    "fluorescence_microscopy",
    "stained_tissue",
    "other",
)
"""The kinds of image that the router tells apart."""


@dataclass(frozen=True)
class RegionSpec:
    """How the region is found that a network is shown enlarged.

    Attributes
    ----------
    model : the segmentation model that finds it.
    evident : the greatest probability below which nothing stands out, and a reading refuses; less than that model
        asks for itself, since somebody has affirmed that there is something.
    margin : side of the crop as a multiple of the longer side of the region's box.
    slice_size : rows and columns of the small whole slice that is shown beside the crop.
    """

    model: str
    evident: float
    margin: float
    slice_size: int


@dataclass(frozen=True)
class InputSpec:
    """What a network is given and how it is prepared, as data.

    Attributes
    ----------
    size : (rows, columns) of the network's input.
    channels : 1 (grey) or 3 (colour; a grey image is repeated).
    kinds : the kinds of image it is for; none for the router, which takes any.
    modalities : DICOM modality codes that fit; a header with another one refuses.
    prepared_size : the (rows, columns) the training images had been squashed to; larger images take
        the same two steps. Empty: one step.
    region : for a network that looks at a region of the image beside the whole.
    unit : what several images are read together as (the slices of a "nodule"), which is also the manifest's
        column that tells them apart. Empty: each image is read alone.
    """

    size: tuple[int, ...]
    channels: int
    kinds: tuple[str, ...] = ()
    region: RegionSpec | None = None
    modalities: tuple[str, ...] = ()
    prepared_size: tuple[int, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class OutlineSpec:
    """What a segmentation model outlines, and how it looks at a scan.

    Attributes
    ----------
    many : False for one region a scan (the card's first finding), True for one label an object.
    tiled : the scan is looked at in its own resolution, in tiles of the network's size; else squashed to it.
    """

    many: bool = False
    tiled: bool = False
