"""`tailgate comment`: the verdict of a gate on its pull request, in one comment that is edited from then on."""

from __future__ import annotations

from pathlib import Path

import click

from tailgate.config import find_root
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument
from tailgate.project.pull_request import NotPermittedError, here
from tailgate.results.gate_report import gate_markdown

_EPILOG = """\b
Examples:
  tailgate comment                          in a job of GitHub Actions, behind `tailgate gate`
  tailgate comment --name py3.13            one of several jobs: each edits its own comment

\b
It reads GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH and GITHUB_API_URL, and needs, in the workflow,
permissions: { contents: read, pull-requests: write }. Where it may not comment, as for a pull request from a fork, it
says so and ends with 0: the gate has written the verdict into the job's summary.
"""


@click.command("comment", epilog=_EPILOG)
@click.option("--name", default="gate", show_default=True, help="Tells the comments of several jobs apart.")
@click.option("--number", type=click.IntRange(1), metavar="N", help="The pull request.  [default: the event's]")
@click.argument("verdict", type=click.Path(path_type=Path), metavar="[VERDICT]", required=False)
def comment(*, name: str, number: int | None, verdict: Path | None) -> None:
    """Post a gate's verdict on its pull request.

    VERDICT is its verdict.json; without it build/gate/verdict.json of this project.
    """
    path = verdict or find_root(Path.cwd()) / "build" / "gate" / "verdict.json"
    text = gate_markdown(load(path, GateDocument))
    try:
        done, address = here(number).comment(text, f"tailgate: {name}")
    except NotPermittedError as error:
        click.echo(f"not commented: {error.message}\n  {error.hint}", err=True)
        return
    click.echo(f"Comment {done}: {address}")
