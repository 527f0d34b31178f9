"""A gate whose blocks are run by a fleet: rounds, hosts that lie, and a fleet that goes in the middle."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tailgate.documents.comparison import KINDS, Series
from tailgate.documents.fleet import FleetHost
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, arms_of
from tailgate.judge.blocks import BlockOrder, BlockReport, CrewGoneError, Found
from tailgate.judge.gate import GateRules, Trial, Verdict, measured_at_once, run_gate
from tailgate.judge.hosts import host_notes
from tailgate.measure.lockstep import Plan
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import Side
from tailgate.statistics.hosts import looks_over
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Sequence


class MadeFleet:
    """Gives each order made figures; `bias` of the head's percentiles by host, and after so many blocks it is gone."""

    def __init__(self, hosts: int, bias: dict[str, float], shift: float = 0.0, most: int = 10_000) -> None:
        self.names = tuple(f"h{number}" for number in range(hosts))
        self.bias, self.shift, self.most = bias, shift, most
        self.rounds: list[int] = []
        self.rng = np.random.default_rng(5)

    def __len__(self) -> int:
        return len(self.names)

    def report(self, order: BlockOrder, host: str) -> BlockReport:
        head = 1.0 + self.shift + self.bias.get(host, 0.0)
        times = {BASE: 1.0, HEAD: head, NEGATIVE_CONTROL: 1.0, POSITIVE_CONTROL: head * 1.05}
        series = Series(operations=20_000, recorded=140_000)
        for kind in KINDS:
            for side, by in times.items():
                series.rows[kind][side] = [tuple(1e5 * by * self.rng.normal(1.0, 0.004) for _ in range(4))]
        return BlockReport((Found(order.contests[0].name, series),), 0, 1.0, host=host)

    def run(self, orders: Sequence[BlockOrder]) -> list[BlockReport]:
        done = sum(self.rounds)
        self.rounds.append(len(orders))
        reports = [self.report(each, host) for each, host in zip(orders, self.names, strict=False)]
        if done + len(orders) > self.most:
            gone = CrewGoneError("the scheduler is gone")
            gone.done = reports[: self.most - done]
            raise gone
        return reports


def judged(fleet: MadeFleet) -> tuple[Trial, Verdict, list[str]]:
    side = Side("", "a/b")
    trial = Trial("a/b", arms_of(side, side, side, Injection("spin", 1)), Plan("m", Path("/"), {}))
    looks = Looks(looks_over((12, 18, 24), len(fleet), len(fleet)), 0.01)
    said: list[str] = []
    verdict = run_gate(
        [trial],
        GateRules(looks, 0.02, 1e9),
        measured_at_once(random.Random(1), fleet.run, fleet.__len__, looks),
        gone=lambda error: said.append(error.message),
    )
    return trial, verdict, said


def test_every_round_is_a_block_on_each_cpu_and_a_sound_change_passes() -> None:
    fleet = MadeFleet(16, {})
    trial, verdict, _ = judged(fleet)
    assert verdict is Verdict.PASS
    assert set(fleet.rounds) == {16}
    assert len(trial.hosts) == len(trial.series) == sum(fleet.rounds)


def test_one_host_that_lies_makes_no_regression_and_no_pass() -> None:
    assert judged(MadeFleet(8, {"h3": 0.30}))[1] is not Verdict.REGRESSION
    assert judged(MadeFleet(16, {"h3": 0.30}))[1] is Verdict.PASS  # it stands apart, and the others are enough
    assert judged(MadeFleet(16, {"h3": -0.30}, shift=0.06))[1] is Verdict.REGRESSION


def test_a_host_that_stands_apart_is_named() -> None:
    trial, _, _ = judged(MadeFleet(16, {"h3": 0.30}))
    hosts = [
        FleetHost("big", "h3", (1,), 3, "fit", ("every condition is met",)),
        FleetHost("off", "x", (), 0, left_out="unfit"),
    ]
    notes = list(host_notes(hosts, [trial]))
    assert notes[0] == "host big (CPU 1): 3 blocks; fit: every condition is met"
    assert notes[1] == "host off was left out: unfit"
    assert notes[2] == "16 hosts: each verdict holds whatever 2 of them say"
    assert notes[3].startswith("a/b reproducible: host big stands apart from the others, at +")


def test_a_fleet_that_goes_leaves_what_it_has() -> None:
    trial, verdict, said = judged(MadeFleet(4, {}, most=7))
    assert said == ["the scheduler is gone"]
    assert len(trial.series) == len(trial.hosts) == 7
    assert trial.cut
    assert verdict is Verdict.PASS  # seven blocks so quiet are enough for that, whoever is left out
    assert judged(MadeFleet(4, {}, most=2))[1] is Verdict.UNDECIDED
    assert judged(MadeFleet(4, {}, most=0))[1] is Verdict.UNDECIDED
