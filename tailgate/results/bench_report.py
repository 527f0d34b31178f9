"""The summary of a bench drawn as tables, and the plain Markdown page of them that every project gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tailgate.documents.bench import P50, P99
from tailgate.results.table import Table, advisory_note, duration, marked
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.bench import BenchFigures, BenchSummary, Spending
    from tailgate.documents.run import RunFacts

LABELS: Final = tuple(f"p{100 * p:g}" for p in LADDER)


def bench_tables(summary: BenchSummary) -> list[Table]:
    """Return the percentile table of each group, then first passes, stages and budgets."""
    groups = summary.groups()
    tables = [percentile_table(group, members) for group, members in groups.items()]
    tables.append(first_pass_table([each for members in groups.values() for each in members]))
    stages = stage_table(summary.benchmarks)
    tables += [stages] if stages else []
    tables += [budget_table(summary.budgets)] if summary.budgets else []
    return [table.under(summary.inputs) for table in tables]


def bench_markdown(summary: BenchSummary, facts: RunFacts, pictures: Mapping[str, str] | None = None) -> str:
    """Return the page: conditions first, then the tables; `pictures` maps a table's title to a file beside the page."""
    lines = [
        "# Benchmarks",
        "",
        f"`{facts.command}`, {facts.when}, {facts.seconds:.0f} s. This machine is {facts.verdict}.",
        "",
    ]
    lines += [f"- {note}" for note in facts.notes]
    lines += [f"- {name} is unavailable: {reason}" for name, reason in facts.unavailable.items()]
    for table in bench_tables(summary):
        lines += ["", table.markdown()]
        if pictures and table.title in pictures:
            lines += ["", f"![percentile curves of {table.title}]({pictures[table.title]})"]
    return "\n".join(lines) + "\n"


def percentile_table(title: str, members: Sequence[BenchFigures]) -> Table:
    """Return the table of one group: an implementation a row."""
    versus = any(each.versus for each in members)
    rows = tuple(_row(each, versus=versus) for each in members)
    columns = ("implementation", *LABELS, "max", "p99 over processes", "reproducible p99")
    vs = ("vs bottleneck p50", "vs bottleneck p99") if versus else ()
    notes = (*advisory_note(rows), *opening_note(members))
    return Table(title, (*columns, *vs, "operations", "processes", "harness overhead"), rows, notes)


def ladder_cells(values_ns: Sequence[float], advisory: Sequence[bool]) -> tuple[str, ...]:
    """Return percentiles as a table shows them."""
    return tuple(marked(duration(ns), advisory=few) for ns, few in zip(values_ns, advisory, strict=True))


def versus_text(each: BenchFigures, place: int) -> str:
    """Return how many times faster than the bottleneck it is, marked where it rests on advisory percentiles."""
    found = each.versus[place] if each.versus else None
    return "-" if found is None else marked(str(found), advisory=each.advisory[place])


class Replayed(Protocol):
    """What knows how many operations of its tape were replayed in a pass."""

    @property
    def operations(self) -> int:
        """Return the operations of a pass."""

    @property
    def tape(self) -> int:
        """Return the operations on the whole tape; 0 where that is not known."""


def opening_note(replayed: Sequence[Replayed]) -> tuple[str, ...]:
    """Say where a tape was not replayed to its end: what is rare and comes early weighs more there."""
    cut = [each for each in replayed if each.operations < each.tape]
    if not cut:
        return ()
    said = ", ".join(sorted({f"{each.operations:,} of {each.tape:,}" for each in cut}))
    whose = "" if len(cut) == len(replayed) else f" for {len(cut)} of these {len(replayed)}"
    return (f"only the first operations of the tape were replayed{whose} ({said}): the tail of the whole may differ",)


def _row(each: BenchFigures, *, versus: bool) -> tuple[str, ...]:
    few = each.advisory[P99]
    return (
        each.title,
        *ladder_cells(each.raw, each.advisory),
        duration(each.max_ns),
        marked(f"{duration(each.low[P99])} .. {duration(each.high[P99])}", advisory=few),
        marked(duration(each.reproducible[P99]), advisory=few),
        *((versus_text(each, place) for place in (P50, P99)) if versus else ()),
        f"{each.operations:,} x {each.passes}",
        str(each.processes),
        f"{each.floor_inside_ns:.0f}/{each.floor_total_ns:.0f} ns",
    )


def first_pass_table(members: Sequence[BenchFigures]) -> Table:
    """Return first pass (cold) beside the warm ones, at p50 and p99, for each benchmark."""
    rows = tuple(
        (
            each.name,
            *(
                marked(duration(ns[place]), advisory=each.advisory[place])
                for place in (P50, P99)
                for ns in (each.first_pass, each.raw)
            ),
        )
        for each in members
    )
    columns = ("benchmark", "first p50", "warm p50", "first p99", "warm p99")
    notes = (*advisory_note(rows), *opening_note(members))
    return Table("First pass (cold) and warm passes", columns, rows, notes)


def stage_table(members: Sequence[BenchFigures]) -> Table | None:
    """Return where the time of an operation goes, for the benchmarks that are split by stage."""
    split = [each for each in members if each.stages]
    rows = tuple(
        (f"{each.implementation}: {stage.stage}", *ladder_cells(stage.raw, each.advisory), duration(stage.mean_ns))
        for each in split
        for stage in each.stages
    )
    notes = (*advisory_note(rows), *opening_note(split))
    return Table("Time by stage", ("stage", *LABELS, "mean"), rows, notes) if rows else None


def budget_table(spent: Sequence[Spending]) -> Table:
    """Return the table of the budgets."""
    rows = tuple(
        (
            each.name,
            duration(each.budget_ns),
            marked(duration(each.p99_ns), advisory=each.advisory),
            f"{each.headroom:.0%}",
            "BROKEN" if each.broken else "kept",
        )
        for each in spent
    )
    notes = (*advisory_note(rows), *opening_note(spent))
    return Table("Budgets (raw p99)", ("benchmark", "budget", "p99", "headroom", "verdict"), rows, notes)
