"""Statistics of latency comparisons: pure functions over plain arrays, deterministic, numpy only.

One file an idea; docs/statistics.md says why each was chosen and what was simulated.
"""

from __future__ import annotations
