"""The region of a reading as a DICOM Segmentation: what the model outlined, or what a reader drew for it."""

from __future__ import annotations

import copy

import highdicom
import numpy as np
from highdicom import seg
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medai_core.cards import Card
from medai_core.readings import Reading
from medai_core.records import MAKER
from medai_core.records.dicom import codes
from medai_core.records.dicom.source import Source, called, stamp, state, uid_of
from medai_core.records.dicom.sr import comments
from medai_core.records.store.results import StoredReading
from medai_core.records.wording import RESEARCH_USE, Wording

SERIES = 9003


def region_of(reading: Reading) -> NDArray[np.bool_] | None:
    """The pixels (y, x) that a reading speaks of; None where it speaks of the whole scan or was refused."""
    if reading.refusal is not None or reading.region is None:
        return None
    if reading.mask is not None:
        return reading.mask
    mask = np.zeros(reading.image.display.shape[:2], dtype=bool)
    top, left, bottom, right = reading.region.box
    mask[top:bottom, left:right] = True
    return mask


def segmentation(stored: StoredReading, reading: Reading, card: Card | None, source: Source) -> Dataset | None:
    """The segmentation of one reading; None where it has no region."""
    mask, given = region_of(reading), stored.reading
    if mask is None or reading.region is None:
        return None
    made = seg.Segmentation(
        [_placed(source.header, mask)],
        mask[None].astype(np.uint8),
        "BINARY",
        [_described(stored, reading, card)],
        **called("seg", stored, SERIES),
        manufacturer_model_name=given.model or MAKER,
        software_versions=given.version or "-",
        device_serial_number="-",
        content_description=RESEARCH_USE,
        content_label="REGION",
    )
    stamp(made, state(stored)[1])
    made.SeriesDescription = "MedAI region (research use)"
    made.SpecificCharacterSet = "ISO_IR 192"
    _explain(made, " | ".join(comments(stored, card, Wording())), source)
    return made


def _described(stored: StoredReading, reading: Reading, card: Card | None) -> seg.SegmentDescription:
    """What the segment is, and who or what outlined it; many objects are one segment together."""
    given, outline = stored.reading, reading.outline
    drawn = reading.region is not None and reading.region.source == "drawn"
    by_model = highdicom.AlgorithmIdentificationSequence(
        given.model or MAKER, codes.NETWORK, given.version or "-", MAKER, {"weights_sha256": given.weights_sha256 or ""}
    )
    return seg.SegmentDescription(
        1,
        "Region drawn by the reader" if drawn else "Region outlined by the model",
        codes.STRUCTURE if outline and outline.many else codes.ABNORMAL,
        codes.finding_concept(card, outline.finding) if outline else codes.LESION,
        "MANUAL" if drawn else "AUTOMATIC",
        None if drawn else by_model,
        tracking_uid=uid_of("region", stored.id),
        tracking_id="region",
    )


def _explain(made: Dataset, said: str, source: Source) -> None:
    """The answer beside the segment, whether its size can be measured, and which frame it is of."""
    measured = "" if source.header.get("PixelSpacing") else "The size of a pixel is not known; one stands for 1 mm. "
    # The limit is of characters, but some readers count bytes.
    cut = (measured + said).encode()[:1024].decode(errors="ignore")
    made.SegmentSequence[0].SegmentDescription = cut
    if source.frame:
        groups = made.PerFrameFunctionalGroupsSequence[0]
        for image in groups.DerivationImageSequence[0].SourceImageSequence:
            image.ReferencedFrameNumber = source.frame


def _placed(header: Dataset, mask: NDArray[np.bool_]) -> Dataset:
    """The source with a place in space, which a plain picture does not have: that of its own pixels."""
    rows, columns = mask.shape
    placed = copy.deepcopy(header)
    for keyword in ("NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        if keyword in placed:
            delattr(placed, keyword)  # the one frame that was read stands alone
    wanted = {
        "FrameOfReferenceUID": uid_of("frame of reference", str(header.SOPInstanceUID)),
        "ImagePositionPatient": [0.0, 0.0, 0.0],
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "PixelSpacing": [1.0, 1.0],
        "SliceThickness": 1.0,
        "Rows": rows,
        "Columns": columns,
    }
    for keyword, value in wanted.items():
        if placed.get(keyword) in (None, ""):
            setattr(placed, keyword, value)
    return placed
