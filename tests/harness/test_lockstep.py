"""Workers that really run, die, hang and disagree."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyperf
import pytest

from tailgate.measure import workers
from tailgate.measure.lockstep import Block, Contest, OverError, Plan, again, run_block, run_contests
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import BrokenSideError, MisplacedSubjectError, Side, SideError, UnavailableSideError
from tailgate.results import histogram, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plan(project: Path) -> Plan:
    plain = Plan(module="known", root=project, settings={}, passes=3, record=True)
    return replace(plain, discard=4, segment_ns=200_000, hang_s=60.0)


def side(name: str, **changes: Any) -> Side:
    return replace(Side(name, name), roots=(ROOT,), **changes)


def run(plan: Plan, *names: str) -> Any:
    return run_block([side(name) for name in names], plan, random.Random(1))


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    before = children()
    yield
    assert children() - before == set()


def children() -> set[str]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


def test_a_block_records_every_operation_of_every_pass_on_both_sides(plan: Plan) -> None:
    block = run(plan, "sum/plain", "sum/same")
    assert block.operations == 600
    for record in block.records:
        assert record.samples.shape == (3, 600)
        assert (record.samples > 0).all()
        assert 0.5 < record.counted.mean() < 1.0
        assert record.reproducible().tolist() == record.samples.min(axis=0).tolist()
    assert block["sum/plain"].digest == block["sum/same"].digest


def test_a_side_that_does_not_run_its_revisions_code_is_refused(plan: Plan) -> None:
    laid_out = plan.root / "build" / "base"
    laid_out.mkdir(parents=True)
    (laid_out / "code.py").write_text("")  # imported by nobody
    stale = Side("sum/plain", "sum/plain", roots=(laid_out,), replaced=(plan.root / "code.py",))
    with pytest.raises(MisplacedSubjectError, match="is not its revision: nothing was imported"):
        run_block([stale], plan, random.Random(1))


def test_the_record_is_a_pyperf_run_with_our_histograms(plan: Plan) -> None:
    record = run(plan, "sum/plain").records[0]
    bench = pyperf.Benchmark.loads(record.pyperf_json)
    metadata = bench.get_metadata()
    (pyperf_run,) = bench.get_runs()
    assert len(pyperf_run.values) == 3
    assert pyperf_run.values == pytest.approx(record.samples.mean(axis=1) * 1e-9)
    raw = histogram.decode(metadata[schema.HISTOGRAM])
    assert histogram.count(raw) == record.counted.sum() == 1800 - metadata[schema.EXCLUDED]
    assert histogram.count(histogram.decode(metadata[schema.FIRST_PASS])) == 600
    assert histogram.maximum(raw) == pytest.approx(record.raw().max(), rel=2e-3)
    assert metadata[schema.FLOOR_INSIDE] > 0


@pytest.mark.parametrize("mode", ["on", "frozen", "pauses"])
def test_the_harnesss_own_collections_are_not_counted(plan: Plan, mode: str) -> None:
    (record,) = run_block([side("sum/plain", gc=mode)], plan, random.Random(1)).records
    assert pyperf.Benchmark.loads(record.pyperf_json).get_metadata()[schema.COLLECTIONS] == 0


def test_stages_are_kept_apart(plan: Plan) -> None:
    metadata = pyperf.Benchmark.loads(run(plan, "sum/staged").records[0].pyperf_json).get_metadata()
    first = histogram.decode(metadata[f"{schema.STAGES}first"])
    assert (histogram.count(first), histogram.maximum(first)) == (1800, 3)
    assert histogram.mean(histogram.decode(metadata[f"{schema.STAGES}second"])) == 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sum/raises", r"side 'sum/raises': operation 321 raised ValueError: no such level\n  input: 321\nTraceback"),
        ("sum/killed", "'sum/killed' died in operations 85 to 340: it was killed by SIGKILL"),
        ("sum/other-answer", "do not do equal work: operation 123 is the first that differs"),
        ("sum/shorter-tape", "tapes of different lengths"),
        ("sum/nonsense", "'sum/nonsense' failed while it prepared the benchmark"),
    ],
)
def test_a_faulty_side_ends_the_block_and_nothing_is_left_running(plan: Plan, name: str, message: str) -> None:
    with pytest.raises(SideError, match=message):
        run(plan, "sum/plain", name)


def test_a_cpu_that_is_taken_is_no_fault_of_the_side(plan: Plan) -> None:
    with pytest.raises(SideError, match="may not run on CPU 4000") as caught:
        run(replace(plan, cpu=4000), "sum/plain")
    assert not isinstance(caught.value, BrokenSideError)
    with pytest.raises(BrokenSideError, match="no such level"):
        run(plan, "sum/raises")


def test_a_side_that_hangs_is_ended_at_the_limit(plan: Plan) -> None:
    with pytest.raises(SideError, match="'sum/hangs' gave no sign for 3 s in operations 85 to 340"):
        run(replace(plan, hang_s=3.0), "sum/plain", "sum/hangs")


def test_a_preparation_that_hangs_is_told_with_the_limit_that_it_had(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_PREPARATION_S", 4.0)  # a start is given at least that, whatever a reply may take
    with (plan.root / "known.py").open("a") as code:
        code.write("\n@benchmark('sum/never-ready')\ndef never(settings):\n    signal.pause()\n")
    with pytest.raises(SideError, match="'sum/never-ready' gave no sign for 4 s while it prepared"):
        run(replace(plan, hang_s=1.0), "sum/never-ready")


def test_different_answers_are_shown(plan: Plan) -> None:
    with pytest.raises(SideError) as caught:
        run(plan, "sum/plain", "sum/other-answer")
    assert "input: 123" in str(caught.value)
    assert f"sum/plain: {sum(range(23))}\n" in str(caught.value)
    assert f"sum/other-answer: {sum(range(23)) + 1}" in str(caught.value)


def test_an_unavailable_side_is_left_out_with_its_reason(plan: Plan) -> None:
    block = run(plan, "sum/plain", "sum/unavailable")
    assert [record.side.name for record in block.records] == ["sum/plain"]
    assert block.unavailable == {"sum/unavailable": "the package abacus is not installed"}
    with pytest.raises(UnavailableSideError, match="no side can run here"):
        run(plan, "sum/unavailable")


def test_an_interpreter_that_does_not_exist_is_an_error_of_that_side(plan: Plan) -> None:
    with pytest.raises(SideError, match="side 'sum/plain' cannot be started: /no/python"):
        run_block([side("sum/plain", python="/no/python")], plan, random.Random(1))


def test_the_environment_of_a_side_reaches_its_worker_and_nothing_else_does(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAILGATE_STRAY", "1")
    (plan.root / "envs.py").write_text(
        "import os\nfrom tailgate import Workload, benchmark\n"
        "@benchmark('env/seen')\ndef seen(s):\n"
        "    told = (os.environ.get('CHOSEN'), os.environ.get('TAILGATE_STRAY'), s)\n"
        "    return Workload([0] * 20, lambda: lambda _: told)\n"
    )
    told = [
        run_block(
            [side("env/seen", env={"CHOSEN": chosen})],
            replace(plan, module="envs", settings={"a": 1}),
            random.Random(1),
        )
        .records[0]
        .digest
        for chosen in ("one", "one", "two")
    ]
    assert told[0] == told[1] != told[2]


def test_a_budget_of_time_shortens_the_tape_for_all_sides_alike(plan: Plan) -> None:
    block = run(replace(plan, process_budget_s=1e-6), "sum/plain", "sum/same")
    assert block.operations == 1
    assert {record.samples.shape for record in block.records} == {(3, 1)}


def test_a_known_slowdown_shows_and_the_same_code_does_not(plan: Plan) -> None:
    slow = Side("slow", "sum/plain", roots=(ROOT,), injection=Injection("spin", 3_000))
    blocks = [run_block([side("sum/plain"), side("sum/same"), slow], plan, random.Random(i)) for i in range(3)]
    medians = [[float(np.median(record.reproducible())) for record in block.records] for block in blocks]
    base, same, slower = (min(column) for column in zip(*medians, strict=True))  # a stall may take a block, not three
    assert slower > 1.5 * base
    assert same < 1.5 * base


def test_the_sides_take_turns_over_the_same_segments(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[list[int]]] = []
    read_text = Path.read_text

    def spy(self: Path, *arguments: Any, **named: Any) -> str:
        text = read_text(self, *arguments, **named)
        if self.name.endswith(".edges"):
            seen.append([list(map(int, line.split())) for line in text.splitlines()])
        return text

    monkeypatch.setattr(Path, "read_text", spy)
    run(plan, "sum/plain", "sum/same")
    assert len(seen) == 2
    assert seen[0] == seen[1]  # the same segments on both sides
    assert len({tuple(edges) for edges in seen[0]}) == 3  # and other edges in every pass
    assert all(edges[0] > 0 for edges in seen[0])  # the start of a pass is no hand-over within it
    assert json.dumps(seen)  # plain integers


def contests(plan: Plan, *groups: tuple[str, ...]) -> list[Contest]:
    """Return contests of these benchmarks; the n-th sides of all of them share a process."""
    return [
        Contest(names[0], tuple(side(name, process=str(n)) for n, name in enumerate(names)), plan) for names in groups
    ]


def outcomes(groups: list[Contest]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    run_contests(groups, random.Random(1), lambda name, outcome: found.update({name: outcome}))
    return found


def test_one_process_carries_many_benchmarks(plan: Plan) -> None:
    (plan.root / "pids.py").write_text(
        "import os\nfrom tailgate import Workload, benchmark\nITEMS = list(range(300))\n"
        + "".join(
            f"@benchmark('{path}/{name}')\ndef {path}_{name}(s):\n    return Workload(ITEMS, lambda: abs)\n"
            for path in ("one", "two", "three")
            for name in ("a", "b")
        )
    )
    groups = contests(replace(plan, module="pids"), *((f"{p}/a", f"{p}/b") for p in ("one", "two", "three")))
    found = outcomes(groups)
    pids = {name: [record.ready["pid"] for record in block.records] for name, block in found.items()}
    assert set(pids) == {"one/a", "two/a", "three/a"}
    first = pids["one/a"]
    assert len(set(first)) == 2
    assert all(each == first for each in pids.values())
    assert all(record.samples.shape == (3, 300) for block in found.values() for record in block.records)


def test_two_sides_of_a_contest_may_share_a_process_and_its_layout(plan: Plan) -> None:
    plain, slow = (replace(side("sum/plain"), name=n, process="one") for n in ("plain", "slow"))
    found = outcomes([Contest("x", (plain, replace(slow, injection=Injection("spin", 3_000))), plan)])
    medians = [float(np.median(record.reproducible())) for record in found["x"].records]
    assert len({record.ready["pid"] for record in found["x"].records}) == 1
    assert medians[1] > 1.5 * medians[0]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("sum/raises", "no such level"),
        ("sum/killed", "killed by SIGKILL"),
        ("sum/hangs", "gave no sign"),
        ("sum/nonsense", "while it prepared the benchmark"),
        ("sum/dies-early", "died while it prepared the benchmark"),
        ("sum/other-answer", "do not do equal work"),
    ],
)
def test_a_faulty_benchmark_costs_the_others_in_its_process_nothing(plan: Plan, bad: str, message: str) -> None:
    with (plan.root / "known.py").open("a") as code:
        code.write("\n@benchmark('sum/dies-early')\ndef early(settings):\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    groups = contests(replace(plan, hang_s=6.0), ("sum/same", "sum/plain"), (bad, "sum/plain"), ("sum/staged",))
    found = outcomes(groups)
    assert message in str(found[bad])
    assert isinstance(found[bad], SideError)
    assert isinstance(found["sum/same"], Block)
    assert isinstance(found["sum/staged"], Block)


def test_a_suite_that_cannot_be_imported_fails_all_of_its_benchmarks_at_once(plan: Plan) -> None:
    found = outcomes(contests(replace(plan, module="absent"), ("sum/plain",), ("sum/same",)))
    assert all("cannot be imported" in str(each) and isinstance(each, BrokenSideError) for each in found.values())
    assert len(found) == 2


def test_what_is_known_is_neither_replayed_cold_nor_checked_again(plan: Plan) -> None:
    known = again(replace(plan, record=False), 500)
    block = run_block([side("sum/plain"), side("sum/other-answer")], known, random.Random(1))
    assert block.operations == 500
    assert [record.digest for record in block.records] == ["", ""]
    assert "cold pass" not in known.timing.seconds
    assert {"passes", "warm-up", "start"} <= set(known.timing.seconds)
    inside = known.timing.inside
    assert inside["samples"] < inside["segments, the harness among them"]
    assert all(inside[f"{part}, in all processes"] > 0 for part in ("starts", "imports of the suite", "tapes"))
    turns = inside["segments, the harness among them"] + inside["hand-overs"]
    assert turns <= known.timing.seconds["passes"] + known.timing.seconds["warm-up"]
    assert {"spent", "began"}.isdisjoint(block.records[0].ready)


def test_answers_that_may_differ_are_noted_and_the_block_is_measured(plan: Plan) -> None:
    sides = [side("sum/plain"), side("sum/other-answer", may_differ=True)]
    block = run_block(sides, plan, random.Random(1))
    assert block.operations == 600
    assert "operation 123 is the first that differs" in block.unequal["sum/other-answer"]
    assert not run_block([side("sum/plain"), side("sum/same", may_differ=True)], plan, random.Random(1)).unequal


def test_operations_that_are_timed_in_batches_are_fewer_samples_and_held_to_equal_answers(plan: Plan) -> None:
    one, other = (
        run_block([side("sum/plain"), side("sum/same")], replace(plan, batch=size), random.Random(1)) for size in (1, 6)
    )
    assert (one.operations, other.operations) == (600, 100)
    assert other["sum/plain"].samples.shape == (3, 100)
    assert other["sum/plain"].digest == other["sum/same"].digest != one["sum/plain"].digest
    with pytest.raises(SideError, match="do not do equal work"):
        run_block([side("sum/plain"), side("sum/other-answer")], replace(plan, batch=6), random.Random(1))


ODD = """
import os, signal
from tailgate import Workload, benchmark

def fails():
    raise RuntimeError("no state today")

def work(item):
    return sum(range(40))

@benchmark("bad/a")
def bad(settings):
    return Workload([None] * 300, fails)

@benchmark("bad/b")
@benchmark("good/a")
@benchmark("good/b")
def good(settings):
    return Workload([None] * 300, lambda: work, repeats=True)

@benchmark("last/a")
@benchmark("last/b")
def last(settings):
    return Workload([None] * 300, lambda: work, close=lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


def odd(plan: Plan) -> Plan:
    (plan.root / "odd.py").write_text(ODD)
    return replace(plan, module="odd")


def test_a_side_that_fails_to_begin_leaves_the_others_of_its_process_in_step(plan: Plan) -> None:
    found = outcomes(contests(odd(plan), ("bad/b", "bad/a"), ("good/a", "good/b")))
    assert "no state today" in str(found["bad/b"])
    assert [record.samples.shape for record in found["good/a"].records] == [(3, 300)] * 2


def test_one_input_repeated_is_replayed_in_a_single_turn_where_a_pass_is_no_longer(plan: Plan) -> None:
    (block,) = outcomes(contests(odd(replace(plan, segment_ns=10**9)), ("good/a", "good/b"))).values()
    assert all(record.counted.all() for record in block.records)  # no switch within a pass


def test_what_was_measured_outlives_a_process_that_dies_while_it_leaves(plan: Plan) -> None:
    (block,) = outcomes(contests(odd(plan), ("last/a", "last/b"))).values()
    assert isinstance(block, Block)


def test_what_time_does_not_come_to_is_not_begun(plan: Plan) -> None:
    groups = contests(plan, ("sum/plain", "sum/same"), ("sum/same", "sum/plain"))
    found: dict[str, Any] = {}

    def is_over() -> bool:
        return bool(found)

    run_contests(groups, random.Random(1), lambda name, outcome: found.update({name: outcome}), is_over=is_over)
    assert sorted(type(each) is OverError for each in found.values()) == [False, True]
