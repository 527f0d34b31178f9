"""The anytime bound holds at every look together, with honest and with long tails."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from tailgate.statistics.anytime import anytime_estimate, anytime_width
from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sign_flip import hodges_lehmann


@pytest.mark.parametrize("noise", ["normal", "t3"])
def test_it_fails_in_no_more_than_alpha_of_races_that_look_after_every_block(noise: str) -> None:
    rng = np.random.default_rng(3)
    races, looks, alpha = 400, 24, 0.05
    widths = [anytime_width(n, 1.0, alpha) for n in range(1, looks + 1)]
    wrong = 0
    for _ in range(races):
        d = rng.normal(size=looks) if noise == "normal" else rng.standard_t(3, looks) / math.sqrt(3.0)
        wrong += any(abs(hodges_lehmann(d[:n])) > widths[n - 1] for n in range(1, looks + 1))
    assert wrong <= races * alpha


def test_it_narrows_with_blocks_and_widens_with_confidence() -> None:
    widths = [anytime_width(n, 0.01, 0.01) for n in range(1, 60)]
    assert all(a > b for a, b in pairwise(widths))
    assert anytime_width(8, 0.01, 0.001) > anytime_width(8, 0.01, 0.01)
    assert anytime_width(8, 0.0, 0.01) == 0.0


def test_it_is_about_as_narrow_as_can_be_where_it_is_meant_to_be() -> None:
    tuned = anytime_width(10, 1.0, 0.01)
    assert tuned <= min(anytime_width(10, 1.0, 0.01, best_at=n) for n in (3, 40)) + 1e-12


def test_an_estimate_lies_around_the_centre_of_its_blocks() -> None:
    d = [0.01, 0.02, 0.015, 0.5]
    found = anytime_estimate(d, 0.01, 0.05)
    assert found.estimate == hodges_lehmann(d)
    assert found.high - found.estimate == pytest.approx(anytime_width(4, 0.01, 0.05))
    assert (found.n, found.confidence) == (4, 0.95)


@pytest.mark.parametrize(("blocks", "sd"), [(0, 1.0), (3, -1.0), (3, math.nan)])
def test_what_has_no_bound_is_refused(blocks: int, sd: float) -> None:
    with pytest.raises(StatisticsError, match="a bound needs a block and a spread"):
        anytime_width(blocks, sd, 0.05)
