"""Say in one line what an interval held, and what the memory's figures are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from tailgate.monitor.memory import MemoryFigures
    from tailgate.monitor.recorder import Tally

PERCENTS: Final = (50.0, 90.0, 99.0, 99.9)
_UNITS: Final = (("s", 10**9), ("ms", 10**6), ("us", 10**3))
_MIB: Final = 2**20


def interval_line(tag: str, tally: Tally, histogram: hdr.Histogram, log_failures: int = 0) -> str:
    """Return count, percentiles and maximum, and whatever was not as it should be."""
    parts = [f"{tag or 'untagged'}: {tally.count} values"]
    if tally.count:
        values = hdr.percentiles(histogram, PERCENTS)
        parts += [f"p{percent:g} {duration(value)}" for percent, value in zip(PERCENTS, values, strict=True)]
        parts += [f"max {duration(hdr.maximum(histogram))}", f"mean {duration(tally.sum_ns // tally.count)}"]
    oddities = {
        "negative (counted as 0)": tally.negative,
        "beyond an hour (counted as an hour)": tally.too_high,
        "unusable (not counted)": tally.unusable,
        "failures of the log so far": log_failures,
    }
    return ", ".join(parts + [f"{number} {what}" for what, number in oddities.items() if number])


def memory_line(figures: MemoryFigures) -> str:
    """Return resident bytes, blocks, collections by generation, and jemalloc's figures."""
    rss = "unknown" if figures.rss_bytes is None else f"{figures.rss_bytes / _MIB:.1f} MiB"
    parts = [
        f"memory: rss {rss}",
        f"{figures.allocated_blocks} blocks",
        f"collections {'/'.join(map(str, figures.gc_collections))}",
    ]
    parts += [f"jemalloc {name} {value / _MIB:.1f} MiB" for name, value in figures.jemalloc_bytes.items()]
    return ", ".join(parts)


def duration(value_ns: int) -> str:
    """Write nanoseconds in the unit that suits them, to three digits after the point."""
    for unit, size_ns in _UNITS:
        if value_ns >= size_ns:
            return f"{value_ns / size_ns:.3f} {unit}"
    return f"{value_ns} ns"
