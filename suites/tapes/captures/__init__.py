"""Captures of real exchanges, turned into tapes: `reading` is the way in. A format is known by what a file holds."""
