"""A plain `+=`, which CPython's GIL happens not to interrupt."""

from __future__ import annotations

from implementations.registry import Requires, implementation


@implementation(
    source="CPython 3.10 and newer: the GIL is handed over at calls and at the end of loops alone",
    requires=Requires(gil=True),
)
class GilAtomicCounter:
    """Between the load and the store of `+=` there is no call and no jump back, so no other thread comes in between.

    That is how the interpreter is made and no promise of the language; where the GIL is off it is refused.
    """

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self) -> None:
        """Add."""
        self._count += 1

    def value(self) -> int:
        """Read the number."""
        return self._count
