"""Hand-off: one message offered and drained in the same thread, which is what the hand-off itself costs.

What it is worth when the receiver is busy is a matter of two threads and of the wire, and is measured there.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, frame_labels, make, market_messages, plain, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark, Operation

CAPACITIES: Final = ("16", "1024")
"""A few cache lines of slots, and the pipeline's own bound: a ring walks through all of its slots."""


def benchmarks() -> list[Benchmark]:
    """Declare every hand-off for each capacity."""
    return [each for capacity in CAPACITIES for each in declare("handoff", prepare, {"capacity": capacity})]


def prepare(name: str, settings: Mapping[str, Any], capacity: str) -> Workload:
    """Pass the messages of the tape through a hand-off; an operation answers with what the handler was given last."""
    tape = tape_of(settings)
    numbered = market_messages(tape)

    def start() -> Operation:
        handled: deque[object] = deque(maxlen=1)  # its append is the cheapest handler there is that keeps the item
        handoff = make("handoff", name, handled.append, int(capacity))
        offer, drain = handoff.offer, handoff.drain

        def pass_on(item: object) -> object:
            offer(item)
            drain(1)
            return handled[0]

        return pass_on

    return Workload(
        [message for _, message in numbered],
        start,
        answer=plain,
        labels=frame_labels(tape.frames, [n for n, _ in numbered]),
    )
