"""What one run of threads is, as it goes to the process that makes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Placement = Literal["floating", "pinned"]


@dataclass(frozen=True, slots=True)
class ThreadSpec:
    """One run. placement: threads where the system puts them, or the n-th on the n-th of `cpus`, and round again.

    reads: reads after each write. interval_s: sys.setswitchinterval's. messages, seed: of the tape, where books need
    one.
    """

    subject: str
    implementation: str
    threads: int
    placement: Placement
    cpus: tuple[int, ...]
    seconds: float
    reads: int = 4
    interval_s: float = 0.005
    messages: int = 20_000
    seed: int = 7

    def to_json(self) -> str:
        """Return the command line's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ThreadSpec:
        """Return what `to_json` wrote."""
        plain = json.loads(text)
        return cls(**(plain | {"cpus": tuple(plain["cpus"])}))
