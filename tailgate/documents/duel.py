"""duel.json: which of two sides is faster, at which percentile, how sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tailgate.documents.comparison import Kind, Series, Shift, finite, first_shift, second_series
from tailgate.documents.envelope import document, keys
from tailgate.statistics.quantiles import is_advisory


@dataclass(frozen=True, slots=True)
class DuelFigure:
    """How one percentile of the second side stands to the first's.

    detectable: the least log ratio that so many blocks would have found, None for none yet. advisory: too few different
    operations lie beyond the percentile. coarse: what is detectable is one step of the clock.
    """

    kind: Kind
    p: float
    base_ns: float
    head_ns: float
    shift: Shift
    detectable: float | None
    advisory: bool
    coarse: bool = False

    @property
    def name(self) -> str:
        """Return the figure's name, marked where it is advisory."""
        return f"{'~' if self.advisory else ''}{self.kind} p{100 * self.p:g}"


def _from_first(plain: dict[str, Any]) -> dict[str, Any]:
    series = plain["series"]
    figures = [
        {key: each[key] for key in ("kind", "p", "base_ns", "head_ns")}
        | {
            "shift": first_shift(each["comparison"]["estimate"]),
            "detectable": None if each["comparison"].get("mde") is None else finite(each["comparison"]["mde"]),
            "advisory": is_advisory(each["p"], min(series["operations"], series["recorded"])),
            "coarse": each.get("grained", False),
        }
        for each in plain["shifts"]
    ]
    kept = ("base", "head", "verdict", "blocks", "seconds", "environment_share", "interrupted", "series")
    return {key: plain[key] for key in kept if key in plain} | {"figures": figures}


@document(
    "duel",
    3,
    title="a duel",
    made_by="tailgate duel",
    migrations={1: _from_first, 2: lambda plain: plain | {"series": second_series(plain["series"])}},
    bare=keys("base", "head", "shifts", "series"),
)
@dataclass(frozen=True, slots=True)
class DuelDocument:
    """The answer of a duel; the verdict speaks of head, about the reproducible p99.

    environment_share: of the raw p99, of base and of head; None in files that did not have it. interrupted: by Ctrl-C,
    undecided then, whatever the blocks say. inputs: what the suite says of its inputs.
    """

    base: str
    head: str
    verdict: Literal["slower", "faster", "undecided"]
    figures: tuple[DuelFigure, ...]
    blocks: int
    seconds: float
    series: Series
    environment_share: tuple[float, float] | None = None
    interrupted: bool = False
    inputs: tuple[str, ...] = ()
    batch: int = 1  # operations that were timed together: every percentile is of a batch

    def __post_init__(self) -> None:
        """Refuse a duel without the figure that its verdict is about."""
        if not any(each.kind == "reproducible" and each.p == 0.99 for each in self.figures):
            raise ValueError("it has no reproducible p99")

    @property
    def primary(self) -> DuelFigure:
        """Return the figure that the verdict is about."""
        return next(each for each in self.figures if each.kind == "reproducible" and each.p == 0.99)
