"""A bench in the JSON that pytest-benchmark saves and compares: a round is a sample, times are seconds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tailgate.results import histogram

if TYPE_CHECKING:
    from tailgate.results.histogram import Histogram
    from tailgate.results.load import BenchmarkResult, Results


def pytest_benchmark(results: Results) -> str:
    """Return the text of such a file, without the samples themselves.

    Quartiles and fences are those of the histogram, so they are right to its resolution (three digits).
    """
    first = results.pyperf
    machine = {
        "node": first.get("hostname", ""),
        "system": str(first.get("platform", "")).partition("-")[0],
        "python_implementation": first.get("python_implementation", ""),
        "python_version": str(first.get("python_version", "")).partition(" ")[0],
        "cpu": {"brand": first.get("cpu_model_name", ""), "count": first.get("cpu_count", 0)},
    }
    commit = {"id": "unknown", "time": None, "author_time": None, "dirty": False, "project": "", "branch": ""}
    found = {
        "machine_info": machine,
        "commit_info": commit,
        "benchmarks": [_benchmark(each) for each in results.benchmarks],
        "datetime": str(first.get("date", "")),
        "version": "tailgate",
    }
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _benchmark(each: BenchmarkResult) -> dict[str, Any]:
    """Return one benchmark; that of a test keeps its node id, so that it is held against the test's own results."""
    return {
        "group": None if "::" in each.name else each.group,
        "name": each.name.rpartition("::")[2],
        "fullname": each.name,
        "params": None,
        "param": None,
        "extra_info": {"operations": each.operations, "passes": each.passes, "processes": len(each.processes)},
        "options": {},
        "stats": _stats(each.raw()),
    }


def _stats(of: Histogram) -> dict[str, Any]:
    rounds, mean, deviation = histogram.count(of), histogram.mean(of), histogram.stddev(of)
    q1, median, q3 = histogram.percentiles(of, [25, 50, 75])
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    seen = [(of.get_value_from_index(index), number) for index, number in histogram.recorded_counts(of)]
    inside = [value for value, _ in seen if low <= value <= high] or [median]
    strange = sum(number for value, number in seen if abs(value - mean) > deviation)
    fenced = sum(number for value, number in seen if not low <= value <= high)
    times = {
        "min": histogram.minimum(of),
        "max": histogram.maximum(of),
        "mean": mean,
        "stddev": deviation,
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "total": mean * rounds,
    }
    return {name: ns * 1e-9 for name, ns in times.items()} | {
        "rounds": rounds,
        "iterations": 1,
        "ops": 1e9 / mean if mean else 0.0,
        "iqr_outliers": fenced,
        "stddev_outliers": strange,
        "outliers": f"{strange};{fenced}",
    }
