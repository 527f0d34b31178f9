"""Verdicts by interval."""

from __future__ import annotations

import math

import pytest

from documents.times import Times as Factor
from documents.times import closed
from suites.ledger.claims import less
from suites.ledger.judging import REPEATED, difference_of, judge, judge_counts, repeatable, times_of
from tailgate.judge.league import Times


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Times(12.0, 10.5, 13.0), "exceeded"),
        (Times(12.0, 9.5, 13.0), "met"),
        (Times(7.0, 6.0, 8.0), "met"),
        (Times(5.1, 4.9, 5.3), "met"),
        (Times(4.9, 4.7, 5.3), "not met"),
        (Times(4.0, 3.0, 4.9), "not met"),
        (Times(0.5, 0.4, 0.6), "not met"),
        (Times(3.0, 0.9, 7.0), "not measurable here"),
    ],
)
def test_an_interval_against_five_to_ten(measured: Times, verdict: str) -> None:
    assert judge(measured, (5.0, 10.0)).verdict == verdict


def test_an_interval_over_the_lower_end_says_that_it_decides_nothing() -> None:
    assert "lower end" in judge(Times(5.1, 4.9, 5.3), (5.0, 10.0)).why
    assert "from no gain" in judge(Times(7.0, 0.0, math.inf), (5.0, 10.0)).why
    assert "lower end" in judge(Times(21.0, 0.5, 80.0), (20.0, 40.0), nothing=0.0).why
    assert "from no gain" in judge(Times(21.0, -0.5, 80.0), (20.0, 40.0), nothing=0.0).why
    assert judge(Times(7.0, 5.1, 8.0), (5.0, 10.0)).why == ""


def test_without_a_claim_a_gain_must_be_proven() -> None:
    assert judge(Times(1.2, 1.1, 1.3), None).verdict == "met"
    assert judge(Times(1.2, 0.9, 1.5), None).verdict == "not met"
    assert judge(Times(0.8, 0.7, 0.9), None).why == "slower than what it fixes"


def test_counts_have_no_interval() -> None:
    assert judge_counts(3.0, 1.0, less(40, 60)).verdict == "exceeded"
    assert judge_counts(2.0, 1.0, less(40, 60)).verdict == "met"
    assert judge_counts(1.5, 1.0, less(40, 60)).verdict == "not met"
    assert judge_counts(1.0, 0.0, less(40, 60)).verdict == "exceeded"
    assert judge_counts(1.0, 1.0, None).verdict == "not met"
    assert judge_counts(1.0, 0.9, None).verdict == "met"


def test_a_percentage_is_that_much_less_time() -> None:
    assert less(50, 75) == (2.0, 4.0)


def test_factors_and_differences_come_with_their_interval() -> None:
    assert times_of([math.log(2.0)] * 6) == Times(pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0))  # type: ignore[arg-type]  # approx compares
    few = times_of([math.log(2.0)] * 3)
    assert closed(few.times, few.low, few.high) == Factor(pytest.approx(2.0), None, None)  # type: ignore[arg-type]  # as above
    assert difference_of([3.0] * 6) == Times(3.0, 3.0, 3.0)


def test_another_run_may_differ_by_more_than_the_blocks_of_one() -> None:
    wider = repeatable(Times(1.02, 1.01, 1.03))
    assert (wider.times, judge(wider, None).verdict) == (1.02, "not met")
    assert judge(Times(1.02, 1.01, 1.03), None).verdict == "met"
    assert wider.low * (1 + REPEATED) == pytest.approx(1.01)
    assert wider.high / (1 + REPEATED) == pytest.approx(1.03)
