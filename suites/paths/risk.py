"""Risk: one order admitted or refused, and one report on an earlier order, as a session sees them by turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from implementations.risk.contract import REASONS
from suites.paths.inputs import declare, make, operations_of
from suites.paths.session import CANCEL, FILL, LIMITS, REJECT, REPORTS, Step, play
from suites.settings import DEFAULTS
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailgate.benchmark import Benchmark, Label, Operation


def benchmarks() -> list[Benchmark]:
    """Declare every risk check."""
    return declare("risk", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Replay a session; an operation answers with the code of the order it brought.

    The session is played against `lock`, since the reference recounts its history at every look; that both give the
    same codes is what the conformance tests prove.
    """
    steps, codes = play(
        make("risk", "lock", LIMITS), int(settings.get("seed", DEFAULTS["seed"])), operations_of(settings)
    )

    def start() -> Operation:
        risk = make("risk", name, LIMITS)
        admit, on_fill, on_cancel, on_reject = risk.admit, risk.on_fill, risk.on_cancel, risk.on_reject

        def step(item: Step) -> object:
            order, report, identifier, quantity, price = item
            code = admit(order)
            if report == FILL:
                on_fill(identifier, quantity, price)
            elif report == CANCEL:
                on_cancel(identifier)
            elif report == REJECT:
                on_reject(identifier)
            return code

        return step

    return Workload(steps, start, labels=_labels(steps, codes))


def _labels(steps: list[Step], codes: list[int]) -> Callable[[int], Mapping[str, Label]]:
    def label(index: int) -> Mapping[str, Label]:
        order, report, *_ = steps[index]
        return {"kind": REASONS[codes[index]], "report": REPORTS[report], "symbol": order.symbol, "side": order.side}

    return label
