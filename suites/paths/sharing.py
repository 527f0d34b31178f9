"""Sharing: one order given to its first attempt and to one retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suites.paths.codec import orders_of
from suites.paths.inputs import declare, make, plain, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark, Label, Operation


def benchmarks() -> list[Benchmark]:
    """Declare every way of sharing an order."""
    return declare("sharing", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Make orders of the tape; an operation answers with the order that the retry was given."""
    orders = orders_of(tape_of(settings))

    def start() -> Operation:
        sharing = make("sharing", name)
        share, attempt = sharing.share, sharing.attempt

        def submit(order: Any) -> object:
            shared = share(order)
            attempt(shared)
            return attempt(shared)

        return submit

    def label(index: int) -> Mapping[str, Label]:
        return {"kind": "order", "symbol": orders[index].symbol, "side": orders[index].side}

    return Workload(orders, start, answer=plain, labels=label)
