"""Whole runs between two processes, short ones: counts and digests, no times."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from documents.wire.document import NAME, Wire
from documents.wire.spec import RunSpec, TapeSpec
from suites.wire.__main__ import main
from suites.wire.process import Process, WireError
from suites.wire.run import carry_out, expected_digest, failures_of
from suites.wire.spec import NAMED
from tailgate.documents.envelope import load
from tailgate.monitor.hlog import read_file
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from pathlib import Path

    from documents.wire.runs import Run

RECOMMENDED = NAMED["recommended"]
CPUS = sorted(os.sched_getaffinity(0))


def run(composition: Any, rate: float = 2000.0, duration_s: float = 0.4, **tape: Any) -> Run:
    spec = RunSpec(composition, TapeSpec(**tape), rate, duration_s, 0.1, CPUS[-1], CPUS[0])
    return carry_out(spec, expected_digest(spec))


def check(outcome: Run) -> None:
    client, sender = outcome.client, outcome.sender
    assert (outcome.lost, client.gaps, client.dropped) == (0, 0, 0)
    assert client.received == sender.sent == outcome.spec.frames
    assert client.digest == expected_digest(outcome.spec)
    assert client.orders > 0
    assert client.orders == client.orders_left == client.orders_answered == sender.orders
    assert sender.duplicates == client.orders_failed == client.orders_rejected == 0


@pytest.mark.parametrize("name", NAMED)
def test_the_wire_gives_the_orders_of_the_pipeline_in_process(name: str, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(NAMED[name]))


@pytest.mark.parametrize("receive", ["task", "thread"])
def test_it_does_so_wherever_frames_are_handled(receive: Any, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    outcome = run(replace(RECOMMENDED, receive=receive, gateway="none"))
    assert outcome.client.digest == expected_digest(outcome.spec)
    assert outcome.lost == 0


@pytest.mark.parametrize("gateway", ["httpx", "aiohttp", "http-client", "raw", "client-per-order"])
def test_every_gateway_brings_every_order_to_the_exchange_once(gateway: str, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(replace(RECOMMENDED, gateway=gateway)))


@pytest.mark.parametrize("bus", ["zeromq-inproc", "zeromq-ipc", "zeromq-tcp"])
def test_a_bus_does_not_change_the_orders(bus: str, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(replace(RECOMMENDED, bus=bus)))


@pytest.mark.parametrize("every_ms", [0.0, 1.0])
def test_rehearsing_changes_no_order(every_ms: float, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(replace(RECOMMENDED, rehearse_ms=every_ms)))


def test_the_client_runs_under_the_interpreter_that_it_was_given(monkeypatch: Any, root: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(root)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "started as $0 $2" >&2\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    heard: list[str] = []
    monkeypatch.setattr("suites.wire.run.environment_of", {"mine": str(python)}.__getitem__)
    spec = RunSpec(replace(RECOMMENDED, interpreter="mine"), TapeSpec(), 2000.0, 0.4, 0.1, CPUS[-1], CPUS[0])
    outcome = carry_out(spec, expected_digest(spec), heard.append)
    check(outcome)
    assert heard == [f"started as {python} suites.wire.client"]
    assert outcome.client.python == platform.python_version()


def test_a_tape_that_is_shorter_than_the_run_is_repeated(monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(RECOMMENDED, messages=300, pace="fixed"))


def test_a_real_capture_gives_the_same_orders_too(captures: Path, monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    check(run(RECOMMENDED, capture=str(captures / "coinbase_level2_10sym_20210417.raw"), messages=0))


def test_the_command_writes_what_it_measured(monkeypatch: Any, root: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(root)
    asked = ["--rate", "500", "--duration", "0.3", "--warmup", "0.1", "--composition", "recommended", "--runs", "2"]
    result = CliRunner().invoke(main, [*asked, "--cpus", f"{CPUS[-1]},{CPUS[0]}", "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    written = load(tmp_path / NAME, Wire)
    assert [run.spec.composition.pipeline for run in written.runs] == ["none", RECOMMENDED.pipeline] * 2
    assert [run.turn for run in written.runs] == [0, 0, 1, 1]
    assert [summary.runs for summary in written.summaries] == [2, 2]
    report = (tmp_path / "report.md").read_text()
    assert re.search(
        r"^\| recommended( \(.*failed\))? \| 500 \|", report, re.MULTILINE
    )  # on a busy machine it may fail


def test_the_transport_alone_counts_and_sends_nothing(monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    outcome = run(RECOMMENDED.transport())
    assert (outcome.lost, outcome.client.orders, outcome.sender.orders) == (0, 0, 0)


def test_a_rate_that_is_too_high_is_a_failed_run_that_says_why(monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    slow = replace(NAMED["bottleneck"], gateway="none")
    outcome = run(slow, rate=100_000.0, duration_s=0.2, pace="fixed")
    assert any("of the offered rate" in reason or "handled in time" in reason for reason in outcome.failures)


def test_orders_that_differ_are_a_failed_run(monkeypatch: Any, root: Any) -> None:
    monkeypatch.chdir(root)
    spec = RunSpec(RECOMMENDED, TapeSpec(), 2000.0, 0.3, 0.1, CPUS[-1], CPUS[0])
    assert "the orders differ from the in-process pipeline's" in carry_out(spec, "something else").failures


def test_the_monitor_of_the_client_counts_every_frame(monkeypatch: Any, root: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(root)
    log = tmp_path / "monitor.hlog"
    lines: list[str] = []
    spec = RunSpec(RECOMMENDED, TapeSpec(), 2000.0, 0.4, 0.1, CPUS[-1], CPUS[0], monitor_s=0.1, monitor_log=str(log))
    outcome = carry_out(spec, expected_digest(spec), lines.append)
    check(outcome)
    assert not any("monitor" in failure for failure in outcome.failures)  # on a busy machine it may fail otherwise
    rows = read_file(log)
    assert outcome.client.monitored == sum(hdr.count(row.histogram) for row in rows) == spec.frames
    assert sum(line.startswith("monitor: frames: ") for line in lines) == len(rows) > 1


def test_frames_that_the_monitor_missed_are_a_failed_run(made_run: Any) -> None:
    run = made_run("recommended", [9])
    sent = run.client.received
    for counted, reasons in ((sent, []), (sent - 1, [f"the monitor counted {sent - 1} of {sent} frames"])):
        told = replace(run.client, monitored=counted)
        assert failures_of(run.spec, run.sender, told, "") == reasons


def test_a_process_that_ends_without_a_word_is_told_by_its_signal() -> None:
    with Process("suites.wire.sender") as process:  # it waits to be told its run
        process._process.kill()
        with pytest.raises(WireError, match="was killed by signal 9: no word"):
            process.hear()


def test_a_process_that_fails_says_why() -> None:
    process = Process("suites.wire.no_such_module")
    with process, pytest.raises(WireError, match=r"suites.wire.no_such_module ended with 1:\n  .*No module"):
        process.hear()


def test_a_process_that_fails_says_where(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nseq 30 >&2\nexec {sys.executable} -c 'def fall(): raise OSError(5)\nfall()'\n")
    python.chmod(0o755)
    with Process("client", python=str(python)) as process, pytest.raises(WireError) as error:
        process.hear()
    lines = error.value.message.splitlines()
    assert (lines[0], "in fall" in "".join(lines), lines[-1], len(lines)) == (
        "client ended with 1:",
        True,
        "  OSError: 5",
        21,
    )


def test_a_process_that_ended_before_it_was_told_its_run_says_so() -> None:
    with Process("client", python="/bin/false") as process:
        process._process.wait()
        process.tell({"much": "x" * 100_000})
        with pytest.raises(WireError, match="client ended with 1: no word"):
            process.hear()
