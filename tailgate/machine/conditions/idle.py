"""How deep an idle CPU sleeps: waking from a deep state takes tens to hundreds of microseconds."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from tailgate.documents.machine import Reading

DMA_LATENCY = "/dev/cpu_dma_latency"
SHALLOW_US = 10
"""A state that wakes up faster than this is not felt among operations of microseconds."""


class IdleStates(Condition):
    """C-states of the measured CPUs, no deeper than what wakes up in 10 µs.

    `plan` disables the deeper ones by their files. A request that goes with its holder is better where one process can
    hold it: isolate_cpus.py keeps `/dev/cpu_dma_latency` open at 0 for the command that it wraps.
    """

    name: ClassVar[str] = "C-states"

    def deep(self) -> tuple[tuple[int, str], ...]:
        """Return (CPU, state) of every enabled state that takes longer than 10 µs to leave."""
        found = []
        for cpu in self.cpus:
            folder = f"/sys/devices/system/cpu/cpu{cpu}/cpuidle"
            for state in self.host.folders(folder):
                latency_us = int(self.host.read(f"{folder}/{state}/latency") or 0)
                if latency_us > SHALLOW_US and self.host.read(f"{folder}/{state}/disable") == "0":
                    found.append((cpu, state))
        return tuple(found)

    def requested_us(self) -> int | None:
        """Return the wake-up time that somebody asked for, in µs; None where the device cannot be read."""
        raw = self.host.read_bytes(DMA_LATENCY, 4)
        return struct.unpack("=i", raw)[0] if raw is not None and len(raw) == 4 else None

    def read(self) -> Reading:
        """Look at the states, and at the request that overrides them."""
        folder = f"/sys/devices/system/cpu/cpu{self.cpus[0]}/cpuidle"
        requested_us = self.requested_us()
        if requested_us is not None and requested_us <= SHALLOW_US:
            return self.met(f"a wake-up within {requested_us} µs is asked for")
        if not self.host.folders(folder):
            return self.absent("no idle states are shown here")
        deep = self.deep()
        if not deep:
            return self.met(f"none deeper than {SHALLOW_US} µs is enabled")
        return self.missing(", ".join(f"CPU {cpu} {state} enabled" for cpu, state in deep))

    def advice(self) -> str:
        """Name the two ways."""
        return f"tailgate isolate run -- COMMAND holds {DMA_LATENCY}; or idle=poll at boot"

    def plan(self) -> tuple[Step, ...]:
        """Plan every deep state disabled."""
        return tuple(
            Write(f"/sys/devices/system/cpu/cpu{cpu}/cpuidle/{state}/disable", "0", "1") for cpu, state in self.deep()
        )
