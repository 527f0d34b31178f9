"""docs/gate-validation.md: what the calibration found, on which machine, by which command."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tailgate.judge.calibrate import (
    KINDS_OF_HEAD,
    Noise,
    OtherTool,
    Tally,
    arm_of,
    duels,
    noise,
    other_tools,
    resampled_gates,
    true_shift,
    whole_gates,
)
from tailgate.judge.gate import GateRules, Verdict
from tailgate.judge.recording import DUELLED
from tailgate.results.table import Table
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tailgate.judge.recording import Recording
    from tailgate.measure.lockstep import Plan
    from tailgate.statistics.estimate import Estimate

DUEL_SECONDS = 60.0
GATE_ARMS = 4


@dataclass(frozen=True, slots=True)
class Validation:
    """What one recording says about the gate."""

    recording: Recording
    whole: list[Tally]
    resampled: list[Tally]
    noise: list[Noise]
    others: list[OtherTool]
    duel_blocks: int
    duel: dict[str, int]
    arms: int


def validate(
    recording: Recording,
    groups: Sequence[Sequence[int]],
    rules: GateRules,
    plan: Plan,
    rng: random.Random,
    *,
    decisions: int,
) -> Validation:
    """Judge everything that was recorded."""
    arms = len(recording.series.rows["raw"])
    per_arm_s = float(np.median(recording.seconds)) / arms
    duel_blocks = max(8, int(DUEL_SECONDS / (2 * per_arm_s)))
    return Validation(
        recording,
        whole_gates(recording, groups, rules, plan),
        resampled_gates(recording, decisions, rules, plan, rng),
        noise(recording),
        other_tools(recording),
        duel_blocks,
        duels(recording, DUELLED, duel_blocks, decisions, 0.01, rng),
        arms,
    )


def tables(found: Validation) -> list[Table]:
    """Return the tables of one recording."""
    recording = found.recording
    title = f"{recording.benchmark}, {recording.condition}"
    per_block_s = float(np.median(recording.seconds))
    notes = (
        (
            f"{len(recording.series)} blocks of {found.arms} arms, {per_block_s:.1f} s each "
            f"(a gate's block has {GATE_ARMS}: about {per_block_s * GATE_ARMS / found.arms:.1f} s)"
        ),
        *(
            f"spread of identical code, {each.kind} p99: {100 * each.spread:.2f} %; lag-1 autocorrelation "
            f"{each.autocorrelation:+.2f} (chance: within {2 / len(recording.series) ** 0.5:.2f})"
            for each in found.noise
        ),
        (
            f"duels of {found.duel_blocks} blocks ({DUEL_SECONDS:.0f} s), 1.5 % on every operation: "
            f"{found.duel['slower']} of {sum(found.duel.values())} SLOWER, {found.duel['faster']} FASTER "
            f"(true shift {ratio_percent(true_shift(recording, DUELLED)):+.2f} %)"
        ),
    )
    columns = ("head", "true shift", "gates", "REGRESSION", "PASS", "UNDECIDED", "UNFIT", "REGRESSION, 95 % interval")
    return [
        Table(f"Whole gates: {title}", columns, tuple(_row(each, recording) for each in found.whole), notes),
        Table(
            f"Resampled gates: {title}",
            (*columns[:-1], f"{columns[-1]} given these blocks"),
            tuple(_row(each, recording) for each in found.resampled),
            (
                (
                    f"gates drawn from {len(recording.series)} blocks share blocks, so the interval says what more "
                    "draws from these would give; for other blocks that of the whole gates holds"
                ),
            ),
        ),
        Table(
            f"Other tools on the same work: {title}",
            ("rule", "alarms on identical code", "5 % slower: found"),
            tuple(
                (each.rule, f"{each.identical[0]} of {each.identical[1]}", f"{each.slower[0]} of {each.slower[1]}")
                for each in found.others
            ),
        ),
    ]


def _row(tally: Tally, recording: Recording) -> tuple[str, ...]:
    shift = ratio_percent(true_shift(recording, arm_of(tally.kind)))
    return (
        tally.kind,
        f"{shift:+.2f} %",
        str(tally.decisions),
        *(str(tally.verdicts.get(verdict.name, 0)) for verdict in _ORDER),
        _interval(tally.rate(Verdict.REGRESSION)),
    )


_ORDER = (Verdict.REGRESSION, Verdict.PASS, Verdict.UNDECIDED, Verdict.UNFIT)


def _interval(rate: Estimate) -> str:
    return f"{100 * rate.estimate:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def page(found: Sequence[Validation], command: str, date: str, cpu: str) -> str:
    """Return the whole page."""
    head = [
        "# The gate, measured",
        "",
        f"`{command}`, {date}, {cpu}, CPython {platform.python_version()}, {platform.system()} {platform.release()}.",
        "",
        "A recording runs blocks in which base, a negative control, an identical head, a positive control and heads",
        "with a known slowdown take turns in lockstep. A whole gate is a group of consecutive blocks, judged by the",
        "gate's own code as they came, with its interim analyses. Resampled gates draw their blocks at random from all",
        "of them: fair",
        "as far as a block does not resemble the one before it (the autocorrelation says). The slowdowns are parts",
        "of base's reproducible p99; `true shift` is what each turned out to be there. The kinds:",
        f"{', '.join(KINDS_OF_HEAD)}.",
    ]
    body = [table.markdown() for each in found for table in tables(each)]
    return "\n".join(head) + "\n\n" + "\n\n".join(body) + "\n"
