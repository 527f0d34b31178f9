"""Which benchmarks a user means: one grammar of selectors for every command; a wrong word gets the nearest right one.

parse                   a path
parse=simple,fast       some of its implementations; parse/fast says the same of one
parse[size=10]          those under this axis; parse=fast[size=10] and so on
parse/fast[gc=frozen]   a whole name: that one alone, made on demand where the suite can
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tailgate.benchmark import Benchmark, Suite

_WORD: Final = re.compile(r"(?P<path>[^/=\[\]]+)(?:[/=](?P<names>[^/=\[\]]+))?(?:\[(?P<axes>[^\[\]]+)\])?")
_OUTER_COMMA: Final = re.compile(r",(?![^\[]*\])")


def split_words(text: str) -> list[str]:
    """Return the selectors of a list with commas between them; a comma inside brackets belongs to a name."""
    return [word for word in _OUTER_COMMA.split(text) if word]


def select(suite: Suite, words: Sequence[str]) -> list[Benchmark]:
    """Return every benchmark that one of the selectors names, in the suite's order; all of them without a selector."""
    wanted = {each.name: each for word in words for each in _named(suite, word)}
    declared = [each for each in suite.benchmarks if not words or each.name in wanted]
    return declared + [each for each in wanted.values() if each not in declared]


def select_each(suite: Suite, words: Iterable[str]) -> list[Benchmark]:
    """Return one benchmark for each implementation that is named, and for a path alone its recommended one.

    Where several axes are left open, it is the first that the suite declares. The order is that of the words.
    """
    found: dict[str, Benchmark] = {}
    for word in words:
        named = _named(suite, word)
        _, _, names = re.sub("[/=]", "=", word.partition("[")[0]).partition("=")
        recommended = next((each for each in named if each.role == "recommended"), named[0])
        chosen = [next(each for each in named if each.implementation == name) for name in names.split(",") if name]
        chosen = chosen or [recommended]
        found |= {each.name: each for each in chosen}
    return list(found.values())


def _named(suite: Suite, word: str) -> list[Benchmark]:
    """Return what one selector names, at least one; TailgateError says which part of it is wrong."""
    if exact := [each for each in suite.benchmarks if each.name == word]:
        return exact
    match = _WORD.fullmatch(word)
    if match is None:
        hint = "write parse, parse=simple,fast, 'parse[size=10]' or a whole name"
        raise TailgateError(f"{word!r} is no selector", hint=hint)
    if "/" in word and (made := suite.resolve(word)):
        return [made]
    path, names, axes = match["path"], (match["names"] or "").split(","), match["axes"]
    _known(path, dict.fromkeys(each.path for each in suite.benchmarks), "path")
    of_path = [each for each in suite.benchmarks if each.path == path]
    for name in names if match["names"] else ():
        _known(name, sorted({each.implementation for each in of_path}), f"{path} implementation")
    found = _with_axes([each for each in of_path if not match["names"] or each.implementation in names], axes)
    if not found:
        groups = ", ".join(dict.fromkeys(each.group for each in of_path))
        raise TailgateError(f"{word!r}: {path} is not measured under [{axes}]", hint=f"there is {groups}")
    return found


def _with_axes(benchmarks: Iterable[Benchmark], axes: str | None) -> list[Benchmark]:
    asked = {tuple(part.partition("=")[::2]) for part in (axes or "").split(",") if part}
    return [each for each in benchmarks if asked <= each.axes.items()]


def _known(word: str, known: Iterable[str], what: str) -> None:
    right = list(known)
    if word in right:
        return
    near = difflib.get_close_matches(word, right, n=1)
    raise TailgateError(
        f"there is no {what} {word!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        hint=f"the right ones: {', '.join(right)}",
    )


def split_by_stage(suite: Suite, name: str) -> str:
    """Return the name of the same benchmark split by stage, or nothing where the suite has none."""
    split = f"{name[:-1]},split=stages]" if name.endswith("]") else f"{name}[split=stages]"
    try:
        return suite.find(split).name
    except TailgateError:
        return ""
