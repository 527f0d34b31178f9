"""Histogram logs: the golden files, reading back, and disks that are full."""

from __future__ import annotations

import base64
import shutil
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import TailgateError
from tailgate.monitor import hlog
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_NS = 1_700_000_000_123_000_000
JAVA_JAR = Path("/usr/share/java/hdrhistogram.jar")


@pytest.fixture
def golden(root: Path) -> Path:
    return root / "tests" / "golden" / "monitor"


def four_intervals() -> list[hlog.Interval]:
    """Return what the golden files hold: intervals of 1.007 s a second apart, each other one tagged."""
    return [
        hlog.Interval(
            tag="feed" if k % 2 else "",
            start_ns=BASE_NS + k * 10**9,
            length_ns=1_007_000_000,
            histogram=hdr.fill(700 + 13 * i * i for i in range(50 * k)),
        )
        for k in range(4)
    ]


def plain(intervals: list[hlog.Interval]) -> list[tuple[Any, ...]]:
    return [(i.tag, i.start_ns, i.length_ns, dict(hdr.recorded_counts(i.histogram))) for i in intervals]


def split_payload(lines: list[str]) -> Iterator[tuple[str, dict[int, int] | None]]:
    """Yield each line, and apart from it what its payload holds: two zlibs may pack the same counts differently."""
    for line in lines:
        text, found, payload = line.partition(",HISTFA")
        yield text, dict(hdr.recorded_counts(hdr.decode(f"HISTFA{payload}"))) if found else None


def write_all(disk: Any, intervals: list[hlog.Interval]) -> str:
    writer = hlog.HlogWriter(disk, size=0, base_ns=BASE_NS)
    for interval in intervals:
        writer.write(interval)
    return bytes(disk.content).decode("ascii")


def test_a_log_is_the_golden_one(disk: Any, golden: Path) -> None:
    written = write_all(disk, four_intervals()).splitlines()
    expected = (golden / "monitor.hlog").read_text().splitlines()
    assert list(split_payload(written)) == list(split_payload(expected))


def test_rows_and_stamps_are_the_java_writers(disk: Any, golden: Path) -> None:
    """The file was written by HistogramLogWriter of HdrHistogram 2.1.11."""
    java = (golden / "java.hlog").read_text().splitlines()[1:]
    written = write_all(disk, four_intervals()).splitlines()
    assert written[2:4] == java[2:4]
    assert list(split_payload(written[4:])) == list(split_payload(java[4:]))
    assert [written[0], written[1].split(", ")[0]] == [java[0], java[1].split(", ")[0]]


def test_payloads_hold_the_bytes_of_the_java_writers(disk: Any, golden: Path) -> None:
    """An interval without values too: HdrHistogram's C reader takes no payload without any count."""
    java = [line.rpartition(",")[2] for line in (golden / "java.hlog").read_text().splitlines()[5:]]
    ours = [line.rpartition(",")[2] for line in write_all(disk, four_intervals()).splitlines()[4:]]
    plain = [[zlib.decompress(base64.b64decode(payload)[8:]) for payload in payloads] for payloads in (ours, java)]
    assert plain[0] == plain[1]


def test_a_java_log_is_read(golden: Path) -> None:
    assert plain(hlog.read_file(golden / "java.hlog")) == plain(four_intervals())


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9_.:/=-]{0,12}", fullmatch=True),
            st.integers(0, 10**8),
            st.integers(0, 10**7),
            st.lists(st.integers(0, hdr.HIGHEST_NS), max_size=5),
        ),
        max_size=5,
    )
)
def test_a_log_is_read_back_equal(rows: list[tuple[str, int, int, list[int]]]) -> None:
    intervals = [
        hlog.Interval(tag, BASE_NS + start_ms * 10**6, length_ms * 10**6, hdr.fill(values))
        for tag, start_ms, length_ms, values in rows
    ]
    lines = [f"#[BaseTime: {BASE_NS / 1e9:.3f} (seconds since epoch)]", hlog.LEGEND]
    lines += [hlog.row(interval, base_ns=BASE_NS) for interval in intervals]
    assert plain(list(hlog.read(lines))) == plain(intervals)


@pytest.mark.skipif(
    shutil.which("java") is None or not JAVA_JAR.exists(),
    reason="HdrHistogram's own tools are not here: apt-get install libhdrhistogram-java default-jre-headless",
)
def test_hdrhistograms_own_processor_reads_the_log(disk: Any, tmp_path: Path) -> None:
    path = tmp_path / "ours.hlog"
    path.write_text(write_all(disk, four_intervals()))
    command = ["java", "-cp", str(JAVA_JAR), "org.HdrHistogram.HistogramLogProcessor", "-i", str(path), "-tag", "feed"]
    text = subprocess.run(
        [*command, "-outputValueUnitRatio", "1000"], capture_output=True, text=True, check=True
    ).stdout
    merged = hdr.merge(i.histogram for i in four_intervals() if i.tag == "feed")
    assert text.splitlines()[-3:] == list(hdr.hgrm_lines(merged))[-3:]


@pytest.mark.parametrize(
    ("stamps", "start_ns"),
    [
        (["#[BaseTime: 1000.000 (seconds since epoch)]"], 1002 * 10**9),
        (["#[StartTime: 1700000000.000 (seconds since epoch), x]"], 1_700_000_002 * 10**9),
        (["#[StartTime: 1000.000 (seconds since epoch), x]"], 2 * 10**9),
        ([], 2 * 10**9),
    ],
)
def test_the_origin_of_the_stamps_is_found_as_hdrhistogram_does(stamps: list[str], start_ns: int) -> None:
    row = f"2.000,1.000,0.000,{hdr.encode(hdr.fill([1]))}"
    assert [interval.start_ns for interval in hlog.read([*stamps, hlog.LEGEND, "", row])] == [start_ns]


@pytest.mark.parametrize("row", ["1.0,2.0,3.0", "Tag=x", "x,1.0,2.0,HISTFA", "1.0,1.0,1.0,rubbish", "inf,1,1,HISTFA"])
def test_a_damaged_row_is_named(row: str) -> None:
    with pytest.raises(TailgateError, match=r"^line 3 of the histogram log"):
        list(hlog.read(["#x", hlog.LEGEND, row]))


@pytest.mark.parametrize("tag", ["a,b", "a b", "a\n", "größe", "a\x00"])
def test_a_tag_that_would_break_the_row_is_refused(disk: Any, tag: str) -> None:
    with pytest.raises(TailgateError, match="a comma, white space, or what is not ASCII"):
        write_all(disk, [hlog.Interval(tag, BASE_NS, 1, hdr.fill([1]))])
    assert not disk.content


@pytest.mark.parametrize(("later_ns", "headers"), [(10**9, 1), (0, 1), (-(10**5), 1), (-(10**6), 2), (-(10**9), 2)])
def test_a_second_session_counts_from_the_base_time_that_stands_unless_that_lies_ahead(
    tmp_path: Path, later_ns: int, headers: int
) -> None:
    path = tmp_path / "new" / "a.hlog"
    first, second, *_ = four_intervals()
    second = replace(second, start_ns=first.start_ns + later_ns)
    for interval, base_ns in ((first, first.start_ns), (second, first.start_ns + later_ns)):
        writer = hlog.HlogWriter.open(path, base_ns=base_ns)
        writer.write(interval)
        writer.close()
    assert path.read_text().count("#[BaseTime") == headers
    assert ",-" not in path.read_text()  # the C reader takes no stamp below zero
    if later_ns != -(10**5):  # less than what the format holds
        assert plain(hlog.read_file(path)) == plain([first, second])


@pytest.mark.parametrize("left_over", [b"0.000,1.0", b"x" * 100_000])
def test_half_a_row_of_a_killed_writer_is_cut_off(tmp_path: Path, left_over: bytes) -> None:
    path = tmp_path / "a.hlog"
    path.write_bytes(b"#[one]\n#two\n" + left_over)
    writer = hlog.HlogWriter.open(path, base_ns=BASE_NS)
    assert path.read_bytes() == b"#[one]\n#two\n"
    writer.write(four_intervals()[0])
    writer.close()
    assert path.read_bytes().startswith(b"#[one]\n#two\n#[Histogram log")


def test_a_file_without_a_whole_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.hlog"
    path.write_bytes(b"#[Histogram log for")
    hlog.HlogWriter.open(path, base_ns=BASE_NS).close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize("content", [b'{"results": [1, 2]}', b"one\ntwo", b"# Notes\n\nno end"])
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(TailgateError, match=r"results\.json is not a histogram log"):
        hlog.HlogWriter.open(path, base_ns=BASE_NS)
    assert path.read_bytes() == content


def test_a_log_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="cannot append to the histogram log"):
        hlog.HlogWriter.open(tmp_path, base_ns=BASE_NS)


def test_a_full_disk_leaves_whole_rows_and_the_writer_goes_on(disk: Any) -> None:
    first, second, *_ = four_intervals()
    writer = hlog.HlogWriter(disk, size=0, base_ns=BASE_NS)
    writer.write(first)
    whole = disk.content.decode()
    disk.room = len(disk.content) + 20
    with pytest.raises(OSError, match="No space left"):
        writer.write(second)
    assert disk.content.decode() == whole
    disk.room = 10**9
    writer.write(second)
    assert disk.content.decode() == f"{whole}{hlog.row(second, base_ns=BASE_NS)}\n"


def test_a_torn_row_that_could_not_be_cut_is_cut_before_the_next(disk: Any) -> None:
    writer = hlog.HlogWriter(disk, size=0, base_ns=BASE_NS)
    first = four_intervals()[0]
    disk.room, disk.truncation_fails = 20, True
    with pytest.raises(OSError, match="No space left"):
        writer.write(first)
    assert len(disk.content) == 20
    disk.room, disk.truncation_fails = 10**9, False
    writer.write(first)
    assert bytes(disk.content) == write_all(type(disk)(), [first]).encode()


def test_a_file_that_takes_nothing_is_a_full_disk(disk: Any) -> None:
    disk.write = lambda data: 0
    with pytest.raises(OSError, match="took 0 of"):
        write_all(disk, four_intervals()[:1])


def test_the_header_is_written_again_when_the_disk_refused_it(disk: Any) -> None:
    writer = hlog.HlogWriter(disk, size=0, base_ns=BASE_NS)
    disk.room = 0
    interval = four_intervals()[1]
    with pytest.raises(OSError, match="No space left"):
        writer.write(interval)
    disk.room = 10**9
    writer.write(interval)
    assert plain(list(hlog.read(disk.content.decode().splitlines()))) == plain([interval])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_the_devices_own_full_disk() -> None:
    with (
        Path("/dev/full").open("ab", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        hlog.HlogWriter(full, size=0, base_ns=BASE_NS).write(four_intervals()[0])
