"""A patient's risk: estimated, explained, and what would change it."""
