"""One patient, one record: kept safely, worked through a list, and signed for."""

SHOWN = ("all", "unread", "refused", "read")
"""What of the worklist can be asked for: patients with an unread result, an unread refusal, none unread."""

FORMATS = ("pdf", "sr", "sc", "seg", "fhir")
"""What a record is handed out as: report, structured report, Secondary Capture, segmentation, FHIR Bundle."""

MAKER = "MedAI"
"""Who made an object, as DICOM's Manufacturer: by it a result that comes back is told from a scan."""
