"""The document of the ledger: docs/ledger.md from build/ledger/ledger.json.

    python -m reports.ledger build/ledger/ledger.json -o docs/ledger.md

The plain data, schema 1 (every key that is not marked optional must be there; null is "not measured"):

    {"schema": 1, "command": str, "date": str (UTC, ISO 8601), "seconds": float,
     "machine": {name: text, ...},                           shown as it is, in this order
     "notes": [str, ...],                                    optional
     "rows": [{"id": "B1", "phase": int or null, "bottleneck": str, "mend": str,
               "promised": str,                              as it was written: "2-3x", "40-60 % lower"; "" where the
                                                             row is not held against it
               "promised_times": [low, high] or null,        the same as factors, for the picture: 50 % lower is 2.0;
                                                             null where it speaks of anything but the time
               "where": "path" | "pipeline" | "wire", "benchmark": str (what was compared; optional),
               "measured": {"p50": TIMES, "p99": TIMES} or null,
               "allocations": {"before": float, "after": float} or null,    a operation
               "verdict": "kept" | "exceeded" | "not kept" | "not measurable here", "why": str}, ...],
     "cumulated": [{"phase": str, "mends": [id, ...], "promised": str, "p50": TIMES, "p99": TIMES}, ...],
     "matrix": [{"mend": id, "only_missing": TIMES or null, "only_made": TIMES or null}, ...],
     "budgets": [{"what": str, "budget_us": float, "p99_us": float}, ...]}                    optional

TIMES = {"times": float, "low": float or null, "high": float or null}: how many times as fast with the mend as without
it, with its interval; null is an end that so few blocks leave open. One id may have several rows, one a `where`: the
first is the id's own and carries the promise. In the matrix, `only_missing` is what the recommended pipeline's
end-to-end p99 gains by this mend (all others made), `only_made` what the bottleneck pipeline's gains by it alone.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from reports.ledger_tables import ledger_tables
from reports.tables import markdown
from tailgate.errors import TailgateError
from tailgate.results.store import replacing
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA: Final = 1

Verdict = Literal["kept", "exceeded", "not kept", "not measurable here"]
VERDICTS: Final[tuple[Verdict, ...]] = ("exceeded", "kept", "not kept", "not measurable here")


@dataclass(frozen=True, slots=True)
class Times:
    """How many times as fast, with its interval; an open end is None."""

    times: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One bottleneck against its mend, at one place."""

    id: str
    phase: int | None
    bottleneck: str
    mend: str
    promised: str
    promised_times: tuple[float, float] | None
    where: str
    benchmark: str
    p50: Times | None
    p99: Times | None
    allocations: tuple[float, float] | None
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Cumulated:
    """All mends up to and with a phase, against the bottleneck pipeline."""

    phase: str
    mends: tuple[str, ...]
    promised: str
    p50: Times | None
    p99: Times | None


@dataclass(frozen=True, slots=True)
class Priority:
    """What a mend gives the end-to-end p99: as the last one to be made, and as the first."""

    mend: str
    only_missing: Times | None
    only_made: Times | None


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget at p99, in microseconds, and what was measured."""

    what: str
    budget_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole ledger."""

    command: str
    date: str
    seconds: float
    machine: Mapping[str, str]
    rows: tuple[Row, ...]
    cumulated: tuple[Cumulated, ...]
    matrix: tuple[Priority, ...]
    budgets: tuple[Budget, ...] = ()
    notes: tuple[str, ...] = field(default=())


def load_ledger(path: Path) -> Ledger:
    """Read a ledger; a missing key, an unknown verdict or another schema is refused with its place."""
    hint = "make it with `nox -s ledger`"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TailgateError(f"there is no {path}", hint=hint) from None
    except (OSError, ValueError) as error:
        raise TailgateError(f"{path} cannot be read: {error}", hint=hint) from error
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        raise TailgateError(f"{path} is no ledger of schema {SCHEMA}", hint=hint)
    try:
        return ledger_of(plain)
    except (KeyError, TypeError, ValueError) as error:
        raise TailgateError(f"{path} is damaged: {error!r}", hint=hint) from error


def ledger_of(plain: Mapping[str, Any]) -> Ledger:
    """Build a ledger from its plain data; raise KeyError, TypeError or ValueError where it is not as described."""
    if plain["schema"] != SCHEMA:
        raise ValueError(f"the schema is {plain['schema']!r}, not {SCHEMA}")
    return Ledger(
        plain["command"],
        plain["date"],
        float(plain["seconds"]),
        {str(key): str(value) for key, value in plain["machine"].items()},
        tuple(_row(each) for each in plain["rows"]),
        tuple(
            Cumulated(
                str(each["phase"]), tuple(each["mends"]), each["promised"], _times(each["p50"]), _times(each["p99"])
            )
            for each in plain["cumulated"]
        ),
        tuple(
            Priority(each["mend"], _times(each["only_missing"]), _times(each["only_made"])) for each in plain["matrix"]
        ),
        tuple(
            Budget(each["what"], float(each["budget_us"]), float(each["p99_us"])) for each in plain.get("budgets", ())
        ),
        tuple(plain.get("notes", ())),
    )


def _row(plain: Mapping[str, Any]) -> Row:
    if plain["verdict"] not in VERDICTS:
        raise ValueError(f"{plain['id']}: the verdict {plain['verdict']!r} is none of {', '.join(VERDICTS)}")
    measured = plain["measured"] or {"p50": None, "p99": None}
    counts, promise = plain["allocations"], plain["promised_times"]
    return Row(
        plain["id"],
        plain["phase"],
        plain["bottleneck"],
        plain["mend"],
        plain["promised"],
        (float(promise[0]), float(promise[1])) if promise else None,
        plain["where"],
        plain.get("benchmark", ""),
        _times(measured["p50"]),
        _times(measured["p99"]),
        (float(counts["before"]), float(counts["after"])) if counts else None,
        plain["verdict"],
        plain["why"],
    )


def _times(plain: Mapping[str, Any] | None) -> Times | None:
    return Times(float(plain["times"]), plain["low"], plain["high"]) if plain else None


def moment(date: str) -> str:
    """Give an ISO date as a person reads it; what is none stays as it is."""
    try:
        return datetime.fromisoformat(date).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return date


def tally(ledger: Ledger) -> str:
    """Count the verdicts, one an id: its first row's."""
    first = {row.id: row.verdict for row in reversed(ledger.rows)}
    counted = Counter(first.values())
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in VERDICTS if counted[verdict])


def ledger_markdown(ledger: Ledger) -> str:
    """Give the page."""
    return "\n".join(_lines(ledger)) + "\n"


def _lines(ledger: Ledger) -> Iterator[str]:
    yield "# The ledger: what was promised, and what is measured"
    yield ""
    yield (
        "Every figure says how many times as fast the mend is as the bottleneck, both measured in lockstep, with the "
        "interval over the blocks. The promise is the performance analysis's; the verdict speaks of the first row of "
        "each mend."
    )
    yield ""
    yield f"{tally(ledger)}."
    yield ""
    yield f"Measured on {moment(ledger.date)} in {ledger.seconds / 60:.1f} min by `{ledger.command}`:"
    yield ""
    yield from (f"- {name}: {value}" for name, value in ledger.machine.items())
    yield from (f"- {note}" for note in ledger.notes)
    for table in ledger_tables(ledger):
        yield ""
        yield markdown(table)


@click.command("reports.ledger", cls=CommandLine)
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("docs/ledger.md"), show_default=True)
def main(ledger: Path, output: Path) -> None:
    """Write the Markdown document of LEDGER, a ledger.json."""
    text = ledger_markdown(load_ledger(ledger))
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"Written: {output}")


if __name__ == "__main__":
    main()
