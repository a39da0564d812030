"""One patient, one record: kept safely, worked through a list, and signed for."""
