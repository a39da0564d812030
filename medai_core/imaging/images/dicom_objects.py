"""DICOM objects that are no scan, and the sentence for each."""

from __future__ import annotations

from pydicom.uid import UID

from medai_core.errors import ImageError

_ROOT = "1.2.840.10008.5.1.4.1.1."
# By the beginning of the SOP class (PS3.4, B.5); 11.1 and 11.10 are both presentation states.
_NO_SCANS = {
    _ROOT + "481.3": "image.structure_set",
    _ROOT + "481.5": "image.plan",
    _ROOT + "481.8": "image.plan",
    _ROOT + "66.4": "image.segmentation",
    _ROOT + "66.5": "image.segmentation",
    _ROOT + "66.7": "image.segmentation",
    _ROOT + "88.": "image.report",
    _ROOT + "9.": "image.waveform",
    _ROOT + "11.": "image.presentation",
    _ROOT + "104.": "image.document",
    "1.2.840.10008.1.3.10": "image.directory",
}


def refuse_other_objects(sop_class: str | None) -> None:
    """Raise the sentence for an object that is no scan, even where it has pixels (a mask)."""
    for beginning, id in _NO_SCANS.items():
        if sop_class and (sop_class == beginning or (beginning[-1] == "." and sop_class.startswith(beginning))):
            raise ImageError(id)


def without_pixels(sop_class: str | None) -> ImageError:
    """The sentence for an object in which no pixels were found."""
    name = UID(sop_class).name if sop_class else ""
    if not name or name == sop_class:
        return ImageError("image.no_pixels")
    return ImageError("image.object", kind=name.removesuffix(" Storage"))
