"""The experiments over the whole pipeline."""
