"""What the blocks of a comparison leave behind: the percentiles of every side, block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from tailgate.statistics.quantiles import LADDER, quantiles
from tailgate.statistics.shift import log_ratios

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tailgate.measure.lockstep import Block

Kind = Literal["raw", "reproducible"]
KINDS: Final[tuple[Kind, ...]] = ("reproducible", "raw")


@dataclass(slots=True)
class Series:
    """Percentiles in ns by kind and side, one row a block, one column a step of LADDER."""

    rows: dict[Kind, dict[str, list[tuple[float, ...]]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    operations: int = 0
    recorded: int = 0  # samples of one process
    grain_ns: int = 1  # the step of the clock that took them

    def add(self, block: Block) -> None:
        """Take the figures of one block, all or none if Ctrl-C comes; the samples themselves are not kept."""
        rows = {kind: {side: list(table) for side, table in self.rows[kind].items()} for kind in KINDS}
        recorded, grain_ns = self.recorded, self.grain_ns
        for record in block.records:
            raw = record.raw()
            recorded = int(raw.size)
            grain_ns = max(grain_ns, record.ready.get("grain_ns", 1))
            name = record.side.name
            rows["raw"].setdefault(name, []).append(quantiles(raw, LADDER))
            rows["reproducible"].setdefault(name, []).append(quantiles(record.reproducible(), LADDER))
        self.operations, self.recorded, self.grain_ns, self.rows = block.operations, recorded, grain_ns, rows

    def take(self, other: Series, number: int) -> None:
        """Take one block of another series."""
        self.operations, self.recorded, self.grain_ns = other.operations, other.recorded, other.grain_ns
        for kind in KINDS:
            for side, rows in other.rows[kind].items():
                self.rows[kind].setdefault(side, []).append(rows[number])

    def __len__(self) -> int:
        """Return the number of blocks."""
        return max((len(rows) for rows in self.rows["raw"].values()), default=0)

    def ratios(self, kind: Kind, base: str, head: str) -> NDArray[np.float64]:
        """Return log(head / base), shape (blocks, steps of LADDER)."""
        return log_ratios(self.rows[kind][base], self.rows[kind][head])

    def ratio_at(self, kind: Kind, base: str, head: str, p: float) -> NDArray[np.float64]:
        """Return log(head / base) of one percentile, one value a block."""
        column: NDArray[np.float64] = self.ratios(kind, base, head)[:, LADDER.index(p)]
        return column

    def median_ns(self, kind: Kind, side: str, p: float) -> float:
        """Return the median over blocks of one percentile of one side."""
        return float(np.median(np.asarray(self.rows[kind][side])[:, LADDER.index(p)]))

    def step(self, kind: Kind, side: str, p: float) -> float:
        """Return the log ratio that one step of the clock makes of one percentile: less cannot be told apart."""
        median_ns = self.median_ns(kind, side, p)
        return math.log1p(self.grain_ns / median_ns) if median_ns else math.inf

    def environment_share(self, side: str, p: float) -> float:
        """Return the part of the raw percentile that is not reproducible: the machine's share."""
        raw_ns = self.median_ns("raw", side, p)
        return 1.0 - self.median_ns("reproducible", side, p) / raw_ns if raw_ns else 0.0

    def to_plain(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "operations": self.operations,
            "recorded": self.recorded,
            "grain_ns": self.grain_ns,
            "rows": self.rows,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Series:
        """Read what `to_plain` gave."""
        rows: dict[Kind, dict[str, list[tuple[float, ...]]]] = {
            kind: {side: [tuple(row) for row in table] for side, table in plain["rows"][kind].items()} for kind in KINDS
        }
        return cls(rows, plain["operations"], plain["recorded"], plain.get("grain_ns", 1))
