"""doctor.json: whether a machine can be trusted, and what a comparison on it can find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tailgate.documents.envelope import document, keys
from tailgate.documents.machine import JitterProfile, Reading, Sharing, Verdict

FILE: Final = "doctor.json"


def _from_first(plain: dict[str, Any]) -> dict[str, Any]:
    return plain | {"place": f"CPU {plain['best_cpu']}"}


@document(
    "doctor",
    2,
    title="a diagnosis of a machine",
    made_by="tailgate doctor --json",
    migrations={1: _from_first},
    bare=keys("verdict", "best_cpu", "conditions", "jitter"),
)
@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole diagnosis: the verdict with the reasons that made it, the gravest first.

    place: why best_cpu is the one to measure on. smallest_p99_effect: that a minute of equal sides could have
    found, 0.05 is 5 %; None where it was not measured. seconds: what all of it took. conditions: all of them, the
    missing ones with advice. jitter, pairs: by CPU and by pair, as far as they were probed.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    best_cpu: int
    place: str
    isolated: bool
    coordinator_cpus: tuple[int, ...]
    smallest_p99_effect: float | None
    seconds: float
    conditions: tuple[Reading, ...]
    jitter: tuple[JitterProfile, ...]
    pairs: tuple[Sharing, ...] = ()

    @property
    def effect(self) -> str:
        """Return the smallest effect in percent."""
        return "not measured" if self.smallest_p99_effect is None else f"{self.smallest_p99_effect:.1%}"
