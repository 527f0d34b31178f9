"""The instrument: measures the latency of Python code and judges its tails. It knows nothing of what it measures."""

from __future__ import annotations

from tailgate.answers import rounded
from tailgate.benchmark import Benchmark, Setting, Workload, benchmark
from tailgate.errors import TailgateError

__all__ = ["Benchmark", "Setting", "TailgateError", "Workload", "benchmark", "rounded"]
