"""Results as DICOM objects that refer to the scan they are of: structured report, capture, segmentation."""

from medai_core.records.dicom.sc import secondary_capture
from medai_core.records.dicom.seg import segmentation
from medai_core.records.dicom.source import Source, source_of, written
from medai_core.records.dicom.sr import structured_report

__all__ = ["Source", "secondary_capture", "segmentation", "source_of", "structured_report", "written"]
