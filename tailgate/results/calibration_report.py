"""What a calibration found, drawn as tables and as docs/gate-validation.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailgate.documents.calibration import DUEL_SECONDS, GATE_ARMS
from tailgate.results.duel_report import batch_note
from tailgate.results.table import Table
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from tailgate.documents.calibration import Calibrated, Calibration, Tally

_VERDICTS: Final = ("REGRESSION", "PASS", "UNDECIDED", "UNFIT")


def calibration_tables(found: Calibrated) -> list[Table]:
    """Return the tables of one recording."""
    title = f"{found.benchmark}, {found.condition}"
    notes = (
        *((batch_note(found.benchmark, found.batch),) if found.batch > 1 else ()),
        (
            f"{found.blocks} blocks of {found.arms} arms, {found.block_seconds:.1f} s each "
            f"(a gate's block has {GATE_ARMS}: about {found.block_seconds * GATE_ARMS / found.arms:.1f} s)"
        ),
        *(
            f"spread of identical code, {each.kind} p99: {100 * each.spread:.2f} %; lag-1 autocorrelation "
            f"{each.autocorrelation:+.2f} (chance: within {2 / found.blocks**0.5:.2f})"
            for each in found.noise
        ),
        (
            f"duels of {found.duel_blocks} blocks ({DUEL_SECONDS:.0f} s), 1.5 % on every operation: "
            f"{found.duel['slower']} of {sum(found.duel.values())} SLOWER, {found.duel['faster']} FASTER "
            f"(true shift {ratio_percent(found.duel_shift):+.2f} %)"
        ),
    )
    columns = ("head", "true shift", "gates", *_VERDICTS, "REGRESSION, 95 % interval")
    return [
        Table(f"Whole gates: {title}", columns, tuple(_row(each) for each in found.whole), notes),
        Table(
            f"Resampled gates: {title}",
            (*columns[:-1], f"{columns[-1]} given these blocks"),
            tuple(_row(each) for each in found.resampled),
            (
                (
                    f"gates drawn from {found.blocks} blocks share blocks, so the interval says what more "
                    "draws from these would give; for other blocks that of the whole gates holds"
                ),
            ),
        ),
        Table(
            f"Other tools on the same work: {title}",
            ("rule", "alarms on identical code", "5 % slower: found"),
            tuple(
                (each.rule, f"{each.identical[0]} of {each.identical[1]}", f"{each.slower[0]} of {each.slower[1]}")
                for each in found.others
            ),
        ),
    ]


def _row(tally: Tally) -> tuple[str, ...]:
    rate = tally.regression
    return (
        tally.kind,
        f"{ratio_percent(tally.shift):+.2f} %",
        str(tally.decisions),
        *(str(tally.verdicts.get(verdict, 0)) for verdict in _VERDICTS),
        f"{100 * rate.estimate:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
    )


_PAGE: Final = """\
# The gate, measured

`{command}`, {date}, {machine}.

A recording runs blocks in which base, a negative control, an identical head, a positive control and heads
with a known slowdown take turns in lockstep. A whole gate is a group of consecutive blocks, judged by the
gate's own code as they came, with its interim analyses. Resampled gates draw their blocks at random from all
of them: fair as far as a block does not resemble the one before it (the autocorrelation says). The slowdowns are parts
of base's reproducible p99; `true shift` is what each turned out to be there. The kinds: {kinds}.
"""


def calibration_page(found: Calibration, date: str) -> str:
    """Return the whole page."""
    kinds = ", ".join(dict.fromkeys(tally.kind for each in found.recordings for tally in each.whole))
    head = _PAGE.format(command=found.command, date=date, machine=found.machine, kinds=kinds)
    body = [table.markdown() for each in found.recordings for table in calibration_tables(each)]
    return "\n".join((head, "\n\n".join(body), ""))
