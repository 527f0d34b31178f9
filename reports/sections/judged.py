"""What was judged: a duel's shift function, and the verdict of a gate."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from reports.blocks import Block, Card, Ends, Ranges, Section, Span, TableBlock, Tag, Text, Tone
from reports.scale import Tick
from reports.shift import Shift, percent, shifts_of
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TONES: Final[dict[str, Tone]] = {
    "PASS": "good",
    "REGRESSION": "bad",
    "UNDECIDED": "doubtful",
    "UNFIT": "doubtful",
    "ERROR": "bad",
    "faster": "good",
    "slower": "bad",
    "undecided": "doubtful",
}


def duel_section(duel: Mapping[str, Any]) -> Section:
    """Draw one duel."""
    shifts = shifts_of(duel)
    title = f"Duel: {duel['head']} against {duel['base']}"
    primary = next((each for each in shifts if each.kind == "reproducible" and each.p == 0.99), None)
    if primary is None:
        raise ValueError("it has no reproducible p99")
    detail = f"{shown(primary)} at the reproducible p99"
    card = Card(title, str(duel["verdict"]), detail, tone(duel["verdict"]), "#duel")
    columns = ("percentile", str(duel["base"]), str(duel["head"]), "shift", "interval", "")
    rows = tuple(
        (
            name_of(each),
            duration(plain["base_ns"]),
            duration(plain["head_ns"]),
            signed(each.log_ratio),
            interval(each),
            "advisory" if each.advisory else "",
        )
        for each, plain in zip(shifts, duel["shifts"], strict=True)
    )
    picture = shift_ranges("Shift of each percentile, with its interval", shifts)
    table = TableBlock(Table("The shifts", columns, rows), folded=True)
    lead = f"{duel['blocks']} blocks in {duel['seconds']:.0f} s, in lockstep. Above 0 the second side is slower."
    blocks: list[Block] = [replace(picture, tables=(table,))]
    return Section("duel", title, lead, blocks, cards=(card,))


def gate_section(gate: Mapping[str, Any]) -> Section:
    """Tell a gate's verdict."""
    rows, plain = [], []
    for trial in gate["benchmarks"]:
        for kind, figure in trial["figures"].items():
            shift = _gate_shift(kind, gate["percentile"], figure["shift"])
            plain.append((f"{trial['name']}, {kind}", shift))
            rows.append(
                (
                    f"{trial['name']}, {kind}",
                    duration(figure["base_ns"]),
                    duration(figure["head_ns"]),
                    signed(shift.log_ratio),
                    interval(shift),
                    signed(figure["control"]["log_ratio"]),
                    signed(figure["canary"]["log_ratio"]),
                    str(trial["blocks"]),
                    str(figure["verdict"]),
                )
            )
    columns = ("p99 of", "base", "head", "shift", "interval", "control", "canary", "blocks", "verdict")
    table = TableBlock(Table("The gate's figures", columns, tuple(rows)))
    ticks, scale = _percent_axis([shift for _, shift in plain])
    spans = tuple(_span(name, shift, scale) for name, shift in plain)
    title = f"Gate: {gate['head']} against {gate['base']}"
    picture = Ranges(title, "The shift of each gated p99 with its interval.", ticks, spans, (), scale(0.0), (table,))
    notes = [f"{name} was not judged: {why}" for name, why in gate["skipped"].items()]
    notes += [f"{t['name']}: {t['failure']}" for t in gate["benchmarks"] if t["failure"]]
    notes += [
        f"{each['benchmark']}, {each['what']}: {each['base']:g} in base, {each['head']:g} in head"
        + (", worse" if each["worse"] else f", accepted: {each['accepted']}" if each["accepted"] else "")
        for each in gate["counts"]
    ]
    notes += list(gate["notes"])
    verdict = str(gate["verdict"])
    detail = f"{gate['head']} against {gate['base']}, margin {100 * gate['margin']:g} %"
    lead = f"{verdict}. {detail}; {gate['seconds']:.0f} s, Python {gate['python']}."
    blocks: list[Block] = [picture] if spans else [table]
    if notes:
        blocks.append(Text(tuple(notes), "list"))
    return Section("gate", "Gate", lead, blocks, cards=(Card("Gate", verdict, detail, tone(verdict), "#gate"),))


def _gate_shift(kind: str, p: float, plain: Mapping[str, Any]) -> Shift:
    low, high = plain["low"], plain["high"]
    return Shift(
        kind,
        p,
        plain["log_ratio"],
        -math.inf if low is None else low,
        math.inf if high is None else high,
        advisory=False,
    )


def shift_ranges(title: str, shifts: Sequence[Shift]) -> Ranges:
    """Draw shifts with their intervals around no difference."""
    ticks, scale = _percent_axis(shifts)
    rows = tuple(_span(name_of(each), each, scale) for each in shifts)
    return Ranges(title, "Shift of each percentile in percent with its interval.", ticks, rows, (), scale(0.0))


def _span(name: str, shift: Shift, scale: Any) -> Span:
    marks = ((scale(shift.log_ratio), "\u25c7" if shift.advisory else "\u25c6", signed(shift.log_ratio)),)
    if shift.low > 0:
        seen: Tone = "bad"
    else:
        seen = "good" if shift.high < 0 else "plain"
    ends: Ends = "open" if math.isinf(shift.low) or math.isinf(shift.high) else "closed"
    return Span(name, Tag(), scale(shift.low), scale(shift.high), marks, shown(shift), seen, ends=ends)


def _percent_axis(shifts: Sequence[Shift]) -> tuple[tuple[Tick, ...], Any]:
    ends = [end for s in shifts for end in (s.log_ratio, s.low, s.high, 0.0) if math.isfinite(end)] or [0.0]
    reach = max(0.01, *(abs(end) for end in ends)) * 1.1
    low, high = min(-0.01, *ends) - 0.05 * reach, max(0.01, *ends) + 0.05 * reach

    def scale(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0)

    steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000]
    span = percent(high) - percent(low)
    step = next((each for each in steps if span / each <= 7), 10000)
    first = math.ceil(percent(low) / step)
    values = [first * step + step * i for i in range(12)]
    return tuple(
        Tick(scale(math.log1p(v / 100)), f"{v:+d} %" if v else "0") for v in values if -100 < v <= percent(high)
    ), scale


def name_of(shift: Shift) -> str:
    """Name a figure: reproducible p99."""
    return f"{shift.kind} p{100 * shift.p:g}"


def signed(log_ratio: float) -> str:
    """Give a log ratio in percent."""
    return f"{percent(log_ratio):+.2f} %"


def interval(shift: Shift) -> str:
    """Give an interval in percent."""
    low, high = ("open" if math.isinf(end) else signed(end) for end in (shift.low, shift.high))
    return f"[{low}, {high}]"


def shown(shift: Shift) -> str:
    """Give the shift and its interval."""
    return f"{signed(shift.log_ratio)} {interval(shift)}"


def tone(verdict: object) -> Tone:
    """Give how a verdict is coloured."""
    return _TONES.get(str(verdict), "plain")
