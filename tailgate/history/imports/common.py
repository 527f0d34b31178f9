"""What every importer needs: an entry of another tool's run, and figures that are numbers."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tailgate.documents.provenance import Commit, Interpreter
from tailgate.errors import TailgateError
from tailgate.history.entries import Entry
from tailgate.machine.identity import machine_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tailgate.results.exports import Row

NS_PER_S = 1e9
_UNKNOWN = Interpreter("unknown", "unknown")


@dataclass(frozen=True, slots=True)
class Foreign:
    """One run of another tool. when: seconds since the epoch, of the file's last change where it is not dated.

    facts: of the machine.
    """

    source: str
    path: Path
    project: str
    when: float
    measures: Sequence[Row]
    commit: Commit | None = None
    dirty: bool = False
    facts: Mapping[str, str | int] = field(default_factory=dict)
    interpreter: Interpreter = _UNKNOWN
    settings: Mapping[str, Any] = field(default_factory=dict)
    dated: bool = True


def entry(of: Foreign) -> Entry:
    """Return it as a history keeps it; two with the same content are one, whatever their files are called."""
    if not of.measures:
        raise TailgateError(f"{of.path} holds no figures", hint="was it cut short?")
    settings = json.dumps(dict(of.settings), sort_keys=True, default=str)
    rows = [(each.benchmark, each.measure, each.unit, each.value, each.low, each.high) for each in of.measures]
    content = json.dumps(
        [of.source, of.project, of.when if of.dated else 0, of.commit.id if of.commit else "", settings, rows]
    )
    return Entry(
        blake2b(content.encode(), digest_size=16).hexdigest(),
        *("import", of.project, of.when, f"imported from {of.path.name}", of.source, "", "", of.commit, None),
        *(of.dirty, False, machine_of(of.facts or {"machine": "unknown"}), of.interpreter, settings),
        measures=tuple(_numbered(of.measures)),
    )


def commit(sha: str, when: datetime, title: str = "", tree: str = "") -> Commit:
    """Return a commit of which another tool knows no more."""
    return Commit(sha, tree, "", when, title.partition("\n")[0])


def number(value: object) -> float | None:
    """Return a finite number, None for anything else: other tools write NaN for what failed."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None  # type: ignore[arg-type]  # it is a number then


def time_of(text: object) -> datetime | None:
    """Return a time in ISO 8601, in UTC where it says no zone; None where it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _numbered(rows: Sequence[Row]) -> list[Row]:
    """Keep the first of figures with one name: a name is what a series is known by."""
    return list({(row.benchmark, row.measure): row for row in reversed(rows)}.values())[::-1]
