"""A diagnosis of a machine, drawn as text and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailgate.results.table import Table

if TYPE_CHECKING:
    from tailgate.documents.doctor import Diagnosis

MARKS: Final = {"met": "ok", "missing": "--", "absent": "  "}


def doctor_text(found: Diagnosis) -> str:
    """Return a diagnosis for a person: the verdict, why, and everything that was looked at with what to do."""
    lines = [
        f"This machine is {found.verdict}.",
        *(f"  {reason}" for reason in found.reasons),
        "",
        f"Best CPU to measure on      {found.place}",
        f"Smallest p99 effect found   {found.effect}",
        "",
        jitter_table(found).text(),
        "",
        "Conditions",
    ]
    width = max(len(reading.name) for reading in found.conditions)
    for reading in found.conditions:
        lines.append(f"  {MARKS[reading.status]} {reading.name:<{width}}  {reading.state}")
        if reading.advice:
            lines.append(f"     {'':<{width}}  > {reading.advice}")
    return "\n".join(lines)


def jitter_table(found: Diagnosis) -> Table:
    """Return gaps a second above each threshold, and the share of time inside them, by CPU."""
    rows = tuple(
        (
            str(one.cpu),
            *(f"{one.per_second(count):.1f}" for count in (one.above_1us, one.above_10us, one.above_100us)),
            f"{one.per_second(one.above_1ms):.1f}",
            f"{one.longest_ns / 1000:.1f}",
            f"{one.lost_share:.2%}",
        )
        for one in sorted(found.jitter, key=lambda one: one.cpu)
    )
    columns = ("CPU", "> 1 µs/s", "> 10 µs/s", "> 100 µs/s", "> 1 ms/s", "longest µs", "lost")
    return Table("Jitter, by a spinning reader of the clock", columns, rows, () if rows else ("not measured",))


def condition_table(found: Diagnosis) -> Table:
    """Return every condition with what it is, and what to do where it is missing."""
    rows = tuple((each.name, each.status, each.state, each.advice) for each in found.conditions)
    return Table("Conditions", ("condition", "status", "found", "advice"), rows)
