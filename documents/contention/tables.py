"""The tables of threads that met, as every page and terminal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.contention.document import PERCENTILES
from tailgate.results.table import Table, duration, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.contention.document import Contended, Contention, Waits
    from documents.span import Span

LEAD: Final = (
    "Runs of one turn follow one another in random order; the samples of all turns are merged, and [the least, the "
    "greatest of one run] stand beside. An operation is one call; one round in eight is timed. Fairness is Jain's "
    "index: 1 where all threads did as much, 1/n where one did all."
)
_TAIL_NOTE: Final = (
    "waited a switch: of the slowest 0.1 % of the operations, how many lasted the switch interval or longer"
)


def contention_tables(found: Contention) -> list[Table]:
    """Return a table for each subject, then what did not run, then what failed."""
    subjects = dict.fromkeys(each.contender.subject for each in found.contended)
    tables = [_subject(name, [each for each in found.contended if each.contender.subject == name]) for name in subjects]
    missing = tuple((name, why) for name, why in found.unavailable.items())
    wrong = tuple(
        (f"{run.contender.name}, {run.contender.threads} threads, {run.contender.build}", str(run.turn), run.failure)
        for run in found.runs
        if run.failure
    )
    tables.append(Table("Not run", ("contender", "why"), missing))
    tables.append(Table("Failed runs, which do not count", ("contender", "turn", "why"), wrong))
    return [each for each in tables if each.rows]


def _subject(name: str, found: Sequence[Contended]) -> Table:
    what = ("threads", "CPUs", "build", "GIL", "switch", "reads")
    shared = [each for each in what if len({_facts(one)[each] for one in found}) == 1]
    varied = [each for each in what if each not in shared]
    kinds = ["write", *(["read"] if any(each.read for each in found) else [])]
    times = [f"{kind} {percentile(p)}" for kind in kinds for p in PERCENTILES]
    columns = ("implementation", *varied, "runs", "operations/s", "fairness", *times, "waited a switch")
    rows = []
    for each in found:
        facts = _facts(each)
        waits = [each.write, each.read][: len(kinds)]
        cells = [cell for kind in waits for cell in _times(kind)]
        failed = f" ({each.failed} failed)" if each.failed else ""
        switched = " / ".join(f"{100 * kind.switched:.0f} %" for kind in waits if kind)
        rows.append(
            (
                each.contender.implementation,
                *(facts[column] for column in varied),
                f"{each.runs}{failed}",
                _rate(each.throughput),
                ""
                if each.fairness is None
                else f"{each.fairness.value:.2f} [{each.fairness.low:.2f}, {each.fairness.high:.2f}]",
                *cells,
                switched,
            )
        )
    facts = _facts(found[0])
    told = ", ".join(f"{each} {facts[each]}" for each in shared if facts[each])
    return Table(name, columns, tuple(rows), (told, _TAIL_NOTE) if told else (_TAIL_NOTE,))


def _facts(each: Contended) -> dict[str, str]:
    who = each.contender
    return {
        "threads": str(who.threads),
        "CPUs": who.placement,
        "build": who.build,
        "GIL": each.gil,
        "switch": duration(1e9 * who.interval_s),
        "reads": str(who.reads),
    }


def _rate(span: Span | None) -> str:
    return "" if span is None else f"{span.value:,.0f} [{span.low:,.0f}, {span.high:,.0f}]"


def _times(waits: Waits | None) -> list[str]:
    if waits is None:
        return [""] * len(PERCENTILES)
    return [f"{duration(each.value)} [{duration(each.low)}, {duration(each.high)}]" for each in waits.percentiles]
