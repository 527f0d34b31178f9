"""Build CPython with profile-guided optimisation trained on the pipeline: `list`, `build`, `show`, `remove`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path, a script finds its neighbours, not the checkout

from scripts.interpreters.build import Order, build, check  # noqa: E402 - after the path is set
from scripts.interpreters.commands import LoggedRunner  # noqa: E402 - as above
from scripts.interpreters.layout import Layout, cache_folder  # noqa: E402 - as above
from scripts.interpreters.listing import as_json, as_text, buildable, show_text  # noqa: E402 - as above
from scripts.interpreters.manifest import built, read_manifest  # noqa: E402 - as above
from scripts.interpreters.removal import remove_names, remove_work  # noqa: E402 - as above
from scripts.interpreters.shop import Shop, exclusive  # noqa: E402 - as above
from scripts.interpreters.sources import Wanted, obtain  # noqa: E402 - as above
from scripts.interpreters.toolchain import ThisMachine  # noqa: E402 - as above
from scripts.interpreters.training import PIPELINE_COMMAND  # noqa: E402 - as above
from scripts.interpreters.variants import parse_variant  # noqa: E402 - as above
from tailgate.errors import TailgateError  # noqa: E402 - as above
from tailgate.terminal.command_line import CommandLines  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Sequence

AGAIN = "the same command goes on where this one stopped: nothing half-made looks whole"


@click.group("build_interpreter", cls=CommandLines, kept=AGAIN, again=AGAIN)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Where all of it lives; `build` keeps it in this checkout.  [$TAILGATE_CACHE, else ~/.cache/tailgate]",
)
@click.pass_context
def cli(context: click.Context, cache: Path | None) -> None:
    """Build, list and remove interpreters that a benchmark can be run under."""
    context.obj = Layout(cache_folder(cache, os.environ, Path.home()))


@cli.command("build")
@click.argument("variants", nargs=-1, required=True, metavar="VARIANT...")
@click.option("--release", default="3.13", show_default=True, help="3.13, 3.14, 3.15, or a full version.")
@click.option("--source", help="A tarball, a folder, a URL, or `debian`.  [the release on python.org]")
@click.option("--sha256", help="What the tarball must have; needed for a URL beside which none is published.")
@click.option("--mirror", help="Debian mirror for --source debian.  [the one this system uses]")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True)
@click.option("--passes", type=click.IntRange(1), default=25, show_default=True, help="Of the training tape.")
@click.option("--replica", type=click.IntRange(1), default=1, show_default=True, help="Build and train it once more.")
@click.option("--cc", help="The compiler, by name or path.  [gcc; the newest clang for +tailcall]")
@click.option("--capture", default="", metavar="FILE", help="Train on this capture instead of the generated tape.")
@click.option("--checkout", type=click.Path(exists=True, path_type=Path), default=ROOT, help="Whose pipeline trains.")
@click.pass_obj
def build_command(  # noqa: PLR0913 - one a command line option
    layout: Layout,
    *,
    variants: Sequence[str],
    release: str,
    source: str | None,
    sha256: str | None,
    mirror: str | None,
    jobs: int,
    passes: int,
    replica: int,
    cc: str | None,
    capture: str,
    checkout: Path,
) -> None:
    """Build each VARIANT: plain, pgo, pgo-trained or pgo-both, then +lto +native +freethreaded +jit +tailcall.

    What is missing is said before anything starts. An interrupted build goes on where it stopped.
    """
    shop = Shop(layout, ThisMachine(), LoggedRunner(lambda line: click.echo(f"    {line}")), click.echo)
    command = trained_on(capture) if capture else PIPELINE_COMMAND
    orders = [Order(parse_variant(text), checkout.absolute(), jobs, passes, replica, cc, command) for text in variants]
    compilers = [check(order, release, shop) for order in orders]
    with exclusive(layout.lock):  # from the source to the last variant: nobody else gets in between
        got = obtain(Wanted(release, source, sha256, mirror), layout)
        click.echo(f"CPython {got.version} from {got.origin}, vouched for by {got.vouched}")
        for order, compiler in zip(orders, compilers, strict=True):
            manifest = build(order, got, compiler, shop)
            click.echo(f"{manifest.name}: {layout.interpreters / manifest.name / manifest.executable}")


def trained_on(capture: str) -> tuple[str, ...]:
    """Return the command that trains on a capture; TailgateError where it cannot be replayed, before anything is built.

    Its files stand in it with their whole paths: training runs in a folder of its own.
    """
    from suites.settings import inspect  # noqa: PLC0415  what reads captures is not needed by the other commands
    from suites.tapes.captures.reading import find  # noqa: PLC0415  as above

    paths = ",".join(str(path.absolute()) for path in find(capture))
    for note in inspect({"capture": paths}):
        click.echo(f"the capture: {note}")
    return (*PIPELINE_COMMAND, "--capture", paths.replace("{", "{{").replace("}", "}}"))


@cli.command("list")
@click.option("--json", "machine_readable", is_flag=True, help="The manifests, as one JSON array.")
@click.pass_obj
def list_command(layout: Layout, *, machine_readable: bool) -> None:
    """List the finished interpreters, and what this machine could build or lacks.

    One whose manifest cannot be read is named behind the others, and the exit status is then 2.
    """
    found, damaged = built(layout.interpreters)
    if machine_readable:
        click.echo(as_json(found, layout))
    else:
        click.echo(as_text(found, layout))
        click.echo(buildable(ThisMachine()))
    if damaged:
        raise TailgateError("; ".join(fault.message for fault in damaged), hint=damaged[0].hint)


@cli.command("show")
@click.argument("name")
@click.pass_obj
def show_command(layout: Layout, name: str) -> None:
    """Tell all that is known of one interpreter: flags, training, time per phase."""
    click.echo(show_text(read_manifest(layout.interpreters / name)))


@cli.command("remove")
@click.argument("names", nargs=-1)
@click.option("--work", is_flag=True, help="Also the build trees, counters and unpacked sources.")
@click.pass_obj
def remove_command(layout: Layout, *, names: Sequence[str], work: bool) -> None:
    """Remove interpreters by NAME, or with --work what building them left behind."""
    if not names and not work:
        raise click.UsageError("say which: NAME..., or --work")
    for path in remove_names(layout, names) + (remove_work(layout) if work else []):
        click.echo(f"removed {path}")


def interrupt(_number: int, _frame: object) -> None:
    """Take a request to end as Ctrl-C: what was started is stopped, the stamps stay."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line, which a request to end stops as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has a build survive its terminal
            signal.signal(number, interrupt)  # make runs in a session of its own: it would go on without us
    cli()


if __name__ == "__main__":
    main()
