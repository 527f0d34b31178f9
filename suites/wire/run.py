"""One run: start the sender and the client, wait, and judge what they tell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from documents.wire.runs import (
    DIFFERENT_ORDERS,
    MOST_GROWTH_NS,
    NS_IN_S,
    SUSTAINED,
    Received,
    Run,
    Sent,
    growth_ns,
)
from documents.wire.spec import LATE_NS, NOTHING, RunSpec
from implementations.pipeline.composed import build
from implementations.pipeline.composition import parse
from suites.wire.interpreters import environment_of
from suites.wire.process import Process, WireError
from suites.wire.tape import turn_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_LATE: Final = 0.02
"""A run in which more than this share of the frames was late by the sender's own doing has failed."""


def check_processors(sender: int, client: int) -> None:
    """Raise WireError unless this process may run on both, and they are two: the sender spins on its own."""
    ours = os.sched_getaffinity(0)
    usable = f"this process may use {', '.join(map(str, sorted(ours)))}"
    if strange := sorted({sender, client} - ours):
        raise WireError(f"CPU {strange[0]} is not available: {usable}", hint="name two others: --cpus SENDER,CLIENT")
    if sender == client:
        raise WireError(
            f"sender and client would share CPU {client}, where each is measured waiting for the other; {usable}",
            hint="name two: --cpus SENDER,CLIENT" if len(ours) > 1 else "the wire needs a machine with two CPUs",
        )


def carry_out(spec: RunSpec, digest: str = "", on_line: Callable[[str], object] | None = None, turn: int = 0) -> Run:
    """Make one run; with `digest`, the orders must be those of the in-process pipeline.

    `on_line` is given what the client's monitor says while it runs, on another thread.
    """
    check_processors(spec.sender_cpu, spec.client_cpu)
    wanted = spec.composition.interpreter
    python = environment_of(wanted) if wanted else ""
    with Process("suites.wire.sender") as sender:
        sender.tell(spec.as_json())
        port = sender.hear()["port"]
        with Process("suites.wire.client", on_line, python) as client:
            client.tell({"spec": spec.as_json(), "port": port})
            received = msgspec.convert(client.hear(spec.limit_s), Received)
        sent = msgspec.convert(sender.hear(), Sent)
    return Run(spec, turn, sent, received, tuple(failures_of(spec, sent, received, digest)))


def expected_digest(spec: RunSpec) -> str:
    """Return the digest of the orders that the in-process pipeline sends for the same frames."""
    if spec.composition.pipeline == NOTHING:
        return ""
    frames = turn_of(spec).frames
    payloads: list[bytes] = []
    with build(parse(spec.composition.pipeline.replace("bottleneck", "recommended")), payloads.append) as pipeline:
        on_frame = pipeline.on_frame
        for index in range(spec.frames):
            on_frame(frames[index % len(frames)])
        return pipeline.orders_digest(payloads)


def failures_of(spec: RunSpec, sent: Sent, told: Received, digest: str) -> list[str]:
    """Return the reasons why a run does not count; none when it does."""
    reasons = []
    late = sent.late / (spec.frames - spec.warmup_frames)
    if late > MOST_LATE:
        reasons.append(f"the sender itself was late: {late:.1%} of the frames by more than {LATE_NS / 1e6:g} ms")
    if told.received < sent.sent:
        reasons.append(f"{sent.sent - told.received} of {sent.sent} frames were not handled in time")
    else:
        reasons += _behind(spec, sent, told)
    if told.monitored is not None and told.monitored != told.received:
        reasons.append(f"the monitor counted {told.monitored} of {told.received} frames")
    if told.gaps or told.dropped:
        reasons.append(f"{told.gaps} gaps, {told.dropped} frames dropped")
    if told.orders_answered != told.orders:
        reasons.append(f"{told.orders - told.orders_answered} orders without an answer")
    if spec.composition.gateway != NOTHING and sent.orders != told.orders:
        reasons.append(f"{told.orders} orders submitted, {sent.orders} at the exchange")
    if sent.duplicates:
        reasons.append(f"{sent.duplicates} orders came to the exchange twice")
    if digest and told.digest != digest and told.received == sent.sent:
        reasons.append(DIFFERENT_ORDERS)
    return reasons


def _behind(spec: RunSpec, sent: Sent, told: Received) -> Iterator[str]:
    """Yield why a client that handled every frame did not keep pace: it took longer, or its queue kept growing."""
    taken = told.handled_last_ns - told.intended_first_ns
    meant = sent.intended_last_ns - told.intended_first_ns
    if taken * SUSTAINED > meant + NS_IN_S / spec.rate:
        yield f"achieved {meant / taken:.1%} of the offered rate"
    growth = growth_ns(told.backlog_ns)
    if growth > MOST_GROWTH_NS:
        yield f"the queue of frames grew by {growth / 1e6:,.0f} ms over the run and would go on growing"
