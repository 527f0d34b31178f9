"""Tails whose causes are known: the anatomy names each with its share."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tailgate.documents.anatomy import Anatomy, Share
from tailgate.documents.envelope import load
from tailgate.measure.lockstep import Plan, SideRecord, run_block
from tailgate.measure.observe import EVERYTHING, SWITCHES
from tailgate.measure.sides import Side
from tailgate.profilers.anatomy import anatomy_of
from tailgate.profilers.sentinel import sentinel
from tailgate.results.anatomy_report import sentences, write_anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUITE = """
    import gc, time
    from tailgate import Workload, benchmark

    def work(item):
        return sum(range(30))

    @benchmark("tail/lists")
    def lists(settings):
        # Every 97th operation allocates a large list.
        def operation(item):
            if item % 97 == 0:
                return len([None] * 200_000)
            return work(item)
        labels = lambda i: {"kind": "list" if i % 97 == 0 else "sum", "bytes": i % 500, "odd": bool(i % 2)}
        return Workload(range(3880), lambda: operation, labels=labels)

    @benchmark("tail/collects")
    def collects(settings):
        # Every 1,000th operation forces a collection, of everything.
        heap = [[n] for n in range(20_000)]
        def operation(item):
            if item % 1000 == 999:
                gc.collect()
            return work(item)
        def start():
            gc.unfreeze()
            return operation
        return Workload(range(8000), start)

    @benchmark("tail/long")
    def long(settings):
        def operation(item):
            return sum(range(1500))
        return Workload(range(4000), lambda: operation)

    @benchmark("tail/sleeps")
    def sleeps(settings):
        def operation(item):
            if item % 200 == 199:
                time.sleep(0.0002)
            return work(item)
        return Workload(range(2000), lambda: operation)

    @benchmark("tail/touches")
    def touches(settings):
        # Every 100th operation maps and touches fresh pages.
        import mmap
        def operation(item):
            if item % 100 == 99:
                with mmap.mmap(-1, 16 * mmap.PAGESIZE) as pages:
                    for page in range(16):
                        pages[page * mmap.PAGESIZE] = 1
            return work(item)
        return Workload(range(2000), lambda: operation)
"""
GENERATION_2 = "a collection of generation 2"
INVOLUNTARY = "an involuntary context switch"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tails.py").write_text(textwrap.dedent(SUITE))
    return tmp_path


def observed(folder: Path, name: str, cpu: int | None = None) -> SideRecord:
    plan = Plan("tails", folder, {}, passes=5, discard=0, segment_ns=30_000_000, observe=EVERYTHING, cpu=cpu)
    return run_block([Side(name, f"tail/{name}")], plan, random.Random(1)).records[0]


def dissected(folder: Path, name: str, percentile: float = 99.0, cpu: int | None = None) -> Anatomy:
    return anatomy_of([observed(folder, name, cpu)], percentile)


def share(shares: tuple[Share, ...], name: str) -> Share:
    return next(each for each in shares if each.name == name)


def needs_perf_events(anatomy: Anatomy) -> None:
    if any("perf_event_open" in note for note in anatomy.notes):
        pytest.skip("; ".join(anatomy.notes))


def test_the_operations_that_allocate_large_lists_are_the_reproducible_tail(folder: Path) -> None:
    anatomy = dissected(folder, "lists")
    lists = anatomy.reproducible.labels[0]
    assert lists.name == "lists"
    assert lists.whole_count == 40
    assert lists.whole_share == pytest.approx(40 / 3880)
    assert anatomy.reproducible.count == 38  # of 3,880, above the value of rank ceil(0.99 x 3,880)
    assert lists.tail_share >= 0.95
    assert share(anatomy.raw.labels, "lists").tail_share >= 0.6
    assert any(each.endswith("of the reproducible p99 are lists (1.0 % of the tape)") for each in sentences(anatomy))


def test_a_label_that_explains_nothing_gets_no_sentence(folder: Path) -> None:
    anatomy = dissected(folder, "lists")
    assert not any("odd" in each or "symbol" in each for each in sentences(anatomy))


def test_forced_collections_are_found_in_every_pass(folder: Path) -> None:
    anatomy = dissected(folder, "collects", 99.9)
    raw, reproducible = (share(tail.causes, GENERATION_2) for tail in (anatomy.raw, anatomy.reproducible))
    assert raw.whole_count == 40  # eight a pass, five passes
    assert raw.tail_count >= 25  # the machine has tails of its own
    assert reproducible.whole_count == 8
    assert reproducible.tail_share >= 0.75  # of eight
    assert any(f"fall together with {GENERATION_2} (0.1 % of the tape)" in each for each in sentences(anatomy))


def test_a_wait_is_no_involuntary_switch(folder: Path) -> None:
    anatomy = dissected(folder, "sleeps")
    needs_perf_events(anatomy)
    waits = share(anatomy.reproducible.causes, "a wait of its own (a lock, a file)")
    assert waits.whole_count == 10
    assert waits.tail_count == 10
    assert waits.tail_share == pytest.approx(10 / anatomy.reproducible.count)


def test_page_faults_fall_where_fresh_pages_are_touched(folder: Path) -> None:
    anatomy = dissected(folder, "touches")
    needs_perf_events(anatomy)
    faults = share(anatomy.reproducible.causes, "a page fault")
    assert 19 <= faults.whole_count <= 22
    assert faults.tail_share >= 0.9


@pytest.fixture
def thief() -> Iterator[int]:
    """Let a sibling spin on a CPU, and yield the CPU."""
    cpu = min(os.sched_getaffinity(0))
    code = f"import os\nos.sched_setaffinity(0, {{{cpu}}})\nprint(flush=True)\nwhile True: pass"
    sibling = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert sibling.stdout is not None
    sibling.stdout.readline()
    yield cpu
    sibling.kill()
    sibling.communicate()


def test_a_sibling_that_steals_the_cpu_is_named(folder: Path, thief: int) -> None:
    record = observed(folder, "long", cpu=thief)
    anatomy = anatomy_of([record], 99.0)
    needs_perf_events(anatomy)
    stolen = share(anatomy.raw.causes, INVOLUNTARY)
    counted = anatomy.counters["involuntary_switches"]
    assert counted >= 10
    assert len(record.observed[SWITCHES][record.observed[SWITCHES][:, 2] == 1]) == pytest.approx(
        counted, rel=0.05, abs=5
    )
    assert 10 <= stolen.whole_count <= counted  # some fall between two samples, where the baton is passed
    assert stolen.tail_count >= 0.9 * stolen.whole_count  # whoever is preempted is in the tail
    assert share(anatomy.reproducible.causes, INVOLUNTARY).whole_count == 0
    assert dict(anatomy.raw.why)[INVOLUNTARY] == pytest.approx(stolen.tail_share, abs=0.1)


def test_an_anatomy_is_read_back_as_it_was_written(folder: Path) -> None:
    anatomy = dissected(folder, "lists")
    written = write_anatomy(anatomy, folder / "anatomy")
    assert load(written[0], Anatomy) == anatomy
    assert "# Anatomy of the tail: tail/lists" in written[1].read_text()


def test_a_sentinel_runs_beside_and_brings_its_gaps(folder: Path) -> None:
    cpu = max(os.sched_getaffinity(0))
    with sentinel(cpu, folder) as seen:
        record = observed(folder, "long")
    assert seen.gaps.shape[1] == 2
    assert len(seen.gaps) >= 2  # begin and end of the watch
    assert (seen.gaps[:, 1] >= seen.gaps[:, 0]).all()
    starts = record.observed["starts"]
    assert ((seen.gaps[:, 0] > starts.max() - 60e9) & (seen.gaps[:, 0] < starts.max() + 60e9)).all()  # one clock
    anatomy = anatomy_of([record], 99.0, [seen.gaps])
    assert anatomy.processes == 1
