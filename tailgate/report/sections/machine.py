"""What was measured where: the command, the machine, its fitness, and what the harness itself costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tailgate.report.blocks import Block, Card, Section, TableBlock, Tag, Text, Tone
from tailgate.results.doctor_report import condition_table, jitter_table
from tailgate.results.table import Table

if TYPE_CHECKING:
    from tailgate.documents.doctor import Diagnosis
    from tailgate.documents.run import RunFacts
    from tailgate.results.load import Results


def machine_section(results: Results, facts: RunFacts) -> Section:
    """Tell of the machine that the results came from."""
    tape = ", ".join(f"{key} {json.dumps(value)}" for key, value in results.settings.items() if value != "")
    rows = [*results.facts.items(), ("tape", tape)]
    rows += [(key.replace("_", " "), value) for key, value in results.machine.items() if key != "missing"]
    blocks: list[Block] = []
    if facts.notes:
        blocks.append(Text(facts.notes, "list"))
    blocks.append(TableBlock(Table("Machine", ("fact", "value"), tuple(rows))))
    floors = tuple(
        (each.name, f"{each.floor_inside_ns:.0f} ns", f"{each.floor_total_ns:.0f} ns", each.digest[:12])
        for each in results.benchmarks
    )
    tags = tuple(Tag(each.path, each.implementation) for each in results.benchmarks)
    columns = ("benchmark", "inside a sample", "per operation", "digest of the answers")
    blocks.append(TableBlock(Table("Harness overhead, and the answers", columns, floors), tags, folded=True))
    if facts.unavailable:
        lines = tuple(f"{name} is unavailable: {reason}" for name, reason in facts.unavailable.items())
        blocks.append(Text(lines, "list"))
    lead = f"This machine is {facts.verdict}. What each note says is what stands between it and a quiet measurement."
    return Section("machine", "Machine: fitness and harness overhead", lead, blocks)


def doctor_section(found: Diagnosis) -> Section:
    """Draw a diagnosis: the verdict with its reasons, the jitter, every condition."""
    facts = (f"Best CPU to measure on: {found.place}", f"Smallest p99 effect found: {found.effect}")
    blocks: list[Block] = [Text((*found.reasons, *facts), "list")]
    blocks += map(TableBlock, (jitter_table(found), condition_table(found)))
    return Section("doctor", "Doctor: diagnosis of the machine", f"This machine is {found.verdict}.", blocks)


def machine_card(facts: RunFacts) -> Card:
    """Say what figures are worth on this machine."""
    tone: Tone = "good" if facts.verdict == "fit" else "doubtful"
    detail = f"{len(facts.notes)} notes" if facts.notes else "nothing to remark"
    return Card("This machine is", facts.verdict, detail, tone, "#machine")
