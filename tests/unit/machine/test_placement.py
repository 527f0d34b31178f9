from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tailgate.documents.machine import JitterProfile
from tailgate.errors import TailgateError
from tailgate.machine.host import Host
from tailgate.machine.placement import choose_cpus, quietest

MakeHost = Callable[[Mapping[str, str | bytes]], Host]
Quiet = Callable[..., JitterProfile]

CPU = "/sys/devices/system/cpu"
SHIELD = {
    "/proc/mounts": "cgroup /cg cgroup rw,cpuset 0 0\n",
    "/cg/tailgate-shield/cpuset.cpus": "1\n",
    "/cg/tailgate-shield/cgroup.procs": "",
}


def anywhere(cpu: int) -> bool:
    return cpu >= 0


def never(cpu: int) -> JitterProfile:
    raise AssertionError(f"CPU {cpu} need not be probed")


def test_the_quietest_cpu_works_and_the_others_coordinate(make_host: MakeHost, quiet: Quiet) -> None:
    lost = {0: 0.3, 1: 0.01, 2: 0.2}
    plan = choose_cpus(make_host({}), allowed=(0, 1, 2), probe_cpu=lambda cpu: quiet(cpu, lost[cpu]), pinnable=anywhere)
    assert (plan.worker_cpu, plan.coordinator_cpus, plan.isolated) == (1, (0, 2), False)


def test_of_equal_cpus_the_last_is_taken(quiet: Quiet) -> None:
    assert quietest([quiet(0), quiet(1), quiet(2)]) == 2


def test_one_cpu_does_both_and_is_not_probed(make_host: MakeHost) -> None:
    plan = choose_cpus(make_host({}), allowed=(0,), probe_cpu=never, pinnable=anywhere)
    assert (plan.worker_cpu, plan.coordinator_cpus) == (0, (0,))


def test_isolated_cpus_come_first_and_need_no_probe(make_host: MakeHost) -> None:
    host = make_host({f"{CPU}/online": "0-3", f"{CPU}/isolated": "2-3"})
    plan = choose_cpus(host, allowed=(0, 1), probe_cpu=never, pinnable=anywhere)
    assert (plan.worker_cpu, plan.coordinator_cpus, plan.isolated) == (3, (0, 1), True)


def test_isolated_cpus_that_are_not_ours_are_passed_over(make_host: MakeHost, quiet: Quiet) -> None:
    host = make_host({f"{CPU}/isolated": "1"})
    plan = choose_cpus(host, allowed=(0,), probe_cpu=quiet, pinnable=lambda cpu: cpu == 0)
    assert (plan.worker_cpu, plan.isolated) == (0, False)


def test_the_coordinator_keeps_off_the_workers_core(make_host: MakeHost, quiet: Quiet) -> None:
    host = make_host({f"{CPU}/online": "0-3", f"{CPU}/cpu3/topology/thread_siblings_list": "1,3"})
    plan = choose_cpus(host, allowed=(0, 1, 2, 3), probe_cpu=quiet, pinnable=anywhere)
    assert (plan.worker_cpu, plan.coordinator_cpus) == (3, (0, 2))


INVITED = {"TAILGATE_SHIELD": "/cg/tailgate-shield"}


def test_a_worker_that_is_invited_enters_the_shield_from_outside(make_host: MakeHost) -> None:
    plan = choose_cpus(make_host(SHIELD), allowed=(0,), probe_cpu=never, pinnable=anywhere, environ=INVITED)
    assert (plan.worker_cpu, plan.coordinator_cpus, plan.isolated) == (1, (0,), True)
    assert plan.enter == "/cg/tailgate-shield/cgroup.procs"


def test_inside_a_shield_of_one_cpu_everything_runs_there(make_host: MakeHost) -> None:
    plan = choose_cpus(make_host(SHIELD), allowed=(1,), probe_cpu=never, pinnable=anywhere)
    assert (plan.worker_cpu, plan.coordinator_cpus, plan.isolated, plan.enter) == (1, (1,), True, "")


@pytest.mark.parametrize("environ", [{}, {"TAILGATE_SHIELD": "/cg/another"}])
def test_a_shield_of_somebody_else_is_left_alone(make_host: MakeHost, quiet: Quiet, environ: Mapping[str, str]) -> None:
    plan = choose_cpus(make_host(SHIELD), allowed=(0,), probe_cpu=quiet, pinnable=anywhere, environ=environ)
    assert (plan.worker_cpu, plan.isolated, plan.enter) == (0, False, "")


def test_a_shield_that_may_not_be_entered_is_left_alone(make_host: MakeHost, quiet: Quiet) -> None:
    host = make_host({**SHIELD, "/cg/tailgate-shield/cgroup.procs": ""})
    host.path("/cg/tailgate-shield/cgroup.procs").unlink()
    plan = choose_cpus(host, allowed=(0,), probe_cpu=quiet, pinnable=anywhere, environ=INVITED)
    assert (plan.worker_cpu, plan.isolated) == (0, False)


def test_no_cpu_at_all_is_an_error_with_a_way_out(make_host: MakeHost) -> None:
    with pytest.raises(TailgateError, match="taskset"):
        choose_cpus(make_host({}), allowed=(0,), probe_cpu=never, pinnable=lambda cpu: cpu < 0)


def test_of_many_cpus_eight_are_probed(make_host: MakeHost, quiet: Quiet) -> None:
    probed: list[int] = []

    def probe(cpu: int) -> JitterProfile:
        probed.append(cpu)
        return quiet(cpu)

    choose_cpus(make_host({}), allowed=range(64), probe_cpu=probe, pinnable=anywhere)
    assert probed == list(range(56, 64))
