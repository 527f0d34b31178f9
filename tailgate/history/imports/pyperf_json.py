"""pyperf's JSON, of any program: the values are means of loops, not single operations, so they have no p99."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailgate.history.imports.common import NS_PER_S, Foreign, commit, entry, time_of
from tailgate.machine.identity import interpreter_of
from tailgate.results.exports import Row
from tailgate.results.foreign import is_pyperf, read_suite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tailgate.history.entries import Entry
    from tailgate.results.foreign import ForeignBenchmark

_FACTS: Final = {"cpu_model_name": "CPU", "cpu_count": "CPUs", "platform": "system"}
recognises = is_pyperf
_UNITS: Final = {"second": ("ns", NS_PER_S), "byte": ("byte", 1.0), "integer": ("", 1.0)}


def read(plain: Any, path: Path, project: str) -> Iterator[Entry]:
    """Yield one run: of each benchmark mean, median, least and greatest value, and the standard deviation."""
    suite = read_suite(plain, path)
    told = suite.metadata
    when = suite.dates[0].astimezone().timestamp() if suite.dates else path.stat().st_mtime
    version = f"{told.get('python_implementation', 'Python')} {str(told.get('python_version', '')).partition(' ')[0]}"
    build = (str(told.get("python_compiler", "")), str(told.get("python_cflags", "")))
    yield entry(
        Foreign(
            "pyperf",
            path,
            project,
            when,
            [row for each in suite.benchmarks for row in _rows(each)],
            _commit(told),
            facts={title: told[key] for key, title in _FACTS.items() if key in told},
            interpreter=interpreter_of(version.strip(), *build),
            settings={key: told[key] for key in ("performance_version", "loops", "tags") if key in told},
        )
    )


def _rows(of: ForeignBenchmark) -> Iterator[Row]:
    unit, factor = _UNITS.get(of.unit, (of.unit, 1.0))
    note = f"{len(of.values)} values of {len(of.means)} processes"
    for measure, value in of.figures().items():
        yield Row(of.name, measure, unit, factor * value, note=note)


def _commit(told: Mapping[str, Any]) -> Any:
    """Return the commit that pyperformance notes of the interpreter it has built; other programs name none."""
    sha, when = told.get("commit_id"), time_of(told.get("commit_date"))
    return commit(str(sha), when) if sha and when else None
