"""`itertools.count`: a `next` is one step in C."""

from __future__ import annotations

import itertools
import threading

from implementations.registry import Requires, implementation


@implementation(source="next() of itertools.count, one step in C", requires=Requires(gil=True))
class ItertoolsCounter:
    """Adding takes a number from the count. Asking takes one too, so how often that happened is subtracted.

    Without the GIL `next` is promised to be whole from 3.15 on, and here it is not trusted before it was proved.
    """

    __slots__ = ("_asked", "_count", "_lock")

    def __init__(self) -> None:
        self._count = itertools.count()
        self._lock = threading.Lock()
        self._asked = 0

    def add(self) -> None:
        """Take a number."""
        next(self._count)

    def value(self) -> int:
        """Take a number, less those that were taken for asking."""
        with self._lock:
            asked = self._asked
            self._asked = asked + 1
            return next(self._count) - asked
