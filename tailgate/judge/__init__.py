"""Judging: what a comparison in lockstep means."""
