"""pytest-benchmark's storage: a JSON file a run, in `.benchmarks/MACHINE/`, or where --benchmark-json said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailgate.history.imports.common import NS_PER_S, Foreign, commit, entry, number, time_of
from tailgate.machine.identity import interpreter_of
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.history.entries import Entry

_STATS = ("min", "max", "mean", "stddev", "median", "iqr")


def recognises(plain: Any) -> bool:
    """Tell whether it is one."""
    return isinstance(plain, dict) and {"machine_info", "benchmarks"} <= plain.keys()


def read(plain: Any, path: Path, project: str) -> Iterator[Entry]:
    """Yield one run; times are ns. A file that was stored has the commit, and whether anything was uncommitted."""
    measures = [row for each in plain["benchmarks"] for row in _rows(each)]
    machine, told = plain.get("machine_info") or {}, plain.get("commit_info") or {}
    cpu = machine.get("cpu")
    model = cpu.get("brand_raw") or cpu.get("brand") or "unknown" if isinstance(cpu, dict) else str(cpu or "unknown")
    facts: dict[str, str | int] = {"CPU": model, "system": str(machine.get("system", ""))}
    if isinstance(cpu, dict) and isinstance(cpu.get("count"), int):
        facts["CPUs"] = cpu["count"]
    when = time_of(plain.get("datetime"))
    since = when.timestamp() if when else path.stat().st_mtime
    version = f"{machine.get('python_implementation', 'Python')} {machine.get('python_version', '')}".strip()
    sha, committed = told.get("id"), time_of(told.get("time") or told.get("author_time")) or when
    known = sha not in (None, "", "unknown", "unversioned") and committed is not None
    yield entry(
        Foreign(
            "pytest-benchmark",
            path,
            str(told.get("project") or "") or project,
            since,
            measures,
            commit(str(sha), committed) if known and committed else None,
            bool(told.get("dirty")),
            facts,
            interpreter_of(version, str(machine.get("python_compiler", "")), ""),
        )
    )


def _rows(each: Any) -> Iterator[Row]:
    stats, name = each.get("stats") or {}, str(each.get("fullname") or each.get("name"))
    note = f"{stats.get('rounds', '?')} rounds of {stats.get('iterations', '?')}"
    for measure in _STATS:
        value = number(stats.get(measure))
        if value is not None:
            yield Row(name, measure, "ns", NS_PER_S * value, note=note)
