from __future__ import annotations

from typing import Any

import pytest

from tailgate.errors import TailgateError
from tailgate.machine.host import Host
from tailgate.machine.shield import enter, find_hierarchy, find_shield, plan_shield
from tailgate.machine.steps import MoveTasks, Write, chosen, do_all, from_plain, move_tasks, to_plain, undo_all


def test_a_shield_takes_its_cpus_from_everybody_and_gives_them_back(kernel: Any) -> None:
    before = kernel.picture()
    steps = plan_shield(kernel, (3,))
    assert kernel.picture() == before, "planning only looks"
    assert do_all(kernel, steps) == ()
    shield = find_shield(kernel)
    assert shield is not None
    assert shield.cpus == (3,)
    assert kernel.read("/cg/guest/cpuset.cpus") == "2", "a group that held the CPU by name lets go of it"
    if kernel.version == 1:
        assert set((kernel.read("/cg/tailgate-rest/tasks") or "").split()) == {"1", "20", "300"}
        assert kernel.read("/cg/tasks") == "2", "a bound thread of the kernel stays"
        assert kernel.read("/cg/cpuset.sched_load_balance") == "0"
        assert kernel.read("/cg/tailgate-shield/cpuset.cpu_exclusive") == "1"
    else:
        assert kernel.read("/cg/tailgate-shield/cpuset.cpus.partition") == "isolated"
        assert "cpuset" in (kernel.read("/cg/cgroup.subtree_control") or "").split()
    assert undo_all(kernel, steps) == ()
    assert kernel.picture() == before


def test_a_process_enters_whole(kernel: Any) -> None:
    do_all(kernel, plan_shield(kernel, (3,)))
    shield = find_shield(kernel)
    assert shield is not None
    enter(kernel, shield, 300)
    assert kernel.read("/cg/tailgate-shield/cgroup.procs") == "300"


def test_what_still_runs_in_the_shield_is_moved_home_before_it_goes(kernel: Any) -> None:
    before = kernel.picture()
    steps = plan_shield(kernel, (3,))
    do_all(kernel, steps)
    enter(kernel, find_shield(kernel), 300)  # type: ignore[arg-type]  # it stands: it was made two lines above
    assert undo_all(kernel, steps) == ()
    assert kernel.picture() == before


def test_a_process_that_may_not_enter_is_told_how(kernel: Any) -> None:
    do_all(kernel, plan_shield(kernel, (3,)))
    kernel.refused.add("/cg/tailgate-shield/cgroup.procs")
    with pytest.raises(TailgateError, match="as root"):
        enter(kernel, find_shield(kernel), 300)  # type: ignore[arg-type]  # it stands


@pytest.mark.parametrize(
    ("cpus", "message"), [((0, 1, 2, 3), "leaves none"), ((9,), "CPU 9 cannot"), ((), "none"), ((2, 3), "guest lives")]
)
def test_a_shield_that_cannot_be_is_refused_before_anything_is_done(
    kernel: Any, cpus: tuple[int, ...], message: str
) -> None:
    before = kernel.picture()
    with pytest.raises(TailgateError, match=message):
        plan_shield(kernel, cpus)
    assert kernel.picture() == before


def test_a_second_shield_is_refused(kernel: Any) -> None:
    do_all(kernel, plan_shield(kernel, (3,)))
    with pytest.raises(TailgateError, match="stands already"):
        plan_shield(kernel, (1,))


def test_without_cpusets_the_error_says_how_to_mount_them(kernel: Any) -> None:
    kernel.put("/proc/mounts", "cgroup /cg cgroup rw,memory 0 0\nshort line\n")
    assert find_hierarchy(kernel) is None
    with pytest.raises(TailgateError, match="mount -t cgroup"):
        plan_shield(kernel, (3,))


def test_a_partition_that_the_kernel_calls_invalid_is_a_refusal(kernel: Any) -> None:
    steps = plan_shield(kernel, (3,))
    kernel.add_group("/cg/late", cpus="3")
    if kernel.version == 2:
        with pytest.raises(TailgateError, match="invalid"):
            do_all(kernel, steps)
    else:
        assert any("cpu_exclusive" in line for line in do_all(kernel, steps))


def test_an_older_kernel_is_asked_for_a_root_partition(kernel: Any) -> None:
    kernel.put("/proc/sys/kernel/osrelease", "5.15.0-generic")
    modes = [step.new for step in plan_shield(kernel, (3,)) if isinstance(step, Write) and "partition" in step.path]
    assert modes == ([] if kernel.version == 1 else ["root"])


def test_a_controller_that_was_on_stays_on(kernel: Any) -> None:
    if kernel.version == 1:
        pytest.skip("version 1 has a hierarchy for each controller")
    kernel.put("/cg/cgroup.subtree_control", "cpu cpuset")
    steps = plan_shield(kernel, (3,))
    do_all(kernel, steps)
    undo_all(kernel, steps)
    assert kernel.read("/cg/cgroup.subtree_control") == "cpu cpuset"


def test_every_step_survives_being_written_down(kernel: Any) -> None:
    steps = (*plan_shield(kernel, (3,)), MoveTasks("/a", "/b", ((7, 1234, (0, 1)),)))
    assert tuple(from_plain(to_plain(step)) for step in steps) == steps


@pytest.mark.parametrize("plain", [{"kind": "format"}, {"kind": "write", "color": 1}, {}])
def test_a_step_of_another_version_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(TailgateError, match="another version"):
        from_plain(plain)


@pytest.mark.parametrize(("text", "value"), [("always [madvise] never", "madvise"), ("60", "60"), ("", "")])
def test_the_value_in_force_is_the_one_in_brackets(text: str, value: str) -> None:
    assert chosen(text) == value


def test_what_was_done_last_is_undone_first(kernel: Any) -> None:
    written: list[str] = []

    class Telling(Host):
        def write(self, name: str, text: str) -> None:
            written.append(name)
            super().write(name, text)

    machine = Telling(kernel.root)
    names = ["/proc/sys/vm/swappiness", "/proc/irq/7/smp_affinity_list", "/proc/irq/8/smp_affinity_list"]
    steps = tuple(Write(name, machine.read(name), "0") for name in names)
    do_all(machine, steps)
    undo_all(machine, steps)
    assert written == [*names, *reversed(names)]


def test_tasks_that_were_moved_come_back_with_those_started_meanwhile(kernel: Any) -> None:
    kernel.add_group("/cg/other", cpus="0")
    step = MoveTasks("/cg/cgroup.procs", "/cg/other/cgroup.procs")
    step.do(kernel)
    assert kernel.read("/cg/cgroup.procs") == "2"
    kernel.put("/cg/other/cgroup.procs", "1\n20\n300\n4000")
    step.undo(kernel)
    assert (kernel.read("/cg/cgroup.procs") or "").split() == ["2", "1", "20", "300", "4000"]
    assert kernel.read("/cg/other/cgroup.procs") == ""


def test_a_group_waits_for_the_tasks_in_it_that_are_ending(kernel: Any) -> None:
    before = kernel.picture()
    steps = plan_shield(kernel, (3,))
    do_all(kernel, steps)
    kernel.ending = 3
    assert undo_all(kernel, steps) == ()
    assert kernel.picture() == before


def test_a_group_that_never_empties_is_told(kernel: Any) -> None:
    steps = plan_shield(kernel, (3,))
    do_all(kernel, steps)
    kernel.ending = 10**9
    assert any("does not become empty" in line for line in undo_all(kernel, steps))


def test_a_task_that_stays_listed_after_its_move_is_taken_for_an_ending_one(kernel: Any) -> None:
    class Ending(Host):
        def write(self, name: str, text: str) -> None:
            if name != "/cg/guest/cgroup.procs":
                super().write(name, text)

    machine = Ending(kernel.root)
    assert move_tasks(machine, "/cg/cgroup.procs", "/cg/guest/cgroup.procs") == 4


def test_tasks_that_fork_for_ever_are_given_up(kernel: Any) -> None:
    numbers = iter(range(10_000, 10**6))

    class Forking(Host):
        def write(self, name: str, text: str) -> None:
            kernel.put("/cg/cgroup.procs", str(next(numbers)))

    with pytest.raises(OSError, match="keep appearing"):
        move_tasks(Forking(kernel.root), "/cg/cgroup.procs", "/cg/guest/cgroup.procs")


def test_a_group_that_a_lost_run_left_is_used_again(kernel: Any) -> None:
    kernel.add_group("/cg/tailgate-shield")
    assert do_all(kernel, plan_shield(kernel, (3,))) == ()
    assert find_shield(kernel) is not None


def test_a_value_that_another_resets_is_restored_all_the_same(kernel: Any) -> None:
    class Entangled(Host):
        def write(self, name: str, text: str) -> None:
            super().write(name, text)
            if name.endswith("scaling_governor"):
                super().write("/sys/devices/system/cpu/cpufreq/boost", "0")

    machine = Entangled(kernel.root)
    governor, boost = "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "/sys/devices/system/cpu/cpufreq/boost"
    steps = (Write(governor, "schedutil", "performance"), Write(boost, "1", "0"))
    do_all(machine, steps)
    assert undo_all(machine, steps) == ()
    assert (machine.read(governor), machine.read(boost)) == ("schedutil", "1")
