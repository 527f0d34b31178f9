"""Which benchmark of head is held against which of base, and which are not judged: new, deleted, renamed, changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tailgate.measure.listing import Listed


@dataclass(slots=True)
class Pairs:
    """What can be judged and what cannot.

    base_of: head's name of each benchmark that is judged, and base's. skipped: why others are not; new and deleted name
    those among them that one revision lacks. notes: what a reader should know of the others.
    """

    base_of: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def pair(wanted: Iterable[str], base: Mapping[str, Listed], head: Mapping[str, Listed], label: str) -> Pairs:
    """Return how the wanted benchmarks of two revisions fit together; label: what base is called.

    A name that is new in head and has the very code of one that is gone is a new name, and judged against the old one.
    """
    found = Pairs()
    names = list(dict.fromkeys(wanted))
    old_of = _renamed([name for name in names if name not in base], base.keys() - head.keys(), base, head)
    for name in names:
        if name in old_of.values():
            continue
        if name in old_of:
            found.base_of[name] = old_of[name]
            found.notes.append(f"{name} was called {old_of[name]} in {label}: the same code, judged under the new name")
        elif name not in base and name in head and not head[name].reason and not _lies_in_broken(name, base):
            found.new.append(name)
            found.skipped[name] = f"it is new: {label} does not have it"
        elif name not in head and name in base and not base[name].reason and not _lies_in_broken(name, head):
            found.deleted.append(name)
            found.skipped[name] = f"it was deleted: {label} has it"
        elif reason := next((each[name].reason for each in (base, head) if name in each and each[name].reason), ""):
            found.skipped[name] = f"skipped: it cannot run here: {reason}"
        else:
            found.base_of[name] = name
            if name in base and name in head and base[name].code != head[name].code:
                found.notes.append(
                    f"{name}: the benchmark itself was changed, so its name may stand for other work now"
                )
    return found


def _lies_in_broken(name: str, listed: Mapping[str, Listed]) -> bool:
    """Tell whether a side may well have a benchmark and could not look: its file is named with a reason instead."""
    return any(each.reason and name.startswith((f"{place}::", f"{place}.")) for place, each in listed.items())


def _renamed(
    new: Iterable[str], gone: Iterable[str], base: Mapping[str, Listed], head: Mapping[str, Listed]
) -> dict[str, str]:
    """Return the old name of each new one that has the code of exactly one that is gone."""
    fresh = {name: head[name].code for name in new if name in head}
    old = {name: base[name].code for name in gone if name in base}
    count = Counter([*fresh.values(), *old.values()])
    by_code = {code: name for name, code in old.items() if code and count[code] == 2}
    return {name: by_code[code] for name, code in fresh.items() if code in by_code}
