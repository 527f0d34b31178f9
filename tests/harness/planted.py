"""A small pipeline with known regressions, each planted in one place: what an explanation has to find.

`python -m tests.harness.planted --runs 20` explains each of them so often and counts how often it was right.
"""

from __future__ import annotations

import argparse
import heapq
import importlib.util
import random
import shutil
import sys
import tempfile
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.documents.explanation import Explanation, sentences
from tailgate.judge.explain import explain
from tailgate.machine.place import choose_place
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE: Final = "flow/plain"
SPLIT: Final = "flow/plain[split=stages]"
OPERATIONS: Final = 1_500

SUBJECT: Final = """
    import gc, threading
    from sorter._heapq import heapify

    LOCK = threading.Lock()
    seen = 0

    def parse(message):
        return [part * 3 for part in message["levels"]]

    def book(levels):
        total = 0
        for level in levels:
            total += level % 7
        return total

    def rank(levels):
        copy = [5, 3, 9, 1, 7, 2]
        heapify(copy)
        return copy[0] + len(levels)

    def send(message, total):
        return b"%d %d" % (total, message["id"])
"""
SUITE: Final = """
    import subject
    from time import perf_counter_ns as now
    from tailgate import Workload, benchmark

    MESSAGES = [
        {"id": n, "kind": "rare" if n % 50 == 7 else "common", "levels": list(range(4 + n * 7 % 9))}
        for n in range(1500)
    ]

    def labels(index):
        message = MESSAGES[index]
        return {"kind": message["kind"], "levels": len(message["levels"])}

    def whole(message):
        levels = subject.parse(message)
        total = subject.book(levels) + subject.rank(levels)
        return subject.send(message, total)

    def parted(message):
        a = now()
        levels = subject.parse(message)
        b = now()
        total = subject.book(levels)
        c = now()
        total += subject.rank(levels)
        d = now()
        subject.send(message, total)
        return b - a, c - b, d - c, now() - d

    @benchmark("flow/plain")
    def plain(settings):
        return Workload(MESSAGES, lambda: whole, labels=labels)

    @benchmark("flow/plain[split=stages]")
    def split(settings):
        return Workload(MESSAGES, lambda: parted, labels=labels, stages=("parse", "book", "rank", "send"))
"""
_BOOK: Final = "    total = 0\n"
_SEND: Final = "    return b"


def _named(told: Explanation, *wanted: tuple[str, str]) -> bool:
    """Tell whether any of these (kind, end of the name) was named, and no other stage before the right one."""
    first_stage = next((part.name for part in told.named if part.kind == "stage"), "")
    stages = {name for kind, name in wanted if kind == "stage"}
    found = any(part.kind == kind and part.name.endswith(name) for part in told.named for kind, name in wanted)
    return found and (not stages or not first_stage or first_stage in stages)


PLANTED: Final[dict[str, tuple[str, str, Callable[[Explanation], bool]]]] = {
    "a loop in a stage": (
        _BOOK,
        _BOOK + "    for _ in range(8): pass\n",
        lambda told: _named(told, ("stage", "book"), ("function", "subject.py book")),
    ),
    "an allocation in another": (
        _SEND,
        "    kept = [[] for _ in range(3)]\n" + _SEND,
        lambda told: _named(told, ("allocations", "subject.py send"), ("allocations", "subject.py <listcomp>")),
    ),
    "slow on a rare kind": (
        _SEND,
        '    if message["kind"] == "rare":\n        for _ in range(60): pass\n' + _SEND,
        lambda told: _named(told, ("label", "rares")),
    ),
    "a collection provoked": (
        _SEND,
        "    global seen\n    seen += 1\n    if seen % 40 == 0: gc.collect(0)\n" + _SEND,
        lambda told: _named(told, ("collections", ""), ("calls", "gc.collect>"), ("calls", "gc.collect")),
    ),
    "a lock taken": (
        "    return [part",
        "    with LOCK: pass\n    return [part",
        lambda told: _named(told, ("stage", "parse"), ("function", "subject.py parse")),
    ),
    "a module compiled no more": ("", "", lambda told: _named(told, ("module", "is Python in head"))),
    "identical": ("", "", lambda told: not told.named),
}


def can_be_planted(kind: str) -> bool:
    """Tell whether this interpreter has what is planted: a compiled heapq that can be copied."""
    return "compiled" not in kind or _compiled_heapq() is not None


def _compiled_heapq() -> Path | None:
    found = importlib.util.find_spec("_heapq")
    return Path(found.origin) if found and found.origin and found.origin.endswith(".so") else None


def plant(project: Path, kind: str) -> tuple[Side, Side, Side]:
    """Write the suite, and base, head and base once more, each in a folder of its own; return the three sides."""
    (project / "known.py").write_text(textwrap.dedent(SUITE))
    old, new, _ = PLANTED[kind]
    sides = []
    for name in ("base", "head", "control-of-base"):
        folder = project / name
        text = textwrap.dedent(SUBJECT)
        if name == "head" and old:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / "sorter").mkdir(parents=True)
        (folder / "subject.py").write_text(text)
        (folder / "sorter" / "__init__.py").write_text("")
        _heap(folder / "sorter", compiled="compiled" in kind and name != "head")
        sides.append(Side(name, WHOLE, roots=(folder,), process=name))
    return sides[0], sides[1], sides[2]


def _heap(folder: Path, *, compiled: bool) -> None:
    own = _compiled_heapq()
    if compiled and own is not None:
        shutil.copy(own, folder / own.name)
    else:
        text = Path(heapq.__file__).read_text().partition("# If available, use C implementation")[0]
        (folder / "_heapq.py").write_text(text)


def explained(project: Path, kind: str) -> Explanation:
    """Plant a regression in an empty folder and explain it."""
    base, head, control = plant(project, kind)
    place = choose_place(None, probe_seconds=0.1)
    where = {"cpu": place.cpu, "coordinator_cpus": place.coordinator_cpus}
    plan = Plan("known", project, {}, operations=OPERATIONS, **where)  # type: ignore[arg-type]  # a Place's own
    return explain((base, head, control), plan, random.Random(), 0.99, split=SPLIT)


def main() -> None:
    """Count how often each is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kinds", nargs="*", default=list(PLANTED))
    parser.add_argument("--tell", action="store_true", help="Say every explanation, not only the wrong ones.")
    options = parser.parse_args()
    right: Counter[str] = Counter()
    for run in range(options.runs):
        for kind in options.kinds:
            with tempfile.TemporaryDirectory() as folder:
                told = explained(Path(folder), kind)
            good = PLANTED[kind][2](told)
            right[kind] += good
            if options.tell or not good:
                sys.stderr.write("\n".join((f"{kind}: {'right' if good else 'WRONG'}", *sentences(told), "")))
        sys.stdout.write(f"{run + 1} runs: " + ", ".join(f"{kind} {right[kind]}" for kind in options.kinds) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
