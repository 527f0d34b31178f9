"""Exports, read back as the other side reads them."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NotRequired, TypedDict

import msgspec
import pytest
from click.testing import CliRunner

from tailgate.commands.export import export
from tailgate.documents.allocations import Allocations
from tailgate.documents.bench import P99
from tailgate.documents.envelope import load, save
from tailgate.documents.gate import Beside, GateDocument
from tailgate.errors import TailgateError
from tailgate.results import histogram
from tailgate.results.exports import FORMATS, rows_of
from tailgate.results.load import load_results
from tailgate.results.summary import summarise
from tailgate.statistics.estimate import ratio_percent

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "reports"
BENCH, GATE = GOLDEN / "bench" / "results.json", GOLDEN / "gate" / "verdict.json"


class Metric(TypedDict):
    """https://bencher.dev/bmf.json: what stands under a benchmark and a measure."""

    value: float
    lower_value: NotRequired[float]
    upper_value: NotRequired[float]


class Custom(TypedDict):
    """BenchmarkResult of github-action-benchmark's src/extract.ts, as its README asks for it."""

    name: str
    unit: str
    value: float
    range: NotRequired[str]
    extra: NotRequired[str]


def exported(form: str, *words: str) -> str:
    done = CliRunner().invoke(export, ["--format", form, *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_bencher_reads_values_with_their_bounds() -> None:
    found = msgspec.json.decode(exported("bencher", str(BENCH)), type=dict[str, dict[str, Metric]])
    summary = summarise(load_results(BENCH), {})
    assert found.keys() == {each.name for each in summary.benchmarks}
    each = summary.benchmarks[0]
    metric = found[each.name]["p99-ns"]
    assert metric == {"value": each.raw[P99], "lower_value": each.low[P99], "upper_value": each.high[P99]}
    assert {measure for of in found.values() for measure in of} >= {"p99-9-ns", "p50-reproducible-ns", "max-ns"}
    assert all(
        len(measure) <= 64 and set(measure) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        for measure in found[each.name]
    )


def test_a_gate_exports_heads_figures_and_the_shift_with_its_open_end() -> None:
    found = msgspec.json.decode(exported("bencher", str(GATE)), type=dict[str, dict[str, Metric]])
    gate = load(GATE, GateDocument)
    (judged,) = gate.benchmarks
    figure = judged.figures["reproducible"]
    assert found[judged.name]["p99-reproducible-ns"]["value"] == figure.head_ns
    shift = found[judged.name]["p99-reproducible-shift-percent"]
    assert shift["value"] == ratio_percent(figure.shift.log_ratio)
    assert "upper_value" not in shift  # so few blocks do not bound it
    assert not any("base" in measure for measure in found[judged.name])
    assert found[judged.name]["allocations-per-operation"]["value"] == gate.counts[0].head


@pytest.mark.parametrize("path", [BENCH, GATE])
def test_github_action_benchmark_reads_an_array_of_figures_each_with_a_name_of_its_own(path: Path) -> None:
    found = msgspec.json.decode(exported("github-action-benchmark", str(path)), type=list[Custom])
    names = [each["name"] for each in found]
    assert len(set(names)) == len(names) > 2
    assert all(math.isfinite(each["value"]) for each in found)


def test_a_table_has_every_figure_of_the_document() -> None:
    rows = list(csv.DictReader(exported("csv", str(GOLDEN / "gate")).splitlines()))
    found = {(row["benchmark"], row["measure"]): row for row in rows}
    judged = load(GATE, GateDocument).benchmarks[0]
    assert float(found[judged.name, "p99-base"]["value"]) == judged.figures["raw"].base_ns
    assert found[judged.name, "p99-shift"]["high"] == ""
    assert {row["unit"] for row in rows} == {"ns", "%", "per operation"}


def test_pytest_benchmark_compares_what_is_exported_with_what_it_saved_itself(tmp_path: Path) -> None:
    suite = tmp_path / "test_words.py"
    suite.write_text("def test_strip(benchmark):\n    benchmark(str.strip, ' word ')\n")
    fast = ["--benchmark-max-time=0.01", "--benchmark-min-rounds=5", "-p", "no:cacheprovider", "-q"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *fast,
        f"--rootdir={tmp_path}",
        "--benchmark-json=0001_own.json",
        suite.name,
    ]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}  # it measures
    subprocess.run(command, cwd=tmp_path, env=alone, check=True, capture_output=True)
    text = json.loads(exported("pytest-benchmark", str(BENCH)))
    results = load_results(BENCH)
    first, merged = text["benchmarks"][0], results.benchmarks[0].raw()
    assert first["stats"]["rounds"] == histogram.count(merged)
    assert first["stats"]["median"] == pytest.approx(histogram.percentile(merged, 50) * 1e-9)
    assert (
        first["stats"]["min"]
        <= first["stats"]["q1"]
        <= first["stats"]["q3"]
        <= first["stats"]["hd15iqr"]
        <= first["stats"]["max"]
    )
    own = json.loads((tmp_path / "0001_own.json").read_text())["benchmarks"][0]
    assert first.keys() >= own.keys()
    assert first["stats"].keys() >= own["stats"].keys() - {"data"}
    first |= {"fullname": own["fullname"], "name": own["name"]}  # as a suite of tests is named
    (tmp_path / "0002_ours.json").write_text(json.dumps(text))
    compare = [sys.executable, "-m", "pytest_benchmark", "compare", "0001_own.json", "0002_ours.json", "--csv=both.csv"]
    done = subprocess.run(compare, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Failed to load" not in done.stdout + done.stderr
    rows = list(csv.DictReader((tmp_path / "both.csv").read_text().splitlines()))
    assert len(rows) == 1 + len(results.benchmarks)
    ours = [row for row in rows if "decode/msgspec" in row["name"]]
    assert float(ours[0]["mean"]) == pytest.approx(histogram.mean(results.benchmarks[1].raw()) * 1e-9)


def test_what_stands_beside_a_verdict_is_exported_and_said_to_be_not_judged() -> None:
    gate = load(GATE, GateDocument)
    (judged,) = gate.benchmarks
    shift = judged.figures["raw"].shift
    beside = replace(judged, beside=(Beside("reproducible", 0.5, 800.0, 900.0, shift),))
    rows = {row.measure: row for row in rows_of(replace(gate, benchmarks=(beside,)))}
    assert (rows["p50-reproducible"].value, rows["p50-reproducible-base"].value) == (900.0, 800.0)
    assert rows["p50-reproducible"].note.endswith("beside, not judged")
    assert len(rows) == len(rows_of(gate)) + 3


def test_what_cannot_be_exported_says_what_can(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="wants whole distributions"):
        exported("pytest-benchmark", str(GATE))
    with pytest.raises(TailgateError, match="holds no results"):
        exported("csv", str(tmp_path))
    with pytest.raises(TailgateError, match="is of kind 'allocations'"):
        exported("csv", str(save(tmp_path / "counted.json", Allocations((), {}))))


def test_a_summary_exports_as_its_results_do_and_a_file_is_written_whole(tmp_path: Path) -> None:
    summary = summarise(load_results(BENCH), {})
    path = save(tmp_path / "summary.json", summary)
    assert exported("csv", str(path)) == exported("csv", str(BENCH))
    said = exported("csv", str(path), "--output", str(tmp_path / "figures.csv"))
    assert said == f"Written: {tmp_path / 'figures.csv'}\n"
    assert (tmp_path / "figures.csv").read_text() == FORMATS["csv"](rows_of(summary))
