"""What hosts say together, whatever a few of them say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scripts.simulate_fleet import Fleet, rates
from tailgate.statistics.decision import compare, decide
from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.hosts import UNITS, centres, distrusted, looks_over, standing_apart, together
from tailgate.statistics.sequential import Plan
from tailgate.statistics.sign_flip import lower_bound


def spread(hosts: int, blocks: int) -> list[str]:
    return [f"h{number}" for number in range(hosts) for _ in range(blocks)]


def test_one_host_is_judged_as_blocks_are() -> None:
    d = np.random.default_rng(1).normal(0.03, 0.01, 12)
    plan = Plan()
    assert decide(d, plan, 0, 0.02) == decide(d, plan, 0, 0.02, hosts=["a"] * 12)
    assert compare(d, plan, 0) == compare(d, plan, 0, hosts=["a"] * 12)


def test_no_single_host_makes_a_verdict() -> None:
    names = spread(2, 12)
    d = np.random.default_rng(2).normal(0.0, 0.005, 24)
    d[:12] += 0.5
    plan = Plan((24,), 0.01)
    assert decide(d, plan, 0, 0.02).estimate.low > 0.0  # all blocks as if of one host: a false alarm
    found = decide(d, plan, 0, 0.02, hosts=names)
    assert found.verdict != "regression"
    assert found.estimate.low < 0.0


def test_what_all_hosts_show_is_a_regression() -> None:
    d = np.random.default_rng(3).normal(0.06, 0.005, 24)
    assert decide(d, Plan((24,), 0.01), 0, 0.02, hosts=spread(4, 6)).verdict == "regression"
    assert compare(d, Plan((24,), 0.01), 0, hosts=spread(4, 6)).verdict == "slower"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=14, max_size=14, unique=True))
def test_the_bound_is_the_least_over_every_choice_of_hosts_left_out(values: list[float]) -> None:
    d = np.array(values)
    names = spread(14, 1)
    found = together(d, names, 0.05, 0.05)
    kept = d[~np.isin(np.array(names), np.array(found.apart))] if found.apart else d
    leave = max(distrusted(14) - len(found.apart), 0)
    assume(kept.size - leave >= UNITS)
    every = [
        lower_bound(np.array([each for n, each in enumerate(kept) if n not in out]), 0.05)
        for out in itertools.combinations(range(kept.size), leave)
    ]
    assert found.low == pytest.approx(min(every))


def test_a_host_far_from_the_others_stands_apart_whichever_way() -> None:
    of = {f"h{n}": 0.001 * n for n in range(9)}
    assert standing_apart(of) == ()
    assert standing_apart({**of, "liar": 0.05}) == ("liar",)
    assert standing_apart({**of, "liar": -0.05}) == ("liar",)
    assert standing_apart({"a": 0.0, "b": 0.001, "liar": 9.0}) == ()  # of so few nobody knows who
    with pytest.raises(StatisticsError, match="each block has one"):
        centres(np.zeros(3), ["a"])


def test_analyses_over_hosts_come_after_whole_rounds() -> None:
    assert looks_over((12, 18, 24), 1, 2) == (12, 18, 24)
    assert looks_over((12, 18, 24), 4, 4) == (12, 20, 24)
    assert looks_over((12, 18, 24), 64, 64) == (192, 256, 320)


def test_the_error_holds_where_a_tenth_of_the_hosts_lies_and_the_test_of_blocks_does_not() -> None:
    fleet = Fleet(16)
    assert rates(fleet, "the gate", 200, 2.0).above <= 7  # 1 % is promised; 7 of 200 are seen once in 500 such tests
    assert rates(fleet, "blocks", 200, 2.0).above > 20
