"""`tailgate export`: results in the form that another tool reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tailgate.config import find_root
from tailgate.documents.bench import BenchSummary
from tailgate.documents.envelope import read
from tailgate.documents.gate import GateDocument
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.results.exports import FORMATS, rows_of
from tailgate.results.load import is_results, load_results
from tailgate.results.pytest_benchmark import pytest_benchmark
from tailgate.results.store import RESULTS
from tailgate.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.results.exports import Row

_PYTEST: Final = "pytest-benchmark"
_EPILOG = """\b
Examples:
  tailgate export --format csv                                         the last bench
  tailgate export --format bencher build/gate/verdict.json
  tailgate export --format github-action-benchmark --output bench.json
  tailgate export --format pytest-benchmark --output 0001_now.json     for `pytest-benchmark compare`

\b
bencher                  Bencher Metric Format, for `bencher run --adapter json --file FILE`
github-action-benchmark  its tool `customSmallerIsBetter`
pytest-benchmark         what `pytest --benchmark-json` writes; of a bench alone
csv                      a line for each figure
"""


@click.command("export", epilog=_EPILOG)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, _PYTEST]),
    metavar="NAME",
    required=True,
    help="One of those below.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where.  [default: stdout]"
)
@click.argument("result", type=click.Path(path_type=Path), metavar="[RESULT]", required=False)
def export(*, form: str, output: Path | None, result: Path | None) -> None:
    """Write the figures of a bench or a gate for another tool.

    RESULT is results.json or summary.json of a bench, verdict.json of a gate, or the folder of one; without it the last
    bench, build/bench.
    """
    path = _file(result or find_root(Path.cwd()) / "build" / "bench")
    text = _distributions(path) if form == _PYTEST else FORMATS[form](_rows(path))
    if output is None:
        click.echo(text, nl=False)
        return
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"Written: {output}")


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in (RESULTS, "verdict.json") if (path / name).is_file()), None)
    if found is None:
        raise TailgateError(f"{path} holds no results", hint="run `tailgate bench`, or name a result")
    return found


def _distributions(path: Path) -> str:
    if path.is_file() and not is_results(path):
        raise TailgateError(
            f"{path} holds percentiles, and {_PYTEST} wants whole distributions",
            hint=f"name the {RESULTS} of a bench",
        )
    return pytest_benchmark(load_results(path))


def _rows(path: Path) -> Sequence[Row]:
    if is_results(path):
        return rows_of(summarise(load_results(path), {}))
    envelope, document = read(path)
    if not isinstance(document, BenchSummary | GateDocument):
        raise TailgateError(f"{path} is of kind {envelope.kind!r}", hint="name the result of a bench or of a gate")
    return rows_of(document)
