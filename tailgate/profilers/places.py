"""How a place in the code is written: short, and the same whatever folder a revision is checked out in."""

from __future__ import annotations

import ast
import linecache
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_INSTRUMENT: Final = re.compile(r".*/tailgate-code-[^/]+/")  # measure/sides.py puts it there
_INSTALLED: Final = re.compile(r".*/(?:site|dist)-packages/")
_STANDARD: Final = re.compile(r".*/lib/python3\.\d+t?/")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")


class Frame(NamedTuple):
    """One frame of a stack, as the profilers give it."""

    function: str
    file: str
    line: int


def shorten(file: str, roots: Sequence[str]) -> str:
    """Return a path relative to the project, to the installed packages or to the standard library."""
    for root in roots:
        if file.startswith(root.rstrip("/") + "/") and not _INSTALLED.match(file):
            return file[len(root.rstrip("/")) + 1 :]
    for pattern in (_INSTRUMENT, _INSTALLED, _STANDARD):
        if match := pattern.match(file):
            return file[match.end() :]
    return file


def function_at(file: str, line: int) -> str:
    """Name the innermost function that a line stands in, for a profiler that gives lines alone."""
    inner = [(first, name) for first, last, name in _functions(file) if first <= line <= last]
    return max(inner)[1] if inner else "<module>"


@cache
def _functions(file: str) -> tuple[tuple[int, int, str], ...]:
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    return tuple(
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def stage_of(stack: Iterable[Frame], stages: Sequence[str], roots: Sequence[str]) -> str:
    """Name the stage that a stack (innermost frame first) belongs to; `rest` where nothing names one.

    The innermost frame of the project says it: a folder, the file or the function bears the stage's name. Where it does
    not (a wrapper, or C code that has no frame of its own), the line of code that calls says it, going outwards.
    """
    ours = (frame for frame in stack if shorten(frame.file, roots) != frame.file and _in_project(frame.file, roots))
    for number, frame in enumerate(ours):
        words = _WORD.findall(linecache.getline(frame.file, frame.line))
        if number == 0:
            place = shorten(frame.file, roots).removesuffix(".py").split("/")
            words += [*place, frame.function, *frame.function.split("_")]
        named = next((stage for stage in stages if stage in words), None)
        if named is not None:
            return named
    return "rest"


def _in_project(file: str, roots: Sequence[str]) -> bool:
    inside = any(file.startswith(root.rstrip("/") + "/") for root in roots)
    return inside and not _INSTALLED.match(file) and "/tailgate/" not in file
