"""Fill, encode and read HdrHistograms: the interchange form of a distribution of latencies.

Geometry: three significant digits, 1 ns to 1 hour. With 2,048 sub-buckets the index of a value is
`(b << 10) + (value >> b)`, where b is the number of bits beyond the eleventh.

Built on `hdrh` for the encodings; its percentile ranks, `.hgrm` text, `add` and `record_value` are not used: ranks are
rounded instead of taken from above, ticks and the scaling of the deviation differ from Java's, `add` loses the minimum,
and a record costs a microsecond. What is computed here follows HdrHistogram's Java original and was compared with it.

`hdrh` is imported by the functions that need it, never on import: its C extension turns the GIL back on in a
free-threaded interpreter, and a worker imports this module before it measures. For the same reason this module imports
nothing but the standard library and the family of errors.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SIGNIFICANT_DIGITS: Final = 3
LOWEST_NS: Final = 1
_OLDER: Final = {0x1C849308: "V0", 0x1C849309: "V0", 0x1C849301: "V1", 0x1C849302: "V1"}  # plain and compressed
HIGHEST_NS: Final = 3_600_000_000_000
"""One hour: the greatest value that may be filled in. A clock that says more is wrong, not slow."""


_COARSE_BITS: Final = 8  # of a value that stay: 128 steps in each octave


class Histogram(Protocol):
    """What this module reads of an `hdrh.histogram.HdrHistogram`; other modules use the functions below."""

    counts: Any
    """A ctypes array of counts, by index."""
    total_count: int
    max_value: int
    significant_figures: int
    bucket_count: int
    sub_bucket_count: int

    def get_counts_array_index(self, value: int) -> int:
        """Return the index of a value."""

    def get_value_from_index(self, index: int) -> int:
        """Return the lowest value of an index."""

    def get_highest_equivalent_value(self, value: int) -> int:
        """Return the highest value that shares its index with `value`."""

    def set_internal_tacking_values(self, first_index: int, last_index: int, total: int) -> None:
        """Set least and greatest value and the total (the spelling is hdrh's)."""

    def encode(self) -> bytes:
        """Return the compressed V2 encoding in base64."""


def index_of(value_ns: int) -> int:
    """Return the index of a value among the counts; the caller ensures 0 <= value_ns <= HIGHEST_NS."""
    extra_bits = value_ns.bit_length() - 11
    return value_ns if extra_bits <= 0 else (extra_bits << 10) + (value_ns >> extra_bits)


def fill(samples_ns: Iterable[int] | Mapping[int, int]) -> Histogram:
    """Fill a histogram with samples, or with the count of each value, in bulk.

    About 50 ns a sample where values repeat, 400 ns for each different value. Arrays (`array`, numpy) are unpacked to
    integers first. Raises TailgateError for a value below 0 or above HIGHEST_NS: nothing is dropped or bent.
    """
    if isinstance(samples_ns, Mapping):
        tally: Mapping[int, int] = samples_ns
    else:
        unpack = getattr(samples_ns, "tolist", None)
        tally = Counter(samples_ns if unpack is None else unpack())
    if tally and not (min(tally) >= 0 and max(tally) <= HIGHEST_NS):
        raise TailgateError(
            f"samples from {min(tally)} to {max(tally)} ns do not fit a histogram of 0 to {HIGHEST_NS} ns",
            hint="the unit is the nanosecond: check the clock that took them",
        )
    counts: dict[int, int] = {}
    for value_ns, count in tally.items():
        index = index_of(value_ns)
        counts[index] = counts.get(index, 0) + count
    return from_counts(counts)


def from_counts(counts: Mapping[int, int]) -> Histogram:
    """Make a histogram of counts by index, as `index_of` numbers them; raise TailgateError for counts below 0."""
    total = sum(counts.values())
    if min(counts.values(), default=0) < 0 or total >= 2**62:
        raise TailgateError(f"{total} values, some counts below zero or too many: hdrh reads back less than 2**62")
    from hdrh.histogram import HdrHistogram  # noqa: PLC0415  # it turns the GIL on: see the module's docstring

    histogram = cast("Histogram", HdrHistogram(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS))
    for index, number in counts.items():
        histogram.counts[index] = number
    recorded = [index for index, number in counts.items() if number]
    if recorded:
        histogram.set_internal_tacking_values(min(recorded), max(recorded), total)
    return histogram


def encode(histogram: Histogram) -> str:
    """Return a histogram as base64 of the compressed V2 encoding (`HISTFA...`), which the Java tools read.

    Of an empty one hdrh writes no count, and HdrHistogram's C reader takes that for damage: one zero stands there, as
    Java, JavaScript and C write it.
    """
    text = histogram.encode().decode("ascii")
    if histogram.total_count:
        return text
    packed = base64.b64decode(text)
    plain = zlib.decompress(packed[8:])
    body = zlib.compress(plain[:4] + (1).to_bytes(4) + plain[8:40] + b"\0")
    return base64.b64encode(packed[:4] + len(body).to_bytes(4) + body).decode("ascii")


def decode(text: str) -> Histogram:
    """Read what `encode`, or HdrHistogram in another language, wrote; any geometry.

    Raises TailgateError for anything else, with the version of one that is older. Least and greatest value come back as
    precise as the buckets are.
    """
    from hdrh.codec import HdrCookieException, HdrLengthException  # noqa: PLC0415  # as in from_counts
    from hdrh.histogram import HdrHistogram  # noqa: PLC0415  # as in from_counts

    damage = (
        *(HdrCookieException, HdrLengthException, zlib.error, binascii.Error),
        *(ValueError, IndexError, OverflowError, MemoryError, AssertionError),
    )
    try:
        _check_version(base64.b64decode(text, validate=True)[:4])
        histogram = cast("Histogram", HdrHistogram.decode(text))
    except damage as error:
        reason = str(error) or type(error).__name__
        raise TailgateError(
            f"not a compressed HdrHistogram (V2, base64): {text[:24]!r}... of {len(text)} characters: {reason}",
            hint="such a text begins with HISTFA; this one is cut short or is something else",
        ) from error
    total = sum(count for _, count in recorded_counts(histogram))
    if total != histogram.total_count:
        raise TailgateError(f"a histogram says {histogram.total_count} values and holds {total}")
    return histogram


def _check_version(cookie: bytes) -> None:
    """Raise TailgateError for the encodings before V2, whose counts are laid out differently."""
    version = _OLDER.get(int.from_bytes(cookie) & ~0xF0)  # these bits say how wide a count is
    if version is not None:
        raise TailgateError(
            f"an HdrHistogram in the encoding {version}; only V2 is read",
            hint="HdrHistogram for Java from 2.1.7 on reads it and writes V2: HistogramLogReader, HistogramLogWriter",
        )


def merge(histograms: Iterable[Histogram]) -> Histogram:
    """Add histograms up into a new one of this module's geometry; of none, return an empty one.

    One of another geometry is added by the lowest value of each of its buckets. Raises TailgateError for a value
    above HIGHEST_NS.
    """
    tally: Counter[int] = Counter()
    for histogram in histograms:
        for index, count in recorded_counts(histogram):
            tally[histogram.get_value_from_index(index)] += count
    return fill(tally)


def coarsened(histogram: Histogram) -> Histogram:
    """Return the same counts at 128 values an octave: percentiles are right to 0.4 %, the text is a fifth as long."""
    counts: dict[int, int] = {}
    for index, number in recorded_counts(histogram):
        value = histogram.get_value_from_index(index)
        shift = max(value.bit_length() - _COARSE_BITS, 0)
        middle = (value >> shift << shift) + (1 << shift >> 1)
        counts[middle] = counts.get(middle, 0) + number
    return fill(counts)


def recorded_counts(histogram: Histogram) -> Iterator[tuple[int, int]]:
    """Return (index, count) of each index that was recorded, in ascending order."""
    end = histogram.get_counts_array_index(histogram.max_value) + 1
    return ((index, number) for index, number in enumerate(histogram.counts[:end]) if number)


def count(histogram: Histogram) -> int:
    """Return the number of recorded values."""
    return histogram.total_count


def minimum(histogram: Histogram) -> int:
    """Return the least value, down to the bottom of its bucket; 0 if there is none."""
    first = next(recorded_counts(histogram), None)
    return 0 if first is None else histogram.get_value_from_index(first[0])


def maximum(histogram: Histogram) -> int:
    """Return the greatest value, up to the top of its bucket; 0 if there is none."""
    last = max((index for index, _ in recorded_counts(histogram)), default=None)
    return 0 if last is None else _highest_of(histogram, last)


def percentile(histogram: Histogram, percent: float) -> int:
    """Return the value below or at which `percent` (0 to 100) of the recorded values lie; 0 if there is none."""
    return percentiles(histogram, [percent])[0]


def percentiles(histogram: Histogram, percents: Sequence[float]) -> list[int]:
    """Return several percentiles (0 to 100, any order) in one walk over the counts.

    The rule is Java's: the top of the bucket that holds rank ceil(percent * total / 100), percent taken one unit in the
    last place lower so that a rounding error of the product never moves the rank up; percent 0 gives the least value.
    JavaScript's reader does so too; hdrh and C round the rank to the nearest (docs/monitor.md has figures).
    """
    cumulated: list[tuple[int, int]] = []
    total = 0
    for index, number in recorded_counts(histogram):
        total += number
        cumulated.append((total, index))
    return [_at_rank(histogram, cumulated, percent) for percent in percents]


def _at_rank(histogram: Histogram, cumulated: list[tuple[int, int]], percent: float) -> int:
    """Find the bucket that holds the rank of `percent` in (total up to here, index) pairs."""
    if not cumulated:
        return 0
    requested = min(max(math.nextafter(percent, -math.inf), 0.0), 100.0)
    rank = max(math.ceil(requested * cumulated[-1][0] / 100.0), 1)
    index = cumulated[bisect_left(cumulated, rank, key=itemgetter(0))][1]
    return histogram.get_value_from_index(index) if percent <= 0 else _highest_of(histogram, index)


def _highest_of(histogram: Histogram, index: int) -> int:
    return histogram.get_highest_equivalent_value(histogram.get_value_from_index(index))


def mean(histogram: Histogram) -> float:
    """Return the mean of the middles of the buckets, in nanoseconds; 0.0 if nothing was recorded."""
    total = sum(middle * number for middle, number in _middles(histogram))
    return total / histogram.total_count if histogram.total_count else 0.0


def stddev(histogram: Histogram) -> float:
    """Return the standard deviation (of a population) of the middles of the buckets, in nanoseconds."""
    if not histogram.total_count:
        return 0.0
    centre = mean(histogram)
    squares = math.fsum((middle - centre) ** 2 * number for middle, number in _middles(histogram))
    return math.sqrt(squares / histogram.total_count)


def _middles(histogram: Histogram) -> Iterator[tuple[int, int]]:
    """Return (middle value, count) of each recorded bucket; Java's middle is the bottom and half the width."""
    for index, number in recorded_counts(histogram):
        lowest = histogram.get_value_from_index(index)
        width = histogram.get_highest_equivalent_value(lowest) - lowest + 1
        yield lowest + (width >> 1), number


def hgrm_lines(histogram: Histogram, *, ticks_per_half_distance: int = 5, unit_ratio: float = 1000.0) -> Iterator[str]:
    """Return the lines, without their ends, of the `.hgrm` text that Java's outputPercentileDistribution prints.

    `unit_ratio` divides the values: 1000.0, Java's default, makes them microseconds.
    """
    digits = histogram.significant_figures

    def scaled(value: float) -> str:
        return f"{_fixed(value / unit_ratio, digits):>12}"

    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    yield ""
    for value, level, total in _percentile_steps(histogram, ticks_per_half_distance):
        row = f"{scaled(value)} {_fixed(level / 100.0, 12)} {total:>10}"
        yield row if level == 100.0 else f"{row} {_fixed(1 / (1.0 - level / 100.0), 2):>14}"
    yield f"#[Mean    = {scaled(mean(histogram))}, StdDeviation   = {scaled(stddev(histogram))}]"
    yield f"#[Max     = {scaled(maximum(histogram))}, Total count    = {histogram.total_count:>12}]"
    yield f"#[Buckets = {histogram.bucket_count:>12}, SubBuckets     = {histogram.sub_bucket_count:>12}]"


def _percentile_steps(histogram: Histogram, ticks: int) -> Iterator[tuple[int, float, int]]:
    """Return (value, percentile level, count up to it): `ticks` steps in each halving of the distance to 100 %."""
    level = 0.0
    running = 0
    value = 0
    for index, number in recorded_counts(histogram):
        running += number
        value = _highest_of(histogram, index)
        while 100.0 * running / histogram.total_count >= level:
            yield value, level, running
            if level == 100.0:
                return
            halvings = int(math.log(100.0 / (100.0 - level)) / math.log(2)) + 1
            level += 100.0 / (ticks * 2**halvings)
            if running == histogram.total_count:
                break
    if running:
        yield value, 100.0, running


def _fixed(number: float, digits: int) -> str:
    """Write a number as Java's formatter does: the shortest decimal, its halves rounded up."""
    return f"{Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):f}"
