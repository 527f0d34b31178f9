"""Threads that meet: a table for each thing that they meet at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.contention.tables import LEAD, contention_tables
from tailgate.report.blocks import Block, Section, TableBlock

if TYPE_CHECKING:
    from documents.contention.document import Contention


def contention_section(of: Contention) -> Section:
    """Show every table."""
    blocks: list[Block] = [TableBlock(table) for table in contention_tables(of)]
    lead = f"{LEAD} Measured by {of.command}: {', '.join(of.machine.values())}."
    return Section("contention", "Threads that meet", lead, blocks)
