"""What a condition of the machine is: something to read, to advise on, to apply and to restore."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tailgate.documents.machine import Reading
from tailgate.machine.steps import Step, do_all, undo_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.machine import Severity
    from tailgate.machine.host import Host


class Condition(ABC):
    """One condition of a machine that is fit to measure on the CPUs `cpus`.

    `read` and `plan` only look. `apply` and `restore` take the steps that `plan` gave: the caller stores them in
    between, which is what makes a crash harmless. All act on the injected host, so a folder can stand for a machine.
    """

    name: ClassVar[str]

    def __init__(self, host: Host, cpus: Sequence[int]) -> None:
        self.host = host
        self.cpus = tuple(cpus)

    @abstractmethod
    def read(self) -> Reading:
        """Look, and say what is; the reading of a missing condition carries the advice."""

    @abstractmethod
    def advice(self) -> str:
        """Say in one line what a person can do where the condition is missing."""

    def plan(self) -> tuple[Step, ...]:
        """Return the steps that would make the condition hold; none where it holds, or where software cannot."""
        return ()

    def apply(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Do the steps; return the refusals. Raises TailgateError where a step that the rest needs is refused."""
        return do_all(self.host, steps)

    def restore(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Put back what was there when the steps were planned; return what could not be put back."""
        return undo_all(self.host, steps)

    def met(self, state: str) -> Reading:
        """Report that the condition holds."""
        return Reading(self.name, "met", "note", state)

    def absent(self, state: str) -> Reading:
        """Report that there is nothing to read here."""
        return Reading(self.name, "absent", "note", state)

    def missing(self, state: str, severity: Severity = "care") -> Reading:
        """Report that the condition does not hold, with the advice."""
        return Reading(self.name, "missing", severity, state, self.advice())
