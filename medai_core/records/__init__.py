"""One patient, one record: kept safely, worked through a list, and signed for."""

SHOWN = ("all", "unread", "refused", "read")
"""What of the worklist can be asked for: patients with an unread result, an unread refusal, none unread."""
