"""Everything that MedAI computes; knows nothing of how it is shown."""
