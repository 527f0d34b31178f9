"""The page: what each tool said of each problem, and how it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scripts.beside.project import OPERATIONS, P99_TURNS, PROBLEMS, TURNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEAD: Final = """# Beside other tools

Six ways to ask whether head is slower than base, on the same three problems. Written by `python
scripts/measure_beside.py page`, from what `python scripts/measure_beside.py run identical`, `run p99` and `run
fiftieth` measured.

**The problems.** One operation is a loop of {median} turns at the median and {p99} at the p99, over a tape of 10,000
operations. Head is identical; or takes 3 % of the p99 longer on every operation; or takes 20 % of the p99 longer on one
operation in fifty.

**One run each.** A single run shows what a tool says and how it says it, not how often it is wrong; rates over many
runs are in [the gate, validated](gate-validation.md).
"""

TABLE: Final = (
    ("tool", "what it compares", "what makes an alarm"),
    ("---", "---", "---"),
    (
        "pyperf",
        "the mean time of a pass: 20 processes of base, then 20 of head",
        "a t-test over all values, pooled, at 95 %",
    ),
    (
        "pytest-benchmark",
        "the mean time of a pass: one process of base, then one of head",
        "the mean is more than 5 % higher (`--benchmark-compare-fail=mean:5%`, a limit that we chose)",
    ),
    (
        "asv",
        "the time of a pass: both commits by turns, two rounds, in environments that asv makes",
        "a factor of 1.1 (its default), and a rank test",
    ),
    (
        "hyperfine",
        "the time of the whole command, start of the interpreter included: ten passes",
        "none: it prints a ratio with its deviation, and ends with 0",
    ),
    (
        "criterion's way",
        "the mean time of a pass: one process of base, then one of head; 100 samples each",
        "a bootstrapped t-test at 5 %, and an interval of the change beyond ±1 %",
    ),
    (
        "tailgate",
        "the p99 of an operation: four arms in lockstep, fresh processes in each block",
        "the lower bound above zero and the estimate above 2 %, between two controls",
    ),
)

ASKED: Final = """## How each was asked

{table}
criterion.rs measures Rust. What stands here as its way is our own reading, in Python (`scripts/beside/criterion.py`),
of what its book says of the analysis: samples of d, 2d, 3d ... turns, a t score held against those of 100,000 pairs
drawn from both runs together, and a noise threshold of 1 %.

All but tailgate measure one figure of a whole pass, because a benchmark of theirs is one operation that is repeated:
what happens to the p99 reaches them as a change of the mean. By the turns of the loop, 3 % of the p99 on every
operation is {every:.1f} % of the mean, and one operation in fifty {some:.1f} %.
"""


def page(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page from the documents of the problems."""
    parts = [HEAD.format(median=sorted(TURNS)[OPERATIONS // 2], p99=P99_TURNS)]
    for problem in PROBLEMS:
        found = measured[problem.name]
        state = found["state"]
        parts.append(
            f"## {problem.told[0].upper()}{problem.told[1:]}\n\n"
            f"{state['when']}, {state['machine']}, a guest with {state['cpus']} CPUs, CPython {state['python']}, "
            f"nothing else at work (load when it began: {state['load']:.2f}).\n\n"
            "| tool | alarm | seconds | what it says |\n| --- | --- | ---: | --- |\n"
            + "".join(_row(said, slower=problem.slower) for said in found["said"])
        )
    mean = sum(TURNS) / OPERATIONS
    every, some = (100 * (each.every + each.some / 50) / mean for each in PROBLEMS if each.slower)
    return "\n".join([*parts, ASKED.format(table=_rows(TABLE), every=every, some=some)])


def _row(said: Mapping[str, Any], *, slower: bool) -> str:
    alarm = said["alarm"]
    told = "no verdict" if alarm is None else "yes" if alarm else "no"
    right = "" if alarm is None or alarm == slower else ", wrong"
    words = said["words"].replace("|", "\\|").replace("\n", " ")
    return f"| {said['tool']} {said['version']} | {told}{right} | {said['seconds']:.0f} | `{words}` |\n"


def _rows(cells: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
