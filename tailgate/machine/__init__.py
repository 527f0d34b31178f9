"""The machine as a side of its own: its conditions, its jitter, and what they mean for a measurement."""
