"""One test of many figures: it finds the shifted one among them, and cries wolf no oftener than it says."""

from __future__ import annotations

import numpy as np
import pytest

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.joint import joint_p_values


def test_one_figure_is_the_sign_flip_test_of_its_mean() -> None:
    (p,) = joint_p_values(np.array([[1.0], [2.0], [3.0]]))
    assert p == pytest.approx(1 / 8)
    (both,) = joint_p_values(np.array([[1.0], [2.0], [-1.0]]), two_sided=True)
    assert both == pytest.approx(6 / 8)  # sums of 4, 2, 2, 0 and their negatives: six of eight reach 2


def test_a_shifted_figure_among_forty_is_found_by_eight_blocks() -> None:
    rng = np.random.default_rng(1)
    d = rng.normal(0.0, 0.01, (8, 40))
    d[:, 7] += 0.05
    p = joint_p_values(d)
    assert p[7] < 0.02
    assert (np.delete(p, 7) > 0.05).all()


def test_any_of_twenty_dependent_figures_is_named_no_oftener_than_the_level() -> None:
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(400):
        common = rng.normal(0.0, 1.0, (8, 1))
        d = common + rng.standard_t(3, (8, 20))
        false += bool((joint_p_values(d) <= 0.05).any())
    assert false <= 32  # 20 of 400 are meant; 32 are beyond the 99th percentile


def test_more_blocks_than_are_enumerated_give_the_same_answer_each_time() -> None:
    d = np.random.default_rng(3).normal(0.004, 0.01, (24, 6))
    assert joint_p_values(d).tolist() == joint_p_values(d.copy()).tolist()
    assert joint_p_values(d + 0.05).max() == pytest.approx(1 / 4096)


def test_figures_that_never_differ_are_not_shifted() -> None:
    d = np.zeros((8, 3))
    d[:, 1] = 2.0  # a count that is the same in every block
    assert joint_p_values(d).tolist() == [1.0, 1 / 256, 1.0]


def test_what_is_no_table_of_blocks_is_refused() -> None:
    with pytest.raises(StatisticsError, match="blocks by figures"):
        joint_p_values([1.0, 2.0])
