"""CPUs that the kernel keeps free: isolated at boot, without the tick, or behind a shield of cpusets."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.errors import TailgateError
from tailgate.machine.conditions.base import Condition
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.shield import find_hierarchy, find_shield, plan_shield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.machine import Reading
    from tailgate.machine.host import Host
    from tailgate.machine.steps import Step


def isolated_cpus(host: Host) -> tuple[int, ...]:
    """Return the online CPUs on which the scheduler puts nothing itself: `isolcpus=`, or an isolated v2 partition."""
    boot = parse_cpus(host.read("/sys/devices/system/cpu/isolated") or "")
    hierarchy = find_hierarchy(host)
    partitions = parse_cpus(host.read(f"{hierarchy.mount}/cpuset.cpus.isolated") or "") if hierarchy else ()
    return tuple(sorted({*boot, *partitions} & set(host.online_cpus())))


def sheltered(host: Host, cpus: Sequence[int]) -> bool:
    """Tell whether others are kept off all of these CPUs: isolated, or in the shield."""
    shield = find_shield(host)
    return set(cpus) <= {*isolated_cpus(host), *(shield.cpus if shield else ())}


class IsolatedCpus(Condition):
    """CPUs taken out of the scheduler's balancing when the machine was started."""

    name: ClassVar[str] = "isolated CPUs"

    def read(self) -> Reading:
        """Look at the list the kernel gives; a shield that stands does as well."""
        found = isolated_cpus(self.host)
        if set(self.cpus) <= set(found):
            return self.met(f"CPU {format_cpus(found)} isolated")
        if sheltered(self.host, self.cpus):
            return self.met("none at boot, a shield stands instead")
        if len(self.host.online_cpus()) == 1:
            return self.missing("one CPU only: everything shares it")
        return self.missing(f"CPU {format_cpus(self.cpus)} is not isolated")

    def advice(self) -> str:
        """Name the two ways."""
        if len(self.host.online_cpus()) == 1:
            return "use a machine with two CPUs or more"
        cpu = format_cpus(self.cpus)
        return f"wrap the run: tailgate isolate run -- COMMAND, or start the kernel with isolcpus={cpu}"


class NohzFull(Condition):
    """No timer tick on a CPU that runs one task: 100 to 1000 interrupts a second less, of some microseconds each."""

    name: ClassVar[str] = "nohz_full"

    def read(self) -> Reading:
        """Look at the kernel's list; a kernel built without it has no such file."""
        text = self.host.read("/sys/devices/system/cpu/nohz_full")
        if text is None:
            return self.absent("this kernel has no full dynamic ticks")
        cpus = parse_cpus(text)
        if set(self.cpus) <= set(cpus):
            return self.met(f"CPU {format_cpus(cpus)} runs without a tick")
        return self.missing(f"the tick runs on CPU {format_cpus(self.cpus)}", "note")

    def advice(self) -> str:
        """Name the parameter of the kernel; nothing else sets it."""
        cpus = format_cpus(self.cpus)
        return f"start the kernel with nohz_full={cpus} rcu_nocbs={cpus}"


class CpusetShield(Condition):
    """A cpuset of its own for what is measured, everybody else kept off its CPUs."""

    name: ClassVar[str] = "cpuset shield"

    def __init__(self, host: Host, cpus: Sequence[int]) -> None:
        super().__init__(host, cpus)
        self.hierarchy = find_hierarchy(host)

    def read(self) -> Reading:
        """Look for our group; CPUs isolated at boot need none."""
        shield = find_shield(self.host)
        if shield is not None and set(self.cpus) <= set(shield.cpus):
            return self.met(f"CPU {format_cpus(shield.cpus)} shielded by {shield.group}")
        if sheltered(self.host, self.cpus):
            return self.met("not needed: the CPU is isolated")
        if self.hierarchy is None:
            return self.absent("no cgroup hierarchy with cpusets is mounted")
        if shield is not None:
            return self.missing(f"{shield.group} stands for somebody else, on CPU {format_cpus(shield.cpus)}", "note")
        return self.missing(f"none (cgroup v{self.hierarchy.version} could make one)", "note")

    def advice(self) -> str:
        """Name the script."""
        return "as root: tailgate isolate run -- COMMAND"

    def plan(self) -> tuple[Step, ...]:
        """Plan the shield. Raises TailgateError where it cannot be made."""
        if self.read().status == "absent":
            raise TailgateError(
                "no cgroup hierarchy with cpusets is mounted",
                hint="mount -t cgroup -o cpuset cpuset /sys/fs/cgroup/cpuset, after making that folder",
            )
        return plan_shield(self.host, self.cpus)
