"""Which importer reads a file: each recognises its own by content, and the rest is refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.history.imports import asv, bencher, github_action, pyperf_json, pytest_benchmark
from tailgate.results.foreign import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.history.entries import Entry

READ: Final = (
    "pyperf's JSON (also .json.gz), pytest-benchmark's storage, asv's results folder, github-action-benchmark's "
    "data.js, Bencher's BMF"
)


def imported(path: Path, project: str) -> Iterator[Entry]:
    """Yield the runs of a published file or folder; project: the name that they are kept under.

    TailgateError where it is of no known format, or holds nothing.
    """
    if path.is_dir():
        if asv.is_folder(path):
            yield from asv.read(path, project)
            return
        files = sorted(each for each in path.rglob("*") if each.suffix in {".json", ".gz", ".js"} and each.is_file())
        if not files:
            raise TailgateError(f"{path} holds nothing that is read", hint=f"read are: {READ}")
        for each in files:  # pytest-benchmark keeps a folder a machine, a file a run
            yield from imported(each, project)
        return
    text = _text_of(path)
    if text.lstrip().startswith("window.BENCHMARK_DATA"):
        yield from github_action.read(text, path, project)
        return
    plain = _parsed(text, path)
    for module in (pyperf_json, pytest_benchmark, bencher):  # the last takes what looks least like something
        if module.recognises(plain):
            yield from module.read(plain, path, project)
            return
    raise TailgateError(f"{path} is of no format that is known here", hint=f"read are: {READ}")


def _text_of(path: Path) -> str:
    try:
        return text_of(path)
    except (OSError, EOFError, ValueError) as error:
        raise TailgateError(f"{path} cannot be read: {error}", hint=f"read are: {READ}") from error


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise TailgateError(f"{path} is no JSON: {error}", hint=f"read are: {READ}") from error
