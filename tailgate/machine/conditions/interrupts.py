"""Where interrupts are served: a device whose handler runs on the measured CPU steals from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.steps import Step, Write

if TYPE_CHECKING:
    from tailgate.documents.machine import Reading

DEFAULT = "/proc/irq/default_smp_affinity"


class IrqAffinity(Condition):
    """Interrupts of devices, steered away from the measured CPUs.

    Some refuse (a virtio queue answers EPERM or EIO: its affinity is managed by the driver); the rest is steered
    all the same, where pyperf's own operation stops at the first refusal. What is restored is where one may be served;
    which of those CPUs serves it is the kernel's choice, made anew at the next interrupt.
    """

    name: ClassVar[str] = "interrupts"

    def numbers(self) -> tuple[str, ...]:
        """Return the interrupts that have a place of their own under /proc."""
        return tuple(sorted((name for name in self.host.names("/proc/irq") if name.isdecimal()), key=int))

    def served_here(self) -> tuple[str, ...]:
        """Return the interrupts that reach a measured CPU: where they are served now, or may be."""
        return tuple(number for number in self.numbers() if set(self.targets(number)) & set(self.cpus))

    def targets(self, number: str) -> tuple[int, ...]:
        """Return the CPUs of one interrupt: the effective ones where the kernel tells them, else those allowed."""
        effective = self.host.read(f"/proc/irq/{number}/effective_affinity_list")
        return parse_cpus(effective or self.host.read(f"/proc/irq/{number}/smp_affinity_list") or "")

    def balancer(self) -> bool:
        """Tell whether irqbalance runs: it would steer them back."""
        return any(
            self.host.read(f"/proc/{name}/comm") == "irqbalance"
            for name in self.host.names("/proc")
            if name.isdecimal()
        )

    def read(self) -> Reading:
        """Look at every interrupt."""
        if not self.numbers():
            return self.absent("the kernel shows no interrupts")
        here = self.served_here()
        balanced = "; irqbalance runs" if self.balancer() else ""
        where = f"CPU {format_cpus(self.cpus)}"
        if here or balanced:
            return self.missing(f"{len(here)} of {len(self.numbers())} served on {where}{balanced}", "note")
        return self.met(f"none of {len(self.numbers())} served on {where}")

    def advice(self) -> str:
        """Name what steers them."""
        stop = "stop irqbalance, then " if self.balancer() else ""
        return f"{stop}steer them away: tailgate isolate (a virtual disk's may stay)"

    def plan(self) -> tuple[Step, ...]:
        """Plan one write for each interrupt that may reach a measured CPU, and the default of those to come."""
        rest = tuple(cpu for cpu in self.host.online_cpus() if cpu not in self.cpus)
        if not rest:
            return ()
        steps: list[Step] = []
        for number in self.numbers():
            path = f"/proc/irq/{number}/smp_affinity_list"
            old = self.host.read(path)
            if old is None or not set(parse_cpus(old)) & set(self.cpus):
                continue
            left = tuple(cpu for cpu in parse_cpus(old) if cpu not in self.cpus) or rest
            steps.append(Write(path, old, format_cpus(left)))
        default = self.host.read(DEFAULT)
        if default is not None:
            mask = int(default.replace(",", ""), 16)
            narrowed = mask & sum(1 << cpu for cpu in rest)
            if narrowed not in (mask, 0):
                steps.append(Write(DEFAULT, default, format_mask(narrowed, like=default)))
        return tuple(steps)


def format_mask(mask: int, *, like: str) -> str:
    """Write a mask of CPUs with the digits and commas of `like`, the kernel's own spelling of one."""
    digits = f"{mask:0{sum(character != ',' for character in like)}x}"
    spelled, start = [], 0
    for part in like.split(","):
        spelled.append(digits[start : start + len(part)])
        start += len(part)
    return ",".join(spelled)
