"""Counts words: the same module, compiled or not."""

from fastwords import _count
from fastwords._count import count

COMPILED = not str(_count.__file__).endswith(".py")

__all__ = ["COMPILED", "count"]
