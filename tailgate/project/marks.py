"""What a suite itself says of how its benchmarks are judged: as base's suite has it, like all that is strict or lax."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tailgate.config import PERCENTILES
from tailgate.errors import TailgateError
from tailgate.measure.listing import Listed

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING: Final = Listed("")


@dataclass(frozen=True, slots=True)
class Marks:
    """Margins, as fractions, and percentiles of 100, of the benchmarks that have any; notes: what head changes."""

    margins: Mapping[str, float] = field(default_factory=dict)
    percentiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def marks_of(base_of: Mapping[str, str], base: Mapping[str, Listed], head: Mapping[str, Listed]) -> Marks:
    """Return what base's suite says of the benchmarks that are judged, by head's names.

    TailgateError where head says what cannot be; what base says and cannot be does not count.
    """
    margins: dict[str, float] = {}
    percentiles: dict[str, tuple[float, ...]] = {}
    notes: list[str] = []
    for name, old in base_of.items():
        before, now = base.get(old, _NOTHING), head.get(name, _NOTHING)
        if wrong := _wrong(now):
            raise TailgateError(
                f"{name}: its mark says {wrong}, which is out of range",
                hint="a margin from 0, percentiles of 50, 90, 99, 99.9",
            )
        counts = _NOTHING if _wrong(before) else before
        if counts.margin is not None:
            margins[name] = counts.margin
        if counts.percentiles:
            percentiles[name] = counts.percentiles
        if (now.margin, now.percentiles) != (counts.margin, counts.percentiles):
            notes.append(f"{name}: head's mark says {_said(now)}, base's {_said(counts)} counts")
    return Marks(margins, percentiles, tuple(notes))


def _wrong(said: Listed) -> str:
    """Return what a mark says wrongly; it comes from the user's code, so its types are not known."""
    margin: object = said.margin
    if margin is not None and not (isinstance(margin, int | float) and margin >= 0):
        return f"margin={said.margin!r}"
    if not all(each in PERCENTILES for each in said.percentiles):
        return f"percentiles={said.percentiles!r}"
    return ""


def _said(listed: Listed) -> str:
    told = [f"margin={listed.margin:g}"] if listed.margin is not None else []
    told += [f"percentiles={listed.percentiles!r}"] if listed.percentiles else []
    return ", ".join(told) or "nothing"
