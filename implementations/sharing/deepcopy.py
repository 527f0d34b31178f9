"""A deep copy for the keeping and another one for each attempt: safe, and paid for every time."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Order


@implementation(source="copy.deepcopy, as retry decorators do it", bottleneck="M2")
class DeepcopySharing:
    """Nobody sees anybody's changes, because nobody has the same object."""

    def share(self, order: Order) -> Order:
        """Copy the caller's order."""
        return copy.deepcopy(order)

    def attempt(self, shared: Order) -> Order:
        """Copy the copy."""
        return copy.deepcopy(shared)
