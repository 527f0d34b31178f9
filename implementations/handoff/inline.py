"""The bottleneck as it was: the receive loop handles each message itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="a callback called where the frame was read", bottleneck="B2")
class InlineHandoff:
    """No queue: `offer` is the call of the handler, whose exceptions reach the receive loop; never full."""

    __slots__ = ("_handler", "refused")
    at_once: ClassVar = True

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:  # noqa: ARG002  nothing waits
        self.refused = 0
        self._handler = handler

    def offer(self, item: object) -> bool:
        """Handle the item now."""
        self._handler(item)
        return True

    def drain(self, limit: int) -> int:  # noqa: ARG002  nothing waits
        """Hand over nothing: nothing ever waits."""
        return 0

    def __len__(self) -> int:
        """Return 0: nothing ever waits."""
        return 0
