"""What a machine is, as far as absolute figures depend on it: two with the same facts share a series of the history."""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
from hashlib import blake2s
from typing import TYPE_CHECKING

from tailgate.documents.provenance import Interpreter, Machine
from tailgate.machine.host import Host

if TYPE_CHECKING:
    from collections.abc import Mapping


def identify(host: Host | None = None) -> Machine:
    """Return this machine: processor, number of CPUs, architecture, memory in GiB, whether it is a guest.

    Its name is left out: runners of one kind have many names and give the same figures.
    """
    host = host or Host()
    model = re.search(r"^(?:model name|Hardware|cpu model)\s*:\s*(.+)$", host.read("/proc/cpuinfo") or "", re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", host.read("/proc/meminfo") or "", re.MULTILINE)
    return machine_of(
        {
            "CPU": model[1] if model else platform.processor() or "unknown",
            "CPUs": len(host.online_cpus()),
            "architecture": platform.machine(),
            "memory GiB": round(int(memory[1]) / 2**20) if memory else 0,
            "guest": "yes" if host.is_virtual() else "no",
        }
    )


def described(host: Host | None = None) -> str:
    """Return the processor, the number of CPUs and the kernel in one line, for a page's head."""
    host = host or Host()
    facts = identify(host).facts
    return f"{facts['CPU']}, {facts['CPUs']} CPUs, {platform.system()} {platform.release()}"


def machine_of(facts: Mapping[str, str | int]) -> Machine:
    """Return the machine of these facts."""
    return Machine(digest(json.dumps(dict(facts), sort_keys=True)), facts)


def interpreter() -> Interpreter:
    """Return this interpreter, and a word for how it was built."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    free = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    return interpreter_of(version, platform.python_compiler(), str(sysconfig.get_config_var("CFLAGS") or ""), free)


def interpreter_of(version: str, compiler: str, flags: str, gil: str = "") -> Interpreter:
    """Return an interpreter of what is known of it; flags are told by a digest, they are long."""
    parts = [compiler, f"flags {digest(flags)}" if flags else "", gil]
    return Interpreter(version, ", ".join(filter(None, parts)) or sys.implementation.cache_tag or "unknown")


def digest(text: str) -> str:
    """Return eight hexadecimal digits that stand for a text."""
    return blake2s(text.encode(), digest_size=4).hexdigest()
