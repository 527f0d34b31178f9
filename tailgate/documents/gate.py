"""verdict.json: whether head's p99 is worse than base's, and what vouches for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tailgate.documents.comparison import Kind, Series, Shift, first_shift, renamed, second_arms
from tailgate.documents.envelope import document, keys
from tailgate.documents.explanation import Explanation
from tailgate.statistics.quantiles import is_advisory

Word = Literal["PASS", "REGRESSION", "UNDECIDED", "UNFIT", "ERROR"]


@dataclass(frozen=True, slots=True)
class GatedFigure:
    """The judged percentile of one benchmark, raw or reproducible, and its two controls.

    verdict: "not certified" is a pass on a machine that could not be shown to see a slowdown. detectable: log ratio,
    None for none. advisory: too few different operations lie beyond the percentile. coarse: what is detectable is one
    step of the clock. positive_control_needed: without that one being seen nothing passes.
    """

    verdict: Literal["pass", "regression", "undecided", "not certified"]
    advisory: bool
    base_ns: float
    head_ns: float
    shift: Shift
    detectable: float | None
    p_value: float
    negative_control: Shift
    positive_control: Shift
    positive_control_seen: bool
    positive_control_needed: bool
    environment_share: float
    coarse: bool = False
    margin: float | None = None  # a fraction; None in files of before, which had one for all
    percentile: float | None = None  # None in files of before: the benchmark's


@dataclass(frozen=True, slots=True)
class Beside:
    """A percentile that stands beside the judged ones and is not judged: what the blocks say of it."""

    kind: Kind
    percentile: float
    base_ns: float
    head_ns: float
    shift: Shift


@dataclass(frozen=True, slots=True)
class Needed:
    """What would decide a figure: blocks in all (None: none in reach), seconds more, or the margin that passes now."""

    blocks: int | None
    seconds: float | None
    margin: float | None  # a fraction; None where the blocks have no upper bound


@dataclass(frozen=True, slots=True)
class AcceptedAnswers:
    """Answers that may change: the reason, by configuration, and the first operation in which they do, "" for none."""

    reason: str
    differs: str


@dataclass(frozen=True, slots=True)
class GatedBenchmark:
    """One benchmark: failure says why it has no verdict, fitness what the controls said. blocks: those judged.

    figures: the judged ones, those of the first percentile by their kind, others as `raw p50`. needs: what would decide
    the open ones. positive_control_turns: the size of the positive control. answers: an accepted change of them.
    percentile: the first that is judged, the median where one input is repeated. beside: what is reported and not
    judged.
    """

    name: str
    verdict: Word
    failure: str
    fitness: str
    blocks: int
    seconds: float
    operations: int
    clock_step_ns: int
    figures: Mapping[str, GatedFigure]
    needs: Mapping[str, Needed] = field(default_factory=dict)
    positive_control_turns: int = 0
    answers: AcceptedAnswers | None = None
    percentile: float = 0.99
    beside: tuple[Beside, ...] = ()
    batch: int = 1  # operations that were timed together: every figure is of a batch


@dataclass(frozen=True, slots=True)
class GatedBudget:
    """An absolute budget of the raw p99, in ns, and how base and head stand to it, with intervals over the blocks.

    fatal: whether a budget that head alone breaks is a regression. What head breaks and base broke before is no news.
    """

    benchmark: str
    budget_ns: float
    base_ns: float
    head_ns: float
    head_low_ns: float
    fatal: bool = False

    @property
    def broken(self) -> bool:
        """Tell whether head breaks it, beyond the error of its blocks, and base keeps it."""
        return self.head_low_ns > self.budget_ns >= self.base_ns

    @property
    def said(self) -> str:
        """Say how it stands, in one line."""
        stands = f"the budget of {self.budget_ns / 1e3:g} us at the raw p99 is {self._word}"
        return f"{self.benchmark}: {stands}: base {self.base_ns / 1e3:.4g} us, head {self.head_ns / 1e3:.4g} us"

    @property
    def _word(self) -> str:
        if self.broken:
            return "BROKEN by head and kept by base" + ("" if self.fatal else " (not fatal)")
        if self.head_ns > self.budget_ns:
            return "broken by both" if self.base_ns > self.budget_ns else "exceeded by head within its error"
        return "kept"


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted, not timed (allocations, instructions), per operation. accepted: the reason, by configuration."""

    benchmark: str
    what: str
    base: float
    head: float
    margin: float
    accepted: str
    worse: bool


def judged_count(benchmark: str, what: str, base: float, head: float, margin: float, accepted: str = "") -> Counted:
    """Judge a count: worse is head doing more than the margin allows, with nobody having accepted it."""
    return Counted(benchmark, what, base, head, margin, accepted, head - base > margin and not accepted)


def _from_first(plain: dict[str, Any]) -> dict[str, Any]:
    trials = [_first_trial(trial) for trial in plain["benchmarks"]]
    sentence = f"{plain['verdict']}, as tailgate said it then"
    return plain | {"benchmarks": trials, "sentence": sentence}


def _first_trial(trial: dict[str, Any]) -> dict[str, Any]:
    figures = {}
    for kind, each in trial["figures"].items():
        verdict = {"continue": "undecided"}.get(each["verdict"], each["verdict"])
        if verdict == "pass" and trial["verdict"] == "UNFIT":
            verdict = "not certified"
        shifts = {name: first_shift(each[name]) for name in ("shift", "control", "canary")}
        canary_low = shifts["canary"]["low"]
        figures[kind] = (
            each
            | shifts
            | {
                "verdict": verdict,
                "advisory": is_advisory(0.99, trial["operations"]),
                "canary_seen": canary_low is not None and canary_low > 0.0,
                "canary_needed": kind == "reproducible",
            }
        )
    return trial | {"grain_ns": trial.get("clock_grain_ns", 1), "figures": figures}


_SECOND: Final = {
    "grain_ns": "clock_step_ns",
    "control": "negative_control",
    "canary": "positive_control",
    "canary_seen": "positive_control_seen",
    "canary_needed": "positive_control_needed",
    "canary_turns": "positive_control_turns",
}
"""Fields that schema 2 called otherwise."""


def _from_second(plain: dict[str, Any]) -> dict[str, Any]:
    trials = [renamed(trial, _SECOND) for trial in plain["benchmarks"]]
    for trial in trials:
        trial["figures"] = {name: renamed(each, _SECOND) for name, each in trial["figures"].items()}
    return plain | {"benchmarks": trials}


@document(
    "gate",
    3,
    title="a gate's verdict",
    made_by="tailgate gate",
    migrations={1: _from_first, 2: _from_second},
    bare=keys("verdict", "exit_status", "benchmarks", "margin"),
)
@dataclass(frozen=True, slots=True)
class GateDocument:
    """A gate's whole answer; sentence says it in one line, percentile is the one gated of a tape.

    skipped: why a benchmark is not judged; new and deleted name those among them that one revision lacks. explanations:
    what makes head slower, of those that were looked into.
    inputs: what the suite says of its inputs.
    """

    verdict: Word
    exit_status: int
    sentence: str
    base: str
    head: str
    margin: float
    percentile: float
    seconds: float
    python: str
    benchmarks: tuple[GatedBenchmark, ...]
    counts: tuple[Counted, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    machine: Mapping[str, str | int | float] = field(default_factory=dict)
    interrupted: bool = False
    new: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    budgets: tuple[GatedBudget, ...] = ()
    inputs: tuple[str, ...] = ()


@document(
    "gate-blocks",
    3,
    title="the blocks of a gate",
    made_by="tailgate gate",
    migrations={
        1: lambda plain: {"benchmarks": plain},
        2: lambda plain: {"benchmarks": {name: second_arms(each) for name, each in plain["benchmarks"].items()}},
    },
)
@dataclass(frozen=True, slots=True)
class GateBlocks:
    """blocks.json: the percentiles of every block, by benchmark and arm."""

    benchmarks: Mapping[str, Series]
