"""asv's results folder: `benchmarks.json`, and a folder a machine with a file a commit and environment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.history.imports.common import NS_PER_S, Foreign, commit, entry, number
from tailgate.machine.identity import interpreter_of
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tailgate.history.entries import Entry

_OTHERS: Final = {"machine.json", "benchmarks.json"}
_UNITS: Final = {"seconds": ("ns", NS_PER_S)}
_FACTS: Final = {"cpu": "CPU", "num_cpu": "CPUs", "arch": "architecture", "ram": "memory", "os": "system"}


def is_folder(path: Path) -> bool:
    """Tell whether it is a results folder, or that of one machine in it."""
    return any((path / name).is_file() for name in _OTHERS) or any(path.glob("*/machine.json"))


def read(path: Path, project: str) -> Iterator[Entry]:
    """Yield a run for each file of a commit; what failed, or was skipped, has no figure."""
    machines = (
        [path] if (path / "machine.json").is_file() else sorted(each.parent for each in path.glob("*/machine.json"))
    )
    home = path.parent if machines == [path] else path
    units = _units(home / "benchmarks.json")
    found, damaged = False, list[TailgateError]()
    for folder in machines:
        for file in sorted(folder.glob("*.json")):
            try:
                plain = _plain(file) if file.name not in _OTHERS else {}
            except TailgateError as error:
                damaged.append(error)
                continue
            if "commit_hash" in plain and (rows := list(_rows(plain, units))):
                found = True
                yield _entry(plain, rows, file, project)
    if damaged:  # what can be read was yielded before
        raise (
            damaged[0]
            if len(damaged) == 1
            else TailgateError(
                f"{len(damaged)} files of {path} cannot be read, the others were taken: {damaged[0].message}"
            )
        )
    if not found:
        raise TailgateError(
            f"{path} holds no results of asv", hint="name the folder `results` of asv, with its machines"
        )


def _entry(plain: Mapping[str, Any], rows: list[Row], file: Path, project: str) -> Entry:
    told = plain.get("params") or {}
    when = datetime.fromtimestamp((number(plain.get("date")) or 0.0) / 1e3, UTC)  # the commit's, as JavaScript counts
    return entry(
        Foreign(
            "asv",
            file,
            project,
            when.timestamp(),
            rows,
            commit(str(plain["commit_hash"]), when),
            facts={title: str(told[key]) for key, title in _FACTS.items() if told.get(key)},
            interpreter=interpreter_of(f"Python {plain.get('python', '')}".strip(), str(plain.get("env_name", "")), ""),
            settings=dict(plain.get("requirements") or {}),
        )
    )


def _rows(plain: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[Row]:
    columns = plain.get("result_columns") or ["result", "params"]
    for name, kept in (plain.get("results") or {}).items():
        told = _told(kept, columns)
        values = told.get("result")
        values = values if isinstance(values, list) else [values]
        lows, highs = (told.get(f"stats_ci_99_{end}") or [None] * len(values) for end in "ab")
        names = [", ".join(map(str, each)) for each in product(*(told.get("params") or []))]
        unit, factor = _UNITS.get(units.get(name, "seconds"), (units.get(name, ""), 1.0))
        for place, value in enumerate(values):
            known = number(value)
            if known is not None:
                label = f"{name}({names[place]})" if len(names) == len(values) > 0 and names[place] else name
                low, high = (None if (e := number(_at(ends, place))) is None else factor * e for ends in (lows, highs))
                yield Row(label, "value", unit, factor * known, low, high)


def _told(kept: Any, columns: list[str]) -> Mapping[str, Any]:
    """Return what is kept of a benchmark by its names; asv left trailing columns out, and wrote other forms before."""
    if isinstance(kept, dict):
        return kept
    if isinstance(kept, list):
        return dict(zip(columns, kept, strict=False))
    return {"result": kept}


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, list) and place < len(values) else None


def _units(path: Path) -> dict[str, str]:
    told = _plain(path) if path.is_file() else {}
    return {name: str(each.get("unit", "")) for name, each in told.items() if isinstance(each, dict)}


def _plain(path: Path) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TailgateError(f"{path} cannot be read: {error}", hint="was it cut short?") from error
    return found if isinstance(found, dict) else {}
