"""What a verdict says of each host that its blocks ran on, or could have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FleetHost:
    """One host. key: what stands for it in the statistics; cpus: those that measured; blocks: those that were run.

    fitness: the doctor's verdict, with its reasons. differs: what it has other than the host of the command. left_out:
    why it measures nothing, "" where it does.
    """

    name: str
    key: str
    cpus: tuple[int, ...]
    blocks: int
    fitness: str = ""
    reasons: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def said(self) -> str:
        """Say it in one line."""
        if self.left_out:
            return f"host {self.name} was left out: {self.left_out}"
        cpus = ", ".join(map(str, self.cpus))
        told = f"host {self.name} (CPU {cpus}): {self.blocks} blocks; {self.fitness}: {'; '.join(self.reasons)}"
        return told + (f"; it differs: {'; '.join(self.differs)}" if self.differs else "")
