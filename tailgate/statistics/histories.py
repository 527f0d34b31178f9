"""Made-up histories whose truth is known: what the search for changes cries of nothing, and what it finds.

    python scripts/simulate_history.py

Every figure comes from a fixed seed, so the same command prints the same page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tailgate.statistics.changes import link_changes, moderated
from tailgate.statistics.estimate import Floats, log_shift
from tailgate.statistics.sequential import Plan
from tailgate.statistics.sign_flip import walsh_averages
from tailgate.statistics.simulation import Noise, blocks_of_noise, blocks_used

if TYPE_CHECKING:
    from tailgate.statistics.changes import Found

GATE = Plan((8, 11, 14, 18, 24), 0.01)
"""The interim analyses of a gate, as its configuration has them."""

MARGIN = log_shift(2.0)
SPREAD = 0.0123
"""The spread of identical code between blocks, reproducible p99: measured in docs/gate-validation.md."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one history: log ratios, the spread of the blocks of each, how many there were."""

    values: Floats
    spreads: Floats
    blocks: Floats

    def changes(self, penalty: float | None = None) -> list[Found]:
        """Search them as a history's are searched."""
        return link_changes(self.values, *moderated(self.spreads, self.blocks), penalty)


def history(shifts: Floats, noise: Noise = "normal", spread: float = SPREAD, seed: int = 1) -> Links:
    """Gate one commit after the other, each as much slower than its parent as `shifts` says (log ratios).

    Each gate stops when it has decided, as real ones do: a gate of noise that looks like a shift goes on longer.
    """
    blocks = blocks_of_noise(noise, shifts.size, GATE.looks[-1], seed) * spread + shifts[:, None]
    used = blocks_used(blocks, GATE, MARGIN, MARGIN)
    values, spreads = np.empty(shifts.size), np.empty(shifts.size)
    for number in np.unique(used):
        rows = np.flatnonzero(used == number)
        own = blocks[rows, :number]
        values[rows] = np.median(walsh_averages(own), axis=-1)
        spreads[rows] = own.std(axis=1, ddof=1)
    return Links(values, spreads, used.astype(np.float64))


def with_step(commits: int, percent: float, at: int) -> Floats:
    """Return the shifts of a history in which one commit is slower."""
    shifts = np.zeros(commits)
    shifts[at] = log_shift(percent)
    return shifts
