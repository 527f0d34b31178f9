"""Tapes: generated from a seed, or imported from a capture."""

from __future__ import annotations

from suites.tapes.opening import open_tape
from suites.tapes.tape import Tape

__all__ = ["Tape", "open_tape"]
