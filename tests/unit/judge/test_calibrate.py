"""The calibration judges recordings with the gate's own code."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, CANARY, CONTROL, HEAD
from tailgate.judge.calibrate import (
    KINDS_OF_HEAD,
    duels,
    noise,
    other_tools,
    replay_gate,
    resampled_gates,
    whole_gates,
)
from tailgate.judge.calibration_page import page, validate
from tailgate.judge.gate import GateRules, Verdict
from tailgate.judge.recording import ALLOCATES, RARE, Recording
from tailgate.judge.series import KINDS
from tailgate.measure.lockstep import Plan
from tailgate.statistics.sequential import Plan as Looks

RULES = GateRules(Looks((12, 18, 24), 0.01), 0.02, float("inf"))
PLAN = Plan(module="", root=Path(), settings={})
SLOWER = {
    BASE: 1.0,
    HEAD: 1.0,
    CONTROL: 1.0,
    CANARY: 1.05,
    "every 5 %": 1.05,
    "every 3 %": 1.03,
    "every 1.5 %": 1.015,
    RARE: 1.2,
    ALLOCATES: 1.05,
}


def recorded(blocks: int, spread: float = 0.005) -> Recording:
    rng = random.Random(3)
    recording = Recording("fixture/steady", "made")
    recording.series.operations, recording.series.recorded = 20_000, 140_000
    for _ in range(blocks):
        for arm, factor in SLOWER.items():
            for kind in KINDS:
                value = 2_000 * factor * rng.lognormvariate(0, spread)
                recording.series.rows[kind].setdefault(arm, []).append((value,) * 4)
            recording.means_ns.setdefault(arm, []).append([2_000 * factor * rng.lognormvariate(0, spread)] * 3)
        recording.seconds.append(4.0)
    return recording


def test_whole_gates_get_the_verdicts_that_their_slowdowns_deserve() -> None:
    groups = [list(range(start, start + 24)) for start in (0, 24, 48)]
    verdicts = {each.kind: each.verdicts for each in whole_gates(recorded(72), groups, RULES, PLAN)}
    assert verdicts["identical"]["PASS"] == 3
    assert all(verdicts[kind]["REGRESSION"] == 3 for kind in ("every 5 %", "every 3 %", RARE, ALLOCATES))
    assert "every 1.5 %" not in verdicts  # inside the margin: for duels


def test_a_replayed_gate_stops_where_the_gate_would() -> None:
    recording = recorded(24)
    assert replay_gate(recording.view(HEAD, list(range(24))), RULES, PLAN).blocks_judged == 12
    unfinished = replay_gate(recording.view(HEAD, list(range(11))), RULES, PLAN)
    assert unfinished.verdict is None


def test_the_canary_is_carried_over_by_its_ratio() -> None:
    recording = recorded(1, spread=0.0)
    view = recording.view("every 5 %", [0])
    assert view.rows["raw"][CANARY][0][2] == pytest.approx(2_000 * 1.05 * 1.05)


def test_resampling_counts_every_decision() -> None:
    for tally in resampled_gates(recorded(40), 10, RULES, PLAN, random.Random(1)):
        assert tally.decisions == 10
        assert tally.kind in KINDS_OF_HEAD
        rate = tally.rate(Verdict.REGRESSION)
        assert rate.low <= rate.estimate <= rate.high


def test_duels_find_one_and_a_half_percent() -> None:
    counts = duels(recorded(40), "every 1.5 %", 20, 30, 0.01, random.Random(1))
    assert counts["slower"] == 30
    assert sum(counts.values()) == 30


def test_noise_is_the_spread_of_identical_code() -> None:
    for each in noise(recorded(400)):
        assert each.spread == pytest.approx(0.005 * 2**0.5, rel=0.2)
        assert abs(each.autocorrelation) < 0.2


def test_other_tools_compare_one_file_after_the_other() -> None:
    pooled, single = other_tools(recorded(48), processes=12)
    assert pooled.identical[1] == 3  # of 48 blocks, twelve against the next twelve, three times
    assert pooled.slower == (3, 3)
    assert single.identical == (0, 47)


def test_a_recording_survives_the_disk_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    recording = recorded(2)
    recording.save(tmp_path / "r.json")
    assert Recording.load(tmp_path / "r.json") == recording
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(TailgateError, match="is no recording"):
        Recording.load(tmp_path / "x.json")


def test_the_page_states_command_machine_and_every_kind() -> None:
    found = validate(recorded(48), [list(range(24)), list(range(24, 48))], RULES, PLAN, random.Random(1), decisions=5)
    text = page([found], "tailgate calibrate", "2026-11-22", "a CPU")
    assert [
        line.count("95 % interval given these blocks") for line in text.splitlines() if "95 % interval" in line
    ] == [0, 1]
    assert "`tailgate calibrate`, 2026-11-22, a CPU" in text
    assert all(f"| {kind} |" in text for kind in KINDS_OF_HEAD)
