"""Bursts: so many messages offered to a hand-off before the first is drained, as when the receiver was busy."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, make, market_messages, operations_of, plain, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark, Label, Operation

CAPACITY: Final = 1024
TAIL: Final = 1.1
"""Of the Pareto distribution of the bursts' lengths: half of them are one message, one in a hundred is above 60."""


def benchmarks() -> list[Benchmark]:
    """Declare every hand-off under bursts."""
    return declare("handoff", prepare, {"burst": "pareto"})


def prepare(name: str, settings: Mapping[str, Any], burst: str) -> Workload:
    """Pass bursts of the tape's messages through a hand-off; an operation answers with what was handled last.

    burst: `pareto`, or the one length of all of them.
    """
    messages: list[Any] = [message for _, message in market_messages(tape_of(settings))]
    chance = random.Random(int(settings.get("seed", 0)))
    inputs = []
    for _ in range(operations_of(settings)):
        wanted = chance.paretovariate(TAIL) if burst == "pareto" else int(burst)
        length = min(CAPACITY, len(messages), int(wanted))
        at = chance.randrange(len(messages) - length + 1)
        inputs.append(messages[at : at + length])

    def start() -> Operation:
        handled: deque[object] = deque(maxlen=1)
        handoff = make("handoff", name, handled.append, CAPACITY)
        offer, drain = handoff.offer, handoff.drain

        def pass_on(items: list[object]) -> object:
            for item in items:
                offer(item)
            drain(CAPACITY)
            return handled[0]

        return pass_on

    def label(index: int) -> Mapping[str, Label]:
        return {"kind": "burst", "symbol": inputs[index][-1].symbol, "messages": len(inputs[index])}

    return Workload(inputs, start, answer=plain, labels=label)
