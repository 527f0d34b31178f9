"""A bisection drawn for the terminal and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailgate.documents.explanation import sentences
from tailgate.results.duel_report import batch_note
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.documents.bisection import Bisection, Commit, Guilty
    from tailgate.documents.comparison import Shift


@dataclass(frozen=True, slots=True)
class Candidate:
    """A revision that was measured: its shift against the first one of its round, None where it is that one."""

    commit: Commit
    against: Commit
    shift: Shift | None
    blocks: int
    steps: bool


def candidates(told: Bisection) -> list[Candidate]:
    """Return the revisions that were measured, in the order of the range, each as the last round with it has it."""
    found: dict[int, Candidate] = {}
    for each in told.rounds:
        first = told.commits[each.places[0]]
        for number, (place, shift) in enumerate(zip(each.places, each.shifts, strict=False)):
            steps = number - 1 in each.gaps and each.decided and number > 0
            if number or place not in found:
                of = shift if number else None
                found[place] = Candidate(told.commits[place], first, of, len(each.rows), steps)
    return [found[place] for place in sorted(found)]


def bisect_table(told: Bisection) -> Table:
    """Return one row a revision that was measured: its shift against the first one of the last round that held it."""
    rows = []
    for each in candidates(told):
        facts = ("-", "-", "-") if each.shift is None else (each.against.short, each.shift.percent, each.shift.interval)
        step = "steps" if each.steps else ""
        rows.append((each.commit.short, each.commit.title[:50], *facts, str(each.blocks), step))
    columns = ("commit", "title", "against", "shift", "interval", "blocks", "")
    name = f"p{100 * told.percentile:g}"
    notes = ["intervals hold one at a time at 95 %, from the scatter of all blocks"]
    notes += [batch_note(told.benchmark, told.batch)] if told.batch > 1 else []
    return Table(f"Bisection of {told.benchmark}, {name}", columns, tuple(rows), tuple(notes))


def bisect_lines(told: Bisection) -> list[str]:
    """Say which commits are guilty, what is open, and what was skipped."""
    return [*_answer(told), *_skipped(told), *told.notes]


def _answer(told: Bisection) -> Iterator[str]:
    name = f"p{100 * told.percentile:g}"
    if told.interrupted:
        yield "interrupted: what is known so far; the same command goes on from here"
    if told.verdict == "none":
        shift = told.rounds[0].shifts[-1]
        yield (
            f"nothing to bisect: the {name} of {told.commits[-1].short} stands at {shift.percent} {shift.interval} of "
            f"{told.commits[0].short}'s, and nothing between steps by {100 * told.margin:g} % or more"
        )
    if len(told.guilty) > 1:
        yield f"the {name} steps at {len(told.guilty)} places"
    for each in told.guilty:
        yield from _guilty(told, each)
    for left in told.open:
        yield f"between {told.commits[left.after].short} and {told.commits[left.place].short}: {left.why}"


def _guilty(told: Bisection, each: Guilty) -> Iterator[str]:
    way = "slower" if each.shift.log_ratio > 0 else "faster"
    commits = told.between(each)
    sure = f"{each.shift.percent} {each.shift.interval}, posterior {each.posterior:.3f}"
    if len(commits) == 1:
        (commit,) = commits
        yield f"{commit.short} {commit.title!r} makes it {way}: {sure}"
    else:
        names = ", ".join(commit.short for commit in commits)
        yield f"one of {names} makes it {way}: {sure}; those between could not be measured"
    yield from (_merged(commit) for commit in commits if commit.merge)


def _merged(commit: Commit) -> str:
    of = f"{commit.short}^2"
    return f"it is a merge; within it: tailgate bisect --good $(git merge-base {commit.short}^1 {of}) --bad {of}"


def _skipped(told: Bisection) -> list[str]:
    return [f"skipped: {each.short} {each.title!r}: {each.skipped}" for each in told.commits if each.skipped]


def bisect_text(told: Bisection) -> str:
    """Return all of it for a terminal."""
    why = ["\n".join(("Why:", *sentences(each))) for each in told.explanations]
    return "\n\n".join([bisect_table(told).text(), "\n".join(bisect_lines(told)), *why])


def bisect_markdown(told: Bisection) -> str:
    """Return all of it as Markdown."""
    listed = ["\n".join(f"- {line}" for line in bisect_lines(told))]
    listed += ["## Why\n\n" + "\n".join(f"- {line}" for line in sentences(each)) for each in told.explanations]
    return "\n\n".join([f"# Bisection: {told.verdict}", bisect_table(told).markdown(), *listed]) + "\n"
