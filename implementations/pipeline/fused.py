"""The whole pipeline in one extension module: what is possible when no stage can be exchanged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from implementations.codec.struct import StructCodec
from implementations.native import extension
from implementations.pipeline._lifecycle import Lifecycle, by_reason
from implementations.pipeline.contract import BURST, CANCELLED_EVERY, LIMITS, MOVE, QUANTITY, RATE
from implementations.registry import UnavailableError, implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.risk.contract import Exposure

if sys.byteorder != "little":
    raise UnavailableError("writes orders in the byte order of its machine, and the codec's is little-endian")

_NEW = extension("fused").Fused


@implementation(source="all stages over flat C records, no Python object but the order's bytes")
class FusedPipeline(Lifecycle):
    """Orders are written in the layout of the struct codec, which reads them back."""

    __slots__ = ("_core", "on_frame")

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        super().__init__(StructCodec())
        self._core = _NEW(sink, LIMITS, MOVE, QUANTITY, CANCELLED_EVERY, RATE, BURST)
        self.on_frame: Callable[[bytes], int] = self._core.on_frame

    def refusals(self) -> dict[str, int]:
        """Count the orders that the risk check refused, by reason."""
        return by_reason(self._core.refusals())

    def exposure(self) -> Exposure:
        """Return what is reserved and held."""
        held: Exposure = self._core.exposure()
        return held
