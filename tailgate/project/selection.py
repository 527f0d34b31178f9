"""Which benchmarks a user means: by path, by implementation, by name; a wrong word gets the nearest right one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.benchmark import Benchmark, Suite


def select(suite: Suite, only: Sequence[str], implementations: Sequence[str]) -> list[Benchmark]:
    """Give the benchmarks of the paths in `only` (all where empty), narrowed by `path=name,name` words."""
    paths = list(dict.fromkeys(each.path for each in suite.benchmarks))
    for word in only:
        _known(word, paths, "path")
    wanted = _by_path(implementations)
    for path, names in wanted.items():
        _known(path, paths, "path")
        have = sorted({each.implementation for each in suite.benchmarks if each.path == path})
        for name in names:
            _known(name, have, f"{path} implementation")
    return [
        each
        for each in suite.benchmarks
        if (not only or each.path in only)
        and (each.path not in wanted or each.implementation in wanted[each.path])
        and (only or not wanted or each.path in wanted)
    ]


def selected(suite: Suite, word: str) -> Benchmark:
    """Give the one benchmark a word names.

    `path/implementation[axes]` in full; `path=implementation`, or a path alone (its recommended implementation): then
    of its axes the first that is declared.
    """
    if "/" in word:
        return suite.find(word)
    path, _, name = word.partition("=")
    _known(path, list(dict.fromkeys(each.path for each in suite.benchmarks)), "path")
    candidates = [each for each in suite.benchmarks if each.path == path]
    if name:
        _known(name, sorted({each.implementation for each in candidates}), f"{path} implementation")
        return next(each for each in candidates if each.implementation == name)
    return next((each for each in candidates if each.role == "recommended"), candidates[0])


def _by_path(words: Sequence[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for word in words:
        path, equals, names = word.partition("=")
        if not equals or not names:
            raise TailgateError(
                f"{word!r} does not say which implementations of which path", hint="write e.g. book=heap-lazy,bisect"
            )
        wanted.setdefault(path, []).extend(name for name in names.split(",") if name)
    return wanted


def _known(word: str, known: Sequence[str], what: str) -> None:
    if word in known:
        return
    near = difflib.get_close_matches(word, known, n=1)
    raise TailgateError(
        f"there is no {what} {word!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        hint=f"the right ones: {', '.join(known)}",
    )
