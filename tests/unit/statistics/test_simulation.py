from __future__ import annotations

import pytest

from tailgate.statistics.simulation import Noise, blocks_of_noise, pooled_t_test_false_alarms, report, spread_table


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
    assert page.count("### ") == 7
    assert "\n".join(spread_table(20)) in page
