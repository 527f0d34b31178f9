from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.multiplicity import holm, sequential_shares
from tailgate.statistics.sequential import Plan


def test_holm_on_the_textbook_case() -> None:
    result = holm([0.01, 0.04, 0.03, 0.005], 0.05)
    assert result.adjusted == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert result.rejected == (True, False, False, True)


def test_holm_rejects_what_the_closed_test_rejects() -> None:
    # The closure of Bonferroni tests: a hypothesis falls when every set that holds it is rejected.
    rng = np.random.default_rng(2)
    for _ in range(200):
        p = rng.beta(0.3, 3, 4)
        closed = tuple(
            all(
                min(p[i] for i in range(4) if mask >> i & 1) <= 0.05 / mask.bit_count()
                for mask in range(16)
                if mask >> h & 1
            )
            for h in range(4)
        )
        assert holm(p.tolist(), 0.05).rejected == closed


def test_any_false_rejection_stays_below_alpha() -> None:
    p = np.random.default_rng(4).uniform(size=(4000, 5))
    wrong = np.mean([any(holm(row, 0.05).rejected) for row in p.tolist()])
    assert wrong == pytest.approx(stats.binom.sf(0, 5, 0.01), abs=0.01)


def test_holm_of_nothing_and_of_no_probability() -> None:
    assert holm([], 0.05).adjusted == ()
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        holm([1.2], 0.05)


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


def test_with_one_look_the_shares_are_holms() -> None:
    plan = Plan((20,), 0.05)
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    shares = sequential_shares({name: (value, 0) for name, value in p.items()}, plan)
    rejected = tuple(p[name] <= shares[name] for name in p)
    assert rejected == holm(list(p.values()), 0.05).rejected
