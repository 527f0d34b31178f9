"""What others do to the measured CPU: scheduling class, load, steal, and the jitter that comes of it all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.conditions.isolated import sheltered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.machine import JitterProfile, Reading, Severity
    from tailgate.machine.host import Host

REALTIME_LIMIT = "/proc/sys/kernel/sched_rt_runtime_us"
POLICIES = {0: "SCHED_OTHER", 1: "SCHED_FIFO", 2: "SCHED_RR", 3: "SCHED_BATCH", 5: "SCHED_IDLE", 6: "SCHED_DEADLINE"}


class SchedulingClass(Condition):
    """The class this process runs in.

    A real-time class without `sched_rt_runtime_us` at -1 is harmful: the kernel stops such a task for 50 ms of
    every second. Batch and idle classes, and a positive nice value, give way to everybody.
    """

    name: ClassVar[str] = "scheduling class"

    def policy(self) -> int:
        """Return the class of this process as the kernel numbers it (field 41 of /proc/self/stat)."""
        stat = self.host.read("/proc/self/stat") or ""
        fields = stat.rpartition(")")[2].split()
        return int(fields[38]) if len(fields) > 38 else 0

    def nice(self) -> int:
        """Return the nice value (field 19)."""
        fields = (self.host.read("/proc/self/stat") or "").rpartition(")")[2].split()
        return int(fields[16]) if len(fields) > 16 else 0

    def read(self) -> Reading:
        """Look at class, nice value and the limit of real-time tasks."""
        policy, nice = self.policy(), self.nice()
        name = POLICIES.get(policy, f"class {policy}")
        if policy in (1, 2) and self.host.read(REALTIME_LIMIT) != "-1":
            return self.missing(f"{name}, which the kernel stops for part of each second", "care")
        if policy in (3, 5) or nice > 0:
            return self.missing(f"{name}, nice {nice}: everybody goes first")
        return self.met(f"{name}, nice {nice}")

    def advice(self) -> str:
        """Say what to do about each."""
        if self.policy() in (1, 2):
            return f"leave the real-time class, or echo -1 > {REALTIME_LIMIT} for the time and put it back"
        return "start it without nice, chrt or ionice"


class Load(Condition):
    """How many tasks want to run. On a shielded CPU they want to run elsewhere."""

    name: ClassVar[str] = "load"

    def read(self) -> Reading:
        """Look at the mean of the last minute; our own process is one of them."""
        text = self.host.read("/proc/loadavg")
        if text is None:
            return self.absent("the kernel does not tell")
        load, cpus = float(text.split()[0]), len(self.host.online_cpus())
        state = f"{load:.2f} on {cpus} CPUs in the last minute"
        safe = sheltered(self.host, self.cpus)
        if load <= max(1.0, cpus / 2) or (safe and load <= 2 * cpus):
            return self.met(state)
        return self.missing(state, "note" if safe else "care")

    def advice(self) -> str:
        """Say what helps beside waiting."""
        if sheltered(self.host, self.cpus):
            return "it is kept off the measured CPU, and still shares caches and memory with it"
        return "stop what else runs, or keep it off the CPU: tailgate isolate run -- COMMAND"


class Steal(Condition):
    """Time that the hypervisor gave to somebody else, between an earlier look and now.

    `earlier` is the text of /proc/stat then; without it the share is since boot.
    """

    name: ClassVar[str] = "steal"

    def __init__(self, host: Host, cpus: Sequence[int], earlier: str = "") -> None:
        super().__init__(host, cpus)
        self.earlier = earlier

    def ticks(self, text: str) -> tuple[int, int]:
        """Return (stolen, all) ticks of the measured CPUs."""
        stolen = total = 0
        for line in text.splitlines():
            fields = line.split()
            if fields and fields[0] in {f"cpu{cpu}" for cpu in self.cpus} and len(fields) > 8:
                stolen += int(fields[8])
                total += sum(int(field) for field in fields[1:9])
        return stolen, total

    def read(self) -> Reading:
        """Look at the counters of the measured CPUs."""
        text = self.host.read("/proc/stat")
        if text is None:
            return self.absent("the kernel does not tell")
        (stolen, total), (stolen_then, total_then) = self.ticks(text), self.ticks(self.earlier)
        if total == total_then:  # a container that hides the counters, or a look too short for a tick
            return self.absent("the kernel's counters stand still")
        share = (stolen - stolen_then) / (total - total_then)
        state = f"{share:.1%} of the measured CPUs' time" + (" since boot" * (not self.earlier))
        if share <= 0.005:
            return self.met(state)
        return self.missing(state, "unfit" if share > 0.05 else "care")

    def advice(self) -> str:
        """Say that only another machine helps."""
        return "the host is shared: measure at another hour, or on a machine with dedicated CPUs"


LOST_CARE, LOST_UNFIT = 0.02, 0.10
STALLS_CARE, STALLS_UNFIT = 1.0, 50.0
"""Share of time lost, and stalls above 1 ms a second. The shielded CPU of one machine lost 0.7 to 1.2 %, without a
stall; shared by busy neighbours it lost 67 %, in 75 stalls a second (docs/isolation.md). These are round figures
between the two states: nothing was measured in between."""


class Jitter(Condition):
    """What the spinning reader of the clock saw on the measured CPU: everything above, taken together."""

    name: ClassVar[str] = "jitter"

    def __init__(self, host: Host, cpus: Sequence[int], profile: JitterProfile | None = None) -> None:
        super().__init__(host, cpus)
        self.profile = profile

    def severity(self, profile: JitterProfile) -> Severity:
        """Judge a profile."""
        stalls = profile.per_second(profile.above_1ms)
        if profile.lost_share > LOST_UNFIT or stalls > STALLS_UNFIT:
            return "unfit"
        return "care" if profile.lost_share > LOST_CARE or stalls > STALLS_CARE else "note"

    def read(self) -> Reading:
        """Judge the profile that was measured; without one there is nothing to say."""
        if self.profile is None:
            return self.absent("not measured")
        severity = self.severity(self.profile)
        state = f"CPU {self.profile.cpu}: {self.profile.describe()}"
        return self.met(state) if severity == "note" else self.missing(state, severity)

    def advice(self) -> str:
        """Name what takes neighbours away."""
        root = "" if os.geteuid() == 0 else "as root: "
        return f"{root}tailgate isolate run -- COMMAND, or stop the neighbours; compare in lockstep only"
