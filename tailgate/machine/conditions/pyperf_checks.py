"""Conditions that pyperf already knows how to read, taken from it rather than written again."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from tailgate.documents.machine import Reading
from tailgate.machine.conditions.base import Condition
from tailgate.machine.cpulist import format_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailgate.machine.host import Host

TAKEN = {
    "PowerSupply": "power supply",
    "CheckNOHZFullIntelPstate": "nohz_full with intel_pstate",
    "TurboBoostMSR": "turbo (MSR)",
}
"""pyperf's operations without a class of ours. The others (governor, turbo by file, ASLR, IRQs, perf) have one
here, because pyperf reads fixed paths, stops at the first refusal, and resets to fixed values rather than to what
was there."""


def load_operation(name: str) -> Any | None:
    """Return a class of `pyperf._system`, or None.

    The module is private, since pyperf offers these checks by its command line only, and prints them there. A
    pyperf that moved or renamed it loses us these few lines and nothing else.
    """
    try:
        return getattr(importlib.import_module("pyperf._system"), name, None)
    except ImportError:
        return None


class PyperfCheck(Condition):
    """One operation of pyperf's, read through a recorder in place of its printing `System`."""

    name: ClassVar[str] = "pyperf check"

    def __init__(
        self,
        host: Host,
        cpus: Sequence[int],
        operation: str = "PowerSupply",
        load: Callable[[str], Any | None] = load_operation,
    ) -> None:
        super().__init__(host, cpus)
        self.operation = operation
        self.load = load
        self.advices: list[str] = []

    def read(self) -> Reading:
        """Let the operation look; its own verdict, state and advice are taken."""
        title = TAKEN.get(self.operation, self.operation)
        states: list[str] = []
        self.advices.clear()
        unused: list[str] = []
        recorder = SimpleNamespace(
            advice=self.advices.append,
            log_state=states.append,
            log_action=unused.append,
            warning=unused.append,
            error=unused.append,
            cpus=self.cpus,
            logical_cpu_count=len(self.host.online_cpus()),
        )
        try:
            found = self.load(self.operation)
            if found is None or not found.available():
                return Reading(title, "absent", "note", "nothing to check here")
            operation = found(recorder)
            operation.show()
            tuned = operation.tuned_for_benchmarks
        # Private code of another project may fail in any way; a check may not.
        except Exception as error:  # noqa: BLE001 - see above
            return Reading(title, "absent", "note", f"pyperf could not check it: {error}")
        state = "; ".join(line.partition(": ")[2] or line for line in states) or "nothing found"
        if tuned is False or self.advices:
            return Reading(title, "missing", "care", state, self.advice())
        if not states:  # a driver or a device that it looked for is not there
            return Reading(title, "absent", "note", state)
        return Reading(title, "met", "note", f"{state} (CPU {format_cpus(self.cpus)})")

    def advice(self) -> str:
        """Return pyperf's own words, on one line."""
        return " ".join(" ".join(self.advices).split()) or "python -m pyperf system show"
