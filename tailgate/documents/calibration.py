"""The gate's own error rates: recorded blocks with known slowdowns, and how often the gate was right on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tailgate.documents.comparison import SECOND_ARMS, Series, renamed, second_arms
from tailgate.documents.envelope import document, keys
from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.estimate import Estimate

FILE: Final = "calibration.json"
DUEL_SECONDS: Final = 60.0
GATE_ARMS: Final = 4


def _from_second(plain: dict[str, Any]) -> dict[str, Any]:
    series = second_arms(plain["series"])
    return plain | {"series": series, "means_ns": renamed(plain["means_ns"], SECOND_ARMS)}


@document(
    "recording",
    3,  # what schema 1 recorded has the blocks of its gates in another file
    title="the recording of a calibration",
    made_by="tailgate calibrate",
    migrations={2: _from_second},
    bare=keys("benchmark", "condition", "series", "means_ns"),
)
@dataclass(slots=True)
class Recording:
    """Recorded blocks: the series of all arms, and each process's means of its passes (what other tools look at).

    seconds: of each block. gates: the numbers of the blocks that each whole gate consists of.
    """

    benchmark: str
    condition: str
    series: Series = field(default_factory=Series)
    means_ns: dict[str, list[list[float]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    gates: list[list[int]] = field(default_factory=list)
    batch: int = 1  # operations that were timed together


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a head of one kind got each verdict. shift: the log ratio that its slowdown really is."""

    kind: str
    shift: float
    verdicts: Mapping[str, int]

    @property
    def decisions(self) -> int:
        """Return how many decisions there were."""
        return sum(self.verdicts.values())

    @property
    def regression(self) -> Estimate:
        """Return the share of REGRESSION with its exact binomial interval."""
        return clopper_pearson(self.verdicts.get("REGRESSION", 0), self.decisions)


@dataclass(frozen=True, slots=True)
class Noise:
    """Whether resampling is fair: the spread of the blocks, and how much a block resembles the one before."""

    kind: str
    spread: float  # standard deviation of log(negative control / base)
    autocorrelation: float  # lag 1; 2 / sqrt(blocks) is what chance gives


@dataclass(frozen=True, slots=True)
class OtherTool:
    """How often another tool's rule says that head is slower (identical code: a false alarm)."""

    rule: str
    identical: tuple[int, int]  # alarms, decisions
    slower: tuple[int, int]  # of the 5 % arm


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What one recording says about the gate. duel: verdicts of duels of duel_blocks, duel_shift the true log ratio."""

    benchmark: str
    condition: str
    blocks: int
    arms: int
    block_seconds: float
    whole: tuple[Tally, ...]
    resampled: tuple[Tally, ...]
    noise: tuple[Noise, ...]
    others: tuple[OtherTool, ...]
    duel_blocks: int
    duel: Mapping[str, int]
    duel_shift: float
    batch: int = 1


@document("calibration", 1, title="a calibration of the gate", made_by="tailgate calibrate")
@dataclass(frozen=True, slots=True)
class Calibration:
    """All recordings of a folder, judged: by which command, on which machine."""

    command: str
    machine: str
    recordings: tuple[Calibrated, ...]
