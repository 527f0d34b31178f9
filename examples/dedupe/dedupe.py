"""Drop the words of a line that were seen before in it."""

from __future__ import annotations


def dedupe(line: list[str]) -> list[str]:
    """Return the words in their order, each once."""
    return list(dict.fromkeys(line))
