"""The absolute budgets of a gate: what head breaks and base kept is said, and is a regression where that is chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.gate import GatedBudget
from tailgate.judge.arms import BASE, HEAD, TAIL
from tailgate.statistics.decision import compare
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.judge.gate import Trial

_ALPHA: Final = 0.02
"""Two-sided: the low end of head's p99 errs with 1 %."""


def budgets_of(
    trials: Sequence[Trial], budgets: Mapping[str, float], groups: Mapping[str, str], *, fatal: bool
) -> tuple[GatedBudget, ...]:
    """Return how each budget stands that names a gated benchmark, or the group that it is recommended for.

    budgets: by benchmark or group, in microseconds at the raw p99. groups: of each benchmark that stands for its group.
    """
    found = []
    for trial in (each for each in trials if len(each.series) and not each.failure):
        names = [name for name in (trial.name, groups.get(trial.name, "")) if name in budgets]
        for name in names[:1]:
            rows = trial.series.rows["raw"]
            logs = np.log(np.maximum(np.asarray(rows[HEAD])[:, LADDER.index(TAIL)], 1.0))
            low = compare(logs, Looks((len(logs),), _ALPHA), 0).estimate.low
            base, head = (trial.series.median_ns("raw", arm, TAIL) for arm in (BASE, HEAD))
            low_ns = 0.0 if math.isinf(low) else math.exp(low)
            found.append(GatedBudget(trial.name, 1e3 * budgets[name], base, head, low_ns, fatal))
    return tuple(found)
