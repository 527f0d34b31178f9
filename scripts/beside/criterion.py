"""criterion.rs's way of comparing two runs, written from its book's chapter on the analysis ("Analysis Process").

It is our reading of that chapter, in Python, and not criterion.rs, which measures Rust. Per run: a warm-up of 3 s,
then 100 samples of d, 2d, 3d ... turns, with d chosen so that all of them take about 5 s. Two runs: the t score of
their mean times is held against the t scores of 100,000 pairs drawn from both runs together (a bootstrap under no
change); below a probability of 5 % the change is looked at, and its interval at 95 % comes from bootstrapping the
relative change of the mean. A change whose interval reaches into plus or minus 1 % counts as noise.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.statistics.quantiles import quantiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SAMPLES: Final = 100
RESAMPLES: Final = 100_000
SIGNIFICANCE: Final = 0.05
NOISE: Final = 0.01
_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """What the comparison says: the relative change of the mean with its interval at 95 %, and the probability."""

    estimate: float
    low: float
    high: float
    probability: float

    @property
    def told(self) -> str:
        """Return criterion's sentence."""
        if self.probability >= SIGNIFICANCE:
            return "No change in performance detected."
        if self.low > NOISE:
            return "Performance has regressed."
        if self.high < -NOISE:
            return "Performance has improved."
        return "Change within noise threshold."


def sample(
    turn: Callable[[], object],
    clock: Callable[[], int] = time.perf_counter_ns,
    *,
    warm_up_s: float = 3.0,
    measuring_s: float = 5.0,
) -> list[float]:
    """Return the mean time of a turn in ns, of each of 100 samples."""
    done, turns, began = 0, 1, clock()
    while clock() - began < warm_up_s * 1e9:
        for _ in range(turns):
            turn()
        done += turns
        turns *= 2
    typical = (clock() - began) / done
    step = max(1, round(measuring_s * 1e9 / typical / (SAMPLES * (SAMPLES + 1) / 2)))
    found = []
    for number in range(1, SAMPLES + 1):
        turns = number * step
        began = clock()
        for _ in range(turns):
            turn()
        found.append((clock() - began) / turns)
    return found


def compare(base: list[float], head: list[float], seed: int = 1) -> Change:
    """Return what criterion's comparison says of two runs."""
    old, new = np.array(base), np.array(head)
    rng = np.random.default_rng(seed)
    observed = _t(new[None, :], old[None, :])[0]
    pooled = np.concatenate([old, new])
    beyond, changes = 0, []
    for _ in range(RESAMPLES // _BATCH):
        drawn = rng.choice(pooled, (_BATCH, pooled.size))
        beyond += int(np.sum(np.abs(_t(drawn[:, : new.size], drawn[:, new.size :])) >= abs(observed)))
        means = [rng.choice(run, (_BATCH, run.size)).mean(axis=1) for run in (new, old)]
        changes.append(means[0] / means[1] - 1)
    low, high = quantiles(np.concatenate(changes), (0.025, 0.975))
    return Change(float(new.mean() / old.mean() - 1), low, high, beyond / RESAMPLES)


def _t(new: NDArray[np.float64], old: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Welch's t score of each row."""
    spread = new.var(axis=1, ddof=1) / new.shape[1] + old.var(axis=1, ddof=1) / old.shape[1]
    score: NDArray[np.float64] = (new.mean(axis=1) - old.mean(axis=1)) / np.sqrt(spread)
    return score
