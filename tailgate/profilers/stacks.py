"""Stacks with weights: what every profiler's own file comes down to, and the common forms of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.places import Frame, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tailgate.documents.profile import Unit

Stack = tuple[Frame, ...]  # outermost first

LOOP: Final = ("run_over", "tailgate/profilers/target.py")
"""The function and the file whose callees are the operations."""

_SPEEDSCOPE: Final = "https://www.speedscope.app/file-format-schema.json"
_SPEEDSCOPE_UNITS: Final[Mapping[Unit, str]] = {"ns": "nanoseconds", "bytes": "bytes", "allocations": "none"}


@dataclass(frozen=True, slots=True)
class Hot:
    """A line of code and the fraction of all weight that was spent in it, callees not included."""

    frame: Frame
    share: float

    def __str__(self) -> str:
        """Return `file:line function`."""
        line = f":{self.frame.line}" if self.frame.line else ""
        return f"{self.frame.file}{line} {self.frame.function}"


def inside(stacks: Iterable[tuple[Sequence[Frame], float]], roots: Sequence[str]) -> Counter[Stack]:
    """Keep what happened in operations, from the operation inwards; paths become short.

    Starting, importing, preparing and building fresh state are outside the loop over the operations, and are left out.
    """
    kept: Counter[Stack] = Counter()
    for stack, weight in stacks:
        place = next((n for n, each in enumerate(stack) if is_loop(each)), None)
        if place is None:
            continue
        inner = stack[place + 1 :] or (Frame("(the loop, or an operation in C)", *LOOP[1:], 0),)
        kept[tuple(Frame(each.function, shorten(each.file, roots), each.line) for each in inner)] += weight  # type: ignore[assignment]  # typeshed: a Counter of ints; weights may be seconds
    return kept


def share_inside(stacks: Mapping[Stack, float], everything: Iterable[tuple[Sequence[Frame], float]]) -> str:
    """Say how much of a profile was in operations; the rest is starting, preparing and fresh state."""
    total = sum(weight for _, weight in everything)
    return f"{100 * sum(stacks.values()) / total if total else 0:.0f} % of all"


def is_loop(frame: Frame) -> bool:
    """Say whether a frame is the loop over the operations."""
    return frame.function == LOOP[0] and frame.file.endswith(LOOP[1])


def hottest(stacks: Mapping[Stack, float]) -> list[Hot]:
    """Return the lines of code by their own weight, greatest first."""
    own: Counter[Frame] = Counter()
    for stack, weight in stacks.items():
        own[stack[-1]] += weight  # type: ignore[assignment]  # as above
    total = sum(own.values())
    return [Hot(frame, weight / total) for frame, weight in own.most_common() if total]


def by_function(stacks: Mapping[Stack, float]) -> dict[tuple[str, str], float]:
    """Return the share of each function (name, file), callees included."""
    total = sum(stacks.values())
    shares: dict[tuple[str, str], float] = {}
    for stack, weight in stacks.items():
        for function in {(frame.function, frame.file) for frame in stack}:
            shares[function] = shares.get(function, 0.0) + weight / total
    return shares


def collapsed(stacks: Mapping[Stack, float]) -> str:
    """Return the lines that flame graph tools read: `outer;inner weight`."""
    lines = Counter[str]()
    for stack, weight in stacks.items():
        lines[";".join(f"{frame.function} ({frame.file}:{frame.line})" for frame in stack)] += round(weight)
    return "".join(f"{line} {weight}\n" for line, weight in sorted(lines.items()) if weight)


def write_speedscope(stacks: Mapping[Stack, float], unit: Unit, name: str, path: Path) -> Path:
    """Write the stacks as a speedscope file, heaviest first."""
    numbers: dict[Frame, int] = {}
    samples, weights = [], []
    for stack, weight in sorted(stacks.items(), key=lambda item: -item[1]):
        samples.append([numbers.setdefault(frame, len(numbers)) for frame in stack])
        weights.append(weight)
    profile = {
        "type": "sampled",
        "name": name,
        "unit": _SPEEDSCOPE_UNITS[unit],
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    frames = [{"name": frame.function, "file": frame.file, "line": frame.line} for frame in numbers]
    plain = {"$schema": _SPEEDSCOPE, "name": name, "shared": {"frames": frames}, "profiles": [profile]}
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


def read_speedscope(plain: Mapping[str, Any]) -> list[tuple[list[Frame], float]]:
    """Read the sampled profiles of a speedscope file, all threads together."""
    frames = [Frame(each["name"], each.get("file") or "?", each.get("line") or 0) for each in plain["shared"]["frames"]]
    return [
        ([frames[number] for number in sample], weight)
        for profile in plain["profiles"]
        if profile["type"] == "sampled"
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True)
    ]
