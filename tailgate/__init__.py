"""The instrument: measures the latency of Python code and judges its tails. It knows nothing of what it measures.

PYTEST_DONT_REWRITE: a worker has imported it before a session of pytest begins, which would warn of that.
"""

from __future__ import annotations

from tailgate.answers import rounded
from tailgate.benchmark import Axis, Benchmark, Setting, Workload, benchmark
from tailgate.errors import TailgateError

__all__ = ["Axis", "Benchmark", "Setting", "TailgateError", "Workload", "benchmark", "rounded"]
