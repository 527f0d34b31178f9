from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tailgate.commands.doctor import doctor
from tailgate.documents.envelope import encode
from tailgate.documents.machine import JitterProfile, Reading
from tailgate.machine.doctor import diagnose
from tailgate.machine.fitness import assess, judge
from tailgate.machine.host import Host
from tailgate.machine.placed import probe_placed
from tailgate.machine.placement import CpuPlan
from tailgate.results.doctor_report import doctor_text

if TYPE_CHECKING:
    from pathlib import Path

MakeHost = Callable[[Mapping[str, str | bytes]], Host]
Quiet = Callable[..., JitterProfile]

CPU = "/sys/devices/system/cpu"
IDEAL = {
    f"{CPU}/isolated": "1",
    f"{CPU}/nohz_full": "1",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "performance",
}


def test_a_machine_that_gives_everything_is_fit(make_host: MakeHost, quiet: Quiet) -> None:
    fitness = assess(make_host(IDEAL), allowed=(0, 1), probe_cpu=quiet)
    assert (fitness.verdict, fitness.best_cpu, fitness.notes()) == ("fit", 1, ())
    assert fitness.summary()["tailgate_machine_missing"] == "nothing"


def test_each_missing_condition_gives_one_line_with_its_advice(make_host: MakeHost, quiet: Quiet) -> None:
    fitness = assess(make_host({}), allowed=(0, 1), probe_cpu=quiet)
    missing = [reading for reading in fitness.readings if reading.status == "missing"]
    assert fitness.verdict == "usable with care"
    assert sorted(fitness.notes()) == sorted(f"{one.name}: {one.state} - {one.advice}" for one in missing)
    assert all("\n" not in note for note in fitness.notes())


def test_noise_on_the_best_cpu_makes_the_machine_unfit_and_is_named_first(make_host: MakeHost, quiet: Quiet) -> None:
    fitness = assess(make_host({}), allowed=(0, 1), probe_cpu=lambda cpu: quiet(cpu, 0.5))
    assert fitness.verdict == "unfit"
    assert fitness.reasons[0].startswith("jitter: CPU 1: 50.00%")
    assert fitness.notes()[0].startswith("jitter")


def test_each_cpu_is_probed_once(make_host: MakeHost, quiet: Quiet) -> None:
    probed: list[int] = []

    def probe(cpu: int) -> JitterProfile:
        probed.append(cpu)
        return quiet(cpu)

    assess(make_host({}), allowed=(0, 1), probe_cpu=probe)
    assert sorted(probed) == [0, 1]


def test_the_summary_is_flat_and_of_values_that_pyperf_takes(make_host: MakeHost, quiet: Quiet) -> None:
    summary = assess(make_host({}), allowed=(0, 1), probe_cpu=lambda cpu: quiet(cpu, 0.02, 3, 1_500_000)).summary()
    assert all(key.startswith("tailgate_machine_") for key in summary)
    assert all(isinstance(value, str | int | float) for value in summary.values())
    assert all(str(value).strip() and "\n" not in str(value) for value in summary.values())
    assert summary["tailgate_machine_gaps_above_1ms_per_s"] == 3.0
    assert summary["tailgate_machine_longest_gap_ns"] == 1_500_000


def test_the_cpu_of_a_shield_is_probed_from_inside_it(
    make_host: MakeHost, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAILGATE_SHIELD", "/cg/tailgate-shield")
    host = make_host(
        {
            "/proc/mounts": "cgroup /cg cgroup rw,cpuset 0 0\n",
            "/cg/tailgate-shield/cpuset.cpus": "1\n",
            "/cg/tailgate-shield/cgroup.procs": "",
        }
    )
    asked: list[CpuPlan] = []

    def inside(plan: CpuPlan, seconds: float) -> JitterProfile:
        asked.append(plan)
        return quiet(1, 0.004)

    fitness = assess(host, allowed=(0,), probe_cpu=lambda cpu: quiet(cpu, 0.9), probe_inside=inside)
    assert (fitness.best_cpu, fitness.jitter[1].lost_share) == (1, 0.004)
    assert [plan.enter for plan in asked] == ["/cg/tailgate-shield/cgroup.procs"]
    absent = assess(host, allowed=(0,), probe_cpu=quiet, probe_inside=lambda plan, seconds: None)
    assert [one.state for one in absent.readings if one.name == "jitter"] == ["not measured"]


def test_a_child_takes_its_seat_and_probes(tmp_path: Path) -> None:
    members = tmp_path / "cgroup.procs"
    members.write_text("")
    cpu = max(os.sched_getaffinity(0))
    seen = probe_placed(CpuPlan(cpu, (), isolated=True, enter=str(members)), 1e-4)
    assert seen is not None
    assert seen.cpu == cpu
    assert members.read_text().isdecimal()
    assert members.read_text() != str(os.getpid())


def test_a_seat_that_cannot_be_taken_is_not_measured(tmp_path: Path) -> None:
    assert probe_placed(CpuPlan(0, (), isolated=True, enter=str(tmp_path / "nowhere")), 1e-4) is None


def test_notes_alone_leave_a_machine_fit() -> None:
    assert judge([Reading("a", "missing", "note", "x", "y")])[0] == "fit"
    assert judge([Reading("a", "met", "unfit", "x")])[0] == "fit"


@pytest.mark.parametrize(
    ("files", "effect", "verdict"),
    [
        (IDEAL, None, "fit"),
        (IDEAL, 0.03, "fit"),
        (IDEAL, 0.10, "usable with care"),
        (IDEAL, 0.30, "unfit"),
        ({}, 0.03, "usable with care"),
        ({}, 0.30, "unfit"),
    ],
)
def test_what_a_comparison_can_find_weighs_in_the_diagnosis(
    make_host: MakeHost, quiet: Quiet, files: Mapping[str, str], effect: float | None, verdict: str
) -> None:
    host = make_host(files)
    measured = None if effect is None else lambda _: effect
    ticks = iter((10.0, 14.5))
    diagnosis = diagnose(1.0, a_a=measured, host=host, probe_cpu=quiet, clock=lambda: next(ticks))
    assert (diagnosis.verdict, diagnosis.smallest_p99_effect, diagnosis.seconds) == (verdict, effect, 4.5)
    text = doctor_text(diagnosis)
    assert text.startswith(f"This machine is {verdict}.")
    assert ("not measured" if effect is None else f"{effect:.1%}") in text


def test_the_comparison_runs_on_the_cpu_that_is_named_as_the_best(make_host: MakeHost, quiet: Quiet) -> None:
    given: list[CpuPlan] = []

    def a_a(plan: CpuPlan) -> float:
        given.append(plan)
        return 0.04

    diagnosis = diagnose(1.0, a_a=a_a, host=make_host({}), probe_cpu=quiet)
    assert [(plan.worker_cpu, plan.reason) for plan in given] == [(diagnosis.best_cpu, diagnosis.place)]


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1"])
def test_seconds_that_are_none_are_a_usage_error(seconds: str) -> None:
    done = CliRunner().invoke(doctor, ["--seconds", seconds])
    assert done.exit_code == 2
    assert "--seconds" in done.output


def test_the_text_shows_every_condition_and_every_advice(make_host: MakeHost, quiet: Quiet) -> None:
    diagnosis = diagnose(1.0, a_a=None, host=make_host({}), probe_cpu=quiet)
    text = doctor_text(diagnosis)
    for reading in diagnosis.conditions:
        assert reading.state in text
        assert reading.advice in text


def test_the_json_is_whole_and_names_its_schema(make_host: MakeHost, quiet: Quiet) -> None:
    diagnosis = diagnose(1.0, a_a=lambda _: 0.04, host=make_host({}), probe_cpu=quiet)
    letter = json.loads(encode(diagnosis))
    plain = letter["document"]
    assert (letter["kind"], letter["schema"]) == ("doctor", 2)
    assert plain["smallest_p99_effect"] == 0.04
    assert [one["name"] for one in plain["conditions"]] == [one.name for one in diagnosis.conditions]
