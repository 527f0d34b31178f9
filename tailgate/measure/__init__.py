"""Measuring: workers that record every operation, and the coordinator that runs them in lockstep."""
