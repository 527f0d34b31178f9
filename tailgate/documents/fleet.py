"""What a verdict says of each host that its blocks ran on, or could have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FleetHost:
    """One host. key: what stands for it in the statistics; cpus: those that measured; blocks: those that counted.

    fitness: the doctor's verdict, with its reasons. differs: what it has other than the host of the command. left_out:
    why none of its blocks counts, "" where they do. shift: what its blocks alone say of the first judged figure, a log
    ratio.
    """

    name: str
    key: str
    cpus: tuple[int, ...]
    blocks: int
    fitness: str = ""
    reasons: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    left_out: str = ""
    shift: float | None = None
