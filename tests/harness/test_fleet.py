"""A Dask cluster on loopback: blocks run once and count once, whatever dies; what travels; who may measure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import fleet
from tailgate.errors import TailgateError
from tailgate.fleet.crew import RESOURCE, Crew, FleetRules, NoWorkersError, SchedulerGoneError, connect
from tailgate.judge.blocks import BlockOrder, BlockReport, Found, Spot
from tailgate.measure.lockstep import Contest, Plan
from tailgate.measure.sides import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
UNFIT_TOO = FleetRules(unfit=True, grace_s=20.0, patience_s=20.0)
"""A machine on which other tests run may be called unfit: what is tested here does not depend on it."""

SUITE = """
    import os
    from pathlib import Path
    from tailgate import Workload, benchmark
    import subject

    @benchmark("sum/plain")
    def plain(settings):
        tape = Path(settings["tape"]).read_text() if settings.get("tape") else ""
        with Path(os.environ["WITNESS"]).open("a") as out:
            out.write(f"{os.getppid()} {Path(subject.__file__).parent} {tape}\\n")
        return Workload(list(range(200)), lambda: subject.work)

    @benchmark("sum/dies")
    def dies(settings):
        def operation(item):
            if item == 20:
                os.kill(os.getpid(), 9)
        return Workload(list(range(200)), lambda: operation)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TAILGATE_FLEET_CACHE", str(folder))
    return folder


@pytest.fixture
def start(tmp_path: Path, cache: Path) -> Iterator[Callable[..., str]]:
    """Start a cluster of so many workers; return its address."""
    folder = tmp_path / "fleet"
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this interpreter has one CPU alone")

    def up(workers: int, *, hosts: bool = False) -> str:
        # A process of its own: what it leaves running is nobody's child here.
        more = ["--rehearse-hosts"] if hosts else []
        command = [sys.executable, str(ROOT / "scripts" / "fleet.py"), "--folder", str(folder), "up"]
        subprocess.run([*command, "--workers", str(workers), "--port", "0", *more], check=True, timeout=60)
        return fleet.state(folder)[0]

    yield up
    fleet.down(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "known.py").write_text(textwrap.dedent(SUITE))
    (folder / "subject.py").write_text("def work(item):\n    return item * 3\n")
    return folder


def order(project: Path, name: str = "sum/plain", seed: int = 1, **more: object) -> BlockOrder:
    plan = Plan("known", project, {}, passes=2, operations=200, env={"WITNESS": str(project.parent / "witness")})
    contest = Contest(name, (Side("a", name), Side("b", name)), plan)
    return BlockOrder((contest,), seed)


def orders(project: Path, count: int) -> list[BlockOrder]:
    return [order(project, seed=number) for number in range(count)]


def counting(folder: Path) -> Callable[[BlockOrder, Spot], BlockReport]:
    """Return a stand-in for a block that takes a tenth of a second, and notes on disk that it was begun and ended."""

    def run(order: BlockOrder, spot: Spot) -> BlockReport:
        import os
        import time
        from pathlib import Path

        from tailgate.documents.comparison import Series
        from tailgate.judge.blocks import BlockReport

        place = Path(folder)
        with (place / "begun").open("a") as out:
            out.write(f"{order.seed} {os.getpid()} {spot.cpu} {time.monotonic_ns()}\n")
        time.sleep(0.1)
        with (place / "ended").open("a") as out:
            out.write(f"{order.seed} {os.getpid()} {spot.cpu} {time.monotonic_ns()}\n")
        return BlockReport((Found(order.contests[0].name, Series(operations=order.seed)),), spot.cpu, 0.1)

    return run


def seeds(reports: Sequence[BlockReport]) -> list[int]:
    return [report.found[0].series.operations for report in reports]


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_a_block_runs_on_a_worker_as_here_from_parcels_that_travel_once(
    start: Callable[..., str], project: Path, tmp_path: Path, cache: Path
) -> None:
    said: list[str] = []
    with Crew(start(2), tmp_path, UNFIT_TOO, say=said.append) as crew:
        reports = crew.run(orders(project, 4))
    for report in reports:
        (found,) = report.found
        assert found.error is None
        assert found.series.operations == 200
        assert len(found.series.rows["raw"]["a"]) == 1
        assert report.host
    assert len([line for line in said if line.startswith("sending project")]) == 1  # one host, two workers
    laid_out = {line[1] for line in lines(tmp_path / "witness")}
    assert len(laid_out) == 1
    assert Path(laid_out.pop()).is_relative_to(cache)
    assert os.getpid() not in {int(line[0]) for line in lines(tmp_path / "witness")}
    (host,) = crew.told()
    assert (host.blocks, host.left_out, host.differs) == (4, "", ())
    assert host.fitness


def test_one_block_at_a_time_on_each_cpu_and_equal_calls_run_each(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    equal = [order(project, seed=5)] * 6
    with Crew(start(2), tmp_path, UNFIT_TOO, run=counting(tmp_path)) as crew:
        assert len(crew) == 2
        assert seeds(crew.run(equal)) == [5] * 6
    begun, ended = lines(tmp_path / "begun"), lines(tmp_path / "ended")
    assert len(begun) == len(ended) == 6
    for cpu in {line[2] for line in begun}:
        since, until = (sorted(int(line[3]) for line in which if line[2] == cpu) for which in (begun, ended))
        assert len(since) == len(until) >= 2
        assert all(end <= following for end, following in zip(until, since[1:], strict=False))


def test_a_benchmark_that_kills_its_process_does_not_take_the_worker_down(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    with Crew(start(1), tmp_path, UNFIT_TOO) as crew:
        # What Dask's client says of itself now and then, between two of its own questions: nobody is there.
        crew._client.scheduler_info = lambda **_: {"workers": {}}
        died, lived = crew.run([order(project, "sum/dies"), order(project)])
        assert len(crew) == 1
    assert "was killed by SIGKILL" in str(died.found[0].error)
    assert lived.found[0].error is None
    assert crew.lost.total() == 0


def test_workers_killed_twenty_times_lose_no_block_and_none_counts_twice(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    address = start(2)
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not over.is_set() and len(killed) < 20:
            begun = Counter(int(line[1]) for line in lines(tmp_path / "begun"))
            for pid in (each for each, blocks in begun.items() if blocks > 2 and each not in killed):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            over.wait(0.02)

    with Crew(address, tmp_path, UNFIT_TOO, run=counting(tmp_path)) as crew:
        killer = threading.Thread(target=kill)
        killer.start()
        wanted: list[int] = []
        got: list[int] = []
        try:
            while len(killed) < 20:
                next_ones = [order(project, seed=len(wanted) + n) for n in range(10)]
                wanted += [each.seed for each in next_ones]
                got += seeds(crew.run(next_ones))
        finally:
            over.set()
            killer.join()
        hosts = crew.told()
    assert len(killed) == 20
    assert got == wanted
    assert sum(host.blocks for host in hosts) == len(wanted)
    begun = len(lines(tmp_path / "begun"))
    assert begun > len(wanted)  # some ran twice, and counted once
    assert crew.lost.total() >= 10  # the others were killed between two blocks


def test_a_resource_that_nobody_offers_is_said_with_the_line_to_start_a_worker(tmp_path: Path, cache: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        address = cluster.scheduler_address
        began = time.monotonic()
        with pytest.raises(NoWorkersError, match=f"none of its 1 workers offers {RESOURCE}") as caught:
            Crew(address, tmp_path, FleetRules(grace_s=1.0)).__enter__()
        assert time.monotonic() - began < 10.0
    assert caught.value.hint == (
        f'on each host: dask worker {address} --nworkers 1 --nthreads 1 --resources "{RESOURCE}=1"'
    )


def test_a_scheduler_that_goes_ends_the_run_with_what_it_has(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    address = start(2)
    scheduler = fleet.state(tmp_path / "fleet")[1][0]

    def stop() -> None:
        while len(lines(tmp_path / "ended")) < 4:
            time.sleep(0.02)
        os.kill(scheduler.pid, signal.SIGKILL)

    rules = FleetRules(unfit=True, grace_s=3.0, patience_s=3.0)
    with Crew(address, tmp_path, rules, run=counting(tmp_path)) as crew:
        stopper = threading.Thread(target=stop)
        stopper.start()
        with pytest.raises(SchedulerGoneError) as caught:
            crew.run([order(project, seed=number) for number in range(200)])
        stopper.join()
    done = seeds(caught.value.done)
    assert done == sorted(set(done))
    assert len(done) >= 2


def test_a_worker_that_never_comes_back_ends_the_run_with_what_it_has(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    address = start(1)
    nanny = fleet.state(tmp_path / "fleet")[1][1]

    def stop() -> None:
        while len(lines(tmp_path / "ended")) < 3:
            time.sleep(0.02)
        for child in nanny.process().children(recursive=True):  # type: ignore[union-attr]  # it is up
            child.kill()
        os.kill(nanny.pid, signal.SIGKILL)

    said: list[str] = []
    rules = FleetRules(unfit=True, grace_s=20.0, patience_s=2.0)
    with Crew(address, tmp_path, rules, run=counting(tmp_path), say=said.append) as crew:
        os_killer = threading.Thread(target=stop)
        os_killer.start()
        with pytest.raises(NoWorkersError, match="it has no worker") as caught:
            crew.run([order(project, seed=number) for number in range(200)])
        os_killer.join()
    assert "nobody measures any more; waiting 2 s for a worker" in said
    assert len(caught.value.done) >= 2


def test_a_host_that_differs_is_told_and_kept_out_where_that_is_asked_for(
    start: Callable[..., str], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tailgate.fleet import crew as module
    from tailgate.fleet.hosts import software

    other = replace(software(), python="CPython 3.11.0", packages={**software().packages, "numpy": "1.0"})
    monkeypatch.setattr(module, "software", lambda: other)
    address = start(1)
    with Crew(address, tmp_path, UNFIT_TOO) as crew:
        (host,) = crew.told()
        assert len(host.differs) == 2
        assert host.differs[0].endswith("in place of CPython 3.11.0")
        assert "in place of 1.0" in host.differs[1]
    for refused in ("python", "packages"):
        rules = FleetRules(refused=(refused,), unfit=True, grace_s=20.0)
        with pytest.raises(NoWorkersError, match=r"may measure: tcp://.* in place of"):
            Crew(address, tmp_path, rules).__enter__()


def test_each_rehearsed_host_is_named_and_an_unable_one_is_left_out(
    start: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    rules = FleetRules(unfit=True, grace_s=20.0, patience_s=2.0)
    with Crew(start(2, hosts=True), tmp_path, rules, run=counting(tmp_path)) as crew:
        assert sorted(crew.hosts) == ["rehearsed-0", "rehearsed-1"]
        reports = crew.run([order(project, seed=number) for number in range(8)])
        assert {report.host for report in reports} == {"rehearsed-0", "rehearsed-1"}
        (contest,) = order(project).contests
        gone = Side("a", "sum/plain", env={"LD_PRELOAD": "/nonexistent/libmalloc.so"})
        with pytest.raises(NoWorkersError, match=r"it has no /nonexistent/libmalloc.so"):
            crew.run([BlockOrder((Contest("sum/plain", (gone,), contest.plan),), 1)])


def test_no_scheduler_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match=r"there is no scheduler at tcp://127.0.0.1:9"):
        connect("tcp://127.0.0.1:9")


JUDGED = """
    from subject import work
    from tailgate import Axis, Benchmark, Workload

    def prepare(levels, settings):
        loops = {"fast": -30, "slow": 200}.get(levels.get("parse", ""), 0)
        return Workload(list(range(600)), lambda: lambda item: work(item, loops))

    def make(levels):
        role = "" if levels else "recommended"
        return Benchmark("sum", "plain", lambda settings: prepare(levels, settings), levels, role)

    def benchmarks():
        return [make({})]

    def resolve(name):
        return make(dict(part.split("=") for part in name.partition("[")[2][:-1].split(",")))

    def axes(name):
        return [Axis("parse", ("plain", "fast", "slow"))]
"""
CONFIG = """
[tool.tailgate]
benchmarks = "known"
subject = ["subject.py"]

[tool.tailgate.gate]
benchmarks = ["sum/plain"]
operations = 600
passes = 2
"""
WORK = "def work(item, loops=0):\n    for _ in range({loops} + loops + item % 7):\n        pass\n    return item\n"


def told(project: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tailgate.cli", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TAILGATE_HISTORY": "off"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    folder = tmp_path / "judged"
    folder.mkdir()
    (folder / "known.py").write_text(textwrap.dedent(JUDGED))
    (folder / "subject.py").write_text(WORK.format(loops=300))
    (folder / "pyproject.toml").write_text(CONFIG)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        words = ["git", "-c", "user.name=n", "-c", "user.email=e@x", "-C", str(folder), *command]
        subprocess.run(words, check=True)
    return folder


def test_a_gate_by_a_fleet_finds_what_one_here_finds_and_names_the_host(
    start: Callable[..., str], judged: Path
) -> None:
    (judged / "subject.py").write_text(WORK.format(loops=450))
    asked = ("gate", "--quick", "--base", "HEAD", "--head", "worktree", "--budget", "60")
    here, out, err = told(judged, *asked)
    assert (here, "REGRESSION" in out) == (1, True), out + err
    there, out, err = told(judged, *asked, "--scheduler", start(2), "--unfit-hosts")
    assert (there, "REGRESSION" in out) == (1, True), out + err
    assert "host " in out
    assert " blocks; " in out


def test_a_search_by_a_fleet_finds_the_level_that_is_faster(start: Callable[..., str], judged: Path) -> None:
    how = ("--operations", "600", "--passes", "2", "--budget", "100", "--margin", "0.03", "--objective", "p50")
    status, out, err = told(judged, "search", *how, "--scheduler", start(2), "--unfit-hosts")
    assert status in {0, 3}, out + err
    assert "parse=fast" in out
    assert " blocks; " in out
