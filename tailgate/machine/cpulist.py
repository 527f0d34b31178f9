"""Lists of CPUs as the kernel writes them: `0-3,8` (cpusets, sysfs)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterable


def parse_cpus(text: str) -> tuple[int, ...]:
    """Return the sorted CPUs of a kernel list.

    Empty text and ` (null)`, which some kernels print for an unset list, are no CPUs. Raises TailgateError for anything
    else that is not a list of numbers and ranges.
    """
    text = text.strip(" \t\n\x00")
    if not text or text == "(null)":
        return ()
    cpus: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise TailgateError(f"{text!r} is not a list of CPUs", hint="write it as the kernel does, e.g. 1 or 2-5,7")
        cpus.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cpus))


def format_cpus(cpus: Iterable[int]) -> str:
    """Write CPUs as the kernel does: neighbours joined by a dash; no CPUs are empty text."""
    runs = groupby(enumerate(sorted(set(cpus))), key=lambda pair: pair[1] - pair[0])
    spans = [[cpu for _, cpu in run] for _, run in runs]
    return ",".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
