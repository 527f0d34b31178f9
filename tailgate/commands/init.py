"""`tailgate init`: the first configuration, a first benchmark, and what judges each change."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tailgate.files import replacing
from tailgate.project.starting import files_of
from tailgate.project.surroundings import asked_of_git, look_around

if TYPE_CHECKING:
    from tailgate.project.surroundings import Forge, Surroundings

_INSTALL: Final = {"uv": "uv sync", "poetry": "poetry install", "pip": "pip install -e ."}
_EPILOG = """\b
Examples:
  tailgate init                    for the forge of its remote, else a hook before a push
  tailgate init --ci gitlab
  tailgate init --dry-run          print what it would write

A benchmark suite that exists (pytest-benchmark, asv, pyperf) is taken as it is. A file that exists is kept.
"""


@click.command("init", epilog=_EPILOG)
@click.option("--ci", "forge", type=click.Choice(["github", "gitlab", "pre-push"]), help="What judges each change.")
@click.option(
    "--from",
    "requirement",
    metavar="REQ",
    default="tailgate",
    show_default=True,
    help="Where CI gets tailgate: this name, or an address of git, a wheel or a folder.",
)
@click.option("--force", is_flag=True, help="Replace files that exist; pyproject.toml keeps what it has.")
@click.option("--dry-run", is_flag=True, help="Print the files, write none.")
def init(*, forge: Forge | None, requirement: str, force: bool, dry_run: bool) -> None:
    """Write [tool.tailgate], a first benchmark and the workflow.

    For the project in this folder: package, tests, package manager, suite and forge are seen, not asked for.
    """
    seen = look_around(Path.cwd())
    click.echo(_described(seen))
    for each in files_of(seen, forge or seen.forge, requirement):
        short = each.path.relative_to(seen.root) if each.path.is_relative_to(seen.root) else each.path
        if dry_run:
            click.echo(f"\n--- {short}\n{each.text}")
            continue
        exists = each.path.exists() and each.path.name != "pyproject.toml"
        if exists and not force:
            same = each.path.read_text(encoding="utf-8", errors="replace") == each.text
            click.echo(f"Kept: {short}" + ("" if same else " is there already; --force replaces it"))
            continue
        each.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(each.path) as temporary:
            temporary.write_text(each.text, encoding="utf-8")
            if each.executable:
                temporary.chmod(0o755)
        click.echo(f"{'Replaced' if exists else 'Written'}: {short}" + (f"  ({each.note})" if each.note else ""))
    if asked_of_git(seen.root, "check-ignore", "-q", "build/gate") is None:
        click.echo("git does not ignore build/, where results go:  echo build/ >> .gitignore")
    found = not seen.subject.startswith("src/") or find_spec(seen.package)
    first = "" if found else f"{_INSTALL[seen.manager]}, then "
    click.echo(
        f"Next: {first}tailgate bench --quick; "
        "a change against what is committed: tailgate gate --base HEAD --head worktree"
    )


def _described(seen: Surroundings) -> str:
    found = f"benchmarks {seen.suite}" if seen.suite else "no benchmarks yet"
    tests = f", tests in {seen.tests}/" if seen.tests else ""
    return f"Found: {seen.subject}{tests}, {found}, {seen.manager}" + (", compiled" if seen.compiles else "")
