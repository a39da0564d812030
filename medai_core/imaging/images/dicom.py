"""DICOM files: modality LUT, VOI LUT or window, and only then the MONOCHROME1 inversion."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medai_core.errors import ImageError
from medai_core.imaging.images import dicom_header as header
from medai_core.imaging.images.dicom_frame import Element, decoded, measure, pixel_options, read_header, transfer_syntax
from medai_core.imaging.images.dicom_lookup import little_endian, palette, table
from medai_core.imaging.images.dicom_objects import refuse_other_objects, without_pixels
from medai_core.imaging.images.display import finite, natural_window, windowed
from medai_core.imaging.images.image import Header, Image, Opened
from medai_core.imaging.images.source import Source

_Shown = tuple[NDArray[np.uint8], tuple[float, float] | None]


def open_dicom(source: Source) -> Opened:
    """A file whose header was read; of a frame that is asked for, no other is decoded."""
    ds, element, cut = read_header(source)
    sop_class = header.text(ds, "SOPClassUID") or _media_class(ds)
    refuse_other_objects(sop_class)
    if element is None:
        raise (ImageError("image.cut", format="DICOM") if cut else without_pixels(sop_class))
    transfer_syntax(ds, element)
    options = pixel_options(ds, element)
    source.admit(options["rows"], options["columns"])
    measure(ds, element, options)
    facts = {"sha256": source.sha256, "frames": options["number_of_frames"]}
    return Opened(
        options["number_of_frames"],
        partial(_read, ds, element, options, facts),
        partial(_header, ds, options),
        lambda frame: _values(ds, element, options, frame)[1],
    )


def _header(ds: Dataset, options: dict[str, Any], frame: int) -> Header:
    number = header.numbers(ds, "InstanceNumber")
    return Header(
        options["rows"],
        options["columns"],
        spacing_mm=header.spacing_mm(ds, frame),
        slice_mm=header.slice_mm(ds, frame),
        place=header.place(ds, frame),
        modality=header.upper(ds, "Modality"),
        patient=header.patient(ds),
        uids=header.uids(ds),
        number=int(number[0]) if number else None,
        acquired=header.acquired(ds),
        phase=(header.text(ds, "EchoNumbers"), header.text(ds, "TemporalPositionIdentifier")),
        unit=header.unit(ds, frame),
        synthetic=header.synthetic(ds),
    )


def _read(ds: Dataset, element: Element, options: dict[str, Any], whole: dict[str, Any], frame: int) -> Image:
    facts = _facts(ds, frame) | whole | {"frame": frame}
    values, pixels = _values(ds, element, options, frame)
    if pixels.ndim == 3:
        return Image(pixels=pixels, display=pixels, **facts)
    inverted = options["photometric_interpretation"] == "MONOCHROME1"
    display, window = _shown(ds, frame, values, pixels, options, facts["modality"])
    return Image(
        pixels=pixels, display=255 - display if inverted else display, window=window, inverted=inverted, **facts
    )


def _values(ds: Dataset, element: Element, options: dict[str, Any], frame: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """In the modality's unit, as they come out of its rule and as finite float32; colours twice the same."""
    stored, described = decoded(ds, element, options, frame)
    if stored.ndim == 3:
        shown = _eight_bits(stored, described)
        return shown, shown
    if options["photometric_interpretation"] == "PALETTE COLOR":
        shown = palette(ds, stored, little_endian(ds))
        return shown, shown
    values = _modality_values(ds, frame, stored, options)
    return values, finite(values)


def _facts(ds: Dataset, frame: int) -> dict[str, Any]:
    return {
        "format": "DICOM",
        "spacing_mm": header.spacing_mm(ds, frame),
        "slice_mm": header.slice_mm(ds, frame),
        "place": header.place(ds, frame),
        "modality": header.upper(ds, "Modality"),
        "body_part": header.upper(ds, "BodyPartExamined"),
        "view": header.upper(ds, "ViewPosition"),
        "acquired": header.acquired(ds),
        "patient": header.patient(ds),
        "uids": header.uids(ds),
        "synthetic": header.synthetic(ds),
    }


def _media_class(ds: Dataset) -> str | None:
    """A DICOMDIR names its class in the meta information alone."""
    return header.text(getattr(ds, "file_meta", Dataset()), "MediaStorageSOPClassUID")


def _eight_bits(colours: NDArray[Any], described: dict[str, Any]) -> NDArray[np.uint8]:
    """The highest eight of the bits that a colour's channels are stored in."""
    shift = max(0, int(described["bits_stored"]) - 8) if colours.dtype.itemsize > 1 else 0
    return np.ascontiguousarray((colours >> shift).astype(np.uint8))


def _modality_values(ds: Dataset, frame: int, stored: NDArray[Any], options: dict[str, Any]) -> NDArray[Any]:
    """The stored values in the modality's unit (PS3.3, C.11.1); as they are where the header has no rule."""
    item = header.first(ds, "ModalityLUTSequence")
    if item is not None and "LUTData" in item:
        return table(item, little_endian(ds), options.get("pixel_representation") == 1).mapped(stored)
    place = header.macro(ds, frame, "PixelValueTransformationSequence")
    slope, intercept = (header.numbers(place, "RescaleSlope"), header.numbers(place, "RescaleIntercept"))
    if not slope or not intercept or (slope[0], intercept[0]) == (1.0, 0.0):
        return stored
    # Single precision holds 24 bits exactly, which all stored values but those of a dose grid fit into.
    scaled: NDArray[Any] = stored.astype(np.float64 if stored.dtype.itemsize > 2 else np.float32)
    scaled *= slope[0]
    scaled += intercept[0]
    return scaled


def _shown(
    ds: Dataset,
    frame: int,
    values: NDArray[Any],
    pixels: NDArray[np.float32],
    options: dict[str, Any],
    modality: str | None,
) -> _Shown:
    """The grey levels before any inversion, and the window they were made with."""
    place = header.macro(ds, frame, "FrameVOILUTSequence")
    item = header.first(ds, "VOILUTSequence")
    if item is not None and "LUTData" in item:
        signed = options.get("pixel_representation") == 1 or bool(values.min() < 0)
        return table(item, little_endian(ds), signed).grey(values), None
    centre, width = (header.numbers(place, "WindowCenter"), header.numbers(place, "WindowWidth"))
    if not centre or not width or width[0] <= 0:
        window = natural_window(pixels, modality)
        return windowed(pixels, *window), window
    function = header.upper(place, "VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return _sigmoid(pixels, centre[0], width[0]), (centre[0], width[0])
    # LINEAR is not defined for a width below 1: those who write one mean LINEAR_EXACT, which is
    # LINEAR with both half a unit and a unit more.
    exact = function == "LINEAR_EXACT" or width[0] < 1
    window = (centre[0] + 0.5, width[0] + 1) if exact else (centre[0], width[0])
    return windowed(pixels, *window), window


def _sigmoid(pixels: NDArray[np.float32], centre: float, width: float) -> NDArray[np.uint8]:
    """DICOM's SIGMOID function (PS3.3, C.11.2.1.3.1)."""
    grey = 255 / (1 + np.exp(-4 * (pixels.astype(np.float64) - centre) / width))
    return np.rint(grey).astype(np.uint8)
