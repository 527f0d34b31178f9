"""What one run over the wire is made of, in a form that travels between the processes as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED

Pace = Literal["tape", "fixed"]
Receive = Literal["inline", "task", "thread"]

NOTHING: Final = "none"
"""As the pipeline: the transport's own floor, frames are received and stamped. As the gateway: orders go nowhere."""

LATE_NS: Final = 1_000_000
"""A frame that leaves later than this is late; the sender's own work delays none by half as much, at 300,000/s too."""


@dataclass(frozen=True, slots=True)
class WireComposition:
    """One implementation of each path of the wire, by its name; `pipeline` is a composition of its own."""

    name: str
    feed: str
    loop: str  # a LoopName
    pipeline: str  # `recommended,codec=json` and the like, or NOTHING
    gateway: str  # or NOTHING
    sharing: str = "shared"
    bus: str = "null"
    receive: Receive = "inline"  # where frames are handled: in the receive loop, behind it, or on a thread
    rehearse_ms: float = 0.0  # walk the way of an order so often without sending one; 0: never
    interpreter: str = ""  # the client's: a built one's name, or a path; nothing: the one that measures

    def floor(self) -> WireComposition:
        """Give the same transport doing nothing."""
        parts = (self.feed, self.loop, "" if self.receive == "inline" else self.receive, self.interpreter)
        name = f"transport alone: {', '.join(filter(None, parts))}"
        return replace(
            self, name=name, pipeline=NOTHING, gateway=NOTHING, sharing="shared", bus="null", rehearse_ms=0.0
        )


NAMED: Final = {
    "recommended": WireComposition(
        # The feed's callback is the hand-off: a ring behind it, in the same thread, only adds its own cost.
        "recommended",
        "picows",
        "uvloop-busy",
        "recommended,handoff=inline",
        "raw",
        rehearse_ms=1.0,
    ),
    "bottleneck": WireComposition("bottleneck", "websockets", "asyncio", "bottleneck", "client-per-order"),
}
assert RECOMMENDED is not BOTTLENECK  # noqa: S101  the names above are those of implementations.pipeline.composition


@dataclass(frozen=True, slots=True)
class TapeSpec:
    """Which tape, and how its times become intended times."""

    capture: str | None = None
    seed: int = 7
    messages: int = 100_000
    pace: Pace = "tape"


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: so many frames a second, for so long, the first of them for warming up only."""

    composition: WireComposition
    tape: TapeSpec
    rate: float
    duration_s: float
    warmup_s: float = 1.0
    sender_cpu: int = 1
    client_cpu: int = 0
    monitor_s: float = 0.0  # the client's monitor ends an interval so often; 0: there is none
    monitor_log: str = ""

    @property
    def warmup_frames(self) -> int:
        """Give how many frames are not measured."""
        return round(self.rate * self.warmup_s)

    @property
    def frames(self) -> int:
        """Give how many frames are sent in all."""
        return self.warmup_frames + max(1, round(self.rate * self.duration_s))

    @property
    def patience_s(self) -> float:
        """Give how long a client that cannot follow may take after the last frame was due."""
        return 3.0 * self.duration_s + 5.0

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)

    @staticmethod
    def from_json(plain: dict[str, Any]) -> RunSpec:
        """Read what `as_json` gave."""
        composition, tape = WireComposition(**plain["composition"]), TapeSpec(**plain["tape"])
        return RunSpec(**{**plain, "composition": composition, "tape": tape})
