"""Suites of pytest-benchmark, pyperf and asv as they are: found, prepared and called in processes of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("foreign_project", Path(__file__).with_name("project.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
project = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(project)

PYTEST, PYPERF, ASV = "pytest:tests/bench", "pyperf:perf/bench_*.py", "asv:benchmarks"
TEST = "tests/bench/test_shop.py::"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    project.write(folder)
    return folder


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{root}", "PYTEST_DEBUG_TEMPROOT": str(root)}
    env.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "tailgate.adapters", *arguments]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def names(root: Path, spec: str) -> dict[str, str]:
    done = run(root, spec)
    assert done.returncode == 0, done.stderr
    return {label: reason for _, _, label, reason in json.loads(done.stdout.splitlines()[-1])}


def test_tests_are_named_by_node_id_and_a_broken_module_costs_the_others_nothing(root: Path) -> None:
    found = names(root, PYTEST)
    assert [name for name, reason in found.items() if not reason] == [
        f"{TEST}test_total[10]",
        f"{TEST}test_total[100]",
        f"{TEST}test_query",
        f"{TEST}test_sort",
        f"{TEST}test_inputs",
        f"{TEST}TestDecorated::test_function",
        f"{TEST}test_skipped",
        f"{TEST}test_failing",
        f"{TEST}test_marked",
    ]
    assert "No module named 'nowhere_to_be_found'" in found["tests/bench/test_broken.py"]


def test_scripts_are_named_by_what_they_ask_their_runner_for(root: Path) -> None:
    found = names(root, PYPERF)
    assert [name for name, reason in found.items() if not reason] == [
        "perf/bench_shop/total",
        "perf/bench_shop/handle",
        "perf/bench_shop/loops",
        "perf/bench_shop/statement",
    ]
    assert "starts a program" in found["perf/bench_shop/command"]
    assert "RuntimeError: no such data" in found["perf/bench_broken/*"]


def test_classes_are_named_as_asv_names_them(root: Path) -> None:
    found = names(root, ASV)
    assert sorted(name for name, reason in found.items() if not reason) == [
        "sums.Cached.time_sort",
        "sums.Once.time_sort",
        "sums.Totals.time_total(1, 'a')",
        "sums.Totals.time_total(1, 'b')",
        "sums.Totals.time_total(10, 'a')",
        "sums.Totals.time_total(10, 'b')",
        "sums.timeraw_import",
    ]
    assert found["sums.track_length"] == "it counts (track) and times nothing: the gate holds it beside the timed ones"
    assert (
        found["sums.Totals.peakmem_total(1, 'a')"]
        == "it counts (peakmemory) and times nothing: the gate holds it beside the timed ones"
    )


def test_a_module_of_asv_that_cannot_be_imported_is_named_and_costs_the_others_nothing(root: Path) -> None:
    assert "No module named 'nowhere_to_be_found'" in names(root, ASV)["broken"]


def test_a_package_of_asv_may_lie_deeper_in_the_project(root: Path) -> None:
    assert names(root, "asv:deep/down") == {"sums.time_nothing": ""}


@pytest.mark.parametrize(
    ("spec", "runs", "unavailable", "fails"),
    [
        (PYTEST, 7, {"test_skipped: it is skipped: Skipped: not on this machine", "test_broken.py"}, {"assert 3 == 4"}),
        (PYPERF, 4, {"bench_shop/command", "bench_broken/*"}, set()),
        (ASV, 10, {"time_total(10, 'b')", "peakmem_total(10, 'b')", "broken"}, set()),
    ],
)
def test_each_is_prepared_and_called_and_what_does_not_run_says_why(
    root: Path, spec: str, runs: int, unavailable: set[str], fails: set[str]
) -> None:
    done = run(root, spec, "--try")
    assert done.returncode == 0, done.stderr
    *lines, summary = done.stdout.splitlines()
    assert f"{runs} runs" in summary, done.stdout
    for words, how in ((unavailable, "unavailable: "), (fails, "fails: ")):
        told = [line for line in lines if line.startswith(how)]
        assert all(any(word in line for line in told) for word in words), done.stdout
    assert sum(line.startswith("fails: ") for line in lines) == len(fails)


def test_fixtures_stay_open_while_the_test_is_measured_and_are_torn_down_behind_it(root: Path) -> None:
    done = run(root, PYTEST, "--only", f"{TEST}test_query")
    assert done.returncode == 0, done.stderr
    assert list(root.glob("**/torn-down"))


def test_a_suite_that_is_not_there_is_told_with_the_place_it_was_looked_for(root: Path) -> None:
    done = run(root, "pytest:nowhere")
    assert done.returncode == 2
    assert "there is no nowhere in" in done.stderr


SIDE_BY_SIDE = """
import sys
from pathlib import Path
from tailgate.adapters import collect

made = []
for name in ("test_total[10]", "test_total[100]", "test_query", "test_sort"):
    (found,) = collect("pytest:tests/bench/test_shop.py", f"tests/bench/test_shop.py::{name}")
    made.append(found.prepare({}))
for workload in made:
    operation, item = workload.start(), workload.inputs[0]
    print("said", operation(workload.fresh(item) if workload.fresh else item))
print("said", list(Path.cwd().glob("**/torn-down")))
for workload in made:
    workload.close()
print("said", len(list(Path.cwd().glob("**/torn-down"))))
"""


def test_tests_stay_open_side_by_side_in_one_process_each_with_its_own_fixtures(tmp_path: Path) -> None:
    project.write(tmp_path)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTEST_DEBUG_TEMPROOT": str(tmp_path)}
    command = [sys.executable, "-c", SIDE_BY_SIDE]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [line.removeprefix("said ") for line in done.stdout.splitlines() if line.startswith("said ")]
    assert "cannot be rewritten" not in done.stdout
    assert told == ["45", "4950", "(42,)", "None", "[]", "1"], done.stdout


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("test_shop.py::test_total", ["test_total[10]", "test_total[100]"]),
        ("test_shop.py::test_total[10]", ["test_total[10]"]),
        ("test_shop.py::TestDecorated", ["TestDecorated::test_function"]),
        ("test_shop.py::test_of_tomorrow", []),
    ],
)
def test_a_node_id_is_looked_for_and_one_that_is_not_there_is_no_error(
    root: Path, target: str, found: list[str]
) -> None:
    assert list(names(root, f"{PYTEST}/{target}")) == [f"{TEST}{name}" for name in found]


def test_an_option_of_the_project_is_taken_where_a_test_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--size', type=int, default=1)\n"
    )
    (tmp_path / "test_sized.py").write_text(
        "def test_sized(benchmark, request):\n"
        "    assert request.config.getoption('size') == 7\n    benchmark(len, [])\n"
    )
    assert run(tmp_path, "pytest:test_sized.py --size=7", "--only", "test_sized.py::test_sized").returncode == 0
    assert "assert 1 == 7" in run(tmp_path, "pytest:test_sized.py", "--only", "test_sized.py::test_sized").stderr


def test_a_mark_gives_a_margin_and_percentiles_and_the_nearest_counts(tmp_path: Path) -> None:
    (tmp_path / "test_marked.py").write_text(
        "import pytest\npytestmark = pytest.mark.tailgate(margin=0.1)\n"
        "@pytest.mark.tailgate(percentiles=(50, 99))\ndef test_a(benchmark): benchmark(len, [])\n"
        "@pytest.mark.tailgate(margin=0.2)\ndef test_b(benchmark): benchmark(len, [])\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    command = [sys.executable, "-m", "tailgate.measure.listing", "pytest:test_marked.py"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    found = {name: (each[3], each[4]) for name, each in json.loads(done.stdout.splitlines()[-1]).items()}
    assert found == {"test_marked.py::test_a": (0.1, [50, 99]), "test_marked.py::test_b": (0.2, [])}


def test_what_asv_counts_is_printed_as_a_number(root: Path) -> None:
    done = run(root, ASV, "--count", "sums.track_length")
    assert json.loads(done.stdout.splitlines()[-1]) == 3.0
    done = run(root, ASV, "--count", "sums.Totals.peakmem_total(10, 'a')")
    assert json.loads(done.stdout.splitlines()[-1]) > 1e6


TRACED = """
import coverage

def test_traced(benchmark):
    assert benchmark(coverage.Coverage.current) is None
"""
SAYS = """
from tailgate.adapters import collect

(found,) = collect("pytest:test_traced.py", "test_traced.py::test_traced")
workload = found.prepare({})
print("traced by", workload.start()(None))
"""


def test_nothing_is_traced_where_the_project_asks_for_coverage(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p pytest_cov --cov'\n")
    (tmp_path / "test_traced.py").write_text(TRACED)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", SAYS], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert "traced by None" in done.stdout, done.stdout + done.stderr


WIDE = """
import pytest

@pytest.fixture(scope="session", params=["fast", "plain"])
def mode(request):
    return request.param

@pytest.mark.parametrize("n", [1, 2])
def test_mode(benchmark, mode, n):
    benchmark(abs, n)

def test_other(benchmark):
    benchmark(abs, 1)
"""
SEATED = """
from tailgate.adapters import collect
from tailgate.judge.sharing import companies
from tailgate.measure.listing import Listed

found = {each.name: Listed("", shares=each.shares, needs=each.needs) for each in collect("pytest:test_wide.py")}
print("seated", sorted((name.partition("::")[2], number) for name, number in companies(found, found).items()))
"""


def test_tests_share_a_process_where_the_values_of_wider_fixtures_agree(tmp_path: Path) -> None:
    (tmp_path / "test_wide.py").write_text(WIDE)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", SEATED], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (
        "seated [('test_mode[fast-1]', '0'), ('test_mode[fast-2]', '0'), ('test_mode[plain-1]', '1'), "
        "('test_mode[plain-2]', '1'), ('test_other', '0')]"
    ) in done.stdout, done.stdout + done.stderr
