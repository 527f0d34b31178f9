"""Results: what is stored, under which names, in which version."""
