from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tailgate.statistics.decision import judge
from tailgate.statistics.multiplicity import least_blocks, sequential_shares
from tailgate.statistics.sequential import Plan


def test_with_one_look_it_rejects_what_the_closed_test_rejects() -> None:
    # The closure of Bonferroni tests: a hypothesis falls when every set that holds it is rejected.
    rng, plan = np.random.default_rng(2), Plan((20,), 0.05)
    for _ in range(200):
        p = rng.beta(0.3, 3, 4).tolist()
        closed = [
            all(
                min(p[i] for i in range(4) if mask >> i & 1) <= 0.05 / mask.bit_count()
                for mask in range(16)
                if mask >> h & 1
            )
            for h in range(4)
        ]
        shares = sequential_shares({str(i): (value, 0) for i, value in enumerate(p)}, plan)
        assert [value <= shares[str(i)] for i, value in enumerate(p)] == closed


def test_any_false_rejection_stays_below_alpha() -> None:
    plan, rows = Plan((20,), 0.05), np.random.default_rng(4).uniform(size=(4000, 5)).tolist()
    shares = [sequential_shares({str(i): (value, 0) for i, value in enumerate(row)}, plan) for row in rows]
    wrong = np.mean([min(row) <= share[str(row.index(min(row)))] for row, share in zip(rows, shares, strict=True)])
    assert wrong == pytest.approx(stats.binom.sf(0, 5, 0.01), abs=0.01)


def test_a_rejected_figure_hands_its_share_to_the_others() -> None:
    plan = Plan()
    none = sequential_shares({"a": (0.5, 0), "b": (0.4, 2)}, plan)
    assert none == {"a": 0.005, "b": 0.005}
    one = sequential_shares({"a": (2**-12, 0), "b": (0.4, 2), "c": (0.3, 1)}, plan)
    assert one == {"a": 0.01 / 3, "b": 0.005, "c": 0.005}


def test_each_figure_is_held_against_the_level_of_its_own_look() -> None:
    plan = Plan()
    p = (plan.with_alpha(0.005).nominal_alpha(0) + plan.with_alpha(0.005).nominal_alpha(2)) / 2
    assert sequential_shares({"a": (p, 0), "b": (1.0, 0)}, plan)["b"] == 0.005
    assert sequential_shares({"a": (p, 2), "b": (1.0, 0)}, plan)["b"] == 0.01


@pytest.mark.parametrize("figures", [1, 2, 10, 40, 400])
def test_a_figure_of_many_can_be_found_in_the_least_blocks_and_in_none_fewer(figures: int) -> None:
    blocks = least_blocks(figures, 0.01)
    others = {f"other {number}": np.zeros(0) for number in range(figures - 1)}
    for count, verdict in ((blocks, "regression"), (blocks - 1, "undecided")):
        plan = Plan((count,), 0.01)
        slower = {"slower": np.full(count, 1.6)}
        assert judge(slower | others, plan, dict.fromkeys((*slower, *others), 0.02))["slower"].verdict == verdict
