from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.machine.conditions import every_condition, settable_conditions
from tailgate.machine.conditions.frequency import Governor, TurboBoost, TurboIntel
from tailgate.machine.conditions.idle import IdleStates
from tailgate.machine.conditions.interrupts import IrqAffinity, format_mask
from tailgate.machine.conditions.isolated import CpusetShield, IsolatedCpus, NohzFull, isolated_cpus
from tailgate.machine.conditions.load import Jitter, Load, SchedulingClass, Steal
from tailgate.machine.conditions.memory import Aslr, Swap, TransparentHugePages
from tailgate.machine.conditions.pyperf_checks import TAKEN, PyperfCheck, load_operation
from tailgate.machine.conditions.timekeeping import ClockSource, PerfSampleRate
from tailgate.machine.conditions.topology import Numa, SmtSiblings
from tailgate.machine.host import Host

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tailgate.documents.machine import JitterProfile
    from tailgate.machine.conditions.base import Condition

MakeHost = Callable[[Mapping[str, str | bytes]], Host]

CPU = "/sys/devices/system/cpu"
GOVERNOR = f"{CPU}/cpu1/cpufreq/scaling_governor"
CPUSET = "cgroup /cg cgroup rw,cpuset 0 0\n"
STATE = f"{CPU}/cpu1/cpuidle/state3"
HUGE = "/sys/kernel/mm/transparent_hugepage/enabled"


def stat_line(policy: int, nice: int) -> str:
    fields = ["S"] + ["0"] * 50
    fields[16], fields[38] = str(nice), str(policy)
    return f"77 (a (b) c) {' '.join(fields)}"


CASES: list[tuple[type[Condition], Mapping[str, str | bytes], str]] = [
    (IsolatedCpus, {}, "missing"),
    (IsolatedCpus, {f"{CPU}/isolated": "1\n"}, "met"),
    (IsolatedCpus, {f"{CPU}/isolated": "\n"}, "missing"),
    (IsolatedCpus, {f"{CPU}/online": "0\n"}, "missing"),
    (IsolatedCpus, {f"{CPU}/isolated": "0\n"}, "missing"),
    (IsolatedCpus, {"/proc/mounts": CPUSET, "/cg/tailgate-shield/cpuset.cpus": "1"}, "met"),
    (CpusetShield, {"/proc/mounts": CPUSET, "/cg/tailgate-shield/cpuset.cpus": "1"}, "met"),
    (CpusetShield, {"/proc/mounts": CPUSET, "/cg/tailgate-shield/cpuset.cpus": "0"}, "missing"),
    (Load, {"/proc/loadavg": "1.80 0 0 1/1 1", "/proc/mounts": CPUSET, "/cg/tailgate-shield/cpuset.cpus": "1"}, "met"),
    (NohzFull, {}, "absent"),
    (NohzFull, {f"{CPU}/nohz_full": " (null)\n"}, "missing"),
    (NohzFull, {f"{CPU}/nohz_full": "1\n"}, "met"),
    (CpusetShield, {}, "absent"),
    (CpusetShield, {"/proc/mounts": "cgroup /cg cgroup rw,cpuset 0 0\n"}, "missing"),
    (CpusetShield, {"/proc/mounts": "cgroup /cg cgroup rw,cpuset 0 0\n", f"{CPU}/isolated": "1"}, "met"),
    (Governor, {}, "missing"),
    (Governor, {GOVERNOR: "powersave\n"}, "missing"),
    (Governor, {GOVERNOR: "performance\n"}, "met"),
    (TurboIntel, {}, "absent"),
    (TurboIntel, {TurboIntel.file: "0\n"}, "missing"),
    (TurboIntel, {TurboIntel.file: "1\n"}, "met"),
    (TurboBoost, {TurboBoost.file: "1\n"}, "missing"),
    (TurboBoost, {TurboBoost.file: "0\n"}, "met"),
    (IdleStates, {}, "absent"),
    (IdleStates, {f"{STATE}/latency": "133\n", f"{STATE}/disable": "0\n"}, "missing"),
    (IdleStates, {f"{STATE}/latency": "133\n", f"{STATE}/disable": "1\n"}, "met"),
    (IdleStates, {f"{STATE}/latency": "2\n", f"{STATE}/disable": "0\n"}, "met"),
    (
        IdleStates,
        {f"{STATE}/latency": "133", f"{STATE}/disable": "0", "/dev/cpu_dma_latency": struct.pack("=i", 0)},
        "met",
    ),
    (
        IdleStates,
        {f"{STATE}/latency": "133", f"{STATE}/disable": "0", "/dev/cpu_dma_latency": struct.pack("=i", 2_000_000_000)},
        "missing",
    ),
    (SmtSiblings, {f"{CPU}/cpu1/topology/thread_siblings_list": "1\n"}, "met"),
    (SmtSiblings, {f"{CPU}/cpu1/topology/thread_siblings_list": "0-1\n"}, "missing"),
    (SmtSiblings, {f"{CPU}/cpu1/topology/thread_siblings_list": "1,9\n"}, "met"),
    (Numa, {}, "met"),
    (Numa, {"/sys/devices/system/node/online": "0-1", "/proc/sys/kernel/numa_balancing": "1\n"}, "missing"),
    (Numa, {"/sys/devices/system/node/online": "0-1", "/proc/sys/kernel/numa_balancing": "0\n"}, "met"),
    (Aslr, {}, "absent"),
    (Aslr, {"/proc/sys/kernel/randomize_va_space": "0\n"}, "missing"),
    (Aslr, {"/proc/sys/kernel/randomize_va_space": "2\n"}, "met"),
    (TransparentHugePages, {}, "absent"),
    (TransparentHugePages, {HUGE: "[always] madvise never\n"}, "missing"),
    (TransparentHugePages, {HUGE: "always [madvise] never\n"}, "met"),
    (Swap, {"/proc/meminfo": "SwapTotal: 0 kB\nSwapFree: 0 kB\n"}, "met"),
    (Swap, {"/proc/meminfo": "SwapTotal: 9000 kB\nSwapFree: 8000 kB\n", "/proc/sys/vm/swappiness": "0"}, "missing"),
    (Swap, {"/proc/meminfo": "SwapTotal: 9000 kB\nSwapFree: 9000 kB\n", "/proc/sys/vm/swappiness": "60"}, "missing"),
    (Swap, {"/proc/meminfo": "SwapTotal: 9000 kB\nSwapFree: 9000 kB\n", "/proc/sys/vm/swappiness": "0"}, "met"),
    (ClockSource, {}, "absent"),
    (ClockSource, {"/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n"}, "met"),
    (ClockSource, {"/sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"}, "missing"),
    (PerfSampleRate, {"/proc/sys/kernel/perf_event_max_sample_rate": "100000\n"}, "missing"),
    (PerfSampleRate, {"/proc/sys/kernel/perf_event_max_sample_rate": "1\n"}, "met"),
    (SchedulingClass, {"/proc/self/stat": stat_line(0, 0)}, "met"),
    (SchedulingClass, {"/proc/self/stat": stat_line(0, -5)}, "met"),
    (SchedulingClass, {"/proc/self/stat": stat_line(0, 19)}, "missing"),
    (SchedulingClass, {"/proc/self/stat": stat_line(5, 0)}, "missing"),
    (SchedulingClass, {"/proc/self/stat": stat_line(1, 0)}, "missing"),
    (SchedulingClass, {"/proc/self/stat": stat_line(1, 0), "/proc/sys/kernel/sched_rt_runtime_us": "-1"}, "met"),
    (Load, {"/proc/loadavg": "0.90 0 0 1/1 1"}, "met"),
    (Load, {"/proc/loadavg": "1.80 0 0 1/1 1"}, "missing"),
    (Load, {"/proc/loadavg": "1.80 0 0 1/1 1", f"{CPU}/isolated": "1"}, "met"),
    (IrqAffinity, {}, "absent"),
    (IrqAffinity, {"/proc/irq/9/smp_affinity_list": "0-1\n"}, "missing"),
    (IrqAffinity, {"/proc/irq/9/smp_affinity_list": "0-1", "/proc/irq/9/effective_affinity_list": "0"}, "met"),
    (IrqAffinity, {"/proc/irq/9/smp_affinity_list": "0\n"}, "met"),
    (IrqAffinity, {"/proc/irq/9/smp_affinity_list": "0\n", "/proc/50/comm": "irqbalance\n"}, "missing"),
]


@pytest.mark.parametrize(("condition", "files", "status"), CASES)
def test_a_condition_is_read_from_the_files_of_the_machine(
    make_host: MakeHost, condition: type[Condition], files: Mapping[str, str | bytes], status: str
) -> None:
    reading = condition(make_host(files), (1,)).read()
    assert reading.status == status
    assert bool(reading.advice) == (status == "missing")
    assert "\n" not in reading.line()


def test_a_clock_read_through_the_kernel_makes_a_machine_unfit(make_host: MakeHost) -> None:
    host = make_host({"/sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet"})
    assert ClockSource(host, (1,)).read().severity == "unfit"


def test_without_a_governor_the_advice_is_lockstep_and_the_line_a_note(make_host: MakeHost) -> None:
    reading = Governor(make_host({}), (1,)).read()
    assert reading.severity == "note"
    assert "hypervisor" in reading.state
    assert "lockstep" in reading.advice


SETTABLE: list[tuple[type[Condition], Mapping[str, str], dict[str, str]]] = [
    (Governor, {GOVERNOR: "powersave"}, {GOVERNOR: "performance"}),
    (TurboIntel, {TurboIntel.file: "0"}, {TurboIntel.file: "1"}),
    (TurboBoost, {TurboBoost.file: "1"}, {TurboBoost.file: "0"}),
    (IdleStates, {f"{STATE}/latency": "133", f"{STATE}/disable": "0"}, {f"{STATE}/disable": "1"}),
    (Aslr, {"/proc/sys/kernel/randomize_va_space": "1"}, {"/proc/sys/kernel/randomize_va_space": "2"}),
    (TransparentHugePages, {HUGE: "always"}, {HUGE: "madvise"}),
    (
        Swap,
        {"/proc/meminfo": "SwapTotal: 9 kB\nSwapFree: 9 kB", "/proc/sys/vm/swappiness": "60"},
        {"/proc/sys/vm/swappiness": "0"},
    ),
    (
        Numa,
        {"/sys/devices/system/node/online": "0-1", "/proc/sys/kernel/numa_balancing": "1"},
        {"/proc/sys/kernel/numa_balancing": "0"},
    ),
    (
        PerfSampleRate,
        {"/proc/sys/kernel/perf_event_max_sample_rate": "63000"},
        {"/proc/sys/kernel/perf_event_max_sample_rate": "1"},
    ),
    (
        IrqAffinity,
        {
            "/proc/irq/9/smp_affinity_list": "0-1",
            "/proc/irq/10/smp_affinity_list": "1",
            "/proc/irq/11/smp_affinity_list": "0",
            "/proc/irq/default_smp_affinity": "3",
        },
        {
            "/proc/irq/9/smp_affinity_list": "0",
            "/proc/irq/10/smp_affinity_list": "0",
            "/proc/irq/11/smp_affinity_list": "0",
            "/proc/irq/default_smp_affinity": "1",
        },
    ),
]


@pytest.mark.parametrize(("condition", "before", "after"), SETTABLE)
def test_a_condition_is_applied_and_restored_to_what_was_there(
    make_host: MakeHost, condition: type[Condition], before: Mapping[str, str], after: dict[str, str]
) -> None:
    host = make_host(before)
    subject = condition(host, (1,))
    steps = subject.plan()
    assert {name: host.read(name) for name in before} == before, "planning only looks"
    assert subject.apply(steps) == ()
    assert {name: host.read(name) for name in after} == after
    assert subject.plan() == (), "what holds needs no step"
    assert subject.restore(steps) == ()
    assert {name: host.read(name) for name in before} == before


def test_what_is_met_or_absent_plans_nothing(make_host: MakeHost) -> None:
    conditions = settable_conditions(make_host({}), (1,))
    assert [step for condition in conditions[1:] for step in condition.plan()] == []


def test_every_condition_can_be_read_on_a_machine_that_shows_nothing(make_host: MakeHost) -> None:
    readings = [condition.read() for condition in every_condition(make_host({}), (1,))]
    assert len({reading.name for reading in readings}) == len(readings)
    assert {reading.status for reading in readings} == {"met", "missing", "absent"}


def test_the_governor_is_set_before_the_turbo_that_it_would_switch_on_again(make_host: MakeHost) -> None:
    kinds = [type(condition) for condition in settable_conditions(make_host({}), (1,))]
    assert kinds.index(Governor) < kinds.index(TurboIntel)


def test_on_one_cpu_there_is_nowhere_to_steer_interrupts(make_host: MakeHost) -> None:
    host = make_host({f"{CPU}/online": "1", "/proc/irq/9/smp_affinity_list": "1"})
    assert IrqAffinity(host, (1,)).plan() == ()


@pytest.mark.parametrize(
    ("mask", "like", "text"),
    [(1, "3", "1"), (0xF, "ff", "0f"), (1 << 32 | 5, "ffffffff,ffffffff", "00000001,00000005")],
)
def test_a_mask_is_spelled_like_the_kernels(mask: int, like: str, text: str) -> None:
    assert format_mask(mask, like=like) == text


def test_steal_is_the_share_since_the_earlier_look(make_host: MakeHost) -> None:
    before = "cpu1 100 0 0 100 0 0 0 50 0 0\n"
    host = make_host({"/proc/stat": "cpu0 0 0 0 0 0 0 0 999 0 0\ncpu1 140 0 0 150 0 0 0 60 0 0\n"})
    reading = Steal(host, (1,), before).read()
    assert reading.state == "10.0% of the measured CPUs' time"
    assert reading.severity == "unfit"
    assert "since boot" in Steal(host, (1,)).read().state


def test_load_beside_an_isolated_cpu_is_a_note(make_host: MakeHost) -> None:
    reading = Load(make_host({"/proc/loadavg": "9.00 0 0 1/1 1", f"{CPU}/isolated": "1"}), (1,)).read()
    assert reading.severity == "note"
    assert "kept off" in reading.advice


def test_no_steal_is_met(make_host: MakeHost) -> None:
    assert Steal(make_host({}), (1,)).read().status == "met"


@pytest.mark.parametrize(
    ("lost_share", "above_1ms", "severity"),
    [(0.001, 0, "note"), (0.05, 0, "care"), (0.001, 20, "care"), (0.2, 0, "unfit"), (0.001, 60, "unfit")],
)
def test_jitter_is_judged_by_time_lost_and_by_stalls(
    make_host: MakeHost, quiet: Callable[..., JitterProfile], lost_share: float, above_1ms: int, severity: str
) -> None:
    reading = Jitter(make_host({}), (1,), quiet(1, lost_share, above_1ms)).read()
    assert reading.severity == severity
    assert (reading.status == "met") == (severity == "note")


def test_partitions_of_cgroup_v2_count_as_isolated(make_host: MakeHost) -> None:
    host = make_host(
        {
            "/proc/mounts": "cgroup2 /cg cgroup2 rw 0 0\n",
            "/cg/cgroup.controllers": "cpuset cpu",
            "/cg/cpuset.cpus.isolated": "1",
        }
    )
    assert isolated_cpus(host) == (1,)


class Tuned:
    tuned_for_benchmarks: Any = True

    def __init__(self, system: SimpleNamespace) -> None:
        self.system = system

    @staticmethod
    def available() -> bool:
        return True

    def show(self) -> None:
        self.system.log_state("Cable: plugged")


class Untuned(Tuned):
    tuned_for_benchmarks = False

    def show(self) -> None:
        self.system.log_state("Cable: out")
        self.system.advice("Cable: put it\n in")


class Broken(Tuned):
    def show(self) -> None:
        raise AttributeError("moved")


class Silent(Tuned):
    def show(self) -> None:
        self.system.error("no device")


@pytest.mark.parametrize(
    ("operation", "status", "state"),
    [
        (Tuned, "met", "plugged (CPU 1)"),
        (Untuned, "missing", "out"),
        (Broken, "absent", "pyperf could not check it: moved"),
        (Silent, "absent", "nothing found"),
        (None, "absent", "nothing to check here"),
    ],
)
def test_a_check_of_pyperfs_is_read_through_a_recorder(
    make_host: MakeHost, operation: Any, status: str, state: str
) -> None:
    reading = PyperfCheck(make_host({}), (1,), "PowerSupply", lambda name: operation).read()
    assert (reading.status, reading.state) == (status, state)
    assert "\n" not in reading.advice


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_the_pyperf_here_still_has_the_checks_that_are_taken(name: str) -> None:
    assert load_operation(name) is not None


def test_counters_that_stand_still_do_not_say_that_nothing_was_stolen(make_host: MakeHost) -> None:
    host = make_host({})
    reading = Steal(host, (1,), host.read("/proc/stat") or "").read()
    assert (reading.status, reading.state) == ("absent", "the kernel's counters stand still")
