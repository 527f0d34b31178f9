"""What reads the time, and what samples the machine beside us."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from tailgate.documents.machine import Reading

CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
SAMPLE_RATE = "/proc/sys/kernel/perf_event_max_sample_rate"

READ_IN_USER_SPACE = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "timebase")
"""Sources that the vDSO reads without entering the kernel, in tens of nanoseconds; others take about a microsecond."""


class ClockSource(Condition):
    """The counter behind the clock. It is never changed here: a kernel that left the TSC found it wanting."""

    name: ClassVar[str] = "clock source"

    def read(self) -> Reading:
        """Look at the one in use."""
        source = self.host.read(CLOCK_SOURCE)
        if source is None:
            return self.absent("the kernel does not name it")
        if source in READ_IN_USER_SPACE:
            return self.met(source)
        return self.missing(f"{source}, read through the kernel", "unfit")

    def advice(self) -> str:
        """Say where to look."""
        return "see why the kernel left the TSC (dmesg | grep -i tsc); clocksource=tsc at boot; else another machine"


class PerfSampleRate(Condition):
    """How often perf may interrupt. pyperf's tuning leaves it at 1, after which perf seems broken: put it back."""

    name: ClassVar[str] = "perf sample rate"

    def read(self) -> Reading:
        """Look at the kernel's limit, which only matters while somebody samples."""
        value = self.host.read(SAMPLE_RATE)
        if value is None:
            return self.absent("this kernel has no perf events")
        return self.met(f"at most {value}/s") if value == "1" else self.missing(f"up to {value}/s", "note")

    def advice(self) -> str:
        """Say that it matters little, and what sets it."""
        return "only felt while somebody runs perf; tailgate isolate sets it to 1 and back"

    def plan(self) -> tuple[Step, ...]:
        """Plan one sample a second."""
        value = self.host.read(SAMPLE_RATE)
        return (Write(SAMPLE_RATE, value, "1"),) if value not in (None, "1") else ()
