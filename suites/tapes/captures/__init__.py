"""Captures of real exchanges, turned into tapes. The format is recognised by what the file holds, not by its name."""

from __future__ import annotations

from suites.tapes.captures.reading import IMPORTER_VERSION, Cut, events, find, read

__all__ = ["IMPORTER_VERSION", "Cut", "events", "find", "read"]
