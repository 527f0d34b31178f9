"""A search drawn for the terminal and as Markdown."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

from tailgate.documents.comparison import signed
from tailgate.documents.search import objective_words
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.documents.search import Composition, Effect, Rival, Search

_TOLD: Final = 12
_RIVALS: Final = 30
_VERDICTS: Final = {
    "worse": "the winner is faster",
    "not better": "not better",
    "open": "open",
    "better": "BETTER",
}


def named(told: Search, composition: Composition) -> str:
    """Return a composition as it is told: what differs from the base."""
    return told.space.words(composition) or f"{told.benchmark} itself"


def rivals_table(told: Search) -> Table:
    """Return how the winner stands to its single swaps, and to what the race left."""
    rows = []
    for each in told.rivals[:_RIVALS]:
        shift = (each.shift.percent, each.shift.interval) if each.blocks else ("-", "-")
        rows.append((_rival(told, each), *shift, str(each.blocks), _VERDICTS[each.verdict]))
    notes = [f"shift: the winner's {objective_words(told.objective)} over the other's; intervals one at a time at 95 %"]
    if len(told.rivals) > _RIVALS:
        notes.append(f"and {len(told.rivals) - _RIVALS} more, all further behind")
    columns = ("the winner with", "shift", "interval", "blocks", "")
    return Table("The winner against its single swaps and its runners-up", columns, tuple(rows), tuple(notes))


def _rival(told: Search, each: Rival) -> str:
    if told.winner is None or not each.swap:
        return f"runner-up: {named(told, each.composition)}"
    pairs = zip(told.space.axes, each.composition, told.winner, strict=True)
    return " ".join(f"{axis.name}={axis.levels[level]}" for axis, level, own in pairs if level != own)


def effects_table(told: Search) -> Table:
    """Return what exchanging each level alone adds to the base, the most useful first."""
    rows = tuple(
        (_levels(told, each), _added(told, each.added), f"[{_added(told, each.low)}, {_added(told, each.high)}]")
        for each in sorted(told.effects, key=lambda each: each.added)
    )
    return Table("Main effects: what one exchange adds", ("exchanged", "adds", "interval"), rows, (_BY_MODEL,))


_BY_MODEL: Final = "by the fitted model over all blocks: a description, not what anything was decided by"


def _levels(told: Search, each: Effect) -> str:
    return " with ".join(
        f"{told.space.axes[axis].name}={told.space.axes[axis].levels[level]}" for axis, level in each.levels
    )


def _added(told: Search, part: float) -> str:
    """Return a part of the base's cost as a person reads it: in the objective's unit where it has one."""
    if len(told.objective) == 1 and told.base_figures:
        amount = part * told.base_figures[0]
        if told.objective[0].unit == "ns":
            return ("-" if amount < 0 else "+") + duration(abs(amount))
        return f"{amount:+,.2f} {told.objective[0].unit}"
    return f"{100.0 * part:+.2f} %"


def search_lines(told: Search) -> list[str]:
    """Say who won and how sure that is, which pairs do what neither does alone, what was spent and never tried."""
    return [*_answer(told), *_pairs(told), *_spent(told), *_left_out(told), *told.notes]


def _answer(told: Search) -> Iterator[str]:
    what = objective_words(told.objective)
    if told.interrupted:
        yield "interrupted: what is known so far; the same command goes on from here"
    if told.winner is None:
        yield f"no winner yet: {_leader(told)}"
        return
    if not any(told.winner):
        yield f"{told.benchmark} itself has the best {what} that was found"
    else:
        yield f"the {'winner' if told.verdict == 'proved' else 'best so far'}: {named(told, told.winner)}"
    if told.against is not None:
        yield f"its {what} is {told.against.percent} {told.against.interval} against {told.benchmark}'s"
    swaps = [each for each in told.rivals if each.swap]
    sure = sum(each.verdict in {"worse", "not better"} for each in swaps)
    beside = f"by more than {100.0 * told.margin:g} %"
    if told.verdict == "proved":
        yield f"proved: none of its {len(swaps)} single swaps is better {beside}, each by blocks of its own"
    else:
        yield f"open: {sure} of its {len(swaps)} single swaps are proved not better {beside}; a larger --budget goes on"
    few = [each for each in told.rivals if each.verdict == "open" and each.shift.high is None]
    near = [each for each in told.rivals if each.verdict in {"not better", "open"} and each not in few]
    if few:
        yield f"too few blocks to say: {', '.join(_rival(told, each) for each in few[:_TOLD])}"
    if near:
        yield f"not told apart from it: {', '.join(_rival(told, each) for each in near[:_TOLD])}"


def _leader(told: Search) -> str:
    best = min(told.effects, key=lambda each: each.added, default=None)
    if best is None:
        return "no block is whole"
    return f"alone, {_levels(told, best)} does most: {_added(told, best.added)}"


def _pairs(told: Search) -> Iterator[str]:
    what = objective_words(told.objective)
    for each in told.pairs[:_TOLD]:
        (one, level), (other, second) = each.levels
        axes = told.space.axes
        first = f"{axes[one].name}={axes[one].levels[level]}"
        with_it = f"{axes[other].name}={axes[other].levels[second]}"
        does = "saves" if each.added < 0 else "costs"
        more = _added(told, abs(each.added)).removeprefix("+")
        interval = f"[{_added(told, each.low)}, {_added(told, each.high)}]"
        yield f"{first} with {with_it} {does} {more} more of the {what} than both alone {interval}"
    if not told.pairs and told.blocks:
        yield "no pair does anything together, beyond its error, that its parts do not do alone"


def _spent(told: Search) -> Iterator[str]:
    phases: dict[str, int] = {}
    for block in told.blocks:
        phases[block.phase] = phases.get(block.phase, 0) + 1
    listed = ", ".join(f"{phase} {count}" for phase, count in phases.items())
    yield f"spent: {told.seconds:,.0f} s, {len(told.blocks)} blocks ({listed or 'none'}), {told.runs:,} processes"
    size = told.space.size
    never = size - told.tried
    yield f"tried: {told.tried:,} of {size:,} compositions; never: {never:,} ({100.0 * never / size:.1f} %)"
    if told.untried_pairs:
        axes = told.space.axes
        names = [
            f"{axes[one].name}={axes[one].levels[level]} with {axes[other].name}={axes[other].levels[second]}"
            for (one, level), (other, second) in told.untried_pairs
        ]
        more = f", and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
        yield f"never together: {', '.join(names[:_TOLD])}{more}"


def _left_out(told: Search) -> Iterator[str]:
    for each in told.left_out:
        yield f"left out: {named(told, each.composition)}: {each.why.splitlines()[0]}"
    for name, why in told.unavailable.items():
        yield f"unavailable: {name}: {why}"


def progress_line(told: Search) -> str:
    """Return where a search stands, after a block."""
    last = told.blocks[-1] if told.blocks else None
    best = ""
    if last is not None:
        costs = last.costs(told.objective)
        number = min(range(len(costs)), key=costs.__getitem__)
        best = f"; best of it: {named(told, last.sides[number])}, {signed_cost(costs[number])}"
    return f"block {len(told.blocks)}, {last.phase if last else 'alone'}{best}"


def signed_cost(cost: float) -> str:
    """Return a multiple of the base's cost as a signed percentage."""
    return signed(log(cost))


def search_text(told: Search) -> str:
    """Return all of it for a terminal."""
    tables = [table.text() for table in (rivals_table(told), effects_table(told)) if table.rows]
    return "\n\n".join([*tables, "\n".join(search_lines(told))])


def search_markdown(told: Search) -> str:
    """Return all of it as Markdown."""
    tables = [table.markdown() for table in (rivals_table(told), effects_table(told)) if table.rows]
    listed = "\n".join(f"- {line}" for line in search_lines(told))
    return "\n\n".join([f"# Search: {told.verdict}", listed, *tables]) + "\n"
