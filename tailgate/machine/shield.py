"""A shield of CPUs by cgroups: a group of its own for what is measured, and nobody else on those CPUs.

Version 1 of cgroups needs two groups: the shield, and the rest, into which every task of the root group is moved.
Version 2 does it with one: a partition takes its CPUs away from everybody outside it (kernel,
admin-guide/cgroup-v2, "Cpuset").
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tailgate.errors import TailgateError
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.steps import EnableController, MakeGroup, MoveTasks, Step, Write, start_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.machine.host import Host

SHIELD = "tailgate-shield"
REST = "tailgate-rest"
INVITATION = "TAILGATE_SHIELD"
"""The variable that names the group of the shield which workers may enter from outside. Without it a shield is somebody
else's: a second measurement that walked in would spoil both."""

ISOLATED_PARTITION_SINCE = (6, 1)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where cpusets are governed: the version of cgroups and the folder of its root group."""

    version: Literal[1, 2]
    mount: str


@dataclass(frozen=True, slots=True)
class Shield:
    """A shield that stands: its group, its CPUs, and the file into which a process is written to enter it whole."""

    group: str
    cpus: tuple[int, ...]
    members: str


def find_hierarchy(host: Host) -> Hierarchy | None:
    """Find the mounted hierarchy that has cpusets, or None."""
    for line in (host.read("/proc/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) < 4:
            continue
        mount, kind, options = fields[1], fields[2], fields[3].split(",")
        if kind == "cgroup" and "cpuset" in options:
            return Hierarchy(1, mount)
        if kind == "cgroup2" and "cpuset" in (host.read(f"{mount}/cgroup.controllers") or "").split():
            return Hierarchy(2, mount)
    return None


def find_shield(host: Host) -> Shield | None:
    """Find the shield that stands now, whoever put it up under our name; None where there is none."""
    hierarchy = find_hierarchy(host)
    if hierarchy is None:
        return None
    group = f"{hierarchy.mount}/{SHIELD}"
    cpus = parse_cpus(host.read(f"{group}/cpuset.cpus") or "")
    return Shield(group, cpus, f"{group}/cgroup.procs") if cpus else None


def enter(host: Host, shield: Shield, process: int) -> None:
    """Put a whole process into a shield. Raises TailgateError where the kernel or the rights forbid it."""
    try:
        host.write(shield.members, str(process))
    except OSError as error:
        raise TailgateError(
            f"process {process} cannot enter the shield {shield.group}: {error.strerror or error}",
            hint="run it as root, or wrap it: tailgate isolate run -- COMMAND",
        ) from error


def plan_shield(host: Host, cpus: Sequence[int]) -> tuple[Step, ...]:
    """Plan a shield of `cpus`. Raises TailgateError where none can be: no cpusets, no CPU left over, one stands."""
    hierarchy = find_hierarchy(host)
    if hierarchy is None:
        raise TailgateError(
            "no cgroup hierarchy with cpusets is mounted",
            hint="mount one: mkdir -p /sys/fs/cgroup/cpuset && mount -t cgroup -o cpuset cpuset /sys/fs/cgroup/cpuset",
        )
    online = host.online_cpus()
    strange = sorted(set(cpus) - set(online))
    if strange or not cpus:
        raise TailgateError(
            f"CPU {format_cpus(strange) or '(none)'} cannot be shielded: it is not online",
            hint=f"choose among {format_cpus(online)}, and leave one to the rest of the machine",
        )
    rest = sorted(set(online) - set(cpus))
    if not rest:
        raise TailgateError(
            f"a shield of CPU {format_cpus(cpus)} leaves none to the rest of the machine",
            hint="shield fewer CPUs; a machine with one CPU cannot be shielded",
        )
    if find_shield(host) is not None:
        raise TailgateError("a shield stands already", hint="tailgate isolate status, or restore")
    plan = plan_version_1 if hierarchy.version == 1 else plan_version_2
    return plan(host, hierarchy.mount, tuple(sorted(cpus)), tuple(rest))


def plan_version_1(host: Host, mount: str, cpus: tuple[int, ...], rest: tuple[int, ...]) -> tuple[Step, ...]:
    """Plan with cgroup v1. Order matters: CPUs and memory nodes first, then exclusiveness, then the tasks."""
    nodes = host.read(f"{mount}/cpuset.mems") or "0"
    balance = f"{mount}/cpuset.sched_load_balance"
    steps: list[Step] = list(narrow_groups(host, mount, groups_below(host, mount), cpus))
    for name, mine in ((REST, rest), (SHIELD, cpus)):
        group = f"{mount}/{name}"
        steps += [
            MakeGroup(group, home=mount, tasks="tasks"),
            Write(f"{group}/cpuset.cpus", None, format_cpus(mine), need="must"),
            Write(f"{group}/cpuset.mems", None, nodes, need="must"),
        ]
    steps += [
        Write(f"{mount}/{SHIELD}/cpuset.cpu_exclusive", None, "1"),
        Write(f"{mount}/{SHIELD}/cpuset.sched_load_balance", None, "0"),
        Write(balance, host.read(balance) or "1", "0"),
        MoveTasks(f"{mount}/tasks", f"{mount}/{REST}/tasks", pinned_tasks(host, f"{mount}/tasks", (*cpus, *rest))),
    ]
    return tuple(steps)


def plan_version_2(host: Host, mount: str, cpus: tuple[int, ...], rest: tuple[int, ...]) -> tuple[Step, ...]:
    """Plan with cgroup v2: one partition; groups that claim one of its CPUs by name must let go of it first."""
    del rest  # the kernel takes the CPUs away from everybody else by itself
    control = f"{mount}/cgroup.subtree_control"
    on = "cpuset" in (host.read(control) or "").split()
    group = f"{mount}/{SHIELD}"
    mode = "isolated" if kernel_version(host) >= ISOLATED_PARTITION_SINCE else "root"
    neighbours = tuple(f"{mount}/{name}" for name in host.folders(mount))
    return (
        EnableController(control, "cpuset", "on" if on else "off"),
        *narrow_groups(host, mount, neighbours, cpus),
        MakeGroup(group, home=mount, tasks="cgroup.procs"),
        Write(f"{group}/cpuset.cpus", None, format_cpus(cpus), need="must"),
        Write(f"{group}/cpuset.cpus.partition", None, mode, need="must", expect=mode),
    )


def groups_below(host: Host, folder: str) -> tuple[str, ...]:
    """Return every group below a folder, children before their parents: a parent cannot be narrower than its child."""
    found: list[str] = []
    for name in host.folders(folder):
        found += [*groups_below(host, f"{folder}/{name}"), f"{folder}/{name}"]
    return tuple(found)


def narrow_groups(host: Host, mount: str, groups: Sequence[str], cpus: tuple[int, ...]) -> tuple[Write, ...]:
    """Take `cpus` away from groups that hold them by name. Raises TailgateError for a group that has no other."""
    steps = []
    for group in groups:
        path = f"{group}/cpuset.cpus"
        old = host.read(path)
        held = parse_cpus(old or "")
        left = tuple(cpu for cpu in held if cpu not in cpus)
        if old is None or len(left) == len(held) or group in (f"{mount}/{SHIELD}", f"{mount}/{REST}"):
            continue
        if not left:
            raise TailgateError(
                f"the group {group} lives on CPU {old} alone, which was to be shielded",
                hint="shield another CPU, or move that group away first",
            )
        steps.append(Write(path, old, format_cpus(left), need="must"))
    return tuple(steps)


def pinned_tasks(host: Host, tasks: str, everything: Sequence[int]) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Return (task, start time, CPUs) of the pinned tasks of a group; none in a tree made for a test."""
    found = []
    for number in (host.read(tasks) or "").split() if host.is_real else ():
        task = int(number)
        try:
            cpus = os.sched_getaffinity(task)
        except OSError:
            continue  # it has ended
        started = start_time(host, task)
        if started is not None and cpus != set(everything):
            found.append((task, started, tuple(sorted(cpus))))
    return tuple(found)


def kernel_version(host: Host) -> tuple[int, int]:
    """Return major and minor of the kernel; (0, 0) where it cannot be read."""
    parts = (host.read("/proc/sys/kernel/osrelease") or "0.0").split(".")
    try:
        return int(parts[0]), int(parts[1])
    except (IndexError, ValueError):
        return 0, 0
