"""The calibration judges recordings with the gate's own code."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from tailgate.documents.calibration import Recording
from tailgate.documents.comparison import KINDS
from tailgate.documents.envelope import load, save
from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL
from tailgate.judge.calibrate import (
    KINDS_OF_HEAD,
    calibrated,
    duels,
    noise,
    other_tools,
    replay_gate,
    resampled_gates,
    whole_gates,
)
from tailgate.judge.gate import GateRules
from tailgate.judge.recording import ALLOCATES, RARE, view
from tailgate.measure.lockstep import Plan
from tailgate.statistics.sequential import Plan as Looks

RULES = GateRules(Looks((12, 18, 24), 0.01), 0.02, float("inf"))
PLAN = Plan(module="", root=Path(), settings={})
SLOWER = {
    BASE: 1.0,
    HEAD: 1.0,
    NEGATIVE_CONTROL: 1.0,
    POSITIVE_CONTROL: 1.05,
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
    recording = recorded(72)
    recording.gates = [list(range(start, start + 24)) for start in (0, 24, 48)]
    verdicts = {each.kind: each.verdicts for each in whole_gates(recording, RULES, PLAN)}
    assert verdicts["identical"]["PASS"] == 3
    assert all(verdicts[kind]["REGRESSION"] == 3 for kind in ("every 5 %", "every 3 %", RARE, ALLOCATES))
    assert "every 1.5 %" not in verdicts  # inside the margin: for duels


def test_a_replayed_gate_stops_where_the_gate_would() -> None:
    recording = recorded(24)
    assert replay_gate(view(recording, HEAD, list(range(24))), RULES, PLAN).blocks_judged == 12
    unfinished = replay_gate(view(recording, HEAD, list(range(11))), RULES, PLAN)
    assert unfinished.verdict is None


def test_the_positive_control_is_carried_over_by_its_ratio() -> None:
    recording = recorded(1, spread=0.0)
    assert view(recording, "every 5 %", [0]).rows["raw"][POSITIVE_CONTROL][0][2] == pytest.approx(2_000 * 1.05 * 1.05)


def test_resampling_counts_every_decision() -> None:
    for tally in resampled_gates(recorded(40), 10, RULES, PLAN, random.Random(1)):
        assert tally.decisions == 10
        assert tally.kind in KINDS_OF_HEAD
        rate = tally.regression
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


def test_a_recording_survives_the_disk_and_one_of_before_is_named_in_a_line(tmp_path: Path) -> None:
    recording = recorded(2)
    recording.gates = [[0, 1]]
    assert load(save(tmp_path / "r.json", recording), Recording) == recording
    plain = json.loads((tmp_path / "r.json").read_text())["document"]
    (tmp_path / "x.json").write_text(json.dumps(plain))
    with pytest.raises(TailgateError, match=r"is the recording of a calibration of schema 1, which is no longer read"):
        load(tmp_path / "x.json", Recording)


def test_a_recording_is_judged_whole() -> None:
    recording = recorded(48)
    recording.gates = [list(range(24)), list(range(24, 48))]
    found = calibrated(recording, RULES, PLAN, random.Random(1), decisions=5)
    assert [tally.decisions for tally in (*found.whole, *found.resampled)] == [2] * 5 + [5] * 5
    assert (found.blocks, found.arms, found.block_seconds) == (48, len(SLOWER), 4.0)
    assert found.duel_blocks == int(60 * len(SLOWER) / (2 * 4.0))
    assert math.expm1(found.duel_shift) == pytest.approx(0.015, abs=0.004)
