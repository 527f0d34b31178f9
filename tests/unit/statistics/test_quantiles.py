from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.quantiles import LADDER, enough_operations, is_advisory, quantiles
from tailgate.statistics.rank import rank

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike


def test_a_quantile_is_the_smallest_value_with_enough_values_at_or_below_it() -> None:
    samples = np.arange(100, 0, -1)
    assert quantiles(samples, (0.0, 0.01, 0.5, 0.505, 0.99, 0.991, 1.0)) == (1, 1, 50, 51, 99, 100, 100)


@pytest.mark.parametrize("n", [1, 7, 100, 1001])
def test_quantiles_agree_with_numpys_inverted_distribution(n: int) -> None:
    samples = np.random.default_rng(n).integers(1, 500, n)
    expected = tuple(float(np.quantile(samples, p, method="inverted_cdf")) for p in LADDER)
    assert quantiles(samples, LADDER) == expected


def test_no_report_has_a_rule_for_a_percentile_of_its_own(root: Path) -> None:
    """An interpolated percentile is a duration that never happened; of a simulation's own figures it may be one."""
    rules = re.compile(r"\b(np|numpy|statistics)\.(nan)?(quantiles?|percentile)\(|\.get_value_at_percentile\(")
    folders = ("tailgate", "implementations", "suites", "reports", "documents", "scripts")
    files = (path for folder in folders for path in (root / folder).rglob("*.py"))
    found = {str(path.relative_to(root)) for path in files if rules.search(path.read_text(encoding="utf-8"))}
    assert found == {"tailgate/statistics/effect.py", "tailgate/statistics/simulation.py"}


def test_the_rank_reads_p_as_the_decimal_that_was_written() -> None:
    assert 0.07 * 100 > 7  # what floating point makes of it
    assert rank(100, 0.07) == 7
    assert rank(200_000, 0.999) == 199_800


def test_the_samples_stay_in_their_order() -> None:
    samples = np.array([3, 1, 2])
    quantiles(samples, (0.5,))
    assert samples.tolist() == [3, 1, 2]


def test_enough_operations_leave_two_hundred_beyond_the_percentile() -> None:
    assert [enough_operations(p) for p in LADDER] == [400, 2_000, 20_000, 200_000]


def test_a_percentile_of_too_few_operations_is_advisory() -> None:
    assert is_advisory(0.99, 19_999)
    assert not is_advisory(0.99, 20_000)


@pytest.mark.parametrize("samples", [[], [[1, 2]]])
def test_a_sample_that_is_no_row_of_values_is_refused(samples: ArrayLike) -> None:
    with pytest.raises(StatisticsError, match="at least one sample"):
        quantiles(samples, (0.5,))


def test_an_impossible_probability_is_refused() -> None:
    with pytest.raises(StatisticsError, match=r"no 1\.5 quantile"):
        quantiles([1], (1.5,))
