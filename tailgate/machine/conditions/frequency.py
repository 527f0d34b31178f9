"""How fast the CPU runs: the governor that chooses the frequency, and the turbo that goes beyond the nominal one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from tailgate.documents.machine import Reading


class Governor(Condition):
    """The policy that chooses frequencies: `performance` holds the highest, others follow the load with a delay."""

    name: ClassVar[str] = "frequency governor"

    def path(self, cpu: int) -> str:
        """Return the file of one CPU."""
        return f"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"

    def read(self) -> Reading:
        """Look at the measured CPUs."""
        found = {cpu: self.host.read(self.path(cpu)) for cpu in self.cpus}
        if None in found.values():
            who = "the hypervisor decides" if self.host.is_virtual() else "the firmware decides"
            return self.missing(f"no governor here: {who}", "note")
        state = ", ".join(f"CPU {cpu} {governor}" for cpu, governor in found.items())
        if set(found.values()) == {"performance"}:
            return self.met(state)
        return self.missing(state)

    def advice(self) -> str:
        """Say what to set, or what to lean on where nothing can be set."""
        if self.host.read(self.path(self.cpus[0])) is None:
            return "compare in lockstep, where a changing frequency hits every side alike; absolute figures may drift"
        return "set it to performance: tailgate isolate, or cpupower frequency-set -g performance"

    def plan(self) -> tuple[Step, ...]:
        """Plan `performance` on each measured CPU that has a governor."""
        steps: list[Step] = []
        for cpu in self.cpus:
            old = self.host.read(self.path(cpu))
            if old not in (None, "performance"):
                steps.append(Write(self.path(cpu), old, "performance"))
        return tuple(steps)


class Turbo(Condition):
    """A clock above the nominal one that lasts while heat and the neighbours allow: figures then depend on both.

    A driver has one file; subclasses name it, and the text by which it says off.
    """

    file: ClassVar[str]
    off: ClassVar[str]

    def read(self) -> Reading:
        """Look at the driver's file."""
        value = self.host.read(self.file)
        if value is None:
            return self.absent(f"no {self.file}")
        return self.met("off") if value == self.off else self.missing("on")

    def advice(self) -> str:
        """Say what to write."""
        return f"switch it off: echo {self.off} > {self.file}, or tailgate isolate"

    def plan(self) -> tuple[Step, ...]:
        """Plan it off. It is planned after the governor, whose change can switch it on again."""
        value = self.host.read(self.file)
        return (Write(self.file, value, self.off),) if value not in (None, self.off) else ()


class TurboIntel(Turbo):
    """Turbo of the intel_pstate driver, which asks the question the other way round."""

    name: ClassVar[str] = "turbo (Intel)"
    file: ClassVar[str] = "/sys/devices/system/cpu/intel_pstate/no_turbo"
    off: ClassVar[str] = "1"


class TurboBoost(Turbo):
    """Boost of the acpi-cpufreq and amd-pstate drivers."""

    name: ClassVar[str] = "turbo (AMD)"
    file: ClassVar[str] = "/sys/devices/system/cpu/cpufreq/boost"
    off: ClassVar[str] = "0"
