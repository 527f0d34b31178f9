"""What one run over the wire is made of, in a form that travels between the processes as JSON.

Nothing but the standard library is imported: the client reads this under any interpreter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

Pace = Literal["tape", "fixed"]
Receive = Literal["inline", "task", "thread"]
Purpose = Literal["measure", "capacity", "soak"]
"""Why a run is made: runs of one purpose alone are put together."""

NOTHING: Final = "none"
"""As the pipeline: the transport alone, frames are received and stamped. As the gateway: orders go nowhere."""

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

    def transport(self) -> WireComposition:
        """Return the same transport doing nothing."""
        parts = (self.feed, self.loop, "" if self.receive == "inline" else self.receive, self.interpreter)
        name = f"transport alone: {', '.join(filter(None, parts))}"
        return replace(
            self, name=name, pipeline=NOTHING, gateway=NOTHING, sharing="shared", bus="null", rehearse_ms=0.0
        )


@dataclass(frozen=True, slots=True)
class TapeSpec:
    """Which tape, and how its times become intended times."""

    capture: str | None = None
    seed: int = 7
    messages: int = 100_000
    pace: Pace = "tape"
    fitted: str = ""
    symbols: str = ""
    start: str = ""
    end: str = ""
    on_gap: str = "resync"


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
    purpose: Purpose = "measure"

    @property
    def warmup_frames(self) -> int:
        """Return how many frames are not measured."""
        return round(self.rate * self.warmup_s)

    @property
    def frames(self) -> int:
        """Return how many frames are sent in all."""
        return self.warmup_frames + max(1, round(self.rate * self.duration_s))

    @property
    def patience_s(self) -> float:
        """Return how long a client that cannot follow may take after the last frame was due."""
        return 3.0 * self.duration_s + 5.0

    @property
    def limit_s(self) -> float:
        """Return after how long a client that said nothing hangs: it may be slow to start, and to count its frames."""
        return 120.0 + self.warmup_s + self.duration_s + self.patience_s + 2e-5 * self.frames

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @staticmethod
    def from_json(plain: dict[str, Any]) -> RunSpec:
        """Read what `as_json` returned."""
        composition, tape = WireComposition(**plain["composition"]), TapeSpec(**plain["tape"])
        return RunSpec(**{**plain, "composition": composition, "tape": tape})
