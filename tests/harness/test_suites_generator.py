"""The generated tape is like the captured ones, within bands; docs/tapes.md justifies them.

A share may leave the range of the two captures of many symbols by 0.02, four standard deviations between seeds. A Fano
factor is averaged over ten tapes as long as the Coinbase capture, and may leave their range by a quarter: between seeds
alone it varies by 5, 16 and 44 %. A Poisson process has 1, so that the bands tell the two apart by far.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from suites.tapes import open_tape
from suites.tapes.generator import generate
from suites.tapes.profile import Profile, profile
from suites.tapes.tape import make_tape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHARE_BAND = 0.02
FANO_BAND = 1.25
GAP_CV_BAND = 0.2


@pytest.fixture(scope="module")
def captured(captures: Path) -> list[Profile]:
    names = ("coinbase_level2_10sym_20210417.raw", "kraken_book1000_10sym_20210417.raw")
    return [profile(open_tape(capture=str(captures / name), seed=0, messages=0, cache=None)) for name in names]


@pytest.fixture(scope="module")
def generated() -> list[Profile]:
    return [profile(generate(seed, 10_000)) for seed in range(10)]


def within(generated: list[Profile], captured: list[Profile], figure: Callable[[Profile], float], band: float) -> None:
    """Hold the mean over generated tapes to the range of the captures, widened by `band`."""
    mean = fmean(map(figure, generated))
    least, most = min(map(figure, captured)), max(map(figure, captured))
    assert least - band <= mean <= most + band


@pytest.mark.parametrize("bucket", ["best", "1-4", "5-9", "10-19", "20+"])
def test_ranks_are_touched_as_often(generated: list[Profile], captured: list[Profile], bucket: str) -> None:
    within(generated, captured, lambda each: each.ranks[bucket], SHARE_BAND)


@pytest.mark.parametrize("action", ["add", "delete", "change"])
def test_levels_are_added_deleted_and_changed_as_often(
    generated: list[Profile], captured: list[Profile], action: str
) -> None:
    within(generated, captured, lambda each: each.actions[action], SHARE_BAND)


def test_the_top_moves_as_often(generated: list[Profile], captured: list[Profile]) -> None:
    within(generated, captured, lambda each: each.moves_top, SHARE_BAND)


def test_updates_touch_one_level_as_a_rule(generated: list[Profile], captured: list[Profile]) -> None:
    within(generated, captured, lambda each: each.levels_per_update, 0.05)


@pytest.mark.parametrize("window", [0, 1, 2], ids=["10 ms", "100 ms", "1 s"])
def test_counts_are_as_dispersed(generated: list[Profile], captured: list[Profile], window: int) -> None:
    mean = fmean(each.fano[window] for each in generated)
    of_captures = [each.fano[window] for each in captured]
    assert min(of_captures) / FANO_BAND <= mean <= max(of_captures) * FANO_BAND


def test_gaps_vary_as_much(generated: list[Profile], captured: list[Profile]) -> None:
    within(generated, captured, lambda each: each.gap_cv, GAP_CV_BAND)


def test_a_poisson_process_is_far_outside_these_bands(captured: list[Profile]) -> None:
    rng = Random(1)
    times_ns = array("q", accumulate(int(rng.expovariate(316) * 1e9) for _ in range(10_000)))
    poisson = profile(make_tape("poisson", generate(0, 10_000).frames, times_ns))
    for window in range(3):
        assert poisson.fano[window] * FANO_BAND < min(each.fano[window] for each in captured) / FANO_BAND
    assert poisson.gap_cv + GAP_CV_BAND < min(each.gap_cv for each in captured) - GAP_CV_BAND


def test_messages_are_book_updates_as_a_rule_with_some_quotes_and_trades(
    generated: list[Profile], captured: list[Profile]
) -> None:
    """Coinbase sends 1 % trades and 1 % quotes; Binance, whose quote stream is the busiest, 24 % and 68 %."""
    coinbase = captured[0]
    for each in generated:
        assert 0.9 <= each.kinds["update"] <= coinbase.kinds["update"]
        assert coinbase.kinds["trade"] <= each.kinds["trade"] <= 0.24
        assert coinbase.kinds["quote"] <= each.kinds["quote"] <= 0.68
        assert 0.001 <= each.kinds["snapshot"] <= 0.003


def test_symbols_share_the_messages_by_a_power_law(generated: list[Profile]) -> None:
    for each in generated:
        assert -2.1 <= each.symbol_slope <= -1.1  # the range over the captures, by their README
