"""All profilers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailgate.profilers.cprofile import CProfile
from tailgate.profilers.memray import Memray
from tailgate.profilers.perf import Perf
from tailgate.profilers.py_spy import PySpy
from tailgate.profilers.sampling import Sampling
from tailgate.profilers.scalene import Scalene
from tailgate.profilers.tracemalloc import Tracemalloc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.profilers.profile import Profiler

_ALL: Final[tuple[Profiler, ...]] = (
    *(Memray(), PySpy(), Scalene(), Perf()),
    *(Tracemalloc(), CProfile(), Sampling()),
)

PROFILERS: Final[Mapping[str, Profiler]] = {each.name: each for each in _ALL}
