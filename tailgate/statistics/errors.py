"""What goes wrong when a statistic is asked of data that cannot carry it."""

from __future__ import annotations

from tailgate.errors import TailgateError


class StatisticsError(TailgateError):
    """Report data or parameters for which a statistic has no meaning: nothing measured, a probability of 2."""
