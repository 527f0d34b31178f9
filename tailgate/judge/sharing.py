"""Which benchmarks of a suite share a process: all that need nothing set up otherwise than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tailgate.measure.listing import Listed


def companies(names: Iterable[str], listed: Mapping[str, Listed]) -> dict[str, str]:
    """Return a number, as text, for each benchmark that may share a process: the same one for those that do.

    Those with the most needs are seated first, each in the first company that none of its needs contradicts: a company
    more is a process more on each side of each block.
    """
    needs = {
        name: dict(each.partition("=")[::2] for each in listed[name].needs) if name in listed else {}
        for name in names
        if name not in listed or listed[name].shares
    }
    seated: list[dict[str, str]] = []
    found: dict[str, str] = {}
    for name, wanted in sorted(needs.items(), key=lambda each: -len(each[1])):
        fits = (all(each.get(key, value) == value for key, value in wanted.items()) for each in seated)
        number = next((n for n, fit in enumerate(fits) if fit), len(seated))
        if number == len(seated):
            seated.append({})
        seated[number] |= wanted
        found[name] = str(number)
    return found
