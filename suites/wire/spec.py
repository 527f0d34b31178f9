"""The compositions of the wire that have a name."""

from __future__ import annotations

from typing import Final

from documents.wire.spec import WireComposition
from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED

NAMED: Final = {
    "recommended": WireComposition(
        # The feed's callback is the hand-off: a ring behind it, in the same thread, only adds its own cost.
        "recommended",
        "picows",
        "uvloop-busy",
        "recommended,handoff=inline",
        "raw",
        rehearse_ms=1.0,
    ),
    "bottleneck": WireComposition("bottleneck", "websockets", "asyncio", "bottleneck", "client-per-order"),
}
assert RECOMMENDED is not BOTTLENECK  # noqa: S101  the names above are those of implementations.pipeline.composition
