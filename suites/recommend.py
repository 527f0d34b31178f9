"""Decides what `recommended` is: a search on one tape, its winner proved on the others, and one rule over all of them.

The searches are `tailgate search`'s own, each in a folder of its own below build/recommend, and resumable like any.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from implementations.pipeline.composition import RECOMMENDED
from suites.benchmarks import accept as write
from tailgate.documents.envelope import load
from tailgate.documents.search import FILE, Search, objective_words
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
GENERATED: Final = "generated"
_OPEN: Final = 3
_EPILOG: Final = """\b
Examples:
  python -m suites.recommend --capture FILE --capture FILE     every path, on the generated tape and two captures
  python -m suites.recommend --budget 120 book codec           these paths alone, two minutes a tape
  python -m suites.recommend --document-only                   only decide again by what is measured
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the searches recommend. changes: to the declared composition; none where it stands."""

    verdict: Literal["stands", "changes", "open"]
    changes: Mapping[str, str]
    why: str


def decide(found: Mapping[str, Search]) -> Decision:
    """Hold the winner of the first tape against all: a composition is recommended by every tape or by none.

    It changes the declared one when on each tape it is proved (no single swap is better by more than the margin), on
    none slower than the declared one by more than the margin, and on one proved faster. The declared one stands when it
    is proved itself, or where its rival is proved on all tapes and not proved faster on any.
    """
    first = next(iter(found.values()))
    winner = first.winner
    for tape, search in found.items():
        if search.verdict != "proved" or search.winner is None:
            return Decision("open", {}, f"{tape}: the search is open, a larger --budget goes on")
        if search.space.changes(search.winner) != first.space.changes(winner or first.space.base):
            told = search.space.words(search.winner) or "recommended"
            return Decision("open", {}, f"{tape}: {told} is better there, so the tapes do not agree")
    changes = first.space.changes(winner or first.space.base)
    if not changes:
        return Decision("stands", {}, "no single swap of it is better by more than the margin on any tape")
    highs = {tape: search.against.high for tape, search in found.items() if search.against is not None}
    worse = [tape for tape in found if (high := highs.get(tape)) is None or high > first.margin]
    if worse:
        return Decision("stands", {}, f"its rival may be slower by more than the margin on {', '.join(worse)}")
    if not any(high is not None and high < 0.0 for high in highs.values()):
        return Decision("stands", {}, "its rival is not told apart from it on any tape")
    return Decision("changes", changes, "proved on every tape, faster than the declared one beyond its error")


def page(found: Mapping[str, Search], decision: Decision, when: datetime) -> str:
    """Return the decision in Markdown: which tapes, with which interval and date, and what `recommended` must be."""
    must = RECOMMENDED.but(",".join(f"{path}={name}" for path, name in decision.changes.items()))
    as_it_is = "" if decision.changes else ", as it is declared"
    first = next(iter(found.values()))
    objective = objective_words(first.objective)
    lines = [
        "# What is recommended",
        "",
        f"{when:%Y-%m-%d %H:%M} UTC, by `python -m suites.recommend`: {objective}, margin {first.margin:.1%}.",
        "",
        f"**`recommended` {decision.verdict}: {decision.why}.** It must be `{must}`{as_it_is}.",
        "",
        "| tape | winner | against `recommended` | verdict | blocks | swaps proved |",
        "| --- | --- | --- | --- | ---: | ---: |",
    ]
    for tape, search in found.items():
        words = search.space.words(search.winner or search.space.base) or "recommended"
        shift = f"{search.against.percent} {search.against.interval}" if search.against else "itself"
        swaps = [each for each in search.rivals if each.swap]
        told = sum(each.verdict in {"worse", "not better"} for each in swaps)
        lines.append(
            f"| {tape} | {words} | {shift} | {search.verdict} | {len(search.blocks)} | {told} of {len(swaps)} |"
        )
    unavailable = {name: why for search in found.values() for name, why in search.unavailable.items()}
    if unavailable:
        lines += ["", "Not in the race:", ""]
        lines += [f"- {name}: {why}" for name, why in sorted(unavailable.items())]
    return "\n".join([*lines, ""])


@click.command("suites.recommend", cls=CommandLine, epilog=_EPILOG)
@click.argument("axes", nargs=-1, metavar="[AXIS[=LEVELS]]...")
@click.option("--capture", "captures", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="FILE")
@click.option("--budget", type=float, default=600.0, show_default=True, metavar="SECONDS", help="For each tape.")
@click.option("--operations", type=int, default=8_000, show_default=True, metavar="N", help="Of a pass.")
@click.option("--accept", "accepting", is_flag=True, help="Write a changed composition where it is declared.")
@click.option("--document-only", is_flag=True, help="Measure nothing; decide by what is there.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "recommend", metavar="DIR")
def main(
    axes: tuple[str, ...],
    captures: tuple[Path, ...],
    budget: float,
    operations: int,
    accepting: bool,  # noqa: FBT001  a flag
    document_only: bool,  # noqa: FBT001  a flag
    output: Path,
) -> int:
    """Decide what `recommended` is, by searches on the generated tape and on each capture.

    The exit status is 0 where the declared composition stands or the new one was written, 1 where another one is
    recommended, 3 where the searches do not tell.
    """
    tapes = {GENERATED: (), **{each.name: ("--capture", str(each)) for each in captures}}
    if document_only:
        kept = sorted(output.glob(f"*/{FILE}"), key=lambda path: path.parent.name != GENERATED)
        if not kept:
            raise TailgateError(f"there is no search below {output}", hint="run: python -m suites.recommend")
        found = {path.parent.name: load(path, Search) for path in kept}
    else:
        found = searched(tapes, axes, output, budget, operations)
    decision = decide(found)
    text = page(found, decision, datetime.now(UTC))
    path = output / "recommendation.md"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(text)
    click.echo(f"Written: {path}")
    if decision.verdict == "changes" and accepting:
        told = "; ".join(f"{name} {each.against.interval}" for name, each in found.items() if each.against)
        note = f"found by `python -m suites.recommend` on {datetime.now(UTC):%Y-%m-%d}, over the one before: {told}"
        click.echo(f"Accepted: {write(decision.changes, note)}")
        return 0
    return {"stands": 0, "changes": 1, "open": _OPEN}[decision.verdict]


def searched(
    tapes: Mapping[str, Sequence[str]], axes: Sequence[str], output: Path, budget: float, operations: int
) -> dict[str, Search]:
    """Search on the first tape and prove its winner on the others; TailgateError where a search cannot be made."""
    found: dict[str, Search] = {}
    proving: tuple[str, ...] = ()
    for tape, settings in tapes.items():
        folder = output / tape
        click.echo(f"{tape}: {'the winner is proved' if proving else 'searching'}, at most {budget:g} s", err=True)
        command = [sys.executable, "-m", "tailgate.cli", "search", *axes, *settings, *proving]
        command += ["--budget", f"{budget:g}", "--operations", str(operations), "--output", str(folder)]
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode not in {0, _OPEN}:
            raise TailgateError(f"the search on {tape} left with status {done.returncode}", hint=" ".join(command[1:]))
        found[tape] = load(folder / FILE, Search)
        first = next(iter(found.values()))
        words = first.space.words(first.winner or first.space.base)
        proving = ("--prove", words.replace(" ", ","))
    return found


if __name__ == "__main__":
    main()
