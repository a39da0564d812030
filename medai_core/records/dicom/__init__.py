"""Results as DICOM objects that refer to the scan they are of: structured report, capture, segmentation."""

from medai_core.records.dicom.sc import secondary_capture
from medai_core.records.dicom.seg import segmentation
from medai_core.records.dicom.source import Source, mark_synthetic, source_of, written
from medai_core.records.dicom.sr import structured_report
from medai_core.records.dicom.synthetic import as_dicom

__all__ = [
    "Source",
    "as_dicom",
    "mark_synthetic",
    "secondary_capture",
    "segmentation",
    "source_of",
    "structured_report",
    "written",
]
