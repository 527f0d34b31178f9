from __future__ import annotations

import pytest

from tailgate.statistics.decision import judge
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.sequential import Plan
from tailgate.statistics.simulation import (
    Noise,
    blocks_of_many,
    blocks_of_noise,
    found_in_many,
    pooled_t_test_false_alarms,
    report,
    spread_table,
)


@pytest.mark.parametrize("noise", ["normal", "t3", "contaminated"])
def test_noise_is_centred_scaled_and_the_same_every_time(noise: Noise) -> None:
    d = blocks_of_noise(noise, 20_000, 10)
    assert d.mean() == pytest.approx(0.0, abs=0.01)
    assert d.std() == pytest.approx(1.0, rel=0.05)
    assert (d == blocks_of_noise(noise, 20_000, 10)).all()


def test_values_inside_a_process_are_not_independent() -> None:
    alone = pooled_t_test_false_alarms(12, 7, 0.0, 1000)
    nested = pooled_t_test_false_alarms(12, 7, 1.0, 1000)
    assert alone == pytest.approx(0.05, abs=0.025)
    assert nested > 0.25


def test_the_report_is_whole_and_the_same_every_time() -> None:
    page = report(runs=20)
    assert page.count("### ") == 8
    assert "\n".join(spread_table(20)) in page


@pytest.mark.parametrize("noise", ["normal", "contaminated"])
def test_a_gate_of_many_finds_what_its_real_judgement_finds(noise: Noise) -> None:
    plan, slower = Plan((8, 11, 14, 18, 24), 0.01), log_shift(6.0)
    found = 0
    for gate in range(12):
        d = blocks_of_many(noise, 4, gate, 24)
        d[[0, 4]] += slower
        figures = {str(number): row for number, row in enumerate(d)}
        analyses = [
            judge({name: row[:blocks] for name, row in figures.items()}, plan, dict.fromkeys(figures, log_shift(2.0)))
            for blocks in plan.looks
        ]
        found += any(each[name].verdict == "regression" for each in analyses for name in ("0", "4"))
    assert found_in_many(noise, 12, 4, 6.0, log_shift(2.0)) <= found / 12 <= 1.0
    assert found >= 6


def test_the_error_of_many_figures_is_shared() -> None:
    assert found_in_many("normal", 60, 200) <= 0.05
