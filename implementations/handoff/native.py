"""The ring, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.handoff.contract import Handoff

_NEW = extension("handoff").Ring


@implementation(source="Lamport's queue (1977), as `ring` is: implementations/native/handoff.pyx", fixes="B2")
def native(handler: Callable[[object], object], capacity: int) -> Handoff:
    """Return an empty ring of `capacity` items."""
    made: Handoff = _NEW(handler, capacity)
    return made
