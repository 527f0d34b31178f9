"""Recognises the results files of every command by what they hold, and reads them as plain data."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tailgate.errors import TailgateError
from tailgate.results import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Kind = Literal[
    "bench", "gate", "duel", "ledger", "anatomy", "allocations", "allocators", "wire", "interpreters", "profiles"
]

KEYS: Final[dict[Kind, frozenset[str]]] = {
    "gate": frozenset({"verdict", "exit_status", "benchmarks", "margin"}),
    "duel": frozenset({"base", "head", "shifts", "series"}),
    "ledger": frozenset({"rows", "cumulated", "matrix"}),
    "wire": frozenset({"runs", "capacities", "conditions"}),
    "anatomy": frozenset({"benchmark", "raw", "reproducible", "sentences"}),
}
"""What each JSON file has at its top, by which it is known; the others are told apart below."""

BESIDE: Final = (
    "gate/verdict.json",
    "duel/duel.json",
    "ledger/ledger.json",
    "anatomy/*.json",
    "allocations/allocations.jsonl",
    "allocations/allocators.jsonl",
    "wire/results.json",
    "wire/*/results.json",
    "interpreter-comparison/interpreters.json",
    "profile",
)
"""Where the other commands write, beside the folder of a bench run."""


@dataclass(frozen=True, slots=True)
class Found:
    """One results file: what it is, and its plain data (a bench is read by tailgate.results, profiles are a folder)."""

    kind: Kind
    path: Path
    plain: Any = None

    def written(self) -> str:
        """Say when it was written."""
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.path.stat().st_mtime))


def gather(paths: Iterable[Path]) -> list[Found]:
    """Read the named files; a folder stands for the results below it, in it or beside it as the commands write them.

    Raises TailgateError for a named file that is no results file.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        for each in _below(path) if path.is_dir() else [recognise(path)]:
            found.setdefault(each.path.resolve(), each)
    return list(found.values())


def beside(folder: Path) -> list[Found]:
    """Read what other commands wrote beside the folder of a bench run; what cannot be read is left out."""
    found = []
    for pattern in BESIDE:
        for path in sorted(folder.parent.glob(pattern)):
            try:
                found.append(recognise(path))
            except TailgateError:  # nobody named this file: a page without it is better than none
                continue
    return found


def _below(folder: Path) -> list[Found]:
    if folder.name == "profile":
        return [Found("profiles", folder)]
    bench = next(
        (path for path in (folder / "results.json", folder / "bench" / "results.json") if path.is_file()), None
    )
    found = [recognise(bench)] if bench else []
    found += beside(folder / "bench")
    if not found:
        raise TailgateError(f"{folder} holds no results", hint="name a results file, or the folder build/")
    return found


def recognise(path: Path) -> Found:
    """Tell what a results file is, and read it."""
    if path.is_dir():
        return Found("profiles", path)
    try:
        text = path.read_text(encoding="utf-8")
        plain = (
            [json.loads(line) for line in text.splitlines() if line] if path.suffix == ".jsonl" else json.loads(text)
        )
    except FileNotFoundError:
        raise TailgateError(f"there is no {path}", hint="run the command that writes it, e.g. `nox -s bench`") from None
    except (OSError, ValueError) as error:
        raise TailgateError(
            f"{path} cannot be read as JSON: {error}", hint="was it truncated? make it again"
        ) from error
    kind = kind_of(plain)
    if kind is None:
        known = "bench, duel, gate, allocations, anatomy, wire, interpreters, ledger"
        raise TailgateError(f"{path} is none of the results that a report is made of", hint=f"they are: {known}")
    return Found(kind, path, None if kind == "bench" else plain)


def kind_of(plain: Any) -> Kind | None:
    """Recognise plain data; None where it is nothing known."""
    if isinstance(plain, list):
        return _kind_of_lines(plain)
    if not isinstance(plain, dict):
        return None
    for kind, keys in KEYS.items():
        if keys <= plain.keys():
            return kind
    if "benchmarks" in plain and schema.PREFIX in json.dumps(plain.get("metadata", plain["benchmarks"])):
        return "bench"
    values = list(plain.values())
    if values and all(isinstance(each, dict) and {"base", "series"} <= each.keys() for each in values):
        return "interpreters"
    return None


def _kind_of_lines(lines: list[Mapping[str, Any]]) -> Kind | None:
    if not lines or not all(isinstance(line, dict) for line in lines):
        return None
    if "allocator" in lines[0]:
        return "allocators"
    return "allocations" if "per_operation" in lines[0] else None
