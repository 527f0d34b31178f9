"""What a search may exchange in a pipeline, and how an axis that is no implementation is obeyed."""

from __future__ import annotations

import gc
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composed import CAPACITY
from implementations.pipeline.composition import NAMED, STEPS
from implementations.registry import catalogue
from tailgate import Axis, TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailgate import Workload

CAPACITY_AXIS: Final = "capacity"
THRESHOLD_AXIS: Final = "threshold"
SWITCH_AXIS: Final = "switch"

_ASKED: Final = (
    Axis("gc", ("on", "frozen", "pauses"), asked=True),
    Axis(THRESHOLD_AXIS, ("700", "10000", "100000"), asked=True),
    Axis(SWITCH_AXIS, ("0.005", "0.0005", "0.05"), asked=True),
    Axis(CAPACITY_AXIS, (str(CAPACITY), "64", "256", "8192"), asked=True),
)
NUMBERS: Final[Mapping[str, Callable[[str], float]]] = {
    CAPACITY_AXIS: int,
    THRESHOLD_AXIS: int,
    SWITCH_AXIS: float,
}
"""Axes with a number: messages of the hand-off, allocations of the first generation, seconds of a thread's turn."""


def axes(name: str) -> list[Axis]:
    """List the axes of a named composition: its paths, and beside them what has to be asked for."""
    path, _, base = name.partition("/")
    if path != "pipeline" or base not in NAMED:
        return []
    return [*(_of_path(step, getattr(NAMED[base], step)) for step in STEPS), *_ASKED]


def _of_path(path: str, own: str) -> Axis:
    entries = catalogue(path)
    others = tuple(entry.name for entry in entries if entry.name != own)
    return Axis(path, (own, *others), {entry.name: entry.unavailable for entry in entries if entry.unavailable})


def number_of(axis: str, text: str) -> float:
    """Return the value of an axis with a number; TailgateError where it is none, or not above zero."""
    try:
        value = NUMBERS[axis](text)
    except ValueError:
        value = 0
    if not 0 < value < sys.maxsize:
        raise TailgateError(f"{axis}={text}: a number above 0 was expected", hint="e.g. capacity=256, switch=0.0005")
    return value


def under(chosen: Mapping[str, str], prepare: Callable[[Mapping[str, Any]], Workload]) -> Any:
    """Return `prepare` with the process set as the axes say: the collector's threshold, the switch interval."""
    threshold, interval = chosen.get(THRESHOLD_AXIS), chosen.get(SWITCH_AXIS)
    return partial(_prepared, threshold, interval, prepare) if threshold or interval else prepare


def _prepared(
    threshold: str | None,
    interval: str | None,
    prepare: Callable[[Mapping[str, Any]], Workload],
    settings: Mapping[str, Any],
) -> Workload:
    if threshold:
        gc.set_threshold(int(threshold), *gc.get_threshold()[1:])
    if interval:
        sys.setswitchinterval(float(interval))
    return prepare(settings)
