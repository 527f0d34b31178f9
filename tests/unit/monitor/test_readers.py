"""Our logs in the hands of HdrHistogram's own readers: C, JavaScript, Java; each skipped where it cannot be had."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hdrh.histogram import HdrHistogram

from tailgate.monitor import Monitor, hlog
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate.monitor.memory import MemoryFigures

HERE = Path(__file__).parent / "readers"
MODULES = Path(os.environ.get("TAILGATE_READERS", Path(__file__).parents[3] / "build" / "readers" / "node_modules"))
JAR = Path("/usr/share/java/hdrhistogram.jar")
TAGS = ("feed", "", "".join(chr(code) for code in range(33, 127) if chr(code) != ","))


@dataclass(frozen=True, order=True)
class Row:
    """What every reader can tell of a row; p999 is by the reader's own rule, and not compared."""

    tag: str
    start: str
    count: int
    greatest: int
    p999: int = field(compare=False, default=0)


def read_in_c(log: Path) -> list[Row]:
    source = MODULES / "native-hdr-histogram" / "HdrHistogram_c" / "src"
    if not source.is_dir() or shutil.which("gcc") is None:
        pytest.skip(f"needs gcc, and HdrHistogram's C code in {source}: npm install native-hdr-histogram")
    program = log.with_name("read_hlog")
    code = [source / f"hdr_{part}.c" for part in ("histogram", "histogram_log", "encoding", "time")]
    subprocess.run(
        ["gcc", "-w", f"-I{source}", "-o", program, HERE / "read_hlog.c", *code, "-lz", "-lm"], check=True, timeout=120
    )
    return lines_of([str(program), str(log)])


def read_in_javascript(log: Path) -> list[Row]:
    if not (MODULES / "hdr-histogram-js").is_dir() or shutil.which("node") is None:
        pytest.skip(f"needs node, and in {MODULES}: npm install hdr-histogram-js")
    return lines_of(["node", str(HERE / "read_hlog.js"), str(log)], {"NODE_PATH": str(MODULES)})


def lines_of(command: list[str], env: dict[str, str] | None = None) -> list[Row]:
    told = {**os.environ, **(env or {})}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)
    *rows, end = done.stdout.splitlines()
    assert end == "end 0", (done.stdout, done.stderr)
    found = [line.split("|") if line.count("|") == 4 else line.rsplit("|", 4) for line in rows]
    return [Row(tag, start, *map(int, figures)) for tag, start, *figures in found]


def read_in_java(log: Path) -> list[Row]:
    if not JAR.exists() or shutil.which("java") is None:
        pytest.skip("needs Java and HdrHistogram: apt-get install libhdrhistogram-java default-jre-headless")
    rows = []
    tags = dict.fromkeys(row.tag for row in hlog.read_file(log))
    for tag in tags:  # the processor takes one tag at a time, and the rows without any where none is given
        out = log.with_name("java.csv")
        command = ["java", "-cp", str(JAR), "org.HdrHistogram.HistogramLogProcessor", "-i", str(log), "-o", str(out)]
        named = ["-tag", tag] if tag else []
        subprocess.run([*command, "-csv", "-outputValueUnitRatio", "1", *named], check=True, timeout=60)
        with out.open(newline="") as file:
            for row in csv.DictReader(line for line in file if not line.startswith("#")):
                end_s, greatest, p999 = (float(row[key]) for key in ("Timestamp", "Int_Max", "Total_99.9%"))
                rows.append(Row(tag, f"{end_s - 1.0:.3f}", int(row["Int_Count"]), int(greatest), int(p999)))
    return rows


READERS = pytest.mark.parametrize("read", [read_in_c, read_in_javascript, read_in_java])


def no_figures() -> MemoryFigures:
    raise OSError("not here")


@READERS
def test_idle_intervals_and_a_second_session_are_read_to_the_end(
    clock: Any, tmp_path: Path, read: Callable[[Path], list[Row]]
) -> None:
    log, expected = tmp_path / "feed.hlog", []
    begun = clock.monotonic
    for session in range(2):
        monitor = Monitor(clock=clock, report=lambda _: None, on_failure=lambda *_: None, memory=no_figures)
        monitor.log_to(log)
        recorders = [monitor.recorder(tag) for tag in TAGS]
        for interval in range(4):
            start = f"{(clock.monotonic - begun) / 1e9:.3f}"
            for recorder in recorders:
                values = [1000 * (interval + 1)] * (interval % 2) + [7] * (session + 1) * (interval % 2)
                for value in values:
                    recorder.record(value)
                greatest = hdr.maximum(hdr.fill(values))
                expected.append(Row(recorder.tag, start, len(values), greatest))
            clock.advance(1.0)
            monitor.tick()
        monitor.log_to(tmp_path / "last.hlog")  # takes the interval without length that closing makes
        monitor.close()
        clock.wall += 4 * 10**9
    assert sorted(read(log)) == sorted(expected)
    assert sum(row.count for row in expected) > 0
    assert log.read_text().count("#[BaseTime") == 1


@READERS
def test_two_rules_for_a_percentile_are_as_documented(
    clock: Any, tmp_path: Path, read: Callable[[Path], list[Row]]
) -> None:
    """docs/monitor.md: 99.9 % of 1,600 values is rank 1,598.4: Java, JavaScript and we take 1,599, hdrh and C 1,598."""
    values = [1_000] * 1_598 + [2_000_000] * 2
    log = tmp_path / "feed.hlog"
    monitor = Monitor(clock=clock, report=lambda _: None, on_failure=lambda *_: None, memory=no_figures)
    monitor.log_to(log)
    record = monitor.recorder("feed").record
    for value in values:
        record(value)
    clock.advance(1.0)
    monitor.tick()
    monitor.log_to(tmp_path / "last.hlog")
    monitor.close()
    (row,) = read(log)
    filled = hdr.fill(values)
    assert hdr.percentile(filled, 99.9) == hdr.maximum(filled) > 1_900_000
    assert HdrHistogram.decode(hdr.encode(filled)).get_value_at_percentile(99.9) == 1_000
    assert row.p999 == (1_000 if read is read_in_c else hdr.maximum(filled))
