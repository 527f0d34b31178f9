"""HdrHistograms: bulk filling, the encodings and the text, against Java's own output and an independent decoder."""

from __future__ import annotations

import base64
import math
import random
import subprocess
import sys
import zlib
from array import array
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import TailgateError
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from pathlib import Path

values_ns = st.integers(0, hdr.HIGHEST_NS) | st.integers(0, 5000)


@pytest.fixture
def golden(root: Path) -> Path:
    return root / "tests" / "golden" / "histogram"


def three_modes() -> list[int]:
    """Return the values that the golden files were made of, by HdrHistogram 2.1.11 for Java."""
    fast = [900 + 37 * i % 211 for i in range(300)]
    slow = [25_000 + 997 * i for i in range(40)]
    return [*fast, *slow, 0, 7, 1_500_000, 48_000_000, 3_600_000_000_000]


def decode_independently(text: str) -> dict[int, int]:
    """Read the V2 encoding by its specification alone: counts by index, a negative count skips so many zeros."""
    outer = base64.b64decode(text, validate=True)
    cookie, length = int.from_bytes(outer[:4]), int.from_bytes(outer[4:8])
    assert cookie == 0x1C849304 | 0x10
    assert length == len(outer) - 8
    inner = zlib.decompress(outer[8:])
    assert int.from_bytes(inner[:4]) == 0x1C849303 | 0x10
    assert int.from_bytes(inner[4:8]) == len(inner) - 40
    assert [int.from_bytes(inner[i : i + 4]) for i in (8, 12)] == [0, 3]
    assert [int.from_bytes(inner[i : i + 8]) for i in (16, 24)] == [1, 3_600_000_000_000]
    assert inner[32:40] == bytes.fromhex("3ff0000000000000")  # the conversion ratio is the double 1.0
    counts, index, position = {}, 0, 40
    while position < len(inner):
        raw, shift = 0, 0
        while True:
            byte = inner[position]
            position += 1
            raw |= (byte if shift == 56 else byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 63:
                break
        number = (raw >> 1) ^ -(raw & 1)
        if number > 0:
            counts[index] = number
        index += 1 if number >= 0 else -number
    return counts


def test_java_golden_payload_is_read(golden: Path) -> None:
    theirs = hdr.decode((golden / "three_modes.b64").read_text().strip())
    assert list(hdr.recorded_counts(theirs)) == list(hdr.recorded_counts(hdr.fill(three_modes())))
    assert hdr.count(theirs) == 345


def test_java_golden_text_is_written(golden: Path) -> None:
    lines = list(hdr.hgrm_lines(hdr.fill(three_modes())))
    assert "".join(f"{line}\n" for line in lines) == (golden / "three_modes.hgrm").read_text()


def test_encoding_holds_what_the_specification_says() -> None:
    mine = decode_independently(hdr.encode(hdr.fill(three_modes())))
    assert mine == Counter(hdr.index_of(value) for value in three_modes())


@given(st.lists(values_ns, max_size=40), st.integers(1, 2**62 - 1))
def test_encoding_is_read_back_and_by_the_independent_decoder(values: list[int], factor: int) -> None:
    tally = {value: factor // len(values) for value in values}
    filled = hdr.fill({value: number for value, number in tally.items() if number})
    text = hdr.encode(filled)
    expected = dict(hdr.recorded_counts(filled))
    assert decode_independently(text) == expected
    assert dict(hdr.recorded_counts(hdr.decode(text))) == expected


@given(values_ns)
def test_index_is_hdrhs_and_its_range_holds_the_value(value: int) -> None:
    one = hdr.fill([value])
    lowest, highest = hdr.minimum(one), hdr.maximum(one)
    assert lowest <= value <= highest
    assert highest - lowest <= max(value // 1000, 0)
    assert hdr.index_of(highest + 1) == hdr.index_of(value) + 1


@given(st.lists(values_ns, min_size=1, max_size=200), st.floats(0.001, 100))
def test_percentile_is_the_value_at_the_ceiling_rank(values: list[int], percent: float) -> None:
    """The largest value that (100% - percentile) of all values are either larger than or equivalent to."""
    rank = max(math.ceil(math.nextafter(percent, 0) * len(values) / 100), 1)
    expected = sorted(values)[rank - 1]
    assert hdr.percentile(hdr.fill(values), percent) == hdr.maximum(hdr.fill([expected]))


def test_percentile_takes_the_ceiling_where_hdrh_rounds() -> None:
    filled = hdr.fill([10, 20, 30])
    assert hdr.percentiles(filled, [0, 33.3, 33.4, 40, 66.7, 100]) == [10, 10, 20, 20, 30, 30]


def test_rank_is_not_moved_up_by_a_rounding_error() -> None:
    filled = hdr.fill(range(1, 1001))
    assert [hdr.percentile(filled, k / 10) for k in range(1, 1001)] == list(range(1, 1001))


@given(st.lists(st.lists(values_ns, max_size=20), max_size=4))
def test_merging_is_filling_with_everything(parts: list[list[int]]) -> None:
    together = hdr.merge(hdr.fill(part) for part in parts)
    whole = hdr.fill([value for part in parts for value in part])
    assert list(hdr.recorded_counts(together)) == list(hdr.recorded_counts(whole))
    assert hdr.encode(together) == hdr.encode(whole)


def test_merge_takes_a_histogram_of_another_geometry() -> None:
    from hdrh.histogram import HdrHistogram

    coarse = HdrHistogram(1, 1_000_000, 1)
    coarse.record_value(1000, 3)
    assert list(hdr.recorded_counts(hdr.merge([coarse, hdr.fill([5])]))) == [(5, 1), (hdr.index_of(992), 3)]


def test_moments_are_those_of_the_middles_of_the_buckets() -> None:
    filled = hdr.fill({1000: 3, 5000: 1})
    assert hdr.mean(filled) == (3 * 1000 + 5002) / 4
    assert hdr.stddev(filled) == pytest.approx(math.sqrt(3) / 4 * 4002)


def test_empty_histogram_has_figures_and_text() -> None:
    empty = hdr.fill([])
    assert hdr.percentiles(empty, [0, 50, 100]) == [0, 0, 0]
    assert (hdr.minimum(empty), hdr.maximum(empty), hdr.mean(empty), hdr.stddev(empty)) == (0, 0, 0.0, 0.0)
    assert len(list(hdr.hgrm_lines(empty))) == 5
    assert hdr.count(hdr.decode(hdr.encode(empty))) == 0


def test_arrays_are_unpacked() -> None:
    numpy = pytest.importorskip("numpy")
    expected = hdr.encode(hdr.fill([1, 1, 3000]))
    assert hdr.encode(hdr.fill(array("q", [1, 1, 3000]))) == expected
    assert hdr.encode(hdr.fill(numpy.array([1, 1, 3000]))) == expected


@pytest.mark.parametrize("values", [[-1], [hdr.HIGHEST_NS + 1], {5: -1}, {5: 2**61, 6: 2**61}])
def test_values_that_do_not_fit_are_refused(values: list[int]) -> None:
    with pytest.raises(TailgateError):
        hdr.fill(values)


def test_halves_are_rounded_up_like_javas() -> None:
    assert [hdr._fixed(1.0005, 3), hdr._fixed(0.125, 2), hdr._fixed(0.0, 12)] == ["1.001", "0.13", "0." + "0" * 12]


@pytest.mark.parametrize(
    ("version", "cookies", "begin"),  # begin: of the payloads in jHiccup's logs of that version
    [("V0", (0x1C849309, 0x1C849308), "HISTiQAA"), ("V1", (0x1C849302, 0x1C849301), "HISTIgAA")],
)
@pytest.mark.parametrize("count_bytes", [2, 4, 8])
def test_an_older_encoding_is_named(version: str, cookies: tuple[int, int], begin: str, count_bytes: int) -> None:
    """Laid out by the format's definition: the bits 4 to 7 of a cookie are how many bytes a count has."""
    outer, inner = (cookie | count_bytes << 4 for cookie in cookies)
    fields = [3, 1, 3_600_000_000_000, 0] if version == "V0" else [0, 0, 3]
    plain = inner.to_bytes(4) + b"".join(each.to_bytes(8) for each in fields) + (1).to_bytes(count_bytes)
    for body in (outer.to_bytes(4) + len(zlib.compress(plain)).to_bytes(4) + zlib.compress(plain), plain):
        text = base64.b64encode(body).decode()
        with pytest.raises(TailgateError, match=f"in the encoding {version}; only V2 is read") as told:
            hdr.decode(text)
        assert "writes V2" in told.value.hint
        if body is not plain and (version, count_bytes) in {("V0", 8), ("V1", 2)}:
            assert text.startswith(begin)


@pytest.mark.parametrize("text", ["", "rubbish", "HISTFA", "HISTFAAAAEV42pNpmSz", "é", "AAAA" * 20, "HIST FAAA"])
def test_garbage_is_a_clear_error(text: str) -> None:
    with pytest.raises(TailgateError, match="not a compressed HdrHistogram"):
        hdr.decode(text)


def test_a_text_with_foreign_characters_is_refused() -> None:
    text = hdr.encode(hdr.fill(three_modes()))
    with pytest.raises(TailgateError, match="not a compressed HdrHistogram"):
        hdr.decode(f"{text[:16]}\n!{text[16:]}")


def test_a_total_that_overflowed_is_refused() -> None:
    from hdrh.histogram import HdrHistogram

    overflowed = HdrHistogram(1, hdr.HIGHEST_NS, 3)
    for value in range(5):  # more than 2**64 in all, so that 64 bits hold the rest only
        overflowed.record_value(value, 2**62 - 1)
    with pytest.raises(TailgateError, match="values and holds"):
        hdr.decode(hdr.encode(overflowed))


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_text_is_an_error_or_a_histogram(position: int, byte: int) -> None:
    inner = bytearray(base64.b64decode(hdr.encode(hdr.fill(three_modes()))))
    inner[position % len(inner)] = byte
    raw = bytearray(zlib.decompress(base64.b64decode(hdr.encode(hdr.fill(three_modes())))[8:]))
    raw[position % len(raw)] = byte
    packed = zlib.compress(bytes(raw))
    wrapped = (0x1C849314).to_bytes(4) + len(packed).to_bytes(4) + packed
    for damaged in (inner, wrapped):
        try:
            hdr.count(hdr.decode(base64.b64encode(damaged).decode()))
        except TailgateError as error:
            assert error.message  # noqa: PT017  # either outcome is right; only another exception is not


def test_importing_loads_neither_hdrh_nor_another_package() -> None:
    code = "import sys, tailgate.results.histogram as h; print('hdrh' in sys.modules, 'numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


def test_a_coarse_histogram_keeps_every_count_and_each_percentile_to_half_a_percent() -> None:
    rng = random.Random(5)
    samples = [round(2000 * rng.lognormvariate(0, 1.5)) for _ in range(20_000)]
    whole = hdr.fill(samples)
    coarse = hdr.coarsened(whole)
    assert hdr.count(coarse) == 20_000
    steps = [1, 10, 50, 90, 99, 99.9, 100]
    pairs = zip(hdr.percentiles(coarse, steps), hdr.percentiles(whole, steps), strict=True)
    assert all(abs(mine - theirs) <= 0.005 * theirs + 1 for mine, theirs in pairs)
    assert len(hdr.encode(coarse)) < len(hdr.encode(whole)) / 2
    assert hdr.encode(hdr.decode(hdr.encode(coarse))) == hdr.encode(coarse)
