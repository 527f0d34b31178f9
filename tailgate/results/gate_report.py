"""A gate's verdict drawn for the terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.documents.explanation import sentences
from tailgate.results.duel_report import detectable, resolution_note
from tailgate.results.table import ADVISORY, Table, duration, marked, percentile
from tailgate.statistics.estimate import log_shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tailgate.documents.gate import AcceptedAnswers, Beside, GatedBenchmark, GatedFigure, GateDocument


def gate_table(gate: GateDocument) -> Table:
    """Return one row a benchmark and figure."""
    columns = ("figure", "base", "head", "shift", "interval", "detectable")
    controls = ("negative control", "positive control")
    rows = tuple(row for each in gate.benchmarks for row in _rows(each))
    title = f"Gate: {gate.head} against {gate.base}, margin {100 * gate.margin:g} %"
    return Table(title, (*columns, *controls, "blocks", "verdict"), rows, tuple(_notes(gate)))


def _notes(gate: GateDocument) -> Iterator[str]:
    judged = [(trial, figure) for trial in gate.benchmarks if not trial.failure for figure in trial.figures.values()]
    if judged:
        sure = min(figure.shift.confidence for _, figure in judged)
        yield f"the intervals hold at {100 * sure:.3g} % over all interim analyses"
    if any(figure.advisory for _, figure in judged):
        yield ADVISORY
    coarse = [(trial.clock_step_ns, figure.detectable or 0.0) for trial, figure in judged if figure.coarse]
    if coarse:
        yield resolution_note(max(coarse)[0])
    if any(step > log_shift(100.0 * gate.margin) for _, step in coarse):
        yield "where such a step is more than the margin nothing passes: let one operation do more"
    own = sorted({figure.margin for _, figure in judged if figure.margin is not None})
    for margin in (each for each in own if abs(each - gate.margin) > 1e-9):
        names = [f"{t.name} {kind}" for t in gate.benchmarks for kind, f in t.figures.items() if f.margin == margin]
        yield f"margin {100 * margin:g} %: {', '.join(names)}"
    if any(each.beside for each in gate.benchmarks):
        yield "beside: reported, not judged; its interval is one of 95 % at one analysis"
    if any(each.percentile != gate.percentile for each in gate.benchmarks):
        yield "one input repeated has no tail of its own: its median is judged, and its raw p99 stands beside"
    if any(figure.verdict == "not certified" for _, figure in judged):
        yield "not certified: the figure would pass, but the controls say that this machine cannot judge now"
    yield from gate.inputs


def count_table(gate: GateDocument) -> Table | None:
    """Return what was counted per operation; None where nothing was."""
    rows = tuple(
        (
            f"{each.benchmark} {each.what}",
            f"{each.base:,.3f}",
            f"{each.head:,.3f}",
            f"{each.head - each.base:+,.3f}",
            f"accepted: {each.accepted}" if each.accepted else ("MORE" if each.worse else "ok"),
        )
        for each in gate.counts
    )
    return Table("Counted", ("figure", "base", "head", "change", "verdict"), rows, gate.inputs) if rows else None


def _rows(trial: GatedBenchmark) -> list[tuple[str, ...]]:
    if trial.failure or not trial.figures:
        return [(trial.name, *["-"] * 8, trial.verdict)]
    judged = [_row(trial, kind, figure) for kind, figure in trial.figures.items()]
    return judged + [_beside(trial, each) for each in trial.beside]


def _beside(trial: GatedBenchmark, each: Beside) -> tuple[str, ...]:
    times = (duration(each.base_ns), duration(each.head_ns))
    name = f"{trial.name} {each.kind} {percentile(each.percentile)}"
    return (name, *times, each.shift.percent, each.shift.interval, *["-"] * 3, str(trial.blocks), "beside")


def _row(trial: GatedBenchmark, key: str, figure: GatedFigure) -> tuple[str, ...]:
    missed = "not seen" if figure.positive_control_needed else "not seen, not needed"
    name = f"{trial.name} {key.partition(' ')[0]} {percentile(figure.percentile or trial.percentile)}"
    return (
        marked(name, advisory=figure.advisory),
        duration(figure.base_ns),
        duration(figure.head_ns),
        figure.shift.percent,
        figure.shift.interval,
        detectable(figure.detectable),
        figure.negative_control.percent,
        f"{figure.positive_control.percent} {'seen' if figure.positive_control_seen else missed}",
        str(trial.blocks),
        figure.verdict,
    )


def gate_text(gate: GateDocument) -> str:
    """Return all of it for a terminal."""
    tables = [table.text() for table in (gate_table(gate), count_table(gate)) if table]
    said = ["\n".join((gate.sentence, *remarks(gate)))]
    return "\n\n".join([*tables, *said, *("\n".join(("Why:", *lines)) for lines in explained(gate))])


def explained(gate: GateDocument) -> list[tuple[str, ...]]:
    """Return the lines of each explanation."""
    return [sentences(each) for each in gate.explanations]


def gate_markdown(gate: GateDocument) -> str:
    """Return all of it as Markdown."""
    tables = [table.markdown() for table in (gate_table(gate), count_table(gate)) if table]
    said = _listed(remarks(gate))
    why = [f"## Why\n\n{_listed(lines)}" for lines in explained(gate)]
    parts = (f"# p99 gate: {gate.verdict}", f"{gate.sentence}.", *tables, said, *why)
    return "\n\n".join(part for part in parts if part) + "\n"


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def remarks(gate: GateDocument) -> list[str]:
    """Say how each benchmark ended, and why some have no verdict."""
    lines = []
    for trial in gate.benchmarks:
        if trial.failure:
            lines.append(f"{trial.name}: {trial.failure}")
        else:
            judged = f"{trial.name}: its {_judged_percentiles(trial)} is {trial.verdict}"
            lines.append(f"{judged}, {trial.blocks} blocks in {trial.seconds:.0f} s")
        if trial.batch > 1:
            lines.append(f"{trial.name}: {_batched(trial)}")
        if trial.answers is not None:
            lines.append(f"{trial.name}: {_accepted(trial.answers)}")
        if trial.verdict == "UNDECIDED":
            lines += _what_would_decide(trial)
        if trial.verdict == "UNFIT":
            lines.append(f"{trial.name}: {trial.fitness}; try a quieter machine or hour, see `tailgate doctor`")
    lines += [each.said for each in gate.budgets]
    lines += [f"{name}: not judged, {reason}" for name, reason in gate.skipped.items()]
    return [*lines, *gate.notes]


def _batched(trial: GatedBenchmark) -> str:
    short = f"an operation is too short for the clock's steps of {trial.clock_step_ns} ns"
    batch = f"every figure is of a batch of {trial.batch} ({trial.operations:,} batches a pass)"
    return f"{short}: {trial.batch} at a time were timed, and {batch}"


def _judged_percentiles(trial: GatedBenchmark) -> str:
    found = {trial.percentile, *(each.percentile or trial.percentile for each in trial.figures.values())}
    return " and ".join(percentile(each) for each in sorted(found))


def _accepted(answers: AcceptedAnswers) -> str:
    if not answers.differs:
        return "accept-answers names it, but its answers are equal: that entry can go"
    return f"its answers changed, accepted: {answers.reason}; {answers.differs}"


def _what_would_decide(trial: GatedBenchmark) -> Iterator[str]:
    """Return a line for each figure that is open: blocks, seconds, or the margin that these blocks can judge."""
    if not trial.needs:
        yield f"{trial.name}: {trial.blocks} blocks fitted the budget, too few for an answer; give a longer --budget"
    for kind, need in trial.needs.items():
        if need.blocks is None:
            more = "no number of blocks in reach decides: the shift lies at the margin, or the clock's steps are wider"
        else:
            more = f"about {need.blocks} blocks would decide, {need.seconds or 0.0:.0f} s more"
        wider = "" if need.margin is None else f"; it would pass at a margin of {100 * need.margin:.1f} %"
        yield f"{trial.name} {kind}: {more}{wider}"
