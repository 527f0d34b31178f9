"""One run: start the sender and the client, wait, and judge what they tell."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composed import build
from implementations.pipeline.composition import parse
from suites.wire.interpreters import environment_of
from suites.wire.process import Process, WireError
from suites.wire.spec import LATE_NS, NOTHING, RunSpec
from suites.wire.tape import turn_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NS_IN_S: Final = 1e9
SUSTAINED: Final = 0.99
"""A run whose achieved rate is below this share of the offered one has failed."""
MOST_LATE: Final = 0.02
"""A run in which more than this share of the frames was late by the sender's own doing has failed."""
DIFFERENT_ORDERS: Final = "the orders differ from the in-process pipeline's"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: the numbers as both processes told them, and why it does not count, if so."""

    spec: RunSpec
    sender: Mapping[str, Any]
    client: Mapping[str, Any]
    failures: tuple[str, ...]

    @property
    def offered(self) -> float:
        """Give the frames a second that were meant to be sent while it was measured."""
        span = self.sender["intended_last_ns"] - self.client["intended_first_ns"]
        return _rate(self.spec.frames - self.spec.warmup_frames, span)

    @property
    def achieved(self) -> float:
        """Give the frames a second that were handled."""
        return _rate(self.client["measured"], self.client["handled_last_ns"] - self.client["intended_first_ns"])

    @property
    def lost(self) -> int:
        """Count the frames that were sent and never handled."""
        return int(self.sender["sent"]) - int(self.client["received"])

    @property
    def memory_slope_kib_per_s(self) -> float:
        """Give the least-squares slope of the resident memory after the warm-up."""
        points = [(t, kib) for t, kib in self.client["memory_kib"] if t > self.spec.warmup_s + 1.0]
        return slope(points)

    def as_json(self) -> dict[str, Any]:
        """Give plain values; histograms are encoded as HdrHistogram's V2, compressed, in base64."""
        return {
            "spec": self.spec.as_json(),
            "failures": list(self.failures),
            "offered_rate": self.offered,
            "achieved_rate": self.achieved,
            "lost": self.lost,
            "memory_slope_kib_per_s": self.memory_slope_kib_per_s,
            "sender": dict(self.sender),
            "client": dict(self.client),
        }


def check_processors(*numbers: int) -> None:
    """Raise WireError unless this process may run on each of these processors."""
    ours = os.sched_getaffinity(0)
    if strange := sorted(set(numbers) - ours):
        raise WireError(
            f"processor {strange[0]} is not to be had: this process may use {', '.join(map(str, sorted(ours)))}",
            hint="name two others with --cpus SENDER,CLIENT",
        )


def carry_out(spec: RunSpec, digest: str = "", on_line: Callable[[str], object] | None = None) -> Outcome:
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
            told = client.hear()
        sent = sender.hear()
    return Outcome(spec, sent, told, tuple(failures_of(spec, sent, told, digest)))


def expected_digest(spec: RunSpec) -> str:
    """Give the digest of the orders that the in-process pipeline sends for the same frames."""
    if spec.composition.pipeline == NOTHING:
        return ""
    frames = turn_of(spec).frames
    payloads: list[bytes] = []
    with build(parse(spec.composition.pipeline.replace("bottleneck", "recommended")), payloads.append) as pipeline:
        on_frame = pipeline.on_frame
        for index in range(spec.frames):
            on_frame(frames[index % len(frames)])
        return pipeline.orders_digest(payloads)


def slope(points: list[tuple[float, float]]) -> float:
    """Give the least-squares slope of (x, y) points, 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def failures_of(spec: RunSpec, sent: Mapping[str, Any], told: Mapping[str, Any], digest: str) -> list[str]:
    """Give the reasons why a run does not count; none when it does."""
    reasons = []
    late = sent["late"] / (spec.frames - spec.warmup_frames)
    if late > MOST_LATE:
        reasons.append(f"the sender itself was late: {late:.1%} of the frames by more than {LATE_NS / 1e6:g} ms")
    if told["received"] < sent["sent"]:
        reasons.append(f"{sent['sent'] - told['received']} of {sent['sent']} frames were not handled in time")
    else:
        taken = told["handled_last_ns"] - told["intended_first_ns"]
        meant = sent["intended_last_ns"] - told["intended_first_ns"]
        if taken * SUSTAINED > meant + NS_IN_S / spec.rate:
            reasons.append(f"achieved {meant / taken:.1%} of the offered rate")
    watched = told.get("monitored")
    if watched is not None and watched != told["received"]:
        reasons.append(f"the monitor counted {watched} of {told['received']} frames")
    if told["gaps"] or told["dropped"]:
        reasons.append(f"{told['gaps']} gaps, {told['dropped']} frames dropped")
    if told["orders_answered"] != told["orders"]:
        reasons.append(f"{told['orders'] - told['orders_answered']} orders without an answer")
    if spec.composition.gateway != NOTHING and sent["orders"] != told["orders"]:
        reasons.append(f"{told['orders']} orders submitted, {sent['orders']} at the exchange")
    if sent.get("duplicates"):
        reasons.append(f"{sent['duplicates']} orders came to the exchange twice")
    if digest and told.get("digest") != digest and told["received"] == sent["sent"]:
        reasons.append(DIFFERENT_ORDERS)
    return reasons


def _rate(count: int, span_ns: int) -> float:
    return count / span_ns * NS_IN_S if span_ns > 0 else 0.0
