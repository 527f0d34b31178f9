"""Each profiler on a benchmark whose hot function is known; refusals with the way out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.profilers import profile, py_spy
from tailgate.profilers.catalogue import PROFILERS
from tailgate.profilers.launch import ProfilerError
from tailgate.profilers.profile import Job, Recorded, run_profile, tool, write_comparison
from tailgate.results.profile_report import comparison_table

if TYPE_CHECKING:
    from tailgate.profilers.profile import Profile

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
    import os
    import time

    from tailgate import Workload, benchmark

    def hot(item):
        kept = []
        for number in range(150):
            kept.append((number, item))
        return kept

    def mild(item):
        return [(number, item) for number in range(15)]

    def both(item):
        hot(item)
        return mild(item)

    @benchmark("known/both")
    def declared(settings):
        return Workload(list(range(300)), lambda: both)

    @benchmark("known/mild")
    def alone(settings):
        return Workload(list(range(300)), lambda: mild)

    @benchmark("known/keeps")
    def keeps(settings):
        def start():
            kept = []
            return lambda item: kept.append(hot(item))
        return Workload(list(range(300)), start)

    def deep(depth, item):
        return deep(depth - 1, item) if depth else hot(item)

    @benchmark("known/deep")
    def keeps_deep(settings):
        def start():
            kept = []
            return lambda item: kept.append(deep(15, item))
        return Workload(list(range(300)), start)

    @benchmark("known/silent")
    def silent(settings):
        return Workload(list(range(300)), lambda: id)

    def mostly_waits(item):
        for _ in range(40):
            mild(item)
        time.sleep(0.004)

    @benchmark("known/waits")
    def waits(settings):
        return Workload(list(range(100)), lambda: mostly_waits)

    def of_the_child(item):
        for _ in range(60):
            hot(item)

    def forks(item):
        child = os.fork()
        if not child:
            of_the_child(item)
            os._exit(0)
        for _ in range(60):
            hot(item)
        os.waitpid(child, 0)

    @benchmark("known/forks")
    def forking(settings):
        return Workload(list(range(60)), lambda: forks)

    def prepared():
        return sum(number for number in range(8_000_000))

    @benchmark("known/prepared")
    def slow_to_prepare(settings):
        prepared()
        return Workload(list(range(300)), lambda: both)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "known.py").write_text(textwrap.dedent(SUITE))
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate]\nbenchmarks = "known"\n')
    return tmp_path


NAMING: Final = "import sys; sys.exit(sys.version_info < (3, 13) or not sys.is_stack_trampoline_active())"


@cache
def naming_python() -> str:
    """Find an interpreter that names its functions to perf, among those on PATH and those of pyenv."""
    installed = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[3-9]*/bin/python"))
    for python in (sys.executable, *(shutil.which(f"python3.{minor}") for minor in (13, 14)), *installed):
        if python and not subprocess.run([python, "-X", "perf_jit", "-c", NAMING], check=False).returncode:
            return str(python)
    pytest.skip("no CPython of 3.13 or later is on PATH")


def profiled(name: str, project: Path, benchmark: str = "known/both", python: str = sys.executable) -> Profile:
    plan = Plan("known", project, {})
    folder = profile.folder_of(project / "build", name, benchmark)
    seconds = 3.0 if name in {"py-spy", "scalene"} else 0.6  # samplers: 100 or 250 looks a second want something to see
    return run_profile(PROFILERS[name], Job(Side(benchmark, benchmark, python=python), plan, folder, seconds))


def needs(package: str) -> None:
    if package == "py-spy":
        if tool("py-spy") is None:
            pytest.skip("py-spy is not installed")
    elif find_spec(package) is None:  # not imported: scalene changes the locale of whoever imports it
        pytest.skip(f"{package} is not installed")


@pytest.mark.parametrize(
    ("name", "package", "own"),
    [
        ("memray", "memray", {"memray.bin", "flamegraph.html", "table.html"}),
        ("py-spy", "py-spy", {"py-spy.speedscope.json"}),
        ("scalene", "scalene", {"scalene.json", "scalene.html"}),
        ("cprofile", "cProfile", {"profile.prof"}),
    ],
)
def test_a_profiler_names_the_hot_function_and_leaves_its_files(
    project: Path, name: str, package: str, own: set[str]
) -> None:
    needs(package)
    made = profiled(name, project)
    by_function: Counter[str] = Counter()
    for hot in made.lines:
        by_function[hot.frame.function.partition(" ")[0]] += hot.share  # type: ignore[assignment]  # typeshed: of ints
    assert by_function.most_common(1)[0][0].startswith("hot")
    assert {hot.frame.file for hot in made.lines if hot.frame.function.startswith("hot")} == {"known.py"}
    assert sum(hot.share for hot in made.lines if hot.frame.function.startswith("hot")) > 0.3
    assert sum(hot.share for hot in made.lines) == pytest.approx(1.0)
    assert own <= {path.name for path in made.folder.iterdir()}
    assert made.recorded.operations >= 300
    assert made.document.slowdown > 0
    page = (made.folder / "summary.md").read_text()
    assert "known.py:" in page
    assert "times that under it" in page


def test_scalene_tells_nothing_of_what_comes_before_the_operations(project: Path) -> None:
    needs("scalene")
    made = profiled("scalene", project, "known/prepared")  # preparing takes about as long as the replay
    assert sum(hot.share for hot in made.lines if hot.frame.function.startswith("hot")) > 0.3
    assert not [hot for hot in made.lines if hot.frame.function in {"prepared", "pthread_sigmask"}]


def test_stacks_leave_a_flame_graph_and_a_speedscope_file(project: Path) -> None:
    needs("memray")
    made = profiled("memray", project)
    plain = json.loads((made.folder / "stacks.speedscope.json").read_text())
    names = {frame["name"] for frame in plain["shared"]["frames"]}
    assert {"both", "hot"} <= names
    assert "run_over" not in names  # only what is inside of operations
    assert "declared" not in names
    assert "<title>hot (known.py)" in (made.folder / "flame.svg").read_text()
    assert made.document.per_operation >= 165  # a tuple each


def test_tracemalloc_tells_what_a_pass_keeps(project: Path) -> None:
    made = profiled("tracemalloc", project, "known/keeps")
    assert made.lines[0].frame.function == "hot"
    assert made.recorded.unit == "bytes"
    assert made.document.per_operation > 150 * 56  # a tuple of two each, all of them kept
    deep = profiled("tracemalloc", project, "known/deep")  # its stacks are deeper than those that are kept
    assert deep.document.per_operation == pytest.approx(made.document.per_operation, rel=0.05)
    assert deep.lines[0].frame.function == "hot"
    assert profiled("tracemalloc", project, "known/mild").document.per_operation < 100


def test_two_are_shown_side_by_side(project: Path) -> None:
    needs("memray")
    one, other = (profiled("memray", project, name) for name in ("known/both", "known/mild"))
    table = comparison_table(one.document, other.document)
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["hot (known.py)"][1] == "0.00"
    assert float(rows["hot (known.py)"][0]) > 150
    written = write_comparison(one, other, project / "between")
    assert [path.name for path in written] == ["compare.md", "difference.svg"]
    assert "points" in written[1].read_text()


def test_an_operation_without_allocations_is_a_profile_too(project: Path) -> None:
    one, other = (profiled("tracemalloc", project, name) for name in ("known/silent", "known/keeps"))
    assert (one.lines, one.document.per_operation) == ((), 0.0)
    assert "everything else" not in (one.folder / "summary.md").read_text()
    rows = {row[0]: row[1:] for row in comparison_table(one.document, other.document).rows}
    assert rows["an operation"][0] == "0.0 B"
    assert [path.name for path in write_comparison(one, other, project / "between")] == ["compare.md"]


def test_waiting_is_a_row_of_its_own(project: Path) -> None:
    needs("py-spy")
    made = profiled("py-spy", project, "known/waits")
    assert (made.lines[0].frame.function, made.lines[0].share > 0.5) == ("(waiting: on no CPU)", True)
    assert made.lines[0].share == pytest.approx(made.document.waiting)
    assert sum(hot.share for hot in made.lines if hot.frame.file == "known.py") < 0.5
    assert "; its thread waits for " in (made.folder / "summary.md").read_text()


@pytest.mark.skipif(tool("perf") is None, reason="perf is not installed")
@pytest.mark.parametrize("name", ["known/waits", "known/forks"])
def test_perf_knows_waiting_and_forks_and_leaves_nothing(project: Path, name: str) -> None:
    python = naming_python()
    before = set(Path("/tmp").glob("jit*"))
    try:
        made = profiled("perf", project, name, python)
    except ProfilerError as error:
        if "does not let perf sample" in error.message:
            pytest.skip(error.message)
        raise
    assert {hot.frame.function for hot in made.lines if hot.frame.file == "-"} == {"(waiting: on no CPU)"}
    functions = {frame.function for stack in made.recorded.stacks for frame in stack if frame.file == "known.py"}
    assert functions
    assert "of_the_child" not in functions
    assert sum(hot.share for hot in made.lines) == pytest.approx(1.0)
    assert "(waiting: on no CPU)" in (made.folder / "flame.svg").read_text()
    assert not set(Path("/tmp").glob("jit*")) - before


def test_the_folder_of_a_profile_is_made_anew(project: Path) -> None:
    folder = profiled("cprofile", project).folder
    (folder / "stale.html").write_text("of an earlier run")
    killed, other = (folder.with_name(f".{folder.name}-{process}") for process in (2**22 + 1, os.getppid()))
    killed.mkdir()
    other.mkdir()
    assert profiled("cprofile", project).folder == folder
    assert not (folder / "stale.html").exists()
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, other.name}  # a number beyond Linux's last


def test_a_refusal_leaves_the_profile_that_was_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Job) -> Recorded:
        raise ProfilerError("refused")

    before = {path.name: path.read_bytes() for path in profiled("cprofile", project).folder.iterdir()}
    monkeypatch.setattr(PROFILERS["cprofile"], "record", refuse)
    with pytest.raises(ProfilerError, match="refused"):
        profiled("cprofile", project)
    folder = profile.folder_of(project / "build", "cprofile", "known/both")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_refused_ptrace_is_told_with_the_way_out(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "py-spy"
    refusing.write_text(
        "#!/bin/sh\necho 'Error: Permission Denied: Try running again with elevated permissions' >&2\nexit 1\n"
    )
    refusing.chmod(0o755)
    monkeypatch.setattr(py_spy, "tool", lambda _: str(refusing))
    with pytest.raises(ProfilerError, match="may not look into another process") as told:
        profiled("py-spy", project)
    assert "ptrace_scope=0" in told.value.hint


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="this interpreter has it")
def test_an_interpreter_that_is_too_old_is_told_and_the_status_says_so(project: Path) -> None:
    command = [sys.executable, "-m", "tailgate.cli", "profile", "sampling", "known"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "profiling.sampling came with CPython 3.15" in done.stderr
    assert "--python python3.15" in done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this interpreter has -X perf")
@pytest.mark.skipif(tool("perf") is None, reason="perf is not installed")
def test_perf_refuses_an_interpreter_without_names(project: Path) -> None:
    with pytest.raises(ProfilerError, match="knows no -X perf"):
        profiled("perf", project)


def test_the_command_prints_what_it_wrote(project: Path) -> None:
    command = [sys.executable, "-m", "tailgate.cli", "profile", "cprofile", "--seconds", "0.3", "--compare"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "known=both", "known=mild"], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "known/both and known/mild: cprofile" in done.stdout
    assert "build/profile/cprofile/known-both-against-known-mild/compare.md" in done.stdout
    assert (project / "build" / "profile" / "cprofile" / "known-both" / "summary.md").is_file()


@pytest.mark.parametrize("command", [["profile", "cprofile"], ["anatomy"], ["allocations"]])
def test_an_output_that_is_no_folder_is_told_before_anything_is_measured(project: Path, command: list[str]) -> None:
    (project / "taken").touch()
    arguments = [*command, "known", "--output", "taken"]
    done = subprocess.run(
        [sys.executable, "-m", "tailgate.cli", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("tailgate: no results can be written into taken")
    assert "--output" in done.stderr
