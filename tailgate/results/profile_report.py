"""Profiles, drawn as tables: one by line, two side by side by function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from tailgate.documents.profile import ProfileDocument


def profile_table(of: ProfileDocument, most: int = 15) -> Table:
    """Return the lines of code that cost most: share, and per operation."""
    shares = [(line.where, line.share) for line in of.lines[:most]]
    if shares and (rest := 1 - sum(share for _, share in shares)) > 0.001:
        shares.append(("everything else", rest))
    rows = tuple((where, f"{100 * share:.1f} %", _amount(of, share * of.per_operation)) for where, share in shares)
    slowed = f"{duration(of.undisturbed_ns)} without the profiler, {of.slowdown:.2f} times that under it"
    if not of.plausible:
        slowed += " (faster: other work on the machine hides by how much it slows)"
    if of.waiting:
        slowed += f"; its thread waits for {100 * of.waiting:.0f} % of it"
    notes = [f"an operation: {slowed} ({of.operations:,} operations)"]
    if of.unit == "ns":
        notes.append("time per operation: the share of the profile, of an operation without the profiler")
    notes += [*of.notes, "files: " + ", ".join(of.files), *of.inputs]
    return Table(f"{of.benchmark}: {of.profiler}", ("line", "share", "per operation"), rows, tuple(notes))


def comparison_table(one: ProfileDocument, other: ProfileDocument, most: int = 20) -> Table:
    """Return functions side by side, callees included, those first whose cost per operation differs most."""
    costs = one.functions, other.functions
    names = sorted(set(costs[0]) | set(costs[1]), key=lambda name: -abs(costs[1].get(name, 0) - costs[0].get(name, 0)))
    rows = [(name, _amount(one, costs[0].get(name, 0.0)), _amount(other, costs[1].get(name, 0.0))) for name in names]
    whole = (_amount(one, one.per_operation), _amount(other, other.per_operation))
    return Table(
        f"{one.benchmark} and {other.benchmark}: {one.profiler}",
        ("function, callees included", one.benchmark, other.benchmark),
        (("an operation", *whole), *rows[:most]),
        (f"slowed {one.slowdown:.2f} and {other.slowdown:.2f} times by the profiler",),
    ).under((*one.inputs, *other.inputs))


def _amount(of: ProfileDocument, amount: float) -> str:
    if of.unit == "ns":
        return duration(amount)
    return f"{amount:,.1f} B" if of.unit == "bytes" else f"{amount:,.2f}"
