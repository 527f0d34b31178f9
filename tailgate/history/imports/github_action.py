"""github-action-benchmark's data.js: every run of every suite of a repository, as its page draws them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tailgate.errors import TailgateError
from tailgate.history.imports.common import Foreign, commit, entry, number, time_of
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.history.entries import Entry

_NUMBER = re.compile(r"^\s*(?:\u00b1|\+/-|\+-)?\s*([0-9.]+(?:e[-+]?\d+)?)\s*(%?)\s*$", re.IGNORECASE)


def read(text: str, path: Path, project: str) -> Iterator[Entry]:
    """Yield a run for each entry of each suite."""
    try:
        plain = json.loads(text.partition("=")[2].strip().rstrip(";"))
        suites = plain["entries"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TailgateError(f"{path} is no data.js of github-action-benchmark: {error}") from error
    for suite, runs in suites:
        for run in runs:
            rows = [row for each in run.get("benches", ()) for row in _rows(suite, each)]
            if rows:
                yield _entry(run, rows, (path, project, suite))


def _entry(run: Any, rows: list[Row], told: tuple[Path, str, str]) -> Entry:
    path, project, suite = told
    known = run.get("commit") or {}
    when = datetime.fromtimestamp((number(run.get("date")) or 0.0) / 1e3, UTC)
    committed = time_of(known.get("timestamp")) or when
    facts = (str(known.get("message", "")), str(known.get("tree_id", "")))
    head = commit(str(known["id"]), committed, *facts) if known.get("id") else None
    settings = {"suite": suite, "tool": run.get("tool", "")}
    return entry(Foreign("github-action-benchmark", path, project, when.timestamp(), rows, head, settings=settings))


def _rows(suite: str, each: Any) -> Iterator[Row]:
    value = number(each.get("value"))
    if value is None:
        return
    reach = _reach(str(each.get("range", "")), value)
    low, high = (None, None) if reach is None else (value - reach, value + reach)
    note = " ".join(str(each.get("extra", "")).split())
    yield Row(f"{suite}: {each.get('name')}", "value", str(each.get("unit", "")), value, low, high, note)


def _reach(text: str, value: float) -> float | None:
    """Return how far a range reaches on either side: a number in the value's unit, or a percentage of it."""
    found = _NUMBER.match(text)
    if not found:
        return None
    try:
        return float(found[1]) * (abs(value) / 100 if found[2] else 1.0)
    except ValueError:
        return None
