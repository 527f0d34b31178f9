from __future__ import annotations

import os
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.machine import jitter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def clock_of(steps_ns: Sequence[int]) -> Callable[[], int]:
    readings = iter(accumulate(steps_ns, initial=1_000))
    return lambda: next(readings)


def test_gaps_are_the_steps_above_a_microsecond() -> None:
    steps = [100, 900, 1_001, 100, 20_000, 100]
    assert jitter.spin(clock_of(steps), sum(steps)) == (sum(steps), 6, [1_001, 20_000])


def test_spinning_ends_with_the_first_reading_past_the_duration() -> None:
    assert jitter.spin(clock_of([100] * 50), 450) == (500, 5, [])


def test_a_profile_counts_each_gap_under_every_threshold_it_passes() -> None:
    gaps = [5_000, 50_000, 500_000, 5_000_000]
    seen = jitter.profile(1, 10_000_000, 104, gaps)
    assert (seen.above_1us, seen.above_10us, seen.above_100us, seen.above_1ms) == (4, 3, 2, 1)
    assert seen.longest_ns == 5_000_000
    assert seen.step_ns == pytest.approx((10_000_000 - sum(gaps)) / 100)
    assert seen.per_second(seen.above_1ms) == pytest.approx(100.0)


def test_time_lost_is_what_gaps_take_beyond_an_ordinary_step() -> None:
    seen = jitter.profile(0, 10_000 + 90_000, 101, [90_000])
    assert seen.lost_share == pytest.approx((90_000 - 100) / 100_000)


def test_a_profile_of_nothing_divides_by_nothing() -> None:
    seen = jitter.profile(0, 0, 0, [])
    assert (seen.lost_share, seen.step_ns, seen.per_second(3)) == (0.0, 0.0, 0.0)


@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=60))
def test_counts_never_grow_with_the_threshold_and_the_loss_is_a_share(steps: list[int]) -> None:
    seen = jitter.profile(0, *jitter.spin(clock_of(steps), sum(steps)))
    assert seen.reads == len(steps)
    assert seen.above_1us >= seen.above_10us >= seen.above_100us >= seen.above_1ms
    assert 0 <= seen.lost_share <= 1
    assert seen.above_1us == sum(step > 1_000 for step in steps)


def test_a_probe_pins_for_its_time_and_puts_the_affinity_back() -> None:
    before = os.sched_getaffinity(0)
    cpu = max(before)
    where: list[set[int]] = []
    readings = iter(range(0, 10_000, 100))

    def clock() -> int:
        where.append(os.sched_getaffinity(0))
        return next(readings)

    seen = jitter.probe(cpu, 1e-6, clock=clock)
    assert (seen.cpu, seen.reads) == (cpu, 10)
    assert all(one == {cpu} for one in where)
    assert os.sched_getaffinity(0) == before


def test_merging_adds_counts_and_weighs_losses_by_time() -> None:
    one = jitter.profile(0, 1_000_000, 11, [500_000])
    two = jitter.profile(0, 3_000_000, 10, [])
    both = jitter.merge([one, two])
    assert (both.duration_ns, both.reads, both.above_100us, both.longest_ns) == (4_000_000, 21, 1, 500_000)
    assert both.lost_share == pytest.approx(one.lost_share / 4)


def test_profiles_of_two_cpus_are_not_merged() -> None:
    with pytest.raises(ValueError, match="one CPU"):
        jitter.merge([jitter.profile(0, 1, 1, []), jitter.profile(1, 1, 1, [])])


def test_a_profile_says_its_rates() -> None:
    text = jitter.profile(0, 2_000_000_000, 101, [5_000_000] * 4).describe()
    assert "2 above 1 ms" in text
    assert "longest 5000 µs" in text
