"""Writes what was measured over the wire: results.json with everything, report.md to be read."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Final

from documents.wire.document import NAME
from documents.wire.tables import LEAD, wire_tables
from tailgate.documents.envelope import save
from tailgate.files import replacing
from tailgate.machine.identity import described

if TYPE_CHECKING:
    from pathlib import Path

    from documents.wire.document import Wire

PAGE: Final = "report.md"
MONITOR_LOG: Final = "monitor.hlog"


def write(folder: Path, wire: Wire) -> None:
    """Write both files, each whole or not at all."""
    save(folder / NAME, wire)
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(markdown(wire), encoding="utf-8")


def markdown(wire: Wire) -> str:
    """Return the page."""
    facts = [f"- {name}: {value}" for name, value in {"command": f"`{wire.command}`", **wire.machine}.items()]
    tables = [table.markdown() for table in wire_tables(wire)]
    return "\n\n".join(["# The wire", LEAD, "\n".join(facts), *tables]) + "\n"


def machine(sender_cpu: int, client_cpu: int) -> dict[str, str]:
    """Return where it was measured."""
    return {
        "interpreter": f"{platform.python_implementation()} {sys.version.split()[0]}, where nothing else is named",
        "machine": described(),
        "CPUs": f"sender on {sender_cpu}, client on {client_cpu}",
    }
