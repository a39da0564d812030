"""A DICOM file without the person: the Basic Profile of PS3.15, Annex E, with modified dates, and stricter.

What the profile leaves open is decided for privacy: private elements, overlays, comments and everything else
that somebody may have typed go; UIDs are mapped and dates moved so that the files of one person stay together;
what the file calls its people is looked for in all that is left. What is written *into the picture* cannot be
removed: such a file is refused, or flagged where nobody knows.

Sources: DICOM PS3.15-2026c, Table E.1-1 and E.3.6; PS3.16, CID 7050 (the codes of the methods).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

from medai_core.errors import Message, RecordError
from medai_core.records.deidentification.cleaning import cleaned, still_mentioned
from medai_core.records.deidentification.naming import Names, names_in
from medai_core.records.deidentification.pixels import bare_pixels
from medai_core.records.deidentification.profile import EDITION
from medai_core.records.deidentification.pseudonyms import Pseudonyms
from medai_core.records.deidentification.writing import writing_in

__all__ = ["Deidentified", "deidentify"]

METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
TEXTUAL = ("ContentSequence", "EncapsulatedDocument", "GraphicAnnotationSequence", "WaveformAnnotationSequence")
"""What objects are made of that consist of text: reports, documents, annotations."""
WRITTEN_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("7", "6.1", "6.2", "3.1", "77.1"))
"""How the SOP classes begin of Secondary Captures, ultrasound and visible light."""
OFTEN_WRITTEN_INTO = {"US", "IVUS", "OT", "SC", "ES", "XC", "GM", "DOC", "OP", "ECG"}


@dataclass(frozen=True)
class Deidentified:
    """A file without the person.

    Attributes
    ----------
    data : the DICOM file. uid : its SOPInstanceUID, to name it by. person : the pseudonym.
    flags : what somebody must still look at.
    """

    data: bytes
    uid: str
    person: str
    flags: tuple[Message, ...]


def deidentify(data: bytes, file: str, secret: bytes, *, keep_burned_in: bool = False) -> Deidentified:
    """The file without the person.

    Parameters
    ----------
    file : what sentences call it.
    secret : of this installation, so that one person's files stay one person's, now and later.
    keep_burned_in : somebody has looked at the picture: what would be refused for names in it is only flagged.

    Raises
    ------
    RecordError : it is no DICOM file, is damaged, consists of text, or has names written into its picture.
    """
    with warnings.catch_warnings():
        # What a file does against the standard is mended or refused here; a reader can do nothing about it.
        warnings.simplefilter("ignore")
        return _deidentify(data, file, secret, keep_burned_in)


def _deidentify(data: bytes, file: str, secret: bytes, keep_burned_in: bool) -> Deidentified:
    ds = _read(data, file)
    if any(keyword in ds for keyword in TEXTUAL):
        raise RecordError("deidentify.text", file=file, kind=UID(str(ds.get("SOPClassUID", ""))).name)
    flags = _flags(ds, file, keep_burned_in)
    names = names_in(ds)
    # A file that names nobody is of nobody else's: it stays alone.
    instead = Pseudonyms(secret, str(ds.get("PatientID") or ds.get("StudyInstanceUID") or ds.SOPInstanceUID))
    kept = cleaned(ds, names, instead)
    try:
        kept.file_meta = _meta(kept, ds.file_meta.TransferSyntaxUID)
        kept.file_meta.TransferSyntaxUID = _bare(kept, ds.file_meta.TransferSyntaxUID, file)
        _look_again(kept, names, file)
        return Deidentified(_written(kept, instead), kept.SOPInstanceUID, instead.id, flags)
    except RecordError:
        raise
    except Exception as error:  # pydicom's writer raises whatever a damaged value makes it stumble over
        raise RecordError("deidentify.damaged", file=file) from error


def _read(data: bytes, file: str) -> Dataset:
    if data[128:132] != b"DICM":
        raise RecordError("deidentify.no_dicom", file=file)
    try:
        ds = pydicom.dcmread(io.BytesIO(data))
        _ = ds.file_meta.TransferSyntaxUID, ds.SOPInstanceUID, ds.SOPClassUID
    except Exception as error:  # damage has no one exception
        raise RecordError("deidentify.damaged", file=file) from error
    return ds


def _flags(ds: Dataset, file: str, keep: bool) -> tuple[Message, ...]:
    """What somebody must look at in the picture; a file that says that it holds names, or shows it, is refused."""
    stated, found = str(ds.get("BurnedInAnnotation", "")).upper(), []
    seen = writing_in(ds)
    refusal = "deidentify.burned_in" if stated == "YES" else "deidentify.looks_like_text" if seen else None
    if refusal and not keep:
        raise RecordError(refusal, file=file)
    if refusal:
        found.append(Message("deidentify.kept"))
    elif seen is None:
        found.append(Message("deidentify.unseen"))
    elif stated != "NO" and _often_written_into(ds):
        kind = UID(str(ds.SOPClassUID)).name.removesuffix(" Storage") + "s"
        found.append(Message("deidentify.look", {"kind": kind}))
    if str(ds.get("RecognizableVisualFeatures", "")).upper() == "YES":
        found.append(Message("deidentify.face"))
    return tuple(found)


def _often_written_into(ds: Dataset) -> bool:
    """Whether pictures of this kind have names in them more often than not: captures, ultrasound, photographs."""
    kind = str(ds.SOPClassUID)
    return str(ds.get("Modality", "")) in OFTEN_WRITTEN_INTO | {""} or kind.startswith(WRITTEN_CLASSES)


def _look_again(kept: Dataset, names: Names, file: str) -> None:
    """A last look at the bytes that would be written, pixels left out: whatever slipped through stops here."""
    without = Dataset()
    for element in kept:
        if element.keyword != "PixelData":
            without.add(element)
    stream = io.BytesIO()
    dcmwrite(stream, without, implicit_vr=False, little_endian=True)
    written = stream.getvalue().lower()
    if still_mentioned(kept, names) or any(word in written for word in names.telling):
        raise RecordError("deidentify.residue", file=file)


def _bare(kept: Dataset, syntax: UID, file: str) -> UID:
    try:
        return bare_pixels(kept, syntax)
    except ValueError as error:
        raise RecordError("deidentify.coding", file=file) from error


def _meta(kept: Dataset, syntax: UID) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kept.SOPClassUID
    meta.MediaStorageSOPInstanceUID = kept.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    return meta


def _written(kept: Dataset, instead: Pseudonyms) -> bytes:
    kept.SpecificCharacterSet = "ISO_IR 192"
    kept.PatientName = kept.PatientID = instead.id
    kept.PatientIdentityRemoved = "YES"
    kept.LongitudinalTemporalInformationModified = "MODIFIED"
    kept.DeidentificationMethod = [f"DICOM PS3.15 {EDITION} Basic Profile", "private, free text, overlays removed"]
    kept.DeidentificationMethodCodeSequence = [_code(*method) for method in METHODS]
    stream = io.BytesIO()
    dcmwrite(stream, kept, enforce_file_format=True)
    return stream.getvalue()


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
