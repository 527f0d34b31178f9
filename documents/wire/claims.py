"""The claims about the wire, held against the runs that were made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from documents.times import shown
from documents.wire.runs import DIFFERENT_ORDERS
from documents.wire.summary import NAMES, P50, P99, ratios
from tailgate.results.table import marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.wire.runs import Run
    from documents.wire.summary import Summary

RATE: Final = 5_000.0
P50_US: Final = 30.0
P99_US: Final = 100.0
P99_OF_TRANSPORT: Final = 1.5
GAINS: Final = ((P50, 2.0), (P99, 3.0))
SOAK_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, what was measured, and whether it holds.

    not shown: the figure is advisory, or it would hold and one of its runs failed.
    """

    claim: str
    measured: str
    holds: Literal["yes", "no", "not shown"]


def claims_of(runs: Sequence[Run], summaries: Sequence[Summary]) -> tuple[Claim, ...]:
    """Return the claims that the runs speak of; those about runs that were not made are left out."""
    return tuple(_claims(runs, summaries))


def _claims(runs: Sequence[Run], summaries: Sequence[Summary]) -> Iterator[Claim]:
    measured = [each for each in summaries if each.spec.purpose == "measure"]
    for each in measured:
        if not each.counts and each.spec.composition.name in {"recommended", "bottleneck"}:
            claim = f"the {each.spec.composition.name} composition keeps pace at {each.spec.rate:,.0f}/s"
            yield Claim(claim, f"all of {each.runs} runs failed", "no")
    measured = [each for each in measured if each.counts]
    for own in measured:
        if own.spec.composition.name == "recommended":
            yield from _at_the_rate(own) if own.spec.rate == RATE else ()
            for other in measured:
                theirs = other.spec.composition
                if theirs.name == "bottleneck" and other.spec == replace(own.spec, composition=theirs):
                    yield from _against(own, other, runs)
    for soak in summaries:
        if soak.spec.purpose == "soak" and soak.spec.duration_s >= SOAK_S:
            told = f"{soak.cost.lost} lost, memory {soak.cost.memory_slope_kib_per_s:+.2f} KiB/s"
            claim = f"nothing lost in {soak.spec.duration_s:g} s at {soak.spec.rate:,.0f}/s"
            yield Claim(claim, told, "yes" if not soak.cost.lost and not soak.failed else "no")
    compared = [run for run in runs if run.client.digest and not run.lost]
    if compared:
        equal = sum(DIFFERENT_ORDERS not in run.failures for run in compared)
        told = f"equal digests in {equal} of {len(compared)} runs"
        claim = "the wire and the in-process pipeline give the same orders"
        yield Claim(claim, told, "yes" if equal == len(compared) else "no")


def _at_the_rate(own: Summary) -> Iterator[Claim]:
    for place, most_us in ((P50, P50_US), (P99, P99_US)):
        claim = f"{NAMES[place]} at {RATE:,.0f}/s at most {most_us:g} µs"
        holds = own.latency.ns[place] <= most_us * 1e3
        yield _judged(claim, own.latency.micros(place) + " µs", holds, place, (own,))
    if own.against is not None:
        p99 = own.against[1]
        claim = f"p99 at {RATE:,.0f}/s at most {P99_OF_TRANSPORT:g} times the transport's own"
        yield _judged(claim, shown(p99), p99.times <= P99_OF_TRANSPORT, P99, (own,))


def _against(own: Summary, other: Summary, runs: Sequence[Run]) -> Iterator[Claim]:
    mine, theirs = ([run for run in runs if run.spec == each.spec] for each in (own, other))
    gains = ratios(mine, theirs)
    for (place, gain), times in zip(GAINS, gains or (), strict=False):
        claim = f"{NAMES[place]} at {own.spec.rate:,.0f}/s at least {gain:g} times better than the bottleneck's"
        yield _judged(claim, shown(times), times.times >= gain, place, (own, other))


def _judged(claim: str, told: str, holds: bool, place: int, of: Sequence[Summary]) -> Claim:  # noqa: FBT001  what is judged
    failed = ", ".join(
        f"{each.failed} of {each.runs} runs of {each.spec.composition.name} failed" for each in of if each.failed
    )
    advisory = any(each.latency.advisory[place] for each in of)
    verdict: Literal["yes", "no", "not shown"] = "yes" if holds else "no"
    if advisory or (holds and failed):
        verdict = "not shown"
    text = marked(told.removeprefix("~"), advisory=advisory) + (f"; {failed}" if failed else "")
    return Claim(claim, text, verdict)
