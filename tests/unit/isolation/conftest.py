from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Literal

import pytest

from tailgate.machine.cpulist import parse_cpus
from tailgate.machine.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = "/sys/devices/system/cpu"
ORDINARY = {
    f"{CPU}/online": "0-3\n",
    f"{CPU}/cpu3/topology/thread_siblings_list": "3\n",
    f"{CPU}/cpu3/cpufreq/scaling_governor": "schedutil\n",
    f"{CPU}/cpufreq/boost": "1\n",
    f"{CPU}/cpu3/cpuidle/state2/latency": "200\n",
    f"{CPU}/cpu3/cpuidle/state2/disable": "0\n",
    "/proc/irq/default_smp_affinity": "f\n",
    "/proc/irq/7/smp_affinity_list": "0-3\n",
    "/proc/irq/8/smp_affinity_list": "3\n",
    "/proc/irq/9/smp_affinity_list": "0\n",
    "/proc/meminfo": "SwapTotal: 100 kB\nSwapFree: 100 kB\n",
    "/proc/sys/vm/swappiness": "60\n",
    "/proc/sys/kernel/perf_event_max_sample_rate": "100000\n",
    "/proc/sys/kernel/randomize_va_space": "2\n",
    "/proc/sys/kernel/osrelease": "6.18.1\n",
    "/proc/sys/kernel/random/boot_id": "first\n",
    "/sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never\n",
    "/dev/cpu_dma_latency": "",
}
TASKS = ("1", "20", "300")
BOUND = "2"
"""A thread of the kernel that is bound to its CPU: no group but its own will have it."""


class KilledError(BaseException):
    """The script was killed: from now on it does nothing more to the machine, not even in its handlers."""


class FakeKernel(Host):
    """A folder that behaves as the kernel does where the shield depends on it.

    Groups come with their files, tasks are in one group each, a group with tasks cannot be removed, huge pages are
    shown with brackets, and what is in `refused` is answered with EPERM. With `fuse` at n, the n-th change kills the
    script; `watch` is called before each. While `ending` is above zero, a task that ends keeps a group from going;
    each pause takes one off.
    """

    def __init__(self, root: Path, version: Literal[1, 2]) -> None:
        super().__init__(root)
        self.version = version
        self.refused: set[str] = set()
        self.fuse: int | None = None
        self.changes = 0
        self.ending = 0
        self.watch: Callable[[], None] = lambda: None
        for name, text in ORDINARY.items():
            self.put(name, text)
        kind, options = ("cgroup", "rw,cpuset") if version == 1 else ("cgroup2", "rw")
        self.put("/proc/mounts", f"tmpfs /tmp tmpfs rw 0 0\ncg /cg {kind} {options} 0 0\n")
        self.put("/cg/cgroup.procs", "\n".join((*TASKS, BOUND)))
        if version == 1:
            self.put("/cg/tasks", "\n".join((*TASKS, BOUND)))
            self.put("/cg/cpuset.cpus", "0-3")
            self.put("/cg/cpuset.mems", "0")
            self.put("/cg/cpuset.sched_load_balance", "1")
        else:
            self.put("/cg/cgroup.controllers", "cpuset cpu memory")
            self.put("/cg/cgroup.subtree_control", "cpu memory")
        self.add_group("/cg/guest", cpus="2-3")

    def put(self, name: str, text: str) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add_group(self, name: str, cpus: str = "") -> None:
        files = {"cgroup.procs": "", "cpuset.cpus": cpus, "cpuset.mems": ""}
        if self.version == 1:
            files |= {"tasks": "", "cpuset.cpu_exclusive": "0", "cpuset.sched_load_balance": "1"}
        else:
            files |= {"cpuset.cpus.partition": "member"}
        for file, text in files.items():
            self.put(f"{name}/{file}", text)

    def change(self, name: str) -> None:
        self.changes += 1
        self.watch()
        if self.fuse is not None and self.changes >= self.fuse:
            raise KilledError
        if name in self.refused:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), name)

    def revive(self) -> None:
        self.fuse, self.changes = None, 0

    def pause(self, seconds: float) -> None:
        self.ending = max(0, self.ending - 1)

    def make_folder(self, name: str) -> None:
        self.change(name)
        super().make_folder(name)
        self.add_group(name)

    def remove_folder(self, name: str) -> None:
        self.change(name)
        if self.read(f"{name}/cgroup.procs") or self.ending:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)
        shutil.rmtree(self.path(name))

    def write(self, name: str, text: str) -> None:
        self.change(name)
        folder, _, file = name.rpartition("/")
        if file in ("tasks", "cgroup.procs"):
            self.move(text, folder)
        elif file == "cgroup.subtree_control":
            on = set((self.read(name) or "").split())
            on = on | {text[1:]} if text.startswith("+") else on - {text[1:]}
            super().write(name, " ".join(sorted(on)))
        elif file == "cpuset.cpus.partition":
            super().write(name, text if text == "member" else self.judge_partition(folder, text))
        elif file == "enabled":
            super().write(name, " ".join(f"[{one}]" if one == text else one for one in ("always", "madvise", "never")))
        elif file == "cpuset.cpu_exclusive" and self.overlaps(folder):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
        else:
            super().write(name, text)

    def groups(self) -> list[str]:
        return ["/cg", *(f"/cg/{name}" for name in self.folders("/cg"))]

    def overlaps(self, folder: str) -> bool:
        mine = set(parse_cpus(self.read(f"{folder}/cpuset.cpus") or ""))
        others = [group for group in self.groups()[1:] if group != folder]
        return any(mine & set(parse_cpus(self.read(f"{group}/cpuset.cpus") or "")) for group in others)

    def judge_partition(self, folder: str, text: str) -> str:
        return f"{text} invalid (Cpu list in cpuset.cpus not exclusive)" if self.overlaps(folder) else text

    def move(self, task: str, target: str) -> None:
        if task == BOUND:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if self.version == 1 and not self.read(f"{target}/cpuset.cpus"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for group in self.groups():
            for file in ("tasks", "cgroup.procs"):
                path = self.path(f"{group}/{file}")
                if path.exists():
                    members = [one for one in path.read_text().split() if one != task]
                    path.write_text("\n".join([*members, task] if group == target else members))

    def picture(self) -> dict[str, tuple[str, ...]]:
        """Return every file as it is now, its words sorted where the kernel keeps no order."""
        return {
            str(path.relative_to(self.root)): tuple(sorted(path.read_text().split()))
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(params=[1, 2], ids=["cgroup-v1", "cgroup-v2"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> FakeKernel:
    """Return a machine of four CPUs with something to set for every condition, under each version of cgroups."""
    return FakeKernel(tmp_path / "machine", request.param)


@pytest.fixture
def make_kernel() -> Callable[[Path, Literal[1, 2]], FakeKernel]:
    """Return the maker itself, for tests that need many machines."""
    return FakeKernel


@pytest.fixture
def killed() -> type[BaseException]:
    """Return what a blown fuse raises."""
    return KilledError
