"""What a host says of itself before it measures, how that differs from here, and which CPU each worker gets."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import tailgate
from tailgate.machine.placement import CpuPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

HOST: Final = "TAILGATE_HOST"
"""The variable that names a host, where the kernel's boot does not tell machines apart (some sandboxes share it)."""

What = Literal["instrument", "python", "libc", "packages", "machine"]


@dataclass(frozen=True, slots=True)
class Software:
    """What a block runs on: instrument is a digest of tailgate's own files, packages are versions by name."""

    instrument: str
    python: str
    libc: str
    machine: str
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a worker says of itself and of its host.

    kernel: of the host, the same for all that share its CPUs. cpus: those that the worker may run on.
    """

    name: str
    kernel: str
    cpus: tuple[int, ...]
    software: Software
    processor: str = ""

    @property
    def host(self) -> str:
        """Return what stands for the host in the statistics."""
        return self.kernel


@dataclass(frozen=True, slots=True)
class Difference:
    """What is another on a host, in words."""

    what: What
    told: str


@cache
def software() -> Software:
    """Return what blocks of this process's interpreter run on."""
    files = sorted(Path(tailgate.__file__).parent.rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(Path(tailgate.__file__).parent).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    packages = {each.metadata["Name"].lower(): each.version for each in distributions() if each.metadata["Name"]}
    packages.pop("tailgate", None)  # the digest says more
    implementation = f"{platform.python_implementation()} {platform.python_version()}{getattr(sys, 'abiflags', '')}"
    return Software(digest.hexdigest(), implementation, " ".join(platform.libc_ver()), platform.machine(), packages)


def facts() -> Facts:
    """Return what this process and its host are."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    kernel = os.environ.get(HOST) or (boot.read_text(encoding="ascii").strip() if boot.exists() else "")
    name = os.environ.get(HOST) or socket.gethostname()
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    return Facts(name, kernel or socket.gethostname(), cpus, software(), _processor())


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def differences(here: Software, there: Software) -> Iterator[Difference]:
    """Yield what a host has other than here; packages that only the host has are no matter."""
    if there.instrument != here.instrument:
        yield Difference("instrument", "its tailgate is another: install this one there")
    for what in ("python", "libc", "machine"):
        own, other = getattr(here, what), getattr(there, what)
        if own != other:
            yield Difference(what, f"{other or 'unknown'} in place of {own or 'unknown'}")
    lacking = sorted(here.packages.keys() - there.packages.keys())
    others = sorted(n for n in here.packages.keys() & there.packages.keys() if here.packages[n] != there.packages[n])
    if lacking or others:
        words = [f"{name} {there.packages[name]} in place of {here.packages[name]}" for name in others]
        words += [f"no {name}" for name in lacking]
        more = f" and {len(words) - 5} more" if len(words) > 5 else ""
        yield Difference("packages", ", ".join(words[:5]) + more)


ALWAYS_REFUSED: Final[frozenset[What]] = frozenset({"instrument", "machine"})
"""Another instrument measures otherwise, and another architecture does not run what travels."""


def refusal(found: Sequence[Difference], refused: Collection[str]) -> str:
    """Return why a host may not measure; nothing where it may."""
    return "; ".join(each.told for each in found if each.what in ALWAYS_REFUSED or each.what in refused)


def share_cpus(workers: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Give each worker of one host a CPU of its own; a worker for which none is left is not in the answer.

    workers: the CPUs that each may run on, by address. Those with the least choice come first, and take the last of
    what is left: far from the first interrupts, as a gate of one machine does.
    """
    given: dict[str, int] = {}
    for address in sorted(workers, key=lambda each: (len(workers[each]), each)):
        free = [cpu for cpu in workers[address] if cpu not in given.values()]
        if free:
            given[address] = free[-1]
    return given


def plan_on(cpu: int, allowed: Sequence[int], taken: Collection[int]) -> CpuPlan:
    """Return where a worker's coordinator lives: off every CPU that is measured, where it may; else beside its own."""
    others = tuple(each for each in allowed if each not in taken and each != cpu)
    return CpuPlan(cpu, others or (cpu,), isolated=False, reason=f"CPU {cpu} of a fleet's worker")
