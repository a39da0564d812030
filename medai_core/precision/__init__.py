"""Medicine fitted to one person: what a drug does in them, and how much of it to give."""
