"""Runs over the wire together: none is chosen by its outcome, and every form of one result says the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from documents.wire.claims import claims_of
from documents.wire.document import Wire, wire_of
from documents.wire.runs import DIFFERENT_ORDERS, Capacity
from documents.wire.summary import P50, P99, summarise
from documents.wire.tables import wire_tables
from suites.wire.spec import NAMED
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from documents.wire.claims import Claim
    from documents.wire.runs import Run
    from documents.wire.spec import Purpose

ALONE = NAMED["recommended"].transport()
MANY = 20_000  # values of a run: its p99 is more than advisory


def document(*runs: Run, **capacities: Capacity) -> Wire:
    return wire_of("python -m suites.wire", "one", {"machine": "this one"}, runs, capacities)


def claims(*runs: Run) -> dict[str, Claim]:
    return {each.claim: each for each in claims_of(runs, summarise(runs))}


def lines(wire: Wire) -> str:
    return "\n".join(table.markdown() for table in wire_tables(wire))


def test_five_slow_runs_and_a_fast_one_hold_no_bound(made_run: Callable[..., Run]) -> None:
    runs = [made_run("recommended", [400] * MANY, turn=turn) for turn in range(5)]
    runs.append(made_run("recommended", [20] * MANY, turn=5))
    (summary,) = summarise(runs)
    assert summary.latency.micros(P99).endswith("[20.0, 400.1]")
    assert summary.latency.count == 6 * MANY
    claim = claims(*runs)["p99 at 5,000/s at most 100 µs"]
    assert (claim.holds, claim.measured) == ("no", "400.1 [20.0, 400.1] µs")


def test_runs_are_merged_by_their_values_and_not_by_their_percentiles(made_run: Callable[..., Run]) -> None:
    runs = [made_run("recommended", [10] * 99 + [n]) for n in (1000, 2000, 3000)]
    (summary,) = summarise(runs)
    assert summary.latency.ns[P99] == pytest.approx(10_000, rel=0.001)  # the 297th of 300
    assert summary.latency.ns[3] == pytest.approx(3_000_000, rel=0.001)


def test_a_failed_run_is_no_part_of_the_figures_and_marks_the_sum(made_run: Callable[..., Run]) -> None:
    fine = [made_run("recommended", [20] * MANY, turn=turn) for turn in range(2)]
    failed = made_run("recommended", [1] * MANY, "achieved 50%", turn=2)
    (summary,) = summarise([*fine, failed])
    assert (summary.runs, summary.failed, summary.counts) == (3, 1, True)
    assert summary.latency.low_ns[P50] == summary.latency.ns[P50]
    assert summary.label == "recommended (1 of 3 runs failed)"
    claim = claims(*fine, failed)["p99 at 5,000/s at most 100 µs"]
    assert (claim.holds, claim.measured) == ("not shown", "20.0 µs; 1 of 3 runs of recommended failed")
    assert claims(*fine)["p99 at 5,000/s at most 100 µs"].holds == "yes"
    assert "| recommended | 5,000 | 1 | achieved 50% |" in lines(document(*fine, failed))


def test_where_all_failed_they_are_shown_and_are_no_measure(made_run: Callable[..., Run]) -> None:
    alone = made_run("recommended", [9] * MANY, composition=ALONE)
    (floor, summary) = summarise([alone, made_run("recommended", [20] * MANY, "short")])
    assert (floor.label, summary.label) == (ALONE.name, "recommended (failed)")
    assert summary.against is None
    (claim,) = claims(alone, made_run("recommended", [20] * MANY, "short")).values()
    assert (claim.claim, claim.holds) == ("the recommended composition keeps pace at 5,000/s", "no")


@pytest.mark.parametrize(
    ("purpose", "change"),
    [("capacity", {}), ("soak", {}), ("measure", {"duration_s": 3.0}), ("measure", {"monitor_s": 10.0})],
)
def test_a_run_for_another_purpose_as_long_or_watched_is_no_part_of_a_sum(
    purpose: Purpose, change: dict[str, float], made_run: Callable[..., Run]
) -> None:
    runs = [made_run("recommended", [20]), made_run("recommended", [90], purpose=purpose, **change)]
    assert [each.runs for each in summarise(runs)] == [1, 1]


def test_a_short_run_stands_in_for_no_soak(made_run: Callable[..., Run]) -> None:
    long = made_run("recommended", [20], duration_s=300.0, purpose="soak")
    assert [name for name in claims(made_run("recommended", [20], duration_s=300.0)) if "lost" in name] == []
    assert [name for name in claims(made_run("recommended", [20], purpose="soak")) if "lost" in name] == []
    assert claims(long)["nothing lost in 300 s at 5,000/s"].holds == "yes"
    gone = replace(long, client=replace(long.client, received=1), failures=("lost",))
    assert claims(gone)["nothing lost in 300 s at 5,000/s"].holds == "no"


def test_frames_that_led_to_an_order_stand_apart_and_are_charged_together(made_run: Callable[..., Run]) -> None:
    run = made_run("recommended", [10] * 900, with_order=encode(fill([500_000] * 100)))
    (summary,) = summarise([run])
    assert summary.with_order is not None
    assert summary.without_order is not None
    assert (summary.with_order.count, summary.without_order.count, summary.latency.count) == (100, 900, 1000)
    assert summary.without_order.ns[P99] == pytest.approx(10_000, rel=0.001)
    assert summary.latency.ns[P99] == pytest.approx(500_000, rel=0.001)
    assert "| to an order | 100 | ~500" in lines(document(run))


def test_against_the_transport_turn_by_turn(made_run: Callable[..., Run]) -> None:
    """The middle of the turns, which share what the machine did, with their range."""
    pairs = [(10, 20), (30, 30), (20, 30)]
    runs = [
        made_run("recommended", [us] * MANY, turn=turn, composition=composition)
        for turn, both in enumerate(pairs)
        for us, composition in zip(both, (ALONE, NAMED["recommended"]), strict=True)
    ]
    against = summarise(runs)[1].against
    assert against is not None
    found = (against[P50].times, against[P50].low, against[P50].high)
    assert found == pytest.approx((1.456, 1.0, 2.0), rel=0.01)
    assert claims(*runs)["p99 at 5,000/s at most 1.5 times the transport's own"].measured == "1.46x [1.00, 2.00]"


def test_a_stall_of_the_transport_moves_its_own_turn_alone(made_run: Callable[..., Run]) -> None:
    """Merged over merged, the one stalled run of six made 0.05x of turns that are 2x."""
    alone = [made_run("recommended", [1000 if n == 5 else 10] * MANY, turn=n, composition=ALONE) for n in range(6)]
    own = [made_run("recommended", [20] * MANY, turn=turn) for turn in range(6)]
    against = next(each.against for each in summarise([*alone, *own]) if each.against)
    assert against[1].times == pytest.approx(2.0, rel=0.01)
    assert against[1].low == pytest.approx(0.02, rel=0.01)


def test_a_run_whose_partner_failed_is_no_part_of_a_factor(made_run: Callable[..., Run]) -> None:
    ended = [(), (), ("late",)]
    alone = [made_run("recommended", [10] * MANY, *why, turn=n, composition=ALONE) for n, why in enumerate(ended)]
    own = [made_run("recommended", [us] * MANY, turn=turn) for turn, us in enumerate([20, 20, 900])]
    against = next(each.against for each in summarise([*alone, *own]) if each.against)
    assert (against[1].low, against[1].times, against[1].high) == pytest.approx((2.0, 2.0, 2.0), rel=0.01)


@pytest.mark.parametrize(
    ("own", "floor", "holds"), [(20, 20, True), (31, 31, False), (29, 19, False), (101, 101, False)]
)
def test_what_is_claimed_is_judged_by_its_figures(
    own: int,
    floor: int,
    holds: bool,  # noqa: FBT001
    made_run: Callable[..., Run],
) -> None:
    runs = [made_run("recommended", [floor] * MANY, composition=ALONE), made_run("recommended", [own] * MANY)]
    found = claims(*runs)
    assert len(found) == 3
    assert all(each.holds == "yes" for each in found.values()) == holds


@pytest.mark.parametrize(("theirs", "holds"), [(59, ["no", "no"]), (60, ["yes", "no"]), (90, ["yes", "yes"])])
def test_the_gain_over_the_bottleneck_is_judged(
    theirs: int, holds: Sequence[str], made_run: Callable[..., Run]
) -> None:
    runs = [made_run(name, [us] * MANY, rate=1000.0) for name, us in (("recommended", 30), ("bottleneck", theirs))]
    assert [each.holds for each in claims(*runs).values()] == holds


def test_an_advisory_figure_shows_nothing_either_way(made_run: Callable[..., Run]) -> None:
    """Each run must have enough: two of half as many are two uncertain tails."""
    half = [made_run("recommended", [20] * (MANY // 2), turn=turn) for turn in range(2)]
    claim = claims(*half)["p99 at 5,000/s at most 100 µs"]
    assert (claim.holds, claim.measured) == ("not shown", "~20.0 µs")
    assert claims(*half)["p50 at 5,000/s at most 30 µs"].holds == "yes"


def test_different_orders_are_told_where_it_must_hold(made_run: Callable[..., Run]) -> None:
    runs = [made_run("recommended", [9], *failures, digest="a") for failures in ((), (DIFFERENT_ORDERS,))]
    claim = claims(*runs)["the wire and the in-process pipeline give the same orders"]
    assert (claim.measured, claim.holds) == ("equal digests in 1 of 2 runs", "no")


def test_cost_is_that_of_the_worst_run_and_what_was_not_counted_is_not_shown(made_run: Callable[..., Run]) -> None:
    runs = [made_run("recommended", [20], cpu_ns=cpu, waited_ns=cpu // 2) for cpu in (10**9, 3 * 10**9)]
    assert "| 600.0 (never sleeps) | 0.1 | 0.00 | 0 | 0.0 | 0.0 | 1,500.0 | 40.0 | x1.46 |" in lines(document(*runs))
    cut = made_run("recommended", [20], "5 of 10 frames were not handled in time", cpu_ns=0, waited_ns=0)
    assert "| recommended (failed) | 5,000 | 1 | - | 0.1 | 0.00 | 0 | 0.0 | 0.0 | - | 40.0 | x1.46 |" in lines(
        document(cut)
    )


def test_capacity_is_shown_where_it_was_searched(made_run: Callable[..., Run]) -> None:
    wire = document(made_run("recommended", [20]), recommended=Capacity(0.0, 62.5, ((62.5, False),)))
    assert "| recommended | below 62/s | 1 |" in lines(wire)
    assert "## Capacity" not in lines(document(made_run("recommended", [20])))
