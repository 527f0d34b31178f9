"""`tailgate bench` as a user meets it: results, resuming, interruption, bad input."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyperf
import pytest

from tailgate.documents.bench import BenchSummary
from tailgate.documents.envelope import load
from tailgate.results.histogram import encode
from tailgate.results.load import load_results
from tailgate.results.run import load_run_facts

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--processes", "2", "--passes", "2", "--operations", "300", "--no-allocations")
GOOD = "sum=plain,same,unavailable"


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tailgate.cli", *arguments]
    return subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )


def run(project: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(project, *arguments)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def results(project: Path) -> Path:
    return project / "build" / "bench" / "results.json"


def test_a_run_leaves_one_folder_that_every_tool_reads(project: Path) -> None:
    status, out, err = run(project, "bench", *SMALL, "--implementations", GOOD)
    assert status == 0, err
    assert "sum/unavailable  unavailable: the package abacus is not installed" in out
    assert "same (recommended)" in out
    assert "[" in err  # progress, a line a block
    folder = results(project).parent
    assert {path.name for path in folder.iterdir()} == {
        "provenance.json",
        "results.json",
        "report.md",
        "run.json",
        "summary.json",
        "sum-plain.hgrm",
        "sum-same.hgrm",
    }
    loaded = load_results(results(project))
    assert [(each.name, len(each.processes), each.operations) for each in loaded.benchmarks] == [
        ("sum/plain", 2, 300),
        ("sum/same", 2, 300),
    ]
    summary = load(folder / "summary.json", BenchSummary)
    assert [(each.name, each.processes) for each in summary.benchmarks] == [("sum/plain", 2), ("sum/same", 2)]
    facts = load_run_facts(folder)
    assert facts is not None
    assert facts.unavailable == {"sum/unavailable": "the package abacus is not installed"}
    page = (folder / "report.md").read_text()
    assert "same (recommended)" in page
    assert "- only the first operations of the tape were replayed (300 of 600)" in page


def test_pyperf_itself_reads_the_results(project: Path) -> None:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    for verb in ("show", "stats", "dump"):
        done = subprocess.run(
            [sys.executable, "-m", "pyperf", verb, str(results(project))], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "ns" in done.stdout
    compared = subprocess.run(
        [sys.executable, "-m", "pyperf", "compare_to", str(results(project)), str(results(project))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compared.returncode == 0
    assert "not significant" in compared.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("killed", r"'sum/killed' died in operations \d+ to \d+: it was killed by SIGKILL"),  # a segment, by its length
        ("raises", "ValueError: no such level"),
        ("other-answer", "operation 123 is the first that differs"),
    ],
)
def test_a_fault_is_one_clear_error_and_earlier_results_stay_whole(project: Path, name: str, message: str) -> None:
    small = ("--processes", "1", "--passes", "2", "--operations", "400", "--no-allocations")
    assert run(project, "bench", *small, "--implementations", "sum=plain")[0] == 0
    before = results(project).read_bytes()
    status, _, err = run(project, "bench", *small, "--resume", "--implementations", f"sum=same,{name},plain")
    assert status == 2
    assert re.search(message, err), err
    assert results(project).read_bytes() == before


def test_resume_goes_on_where_a_run_stopped(project: Path) -> None:
    one = ("--passes", "2", "--operations", "300", "--no-allocations", "--implementations", "sum=plain,same")
    assert run(project, "bench", "--processes", "1", *one)[0] == 0
    first = load_results(results(project)).benchmarks[0].processes[0]
    assert run(project, "bench", "--processes", "3", "--resume", *one)[0] == 0
    loaded = load_results(results(project))
    assert [len(each.processes) for each in loaded.benchmarks] == [3, 3]
    assert encode(loaded.benchmarks[0].processes[0].raw) == encode(first.raw)
    assert [process.block for process in loaded.benchmarks[0].processes] == [0, 1, 2]


def test_ctrl_c_keeps_whole_blocks_and_leaves_no_worker(project: Path) -> None:
    process = start(
        project,
        "bench",
        "--processes",
        "500",
        "--passes",
        "2",
        "--operations",
        "300",
        "--implementations",
        "sum=plain,same",
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "block 3 of 500" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    again = "tailgate bench --processes 500 --passes 2 --operations 300 --implementations sum=plain,same --resume"
    assert f"go on with: {again}" in err
    loaded = load_results(results(project))
    assert {len(each.processes) for each in loaded.benchmarks} == {len(loaded.benchmarks[0].processes)}
    assert len(loaded.benchmarks[0].processes) >= 2
    left = subprocess.run(["pgrep", "-f", "tailgate.measure.worker"], capture_output=True, text=True, check=False)
    mine = [pid for pid in left.stdout.split() if str(project) in _cwd(pid)]
    assert [pid for pid in mine if not _ends(int(pid), within_s=20.0)] == []


def _ends(pid: int, within_s: float) -> bool:
    """Tell whether a process ends: one that was being started when its parent ended is told so by its closed input."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)


def _cwd(pid: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def test_results_outside_build_are_not_replaced_unasked(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept"
    arguments = ("bench", *SMALL, "--implementations", "sum=plain", "--output", str(elsewhere))
    assert run(project, *arguments)[0] == 0
    status, _, err = run(project, *arguments)
    assert status == 2
    assert "is not under build/" in err
    assert run(project, *arguments, "--force")[0] == 0


@pytest.mark.parametrize("output", ["known.py", "/dev/full", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_measured(project: Path, output: str) -> None:
    status, _, err = run(project, "bench", *SMALL, "--implementations", "sum=plain", "--output", output)
    assert status == 2
    assert f"no results can be written into {output}" in err
    assert "block 1" not in err


def test_a_run_that_measured_nothing_does_not_tell_the_figures_of_an_earlier_one(project: Path) -> None:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    before = load_run_facts(results(project).parent)
    status, out, err = run(project, "bench", *SMALL, "--implementations", "sum=unavailable")
    assert status == 2
    assert "p99" not in out
    assert "nothing could be measured\n  sum/unavailable: the package abacus is not installed" in err
    assert load_run_facts(results(project).parent) == before


def test_pictures_of_an_earlier_run_go_and_what_a_person_put_there_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "told.py").write_text(
        textwrap.dedent("""
            import os

            def write(folder):
                picture = folder / os.environ["PICTURE"]
                picture.write_text("curves")
                return [picture, folder.parent / "elsewhere.txt"]
        """)
    )
    (project / "pyproject.toml").write_text('[tool.tailgate]\nbenchmarks = "known"\nreport = "told:write"\n')
    folder = results(project).parent
    for picture in ("first.svg", "second.svg"):
        monkeypatch.setenv("PICTURE", picture)
        assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
        (folder / "notes.svg").write_text("of a person")
    facts = load_run_facts(folder)
    assert facts is not None
    assert facts.documents == ("summary.json", "report.md", "second.svg")
    assert {path.name for path in folder.glob("*.svg")} == {"second.svg", "notes.svg"}


def test_a_report_of_the_projects_own_that_fails_costs_no_table(project: Path) -> None:
    (project / "told.py").write_text("def write(folder):\n    raise OSError('the disk of the pictures is full')\n")
    (project / "pyproject.toml").write_text('[tool.tailgate]\nbenchmarks = "known"\nreport = "told:write"\n')
    status, out, err = run(project, "bench", *SMALL, "--implementations", "sum=plain")
    assert status == 2
    assert "the disk of the pictures is full" in err
    assert "p99 over processes" in out
    assert "sum" in (results(project).parent / "report.md").read_text()


def test_a_reader_that_leaves_changes_neither_the_documents_nor_the_status_into_a_verdict(project: Path) -> None:
    process = start(project, "bench", *SMALL, "--implementations", "sum=plain")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        err = stream.read()
    assert process.wait(timeout=60) == 141
    assert "Traceback" not in err
    assert "sum" in (results(project).parent / "report.md").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_error(project: Path) -> None:
    command = [sys.executable, "-m", "tailgate.cli", "bench", *SMALL, "--implementations", "sum=plain"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=project, env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "tailgate: the output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_split_by_stage_is_not_compared_with_what_gives_answers(project: Path) -> None:
    status, _, err = run(project, "bench", *SMALL, "--implementations", "sum=plain,staged")
    assert status == 2
    assert "'sum/staged' is split by stage and gives no answers, 'sum/plain' gives answers" in err


def test_processes_of_other_passes_are_not_mixed_into_a_run(project: Path) -> None:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    more = ("--passes", "3", "--processes", "3", "--operations", "300", "--no-allocations")
    status, _, err = run(project, "bench", *more, "--resume", "--implementations", "sum=plain")
    assert status == 2
    assert "was measured with 2 passes, this run has 3 passes" in err


def test_fewer_operations_than_a_run_began_with_are_not_taken_silently(project: Path) -> None:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    other = ("--passes", "2", "--processes", "3", "--operations", "200", "--no-allocations")
    status, _, err = run(project, "bench", *other, "--resume", "--implementations", "sum=plain")
    assert status == 2
    assert "was measured with --operations 300, this run has --operations 200" in err


def _edit(project: Path, change: Any) -> Path:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    path = results(project)
    path.write_text(change(path.read_text()))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: re.sub(r'"tailgate_schema": ?1', '"tailgate_schema": 99', text), "has results of schema 99"),
        (lambda text: text[: len(text) // 2], "is no pyperf suite"),
        (lambda _: "", "is no pyperf suite"),
    ],
)
def test_results_that_cannot_be_read_are_refused_with_the_reason(project: Path, change: Any, message: str) -> None:
    path = _edit(project, change)
    status, _, err = run(project, "bench", *SMALL, "--resume", "--implementations", "sum=plain")
    assert path.exists()
    assert status == 2
    assert message in err


def test_a_foreign_pyperf_file_is_told_from_ours(tmp_path: Path) -> None:
    bench = pyperf.Benchmark([pyperf.Run([1.0], metadata={"name": "x"}, collect_metadata=False)])
    pyperf.BenchmarkSuite([bench]).dump(str(tmp_path / "results.json"))
    with pytest.raises(Exception, match="holds no percentiles: it was not written by tailgate"):
        load_results(tmp_path / "results.json")


def test_other_settings_are_not_mixed_into_a_run(project: Path) -> None:
    known = project / "known.py"
    known.write_text(known.read_text() + "\nfrom tailgate import Setting\nSETTINGS = [Setting('seed', 'A seed.', 1)]\n")
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain", "--seed", "5")[0] == 0
    status, _, err = run(project, "bench", *SMALL, "--resume", "--implementations", "sum=plain", "--seed", "6")
    assert status == 2
    assert '{"seed": 5}' in err
    assert '{"seed": 6}' in err


def test_a_file_is_named_from_where_the_user_stands(project: Path) -> None:
    known = project / "known.py"
    known.write_text(
        known.read_text()
        + textwrap.dedent("""
            from pathlib import Path
            from tailgate import Setting

            SETTINGS = [Setting("capture", "A file.", "", "FILE", "file")]

            @benchmark("read/capture")
            def capture(settings):
                text = Path(settings["capture"]).read_text()
                return Workload(ITEMS, lambda: work, labels=lambda i: {"text": text})
        """)
    )
    below = project / "captures"
    below.mkdir()
    (below / "one.raw").write_text("one")
    only = ("bench", *SMALL, "--only", "read", "--capture")
    assert run(below, *only, "one.raw")[0] == 0
    assert load_results(results(project)).settings == {"capture": str(below / "one.raw")}
    assert run(project, *only, "captures/one.raw", "--resume")[0] == 0  # the same file


def test_a_full_disk_loses_nothing(project: Path) -> None:
    assert run(project, "bench", *SMALL, "--implementations", "sum=plain")[0] == 0
    before = results(project).read_bytes()
    limit = (
        "import resource,sys,runpy;resource.setrlimit(resource.RLIMIT_FSIZE,(2000,2000));"
        "import signal;signal.signal(signal.SIGXFSZ,signal.SIG_IGN);"
        "sys.argv=sys.argv[1:];runpy.run_module('tailgate.cli',run_name='__main__')"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", limit, "tailgate", "bench", *SMALL, "--implementations", "sum=plain"],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert results(project).read_bytes() == before


def test_help_has_examples_and_the_suites_own_options(project: Path) -> None:
    known = project / "known.py"
    known.write_text(
        known.read_text() + "\nfrom tailgate import Setting\nSETTINGS = [Setting('capture', 'A file.', '')]\n"
    )
    status, out, _ = run(project, "bench", "--help")
    assert status == 0
    assert "Examples:" in out
    assert "--capture" in out
