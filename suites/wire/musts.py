"""The claims that must hold for the wire, checked against the runs that were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suites.wire.run import DIFFERENT_ORDERS
from suites.wire.summary import Summary, floor_of, latency, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suites.wire.run import Outcome

RATE: Final = 5_000.0
P50_US: Final = 30.0
P99_US: Final = 100.0
P99_OF_TRANSPORT: Final = 1.5
P50_GAIN: Final = 2.0
P99_GAIN: Final = 3.0
SOAK_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Must:
    """One claim, what was measured, and whether it holds."""

    claim: str
    measured: str
    holds: bool


def musts(outcomes: Sequence[Outcome]) -> Iterator[Must]:
    """Check what the runs allow to be checked; claims about runs that were not made are left out."""
    summaries = [summary for summary in summarise(outcomes) if not summary.failures]
    named = {(s.composition.name, s.rate): s for s in summaries}
    recommended = named.get(("recommended", RATE))
    if recommended is not None:
        yield from _at_the_rate(recommended, floor_of(recommended, summaries))
    shared = [rate for name, rate in named if name == "bottleneck" and ("recommended", rate) in named]
    for rate in sorted(shared):
        yield from _against(named["recommended", rate], named["bottleneck", rate])
    for outcome in outcomes:
        if outcome.spec.duration_s >= SOAK_S:
            holds = not outcome.lost and not outcome.failures
            slope = outcome.memory_slope_kib_per_s
            claim = f"nothing lost in {outcome.spec.duration_s:g} s at {outcome.spec.rate:,.0f}/s"
            yield Must(claim, f"{outcome.lost} lost, memory {slope:+.2f} KiB/s", holds)
    compared = [o for o in outcomes if o.client.get("digest") and not o.lost]
    if compared:
        claim = "the wire and the in-process pipeline give the same orders"
        equal = sum(DIFFERENT_ORDERS not in o.failures for o in compared)
        yield Must(claim, f"equal digests in {equal} of {len(compared)} runs", equal == len(compared))


def _at_the_rate(recommended: Summary, floor: Summary | None) -> Iterator[Must]:
    own = latency(recommended.best)
    yield Must(f"p50 at {RATE:,.0f}/s at most {P50_US:g} µs", f"{own.p50:.1f} µs", own.p50 <= P50_US)
    yield Must(f"p99 at {RATE:,.0f}/s below {P99_US:g} µs", f"{own.p99:.1f} µs", own.p99 < P99_US)
    if floor is not None:
        transport = latency(floor.best).p99
        claim = f"p99 at {RATE:,.0f}/s at most {P99_OF_TRANSPORT:g} times the transport's own"
        yield Must(claim, f"{own.p99:.1f} / {transport:.1f} µs", own.p99 <= P99_OF_TRANSPORT * transport)


def _against(recommended: Summary, bottleneck: Summary) -> Iterator[Must]:
    own, other, rate = latency(recommended.best), latency(bottleneck.best), recommended.rate
    for name, gain, mine, theirs in (("p50", P50_GAIN, own.p50, other.p50), ("p99", P99_GAIN, own.p99, other.p99)):
        claim = f"{name} at {rate:,.0f}/s at least {gain:g} times better than the bottleneck's"
        yield Must(claim, f"{theirs:,.1f} / {mine:,.1f} = {theirs / mine:.1f}", theirs >= gain * mine)
