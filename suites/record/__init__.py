"""The recorder: every frame of a feed as it was received, in files that a crash does not spoil."""
