"""What the kernel does with memory behind our back: layout, huge pages, swap."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tailgate.machine.conditions.base import Condition
from tailgate.machine.steps import Step, Write, chosen

if TYPE_CHECKING:
    from tailgate.documents.machine import Reading

ASLR = "/proc/sys/kernel/randomize_va_space"
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage"
SWAPPINESS = "/proc/sys/vm/swappiness"


class Aslr(Condition):
    """Random layout of memory, which is wanted ON.

    A fixed layout measures one layout, with its luck; over many processes a random one averages the luck out. The
    design counts on that: layout differs by process, and the process is the unit.
    """

    name: ClassVar[str] = "ASLR"

    def read(self) -> Reading:
        """Look at the kernel's switch."""
        value = self.host.read(ASLR)
        if value is None:
            return self.absent("the kernel has no switch for it")
        return self.met("full") if value == "2" else self.missing(f"randomize_va_space is {value}, not 2")

    def advice(self) -> str:
        """Say what to write."""
        return f"echo 2 > {ASLR}: one fixed layout measures its own luck in every process"

    def plan(self) -> tuple[Step, ...]:
        """Plan full randomisation."""
        value = self.host.read(ASLR)
        return (Write(ASLR, value, "2"),) if value not in (None, "2") else ()


class TransparentHugePages(Condition):
    """Huge pages by default: the fault that makes one clears 2 MiB, and a kernel thread moves pages meanwhile."""

    name: ClassVar[str] = "transparent huge pages"

    def read(self) -> Reading:
        """Look at the mode in force."""
        text = self.host.read(f"{HUGE_PAGES}/enabled")
        if text is None:
            return self.absent("this kernel has none")
        mode = chosen(text)
        return self.missing("always", "note") if mode == "always" else self.met(mode)

    def advice(self) -> str:
        """Say what to write."""
        return f"echo madvise > {HUGE_PAGES}/enabled, or tailgate isolate"

    def plan(self) -> tuple[Step, ...]:
        """Plan `madvise`: who asks for them keeps them."""
        if self.read().status != "missing":
            return ()
        return (Write(f"{HUGE_PAGES}/enabled", "always", "madvise"),)


class Swap(Condition):
    """Pages on disk: one that is touched costs milliseconds."""

    name: ClassVar[str] = "swap"

    def sizes_kb(self) -> tuple[int, int]:
        """Return (total, in use) in KiB."""
        table = dict(line.split(":", 1) for line in (self.host.read("/proc/meminfo") or "").splitlines() if ":" in line)
        total, free = (int(table.get(key, "0 kB").split()[0]) for key in ("SwapTotal", "SwapFree"))
        return total, total - free

    def read(self) -> Reading:
        """Look at what is in use; an empty swap that the kernel is loath to use does no harm."""
        total, used = self.sizes_kb()
        if not total:
            return self.met("none")
        if used or self.host.read(SWAPPINESS) not in ("0", "1"):
            return self.missing(f"{used // 1024} of {total // 1024} MiB in use", "care" if used else "note")
        return self.met(f"empty, {total // 1024} MiB held back")

    def advice(self) -> str:
        """Name the command that empties it."""
        return "swapoff -a where memory allows; tailgate isolate sets vm.swappiness to 0 for the time"

    def plan(self) -> tuple[Step, ...]:
        """Plan the kernel's reluctance; nobody's pages are brought in by force."""
        old = self.host.read(SWAPPINESS)
        return (Write(SWAPPINESS, old, "0"),) if self.sizes_kb()[0] and old not in (None, "0") else ()
