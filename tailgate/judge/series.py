"""What a block of a comparison leaves behind: the percentiles of every side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.documents.comparison import KINDS, Series
from tailgate.statistics.quantiles import LADDER, quantiles

if TYPE_CHECKING:
    from tailgate.measure.lockstep import Block


def add_block(series: Series, block: Block) -> None:
    """Take the figures of one block, all or none if Ctrl-C comes; the samples themselves are not kept."""
    rows = {kind: {side: list(table) for side, table in series.rows[kind].items()} for kind in KINDS}
    recorded, clock_step_ns = series.recorded, series.clock_step_ns
    for record in block.records:
        raw = record.raw()
        recorded = int(raw.size)
        clock_step_ns = max(clock_step_ns, record.ready.get("clock_step_ns", 1))
        name = record.side.name
        rows["raw"].setdefault(name, []).append(quantiles(raw, LADDER))
        rows["reproducible"].setdefault(name, []).append(quantiles(record.reproducible(), LADDER))
    series.operations, series.recorded, series.clock_step_ns, series.rows = (
        block.operations,
        recorded,
        clock_step_ns,
        rows,
    )
