"""Who shares what with the measured CPU: the core with a sibling thread, the memory with another node."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition, Reading
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from tailgate.machine.host import Host

BALANCING = "/proc/sys/kernel/numa_balancing"


def siblings(host: Host, cpu: int) -> tuple[int, ...]:
    """Give the other online CPUs of the same core."""
    text = host.read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or ""
    return tuple(other for other in parse_cpus(text) if other != cpu and other in host.online_cpus())


class SmtSiblings(Condition):
    """The second thread of a core takes execution units and cache from the first.

    Nothing is taken offline here: cgroup v1 forgets a CPU that goes, so it could not be put back exactly. The
    shield takes siblings in with the CPU that is asked for, so that they stay idle.
    """

    name: ClassVar[str] = "SMT siblings"

    def read(self) -> Reading:
        """Look for siblings outside the measured CPUs."""
        shared = {cpu: siblings(self.host, cpu) for cpu in self.cpus}
        outside = sorted({other for others in shared.values() for other in others} - set(self.cpus))
        if outside:
            return self.missing(f"CPU {format_cpus(outside)} shares a core with CPU {format_cpus(self.cpus)}")
        return self.met("no other thread shares the core" + (", as far as the guest sees" * self.host.is_virtual()))

    def advice(self) -> str:
        """Say how to keep the sibling idle."""
        return "keep it idle: scripts/isolate_cpus.py shields a core with all its threads; or nosmt at boot"


class Numa(Condition):
    """Memory of another node is slower, and balancing moves pages by making them fault."""

    name: ClassVar[str] = "NUMA"

    def read(self) -> Reading:
        """Look at the nodes and at the balancing."""
        nodes = parse_cpus(self.host.read("/sys/devices/system/node/online") or "0")
        if len(nodes) == 1:
            return self.met("one node")
        if self.host.read(BALANCING) in (None, "0"):
            return self.met(f"{len(nodes)} nodes, pages stay where they are")
        return self.missing(f"{len(nodes)} nodes, and pages are moved between them by faults")

    def advice(self) -> str:
        """Name the switch, and the command that binds memory."""
        return "switch balancing off (scripts/isolate_cpus.py), and run under numactl --localalloc"

    def plan(self) -> tuple[Step, ...]:
        """Plan the balancing off where there is more than one node."""
        return (Write(BALANCING, self.host.read(BALANCING), "0"),) if self.read().status == "missing" else ()
