"""The single changes that make up a condition: each can be done, undone, written down and read back.

A step holds the old value when it is planned, so a list of steps that was stored before anything was done is enough to
put the machine back, however far the doing came. Undoing a step that was never done changes nothing.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.machine.host import Host

Need = Literal["must", "may"]
"""`must`: without this step the plan is given up and undone; `may`: a refusal is reported, and the rest goes on."""

ROUNDS = 200
"""Rounds of moving tasks before giving up: tasks fork while they are moved."""

PATIENCE, PAUSE_SECONDS = 500, 0.02
"""How often a group is looked at again until its ending tasks are gone, and the pause between: ten seconds in all."""


class Step(Protocol):
    """One change of the machine. `do` and `undo` raise OSError where the kernel refuses."""

    kind: ClassVar[str]

    @property
    def need(self) -> Need:
        """Say what a refusal of this step means for the plan."""

    def do(self, host: Host) -> None:
        """Make the change."""

    def undo(self, host: Host) -> None:
        """Put back what was there when the step was planned; a step that was not done is left alone."""

    def describe(self) -> str:
        """Say the change in one line, as a person would type it."""


def chosen(text: str) -> str:
    """Return the value in force: `always [madvise] never` is madvise, anything else is itself."""
    match = re.search(r"\[([^\]]*)\]", text)
    return match[1] if match else text


@dataclass(frozen=True, slots=True)
class Write:
    """Write one value.

    `old` is None for a file of a group that the plan itself makes: it goes with its group. `expect` is what the
    file must begin with afterwards, where the kernel accepts first and judges later.
    """

    kind: ClassVar[str] = "write"
    path: str
    old: str | None
    new: str
    need: Need = "may"
    expect: str = ""

    def do(self, host: Host) -> None:
        """Write the new value, and check it where the kernel answers in the file itself."""
        host.write(self.path, self.new)
        found = host.read(self.path) or ""
        if self.expect and (not found.startswith(self.expect) or "invalid" in found):
            raise OSError(f"{self.path} took {self.new!r} but says {found!r}")

    def undo(self, host: Host) -> None:
        """Write the old value, unless it stands there; a file that is gone with its group needs nothing."""
        now = host.read(self.path) if self.old is not None else None
        if self.old is not None and now is not None and chosen(now) != self.old:
            host.write(self.path, self.old)

    def describe(self) -> str:
        """Say it as a shell line, with the old value behind."""
        before = "" if self.old is None else f"   (was {self.old or 'empty'})"
        return f"echo {self.new} > {self.path}{before}"


@dataclass(frozen=True, slots=True)
class EnableController:
    """Return a controller to the children of a cgroup v2 folder."""

    kind: ClassVar[str] = "controller"
    path: str
    controller: str
    was_on: Literal["on", "off"]
    need: Need = "must"

    def do(self, host: Host) -> None:
        """Switch it on; nothing to do where it was on."""
        if self.was_on == "off":
            host.write(self.path, f"+{self.controller}")

    def undo(self, host: Host) -> None:
        """Switch it off again where it was off."""
        if self.was_on == "off" and self.controller in (host.read(self.path) or "").split():
            host.write(self.path, f"-{self.controller}")

    def describe(self) -> str:
        """Say it as a shell line."""
        return f"echo +{self.controller} > {self.path}   (was {self.was_on})"


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """Make a cgroup; undone by moving whatever runs in it to `home` and removing it. `tasks` is the file of members."""

    kind: ClassVar[str] = "group"
    path: str
    home: str
    tasks: str
    need: Need = "must"

    def do(self, host: Host) -> None:
        """Make the folder; one left by a run that was killed is used again."""
        if not host.exists(self.path):
            host.make_folder(self.path)

    def undo(self, host: Host) -> None:
        """Empty the group into its home and remove it."""
        if host.exists(self.path):
            remove_group(host, self.path, self.tasks, self.home)

    def describe(self) -> str:
        """Say it as a shell line."""
        return f"mkdir {self.path}"


@dataclass(frozen=True, slots=True)
class MoveTasks:
    """Move every task of one group to another.

    `affinities` are (task, start time, CPUs) of the tasks that their owners pinned. Kernels before 6.2 forget a task's
    own affinity when its cpuset changes: those are set again when it comes back. The start time says that a task of
    that number is still the same one.
    """

    kind: ClassVar[str] = "tasks"
    source: str
    target: str
    affinities: tuple[tuple[int, int, tuple[int, ...]], ...] = ()
    need: Need = "must"

    def do(self, host: Host) -> None:
        """Move what can be moved: threads of the kernel that are bound to a CPU stay, the kernel says EINVAL."""
        move_tasks(host, self.source, self.target)

    def undo(self, host: Host) -> None:
        """Move everything back, those that were started meanwhile too, and pin again what its owner had pinned."""
        if host.exists(self.target):
            move_tasks(host, self.target, self.source)
        for task, started, cpus in self.affinities if host.is_real else ():
            if start_time(host, task) == started:
                repin(task, cpus)

    def describe(self) -> str:
        """Say what moves where."""
        return f"move every task of {self.source} to {self.target}"


def repin(task: int, cpus: Sequence[int]) -> None:
    """Return a task its own affinity back; a task that ended in between is no error."""
    try:
        if os.sched_getaffinity(task) != set(cpus):
            os.sched_setaffinity(task, cpus)
    except ProcessLookupError:
        pass


def start_time(host: Host, task: int) -> int | None:
    """Return a task's start in clock ticks since boot (field 22 of /proc/PID/stat), or None when it has ended."""
    stat = host.read(f"/proc/{task}/stat")
    return int(stat.rpartition(")")[2].split()[19]) if stat else None


def move_tasks(host: Host, source: str, target: str) -> int:
    """Move tasks until only those are left that cannot be moved; return how many were.

    A thread of the kernel that is bound to its CPU is refused. A task that is ending is taken and stays where it is:
    one that is still listed after it was moved is such a task, and is waited for by whoever needs the group empty.
    Raises OSError when tasks fork faster than they are moved.
    """
    moved: set[str] = set()
    for _ in range(ROUNDS):
        fresh = 0
        for task in (host.read(source) or "").split():
            try:
                host.write(target, task)
            except OSError:
                # It has ended, or is bound to its CPU: it cannot be moved, nor is there a need to.
                continue
            fresh += task not in moved
            moved.add(task)
        if not fresh:
            return len(moved)
    raise OSError(errno.EAGAIN, f"tasks keep appearing in {source}")


def remove_group(host: Host, group: str, tasks: str, home: str) -> None:
    """Empty a group into its home and remove it, waiting for those tasks in it that are ending.

    On a busy machine an ending task may itself wait for a CPU, tens of milliseconds were seen; it is given seconds.
    """
    for _ in range(PATIENCE):
        move_tasks(host, f"{group}/{tasks}", f"{home}/{tasks}")
        try:
            host.remove_folder(group)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            host.pause(PAUSE_SECONDS)
        else:
            return
    raise OSError(errno.EBUSY, f"{group} does not become empty: {host.read(f'{group}/{tasks}')}")


STEPS: Mapping[str, type[Any]] = {step.kind: step for step in (Write, EnableController, MakeGroup, MoveTasks)}


def to_plain(step: Step) -> dict[str, Any]:
    """Turn a step into what JSON can hold."""
    return {"kind": step.kind, **asdict(step)}  # type: ignore[call-overload]  # every step is a dataclass; a Protocol cannot say so


def from_plain(plain: Mapping[str, Any]) -> Step:
    """Turn what JSON held into a step. Raises TailgateError for a kind or a field of another version."""
    values = {key: value for key, value in plain.items() if key != "kind"}
    try:
        if "affinities" in values:
            values["affinities"] = tuple((task, start, tuple(cpus)) for task, start, cpus in values["affinities"])
        step: Step = STEPS[plain["kind"]](**values)
    except (KeyError, TypeError, ValueError) as error:
        raise TailgateError(
            f"a recorded step cannot be read: {dict(plain)!r}", hint="it was written by another version: use that one"
        ) from error
    return step


def do_all(host: Host, steps: Sequence[Step]) -> tuple[str, ...]:
    """Do steps in order; return the refusals of those that may fail. Raises TailgateError at one that must not."""
    refusals = []
    for step in steps:
        try:
            step.do(host)
        except OSError as error:
            if step.need == "must":
                raise TailgateError(
                    f"the machine refused: {step.describe()}: {error.strerror or error}",
                    hint="nothing is lost: restore puts back what was changed so far",
                ) from error
            refusals.append(f"{step.describe()}: {error.strerror or error}")
    return tuple(refusals)


def undo_all(host: Host, steps: Sequence[Step]) -> tuple[str, ...]:
    """Undo steps from the last to the first, then look again: one value can reset another. Return what is left."""
    left: dict[str, str] = {}
    for _ in range(2):
        left.clear()
        for step in reversed(steps):
            try:
                step.undo(host)
            except OSError as error:
                left[step.describe()] = f"not undone: {step.describe()}: {error.strerror or error}"
    return tuple(left.values())
