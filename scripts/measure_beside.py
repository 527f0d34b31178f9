"""Ask other tools the same three questions: docs/beside-other-tools.md.

    python scripts/measure_beside.py prepare          the environments; hyperfine comes by apt-get install hyperfine
    python scripts/measure_beside.py run identical    one problem by every tool, in some three minutes
    python scripts/measure_beside.py run p99
    python scripts/measure_beside.py run fiftieth
    python scripts/measure_beside.py page             the page, from what was measured

Each run stands in build/beside/PROBLEM.json with the machine's state.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

ROOT: Final = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path, a script finds its neighbours, not the checkout

from scripts.beside import tools  # noqa: E402 - after the path is set
from scripts.beside.page import page  # noqa: E402 - as above
from scripts.beside.project import PROBLEMS, lay_out  # noqa: E402 - as above
from tailgate.machine.identity import identify  # noqa: E402 - as above
from tailgate.terminal.command_line import CommandLines  # noqa: E402 - as above

BUILD: Final = ROOT / "build" / "beside"
PAGE: Final = ROOT / "docs" / "beside-other-tools.md"


@click.group("measure_beside", cls=CommandLines)
def main() -> None:
    """Ask other tools the same three questions."""


@main.command()
def prepare() -> None:
    """Make the environments of the tools."""
    tools.prepare()


@main.command()
@click.argument("problem", type=click.Choice([each.name for each in PROBLEMS]))
@click.option("--tool", "only", multiple=True, help="Ask this one alone; what the others said is kept.")
def run(problem: str, only: tuple[str, ...]) -> None:
    """Let every tool say what it finds."""
    (asked,) = (each for each in PROBLEMS if each.name == problem)
    project = lay_out(asked, BUILD / problem)
    target = BUILD / f"{problem}.json"
    kept = json.loads(target.read_text(encoding="utf-8"))["said"] if only and target.exists() else []
    load = os.getloadavg()[0]
    said: list[dict[str, Any]] = []
    for tool in tools.TOOLS:
        if only and tool.__name__ not in only:
            continue
        click.echo(f"{tool.__name__} ...", err=True)
        found = tool(project)
        if found is None:
            click.echo(f"{tool.__name__} is not at hand", err=True)
            continue
        click.echo(f"{found.tool} {found.version}: {found.words}  ({found.seconds:.0f} s)")
        said.append(asdict(found))
    named = {each["tool"] for each in said}
    state = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "load": round(load, 2),
        "machine": identify().facts.get("CPU", ""),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }
    document = {
        "problem": problem,
        "state": state,
        "said": [*(each for each in kept if each["tool"] not in named), *said],
    }
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")


@main.command("page")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=PAGE, show_default=True)
def write(output: Path) -> None:
    """Write the page from what was measured."""
    measured = {each.name: json.loads((BUILD / f"{each.name}.json").read_text(encoding="utf-8")) for each in PROBLEMS}
    output.write_text(page(measured), encoding="utf-8")
    click.echo(f"Written: {output}")


if __name__ == "__main__":
    main()
