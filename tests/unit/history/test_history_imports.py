"""What other tools published is read, each figure with its unit, commit and machine; twice adds once."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.history.figures import measures_of
from tailgate.history.imports.registry import imported
from tailgate.history.queries import runs_of

if TYPE_CHECKING:
    from tailgate.history.entries import Entry
    from tailgate.history.store import History

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "imports"
SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"


def read(name: str | Path) -> list[Entry]:
    return list(imported(GOLDEN / name, "words"))


def figures(entry: Entry) -> dict[tuple[str, str], Any]:
    return {(each.benchmark, each.measure): each for each in entry.measures}


def test_pyperf() -> None:
    (entry,) = read("pyperf.json")
    found = figures(entry)
    strip = found["words/strip", "mean"]
    assert (strip.value, strip.unit) == (pytest.approx(1e6 * (1 + 1.2 + 1.4 + 1.1 + 1.3 + 1.6) / 6), "ns")
    assert found["words/strip", "min"].value == pytest.approx(1e6)
    assert found["words/strip", "max"].value == pytest.approx(1.6e6)
    assert found["words/strip", "mean"].note == "6 values of 2 processes"  # no warm-up is a value
    assert (found["words/memory", "median"].value, found["words/memory", "median"].unit) == (6144, "byte")
    assert entry.head is not None
    assert entry.head.id == SHA
    assert entry.interpreter.version == "cpython 3.12.1"
    assert entry.machine.facts["CPU"] == "an invented CPU"
    assert datetime.fromtimestamp(entry.when, UTC).date().isoformat() in {"2026-02-28", "2026-03-01", "2026-03-02"}


def test_a_compressed_file_is_the_same_run_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("pyperf.json.gz", "renamed.json"):
        (tmp_path / name).write_bytes(gzip.compress((GOLDEN / "pyperf.json").read_bytes()))
        assert [each.digest for each in imported(tmp_path / name, "words")] == [
            each.digest for each in read("pyperf.json")
        ]


def test_pytest_benchmark_and_its_storage(tmp_path: Path) -> None:
    (entry,) = read("pytest-benchmark.json")
    found = figures(entry)
    assert found["tests/test_words.py::test_strip", "mean"].value == pytest.approx(2000)
    assert not any("failed" in name for name, _ in found)  # NaN is no figure
    assert (entry.project, entry.dirty) == ("words", True)
    assert entry.head is not None
    assert (entry.head.id, entry.head.time) == (OTHER, datetime(2026, 3, 2, 10, tzinfo=UTC))
    storage = tmp_path / ".benchmarks" / "Linux-CPython-3.12-64bit"
    storage.mkdir(parents=True)
    shutil.copy(GOLDEN / "pytest-benchmark.json", storage / "0001_now.json")
    assert [each.digest for each in imported(tmp_path, "words")] == [entry.digest]


def test_asv() -> None:
    new, old = read("asv")
    found = figures(new)
    name = "time_words.Strip.time_strip"
    assert {name for name, _ in found} == {
        f"{name}('short', 10)",
        f"{name}('short', 20)",
        f"{name}('long', 20)",
        "mem_words.track_size",
    }
    first = found[f"{name}('short', 10)", "value"]
    assert (first.value, first.unit, first.low, first.high) == (
        pytest.approx(1000),
        "ns",
        pytest.approx(900),
        pytest.approx(1100),
    )
    size = found["mem_words.track_size", "value"]
    assert (size.value, size.unit, size.low) == (512, "bytes", None)
    assert new.head is not None
    assert (new.head.id, new.when) == (SHA, 1772359200)
    assert new.machine == old.machine or new.machine.facts["CPU"] == old.machine.facts["CPU"]
    before = figures(old)  # version 1: a table a benchmark, or a bare number
    assert before[f"{name}('long', 20)", "value"].value == pytest.approx(8000)
    assert before["mem_words.track_size", "value"].value == 640


def test_a_damaged_file_of_asv_costs_no_other(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "asv", tmp_path / "asv")
    (tmp_path / "asv" / "box" / "00000000-first.json").write_text("{")
    with pytest.raises(TailgateError, match=r"00000000-first\.json cannot be read"):
        list(imported(tmp_path / "asv", "words"))
    taken = imported(tmp_path / "asv", "words")
    assert [next(taken).digest, next(taken).digest] == [each.digest for each in read("asv")]


def test_github_action_benchmark() -> None:
    first, second = read("data.js")
    assert first.head is not None
    assert (first.head.id, first.head.title, first.head.tree) == (
        SHA,
        "Strip faster",
        "fedcba9876543210fedcba9876543210fedcba98",
    )
    rate = figures(first)["Python: test_words.py::test_strip", "value"]
    assert (rate.value, rate.unit, rate.low, rate.note) == (1234.5, "iter/sec", None, "mean: 810 usec rounds: 3")
    found = figures(second)
    assert (found["Python: p99", "value"].low, found["Python: p99", "value"].high) == (190, 210)
    assert found["Python: p50", "value"].low == 97


def test_bencher_metric_format() -> None:
    (entry,) = read("bencher.json")
    found = figures(entry)
    strip = found["words::strip", "latency"]
    assert (strip.value, strip.low, strip.high, strip.unit) == (88.0, 87.42, 88.88, "ns")
    assert found["words::strip", "p99-ns"].unit == "ns"
    assert entry.head is None


def test_what_tailgate_exports_for_bencher_comes_back(tmp_path: Path) -> None:
    from tailgate.results.exports import bencher, rows_of
    from tailgate.results.load import load_results
    from tailgate.results.summary import summarise

    rows = rows_of(summarise(load_results(GOLDEN.parent / "reports" / "bench" / "results.json"), {}))
    (tmp_path / "bmf.json").write_text(bencher(rows))
    (entry,) = imported(tmp_path / "bmf.json", "books")
    found = figures(entry)
    for row in rows:
        each = found[row.benchmark, f"{row.measure.replace('.', '-')}-ns"]
        assert (each.value, each.low, each.high, each.unit) == (row.value, row.low, row.high, "ns")


def test_twice_adds_once_and_a_copy_is_no_other_run(opened: History, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "copied")
    names = ("pyperf.json", "pytest-benchmark.json", "asv", "data.js", "bencher.json")
    added = [opened.add(each) for name in names for each in read(name)]
    again = [opened.add(each) for name in names for each in imported(tmp_path / "copied" / name, "words")]
    assert added == [True] * 7
    assert again == [False] * 7
    assert len(runs_of(opened, kind="import")) == 7
    assert [each.value for each in measures_of(opened, "words", "mem_words.track_size")["value"]] == [640, 512]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", "[]", "is of no format that is known here"),
        ("a.json", '{"name": "package", "version": "1"}', "is of no format"),
        ("a.json", '{"benchmarks": [{"runs": [{"values": "x"}]}], "version": "1.0"}', "is no pyperf suite"),
        ("a.json", '{"benchmarks": [], "machine_info": {}}', "holds no figures"),
        ("data.js", "window.BENCHMARK_DATA = {", "is no data.js"),
        ("a.json.gz", "\x1f\x8b", "no JSON|cannot be read"),
    ],
)
def test_what_is_none_of_them_is_refused_in_one_line(tmp_path: Path, name: str, content: str, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(TailgateError, match=told) as raised:
        list(imported(path, "words"))
    assert name in raised.value.message
    assert "\n" not in raised.value.message


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="holds nothing that is read"):
        list(imported(tmp_path, "words"))
    (tmp_path / "benchmarks.json").write_text(json.dumps({"version": 2}))
    with pytest.raises(TailgateError, match="no results of asv"):
        list(imported(tmp_path, "words"))
