"""Writes a composition that a search proved where `recommended` is declared, and nothing else of that file."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

from implementations.pipeline import composition
from implementations.pipeline.composition import STEPS
from implementations.registry import check_name
from tailgate import TailgateError
from tailgate.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = "RECOMMENDED"
_MARK: Final = "# Found by "
_WIDTH: Final = 118


def accept(levels: Mapping[str, str], note: str) -> Path:
    """Write these implementations into the recommended composition, with the note above it; return the file.

    TailgateError for a level that is no implementation of a path: a composition has no place for it.
    """
    beyond = [axis for axis in levels if axis not in STEPS]
    if beyond:
        raise TailgateError(
            f"{', '.join(beyond)} is no part of a composition, so `recommended` cannot declare it",
            hint=f"search over {', '.join(STEPS)} alone, then --accept",
        )
    for path, name in levels.items():
        check_name(path, name)
    file = Path(composition.__file__)
    text = edited(file.read_text(encoding="utf-8"), levels, note)
    with replacing(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return file


def edited(source: str, levels: Mapping[str, str], note: str) -> str:
    """Return the source with the keywords of RECOMMENDED exchanged and the note as a comment above it.

    The comment of an exchanged line goes, for it spoke of what stood there; the note of an earlier search goes too.
    """
    call, start = _declared(source)
    lines = source.splitlines(keepends=True)
    comments = _comments(source)
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg in levels:
            value = keyword.value
            line = lines[value.lineno - 1]
            head = line[: value.col_offset] + f'"{levels[keyword.arg]}"' + line[value.end_col_offset :]
            if value.lineno in comments:
                head = head.partition("#")[0].rstrip() + "\n"
            lines[value.lineno - 1] = head
    begin = start - 1
    while begin and lines[begin - 1].startswith("#"):
        begin -= 1
    kept = [] if begin < start - 1 and lines[begin].startswith(_MARK) else lines[begin : start - 1]
    told = textwrap.wrap(note[0].upper() + note[1:], _WIDTH)
    made = "".join([*lines[:begin], *kept, *(f"# {line}\n" for line in told), *lines[start - 1 :]])
    call, _ = _declared(made)
    found = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    if {path: found.get(path) for path in levels} != dict(levels):
        raise TailgateError(f"{_NAME} could not be written as {dict(levels)}", hint="write it by hand")
    return made


def _declared(source: str) -> tuple[ast.Call, int]:
    """Return the call that makes RECOMMENDED, and the line that its statement begins on."""
    for node in ast.parse(source).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        value = node.value if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == _NAME and isinstance(value, ast.Call):
            return value, node.lineno
    raise TailgateError(f"the declaration of {_NAME} is of another form than is known", hint="write it by hand")


def _comments(source: str) -> set[int]:
    """Return the lines that hold a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
