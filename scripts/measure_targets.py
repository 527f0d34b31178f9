"""Hold native code and the recommended composition against their targets: one lockstep duel a row and tape.

    python scripts/measure_targets.py --captures ../shared/captures                everything, about ten minutes
    python scripts/measure_targets.py --captures DIR --tape coinbase --only fused  one of them

The base of every duel is build 28d70e0 with that revision's own code. Rows are kept in build/targets as they are
measured, and the page is of all that are there.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.documents.duel import DuelDocument, DuelFigure
from tailgate.documents.envelope import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.documents.comparison import Kind

ROOT: Final = Path(__file__).resolve().parents[1]
BASE: Final = "28d70e0"
FOLDER: Final = ROOT / "build" / "targets"
KINDS: Final[tuple[Kind, ...]] = ("reproducible", "raw")
CAPTURES: Final = {"generated": "", "coinbase": "coinbase_*.raw", "binance": "binance_*.gz"}


@dataclass(frozen=True, slots=True)
class Target:
    """What must hold: the head at most so many times the base, at p50 and at p99 where that is asked for."""

    name: str
    base: str
    head: str
    p50: float
    p99: float | None = None


ORDER: Final = "[direction=encode,message=order]"
TARGETS: Final = (
    Target("pure Python", "pipeline/recommended", "pipeline/recommended", 0.80, 0.85),
    Target("native", "pipeline/recommended", "pipeline/native", 0.50, 0.60),
    Target("fused", "pipeline/recommended", "pipeline/fused", 0.25, 0.40),
    Target("book", "book/near-window[read_every=1]", "book/native[read_every=1]", 0.40),
    Target("risk", "risk/lock-free", "risk/native", 0.60),
    Target("limiter", "limiter/try-first", "limiter/native", 0.60),
    Target("codec", f"codec/struct{ORDER}", f"codec/native{ORDER}", 0.60),
    Target("hand-off", "handoff/ring[capacity=1024]", "handoff/native[capacity=1024]", 0.60),
)


def main() -> int:
    """Run what is asked for; 1 where a duel could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=Path, help="the folder of the Coinbase and the Binance capture")
    parser.add_argument("--tape", action="append", choices=CAPTURES, help="only this tape; may come again")
    parser.add_argument("--only", action="append", choices=[each.name for each in TARGETS], help="only this row")
    parser.add_argument("--budget", type=float, default=15.0, help="seconds a duel")
    parser.add_argument("--document-only", action="store_true", help="measure nothing, write the page again")
    options = parser.parse_args()
    failed = False
    for tape in () if options.document_only else options.tape or CAPTURES:
        capture = _capture(tape, options.captures)
        for target in TARGETS:
            if options.only is None or target.name in options.only:
                failed |= not _duel(target, tape, capture, options.budget)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "targets.md").write_text(page(), encoding="utf-8")
    print(page())
    return 1 if failed else 0


def _capture(tape: str, folder: Path | None) -> list[str]:
    if not CAPTURES[tape]:
        return []
    found = sorted(folder.glob(CAPTURES[tape])) if folder else []
    if not found:
        sys.exit(
            f"{tape}: no {CAPTURES[tape]} in {folder}; name its folder with --captures, or choose --tape generated"
        )
    return ["--capture", str(found[0])]


def _duel(target: Target, tape: str, capture: list[str], budget: float) -> bool:
    sizes = ["--budget", f"{budget:g}", "--passes", "5", "--operations", "10000"]
    revisions = ["--base", BASE, "--head", "worktree", "--suites", "each"]
    names = [target.base] if target.base == target.head else [target.base, target.head]
    folder = FOLDER / f"{target.name.replace(' ', '-')}-{tape}"
    command = [sys.executable, "-m", "tailgate.cli", "duel", *revisions, *sizes, *capture, "--output", str(folder)]
    print(f"{target.name}, {tape}", file=sys.stderr)
    return subprocess.run([*command, *names], cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode == 0


def page() -> str:
    """Return the table of every duel that is there, each held against its target."""
    lines = [
        "| | tape | target | reproducible p50 | reproducible p99 | raw p50 | raw p99 | met |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for target in TARGETS:
        for tape in CAPTURES:
            path = FOLDER / f"{target.name.replace(' ', '-')}-{tape}" / "duel.json"
            if path.is_file():
                found = load(path, DuelDocument)
                figures = {(each.kind, each.p): each for each in found.figures}
                asked = f"{target.p50:.2f}" + (f", {target.p99:.2f}" if target.p99 else "")
                cells = [_cell(figures[kind, p]) for kind in KINDS for p in (0.5, 0.99)]
                lines.append(f"| {target.name} | {tape} | {asked} | {' | '.join(cells)} | {_met(target, figures)} |")
    return "\n".join(lines) + "\n"


def _cell(figure: DuelFigure) -> str:
    shift = figure.shift
    low, high = (f"{math.exp(end):.2f}" if end is not None else "open" for end in (shift.low, shift.high))
    return f"{'~' if figure.advisory else ''}{math.exp(shift.log_ratio):.2f} [{low}, {high}]"


def _met(target: Target, figures: Mapping[tuple[Kind, float], DuelFigure]) -> str:
    """Hold the estimates against the target, raw and reproducible alike; name what is above it."""
    above = [
        f"{kind} p{100 * p:g}"
        for kind in KINDS
        for p, most in ((0.5, target.p50), (0.99, target.p99))
        if most is not None and math.exp(figures[kind, p].shift.log_ratio) > most
    ]
    return f"no: {', '.join(above)}" if above else "yes"


if __name__ == "__main__":
    sys.exit(main())
