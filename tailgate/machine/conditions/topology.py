"""Who shares what with the measured CPU: the core with a sibling thread, the memory with another node."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.machine import Reading, Sharing
    from tailgate.machine.host import Host

BALANCING = "/proc/sys/kernel/numa_balancing"


def siblings(host: Host, cpu: int) -> tuple[int, ...]:
    """Return the other online CPUs of the same core."""
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
        return "keep it idle: tailgate isolate shields a core with all its threads; or nosmt at boot"


SLOWED = 1.2
"""Between the two states of one guest: x1.4 to x1.6 while its two CPUs were threads of one core, x0.8 to x1.1 while
they were not (docs/isolation.md). A turbo that gives way when a second core works stays below it."""

LEAST_IDLE = 0.8
"""How much of the time the other CPU must have been idle for a ratio of 1 to say something."""


class HiddenSiblings(Condition):
    """Threads of one core that a hypervisor shows as CPUs of their own: only a measurement tells (machine/pairs.py)."""

    name: ClassVar[str] = "hidden SMT siblings"

    def __init__(self, host: Host, cpus: Sequence[int], pairs: Sequence[Sharing] | None = None) -> None:
        super().__init__(host, cpus)
        self.pairs = pairs

    def read(self) -> Reading:
        """Judge what was measured; `pairs` is None where nothing was, and empty where there was nothing to try."""
        if not self.pairs:
            return self.absent(self.untried())
        slowed = [pair for pair in self.pairs if pair.bounds[0] > SLOWED]
        if slowed:
            return self.missing("; ".join(pair.describe() for pair in slowed))
        doubts = [doubt for doubt in map(self.doubt, self.pairs) if doubt]
        if doubts:
            return self.absent("not clear: " + "; ".join(doubts))
        return self.met("; ".join(pair.describe() for pair in self.pairs))

    def doubt(self, pair: Sharing) -> str:
        """Say why a pair that was not seen to be slowed cannot be called free of it; nothing where it can."""
        if pair.bounds[1] > SLOWED:
            return pair.describe()
        if pair.idle_share is None:
            return f"{pair.describe()}, and the kernel does not tell whether that one was idle before"
        if pair.idle_share < LEAST_IDLE:
            busy = f"CPU {pair.other} was busy with other work ({pair.idle_share:.0%} idle)"
            return f"{pair.describe()}, but {busy}, so this says nothing"
        return ""

    def untried(self) -> str:
        """Say why no pair was measured."""
        online = set(self.host.online_cpus())
        if len(online) == 1:
            return "one CPU only: none stands beside it"
        if online <= {*self.cpus, *(other for cpu in self.cpus for other in siblings(self.host, cpu))}:
            return "every other CPU is a known thread of the same core: see SMT siblings"
        return "not measured" if self.pairs is None else "no other CPU is ours to try"

    def advice(self) -> str:
        """Say what remains, since only the host decides where its guest's CPUs run."""
        return "keep the other CPU idle and compare in lockstep; a host may change it within minutes: look again later"


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
        return "switch balancing off (tailgate isolate), and run under numactl --localalloc"

    def plan(self) -> tuple[Step, ...]:
        """Plan the balancing off where there is more than one node."""
        return (Write(BALANCING, self.host.read(BALANCING), "0"),) if self.read().status == "missing" else ()
