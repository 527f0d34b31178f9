"""Links to the flame graphs and summaries that the profilers left beside the results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tailgate.report.blocks import Links, Section

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN: Final = {".svg", ".html"}


def profiles_section(folder: Path, page_folder: Path) -> Section | None:
    """List every picture under build/profile; None where there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in _SHOWN and path.is_file())
    if not found:
        return None
    links = tuple((str(path.relative_to(folder)), quote(os.path.relpath(path, page_folder))) for path in found)
    lead = "Made by the profilers and kept beside this page; a link works as long as the folder stands where it was."
    return Section("profiles", "Profiles: flame graphs", lead, [Links(links)])
