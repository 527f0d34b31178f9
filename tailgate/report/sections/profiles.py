"""What the profilers found, and links to the flame graphs that they left beside the results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tailgate.report.blocks import Block, Links, Section, TableBlock
from tailgate.report.sections.allocations import tag_of
from tailgate.results.profile_report import profile_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tailgate.report.gather import Found

_SHOWN: Final = {".svg", ".html"}


def profiles_section(found: Sequence[Found], page_folder: Path) -> Section | None:
    """Draw each profile, and list every picture of a folder of them; None where there is neither."""
    blocks: list[Block] = []
    for each in found:
        if each.kind == "profile":
            table = profile_table(each.holds)
            blocks.append(TableBlock(table, (tag_of(each.holds.benchmark),) * len(table.rows), folded=True))
    for folder in (each.path for each in found if each.kind == "profiles"):
        pictures = sorted(path for path in folder.rglob("*") if path.suffix in _SHOWN and path.is_file())
        links = ((str(path.relative_to(folder)), quote(os.path.relpath(path, page_folder))) for path in pictures)
        blocks += [Links(tuple(links))] if pictures else []
    lead = "Made by the profilers and kept beside this page; a link works as long as the folder stands where it was."
    return Section("profiles", "Profiles", lead, blocks) if blocks else None
