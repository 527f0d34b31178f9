"""What the script does to the machine: plan, apply, restore, and say how things stand."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError
from tailgate.isolation.journal import Action, Journal, Process, Record
from tailgate.machine.conditions import settable_conditions
from tailgate.machine.conditions.topology import siblings
from tailgate.machine.cpulist import format_cpus
from tailgate.machine.shield import find_shield
from tailgate.machine.steps import Step, Write, chosen, undo_all

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tailgate.machine.conditions.base import Condition
    from tailgate.machine.host import Host

RESTORE = "tailgate isolate restore"


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, and the steps that would make it hold."""

    condition: Condition
    steps: tuple[Step, ...]


def whole_cores(host: Host, cpus: Sequence[int]) -> tuple[int, ...]:
    """Add the sibling threads of the CPUs; the last CPU of the machine where none is named."""
    named = tuple(cpus) or (host.online_cpus()[-1],)
    return tuple(sorted({*named, *(other for cpu in named for other in siblings(host, cpu))}))


def make_plan(host: Host, cpus: Sequence[int], without: Collection[str] = ()) -> tuple[Part, ...]:
    """Plan every condition that software can set, in order. Raises TailgateError where no shield can be."""
    conditions = settable_conditions(host, cpus)
    unknown = sorted(set(without) - {condition.name for condition in conditions})
    if unknown:
        raise TailgateError(
            f"there is no condition {unknown[0]!r} to leave out",
            hint="one of: " + ", ".join(condition.name for condition in conditions),
        )
    wanted = (condition for condition in conditions if condition.name not in without)
    return tuple(Part(condition, condition.plan()) for condition in wanted)


def describe_plan(parts: Sequence[Part]) -> tuple[str, ...]:
    """Say what would be done, a line each; a condition that needs nothing is named with its state."""
    lines = []
    for part in parts:
        lines += [f"{part.condition.name}: {step.describe()}" for step in part.steps]
        if not part.steps:
            reading = part.condition.read()
            lines.append(f"{part.condition.name}: nothing to do ({reading.state})")
    return tuple(lines)


def apply(
    host: Host,
    journal: Journal,
    cpus: Sequence[int],
    *,
    now: Callable[[], str],
    without: Collection[str] = (),
    action: Action = "apply",
) -> tuple[str, ...]:
    """Shield `cpus` for `action`, and set what can be set; return what the machine refused.

    The record is on the disk before the first change. Whatever goes wrong on the way, an interrupt too, the changes are
    undone before the error goes on. Raises TailgateError where a shield is recorded already.
    """
    refuse_second(host, journal)
    parts = make_plan(host, cpus, without)
    steps = tuple(step for part in parts for step in part.steps)
    record = Record(host.boot_id(), now(), tuple(cpus), "applying", steps, action, Process.current(host))
    journal.save(record)
    try:
        refusals = tuple(line for part in parts for line in part.condition.apply(part.steps))
        journal.save(replace(record, phase="applied"))
    except BaseException:
        restore(host, journal)
        raise
    return refusals


def refuse_second(host: Host, journal: Journal) -> None:
    """Raise TailgateError where a shield of this boot is recorded: a second record would forget the first values."""
    standing = journal.load()
    if standing is not None and standing.boot_id == host.boot_id():
        raise TailgateError(f"{journal.path} records a shield already ({standing.phase})", hint=RESTORE)


def restore(host: Host, journal: Journal) -> str:
    """Put back everything that is recorded, and say in a line what was done.

    A record of an earlier boot is only forgotten: the machine has started with its own values since. Raises
    TailgateError, and keeps the record, where something could not be put back.
    """
    record = journal.load()
    if record is None:
        return "nothing to restore: no shield is recorded"
    if record.boot_id != host.boot_id():
        journal.forget()
        return "the machine was started anew since: every value is its own again, the record is removed"
    with contextlib.suppress(TailgateError):  # a full disk: the record that stands there is whole, and says enough
        journal.save(replace(record, phase="restoring", process=Process.current(host)))
    left = undo_all(host, record.steps)
    if left:
        raise TailgateError(
            f"{len(left)} of {len(record.steps)} steps could not be undone: " + "; ".join(left),
            hint=f"fix the cause and run {RESTORE} again, or reboot: nothing that was set outlives it",
        )
    journal.forget()
    return f"restored: {len(record.steps)} steps undone, CPU {format_cpus(record.cpus)} is everybody's again"


def describe_status(host: Host, journal: Journal) -> tuple[str, ...]:
    """Say what is recorded, what stands, and which recorded value is no longer in force."""
    record, shield = journal.load(), find_shield(host)
    lines = []
    if record is None:
        lines.append("recorded: nothing")
    elif record.boot_id != host.boot_id():
        lines.append(f"recorded: a shield of {record.created}, from before the last boot; gone with it ({RESTORE})")
    else:
        made = f"{len(record.steps)} steps, made by `{record.action}`"
        lines.append(f"recorded: CPU {format_cpus(record.cpus)} since {record.created}, {record.phase}, {made}")
        lines += describe_maker(host, record)
        if record.phase == "applied":
            lines += [line for step in record.steps for line in strays(host, step)]
    if shield is None:
        lines.append("standing: no shield")
    else:
        members = (host.read(shield.members) or "").split()
        lines.append(f"standing: {shield.group}, CPU {format_cpus(shield.cpus)}, {len(members)} processes inside")
        if record is None:
            lines.append(f"nobody recorded that shield: remove it by hand (move its tasks away, rmdir {shield.group})")
    return tuple(lines)


def describe_maker(host: Host, record: Record) -> tuple[str, ...]:
    """Say whether somebody is at it still, or it falls to the reader to put the machine back."""
    pid = record.process.pid
    if record.phase == "applied" and record.action == "apply":
        return ()
    if record.process.lives(host):
        doing = "ends it with its command" if record.phase == "applied" else "is at it"
        return (f"process {pid} {doing}",)
    if record.phase == "applied":
        return (f"its run, process {pid}, is gone and restored nothing: put the machine back with {RESTORE}",)
    return (f"it was interrupted: put the machine back with {RESTORE}",)


def strays(host: Host, step: Step) -> tuple[str, ...]:
    """Return a line for a written value that stands no longer; nothing for a refusal that left the old one."""
    if not isinstance(step, Write) or step.old is None:
        return ()
    now = host.read(step.path)
    if now is None or chosen(now) == step.new:
        return ()
    return (f"not in force: {step.path} is {chosen(now)}, was to be {step.new}",)
