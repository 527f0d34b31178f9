"""Counts words: compiled, with a fallback where nobody built it."""

try:
    from fastwords._count import count

    COMPILED = True
except ImportError:
    from fastwords._plain import count

    COMPILED = False

__all__ = ["COMPILED", "count"]
