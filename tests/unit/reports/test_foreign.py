"""Files of pyperf of other programs come onto the page as they are: by process, without a percentile."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jinja2", reason="the page is a template of Jinja's")

from tailgate.errors import TailgateError
from tailgate.report.gather import gather, recognise
from tailgate.report.html import render
from tailgate.report.page import build_page
from tailgate.report.sections.foreign import foreign_section
from tailgate.results.foreign import foreign_suite
from tailgate.results.load import load_results

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.results.foreign import ForeignSuite


def run(values: list[float], date: str = "2026-03-01 10:00:00") -> dict[str, Any]:
    return {"metadata": {"date": date, "duration": 1.0}, "values": values, "warmups": [[1, 9.0]]}


def written(path: Path, benchmarks: list[dict[str, Any]]) -> Path:
    metadata = {"cpu_model_name": "an invented CPU", "python_version": "3.12.1 (64-bit)"}
    plain = {"benchmarks": benchmarks, "metadata": metadata, "version": "1.0"}
    text = json.dumps(plain).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.fixture(params=["foreign.json", "foreign.json.gz"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    words = {"metadata": {"name": "words"}, "runs": [run([0.001, 0.003]), run([0.004, 0.006], "2026-03-01 11:00:00")]}
    memory = {"metadata": {"name": "memory", "unit": "byte"}, "runs": [run([4096.0])]}
    alone = {"metadata": {"name": "alone"}, "runs": [{"metadata": {"calibrate_loops": 4}, "warmups": [[1, 0.5]]}]}
    return written(tmp_path / str(request.param), [words, memory, alone])


def suite(file: Path) -> ForeignSuite:
    found = foreign_suite(file)
    assert found is not None
    return found


def test_the_process_is_the_unit_and_warm_ups_are_no_values(file: Path) -> None:
    words, memory, alone = suite(file).benchmarks
    assert words.means == pytest.approx((0.002, 0.005))
    assert words.figures() == pytest.approx(
        {"mean": 0.0035, "median": 0.0035, "min": 0.001, "max": 0.006, "stddev": 0.0020817}, rel=1e-4
    )
    assert memory.figures() == {"mean": 4096, "median": 4096, "min": 4096, "max": 4096}
    assert (alone.means, alone.figures()) == ((), {})


def test_it_stands_on_the_page(file: Path) -> None:
    text = render(build_page(gather([file]), file.parent))
    assert f"pyperf: {file.name}" in text
    assert "3,500.0 \u00b5s" not in text
    assert "3.5 ms [2.0 ms, 5.0 ms]" in text
    assert "4,096 byte" in text
    assert "an invented CPU" in text
    assert "no percentile of operations" in text
    assert "From 2026-03-01 10:00 to 2026-03-01 11:00" in text
    section = foreign_section(suite(file))
    assert [block.kind for block in section.blocks] == ["ranges", "table"]


def test_two_files_are_told_apart(tmp_path: Path) -> None:
    files = [
        written(tmp_path / name, [{"metadata": {"name": "words"}, "runs": [run([0.001])]}])
        for name in ("a.json", "b.json")
    ]
    page = build_page(gather(files), tmp_path)
    assert [each.key for each in page.sections] == ["summary", "pyperf", "pyperf-2"]


def test_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.json", [{"metadata": {"name": "words"}, "runs": [{"values": ["x"]}]}])
    with pytest.raises(TailgateError, match="no pyperf suite"):
        gather([path])


@pytest.mark.parametrize("content", ['{"benchmarks": [1], "version": "1.0"}', '{"benchmarks": {}}', "[]", "{"])
def test_what_is_none_is_left_to_others(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    assert foreign_suite(path) is None


def test_results_of_our_own_are_a_bench_compressed_too(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.json.gz"
    path.write_bytes(gzip.compress((golden / "bench" / "results.json").read_bytes()))
    assert recognise(path).kind == "bench"
    plain, packed = (load_results(each) for each in (golden / "bench" / "results.json", path))
    assert [each.digest for each in packed.benchmarks] == [each.digest for each in plain.benchmarks]
