"""The plugin of pytest: `pytest --tailgate-base REV` judges the benchmarks among the tests against another revision.

It collects as pytest does, and in place of running the tests it hands those that are benchmarks to the gate. Without
the option it does nothing, and imports nothing of the instrument.
"""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tailgate.adapters.pytest_items import FIXTURE, MARK, MARKERS, is_benchmark, switch_off
from tailgate.adapters.pytest_options import own_options

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tailgate.documents.gate import GatedBenchmark, GateDocument

_OTHERS: Final = ("benchmark", "pytest-benchmark", "codspeed")
"""Plugins that bring a fixture of that name."""

_EVERY_S: Final = 10.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("tailgate", "judging benchmarks against another revision")
    group.addoption("--tailgate-base", metavar="REV", help="Judge the benchmarks against this revision; run no test.")
    group.addoption("--tailgate-head", metavar="REV", default="worktree", help="What is judged.  [default: worktree]")
    group.addoption("--tailgate-margin", type=float, metavar="FRACTION", help="Tolerated slowdown.  [default: 0.02]")
    group.addoption(
        "--tailgate-budget", type=float, metavar="S", help="Seconds.  [default: 120, and 3 a benchmark; 600 at most]"
    )
    group.addoption("--tailgate-quick", action="store_true", help="Fewer passes and blocks, a margin of 3 %%.")
    group.addoption("--tailgate-allocations", action="store_true", help="Also gate allocations (needs memray).")
    group.addoption("--tailgate-output", metavar="DIR", help="Where to write.  [default: build/gate]")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None]:
    """Switch off what would collect elsewhere."""
    if early_config.known_args_namespace.tailgate_base:
        switch_off(early_config, args)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Make our mark known, and take over where a base is named."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    if not any(config.pluginmanager.hasplugin(name) for name in _OTHERS):
        config.addinivalue_line("markers", f"{FIXTURE}: a test that is a benchmark as a whole")
        config.pluginmanager.register(_Called(), "tailgate-called")
    if config.option.tailgate_base:
        config.pluginmanager.register(_Gate(config), "tailgate-gate")


class _Called:
    """The fixture where no other plugin brings it: it calls the function once, so that the tests are tests."""

    @pytest.fixture(name=FIXTURE)
    def benchmark(self) -> Any:
        """Return what calls a function and returns its answer; a gate measures it."""
        return lambda function, *args, **kwargs: function(*args, **kwargs)


class _Gate:
    """One run: what was collected is judged, and each test gets the verdict of its benchmark."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: GateDocument | None = None
        self._status: int | None = None
        self._failure = ""
        self._heard = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the benchmarks."""
        others = [each for each in items if not is_benchmark(each)]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [each for each in items if is_benchmark(each)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Judge in place of running the tests."""
        if session.config.option.collectonly or session.testsfailed:
            return None  # pytest's own says it
        from tailgate.errors import INTERRUPTED, TailgateError  # noqa: PLC0415  only where it is asked for

        try:
            self._found = self._judge(session)
        except TailgateError as error:
            self._failure, self._status = str(error), error.exit_status
            return True
        except KeyboardInterrupt:
            self._status = INTERRUPTED
            raise
        self._status = self._found.exit_status
        for item in session.items:
            _report(item, *_outcome(self._found, item.nodeid))
        return True

    def _judge(self, session: pytest.Session) -> GateDocument:
        from dataclasses import replace  # noqa: PLC0415  this and the next: only where it is asked for

        from tailgate.benchmark import Suite  # noqa: PLC0415
        from tailgate.config import load_config  # noqa: PLC0415
        from tailgate.judge.change import judge_change, sides_of  # noqa: PLC0415
        from tailgate.judge.trials import GateRequest  # noqa: PLC0415
        from tailgate.project.folders import claimed, output_folder  # noqa: PLC0415
        from tailgate.project.opening import Project  # noqa: PLC0415

        root, asked = session.config.rootpath, session.config.option
        spec = f"pytest:{_target(session.config)}"
        config = load_config(root)
        project = Project(
            replace(config, benchmarks=spec, subject=config.subject or (".",)), Suite(spec, (), (), lambda _: None)
        )
        budget = asked.tailgate_budget or (None if asked.tailgate_quick else _budget_s(len(session.items)))
        request = GateRequest(
            asked.tailgate_base,
            asked.tailgate_head,
            chosen={each.nodeid for each in session.items},
            margin=asked.tailgate_margin,
            budget_s=budget,
            suites="each",
            quick=asked.tailgate_quick,
            allocations=asked.tailgate_allocations,
            explain=False,
        )
        output = Path(asked.tailgate_output) if asked.tailgate_output else root / "build" / "gate"
        folder = output_folder(output)
        (folder / ".gitignore").write_text("*\n")  # nothing of it is the project's
        with claimed(sides_of(project)):
            return judge_change(project, request, folder, self._say)[0]

    def _say(self, text: str) -> None:
        """Say how far it is: on a terminal in one line, elsewhere a line now and then."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None or self._config.option.verbose < 0:
            return
        if terminal.isatty:
            terminal.rewrite(f"tailgate: {text}", erase=True)
        elif time.monotonic() - self._heard >= _EVERY_S:
            self._heard = time.monotonic()
            terminal.write_line(f"tailgate: {text}")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the one table."""
        if self._failure:
            terminalreporter.section("tailgate", red=True)
            terminalreporter.write_line(f"tailgate: {self._failure}")
        if self._found is None:
            return
        from tailgate.results.gate_report import gate_text  # noqa: PLC0415  only where it is asked for

        terminalreporter.section("tailgate")
        quiet = self._config.option.verbose < 0
        terminalreporter.write_line(self._found.sentence if quiet else gate_text(self._found))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the verdict be the exit status."""
        if self._status is not None:
            session.exitstatus = self._status


def _budget_s(benchmarks: int) -> float:
    return min(600.0, 120.0 + 3.0 * benchmarks)


def _target(config: pytest.Config) -> str:
    """Return what was asked for, as the adapter takes it: files and node ids from the root, then options."""
    words = []
    for word in config.args:
        path, colons, test = word.partition("::")
        file = (config.invocation_params.dir / path).resolve()
        words.append(f"{file.relative_to(config.rootpath.resolve()).as_posix()}{colons}{test}")
    option = config.option
    words += [f"-{letter}{text}" for letter, text in (("k", option.keyword), ("m", option.markexpr)) if text]
    words += [f"-o{each}" for each in option.override_ini or ()]
    words += [f"-p{each}" for each in option.plugins or () if MARK not in each]  # this very plugin
    words += own_options(config)
    return shlex.join(words)


def _outcome(found: GateDocument, nodeid: str) -> tuple[str, str]:
    """Return how pytest should say what the gate found of a test: its outcome, and the reason."""
    if nodeid in found.skipped:
        return "skipped", f"not judged, {found.skipped[nodeid]}"
    judged = next((each for each in found.benchmarks if each.name == nodeid), None)
    if judged is None:
        return "skipped", "not judged: the gate does not know it"
    more = [
        f"{each.what}: {each.base:g} -> {each.head:g}"
        for each in found.counts
        if each.benchmark == nodeid and each.worse
    ]
    if judged.failure:
        return "error", judged.failure
    if more or judged.verdict == "REGRESSION":
        return "failed", "; ".join(["REGRESSION", *_shifts(judged), *more])
    if judged.verdict == "PASS":
        return "passed", ""
    return "skipped", f"{judged.verdict}, {judged.fitness}: {'; '.join(_shifts(judged))}"


def _shifts(judged: GatedBenchmark) -> list[str]:
    return [f"{kind} {each.shift.percent} {each.shift.interval}" for kind, each in judged.figures.items()]


def _report(item: pytest.Item, outcome: str, reason: str) -> None:
    """Report a test as one that ran, with this outcome: the terminal, the JUnit file and the counts follow."""
    hook, location = item.ihook, item.location
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
    at = (str(item.path), (location[1] or 0) + 1, reason)
    phases: Mapping[str, tuple[str, Any]] = {
        "setup": ("failed", reason) if outcome == "error" else ("passed", None),
        "call": {"skipped": ("skipped", at), "failed": ("failed", reason)}.get(outcome, ("passed", None)),
        "teardown": ("passed", None),
    }
    for when, (how, why) in phases.items():
        if when == "call" and outcome == "error":
            continue
        report = pytest.TestReport(item.nodeid, location, dict(item.keywords), how, why, when)  # type: ignore[arg-type]  # of the three
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)
