"""The tables of cost against size, as every page and terminal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.sizes.document import LEAST_OPERATIONS, grouped
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.sizes.document import Curve, Sizes
    from documents.sizes.growth import Bend, Growth
    from documents.span import Span

LEAD: Final = (
    "Reproducible p50 and p99 of an operation at each size, the median over the blocks; at one size all "
    "implementations take turns in the same blocks. The growth is the law of the p50 that fits best, with what is "
    "fixed and what each unit costs; a curve bends where one power of the size becomes another."
)


def sizes_tables(found: Sizes) -> list[Table]:
    """Return two tables for each dimension and path, p50 and p99, then what was not measured."""
    tables = []
    for (dimension, path), curves in grouped(found.curves).items():
        title = f"{path} against {dimension}"
        tables += [_table(f"{title}: p50", curves, tail=False), _table(f"{title}: p99", curves, tail=True)]
    if found.unavailable:
        tables.append(Table("Not measured", ("benchmark", "why"), tuple(found.unavailable.items())))
    return tables


def machine_of(found: Sizes) -> str:
    """Return the machine's facts as a person reads them."""
    return ", ".join(f"{name.removeprefix('tailgate_machine_')} {value}" for name, value in found.machine.items())


def _table(title: str, curves: Sequence[Curve], *, tail: bool) -> Table:
    sizes = sorted({size for each in curves for size in each.sizes})
    rows = []
    for each in curves:
        spans = dict(zip(each.sizes, each.p99 if tail else each.p50, strict=True))
        told = (_law(each.tail),) if tail else (_law(each.growth), _bend(each.bend))
        rows.append((each.implementation, *(_cell(spans[size]) if size in spans else "" for size in sizes), *told))
    heads = ("growth",) if tail else ("growth", "bends at")
    notes = [f"{curves[0].unit}; [the least, the greatest] of a block where they differ by more than a tenth"]
    if tail and any(span is None for each in curves for span in each.p99):
        notes.append(f"- fewer than {LEAST_OPERATIONS} operations fitted the time: too few for a p99")
    return Table(title, ("implementation", *(f"{size:,}" for size in sizes), *heads), tuple(rows), tuple(notes))


def _cell(span: Span | None) -> str:
    if span is None:
        return "-"
    wide = span.high - span.low > 0.1 * span.value
    return duration(span.value) + (f" [{duration(span.low)}, {duration(span.high)}]" if wide else "")


def _law(growth: Growth | None) -> str:
    if growth is None:
        return "too few sizes"
    if not growth.law:
        return f"no simple law ({100 * growth.error:.0f} % off)"
    if growth.law == "constant":
        return "constant"
    return f"{duration(growth.fixed_ns)} + {growth.each_ns:.3g} ns · {growth.law}"


def _bend(bend: Bend | None) -> str:
    return "" if bend is None else f"{bend.size:,} (n^{bend.before:.2f} → n^{bend.behind:.2f})"
