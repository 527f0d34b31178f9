"""pytest-benchmark's tests, collected for real: each is paused where it calls `benchmark`, measured there, and resumed.

A test runs in a greenlet of its own on the worker's thread, so that its fixtures stay open while it is measured, and
what belongs to a thread (a SQLite connection, a local) stays right.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from greenlet import greenlet

from tailgate.adapters.repeated import answer_if_any, repeated
from tailgate.benchmark import Benchmark, UnavailableError, Workload
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

FIXTURE: Final = "benchmark"
MARK: Final = "tailgate"
_QUIET: Final = ("-q", "--no-header", "--capture=no", "-p", "no:cacheprovider", "--continue-on-collection-errors")
_SWITCHED_OFF: Final = {"xdist": ("-n", "0"), "_cov": ("--no-cov",), "randomly": ("-p", "no:randomly")}
"""Plugins that would run the test elsewhere, in another order or traced; switched off where they are there."""
_BROKEN: Final = frozenset({pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR})
_REPLACED: Final = ("benchmark", "pytest-benchmark")
"""pytest-benchmark's own plugins: they refuse a fixture that is not theirs."""


def collect(target: str, home: Path, only: str) -> list[Benchmark]:
    """Return the tests below `target` that are benchmarks, by node id; `only` is taken without a look round."""
    if only:
        return [_named(only, home)]
    collected = Collected()
    status = _run(home, ["--collect-only", str(home / target)], collected)
    if status in _BROKEN:
        raise TailgateError(f"pytest cannot collect {target}: it ends with status {status}", hint=f"pytest {target}")
    return [_named(each, home) for each in collected.names] + [
        Benchmark(name, "", partial(_prepare, name, home), label=name, check=partial(str, why))
        for name, why in collected.failed.items()
    ]


def _named(nodeid: str, home: Path) -> Benchmark:
    path, _, test = nodeid.partition("::")
    return Benchmark(path, test, partial(_prepare, nodeid, home), label=nodeid)


def is_benchmark(item: pytest.Item) -> bool:
    """Tell whether a test uses the fixture, or bears the mark and is an operation as a whole."""
    return FIXTURE in getattr(item, "fixturenames", ()) or item.get_closest_marker(FIXTURE) is not None


class Collected:
    """Notes the tests that are benchmarks, and the modules that cannot be imported."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.failed: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the tests."""
        self.names += [each.nodeid for each in items if is_benchmark(each)]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self.failed[report.nodeid] = f"it cannot be collected: {_last_line(report)}"


def _last_line(report: pytest.CollectReport | pytest.TestReport) -> str:
    lines = [line for line in report.longreprtext.splitlines() if line.strip()]
    return next((line[1:].strip() for line in lines if line.startswith("E ")), lines[-1] if lines else "")


def _run(home: Path, arguments: Sequence[str], plugin: object) -> int:
    """Run pytest in this process, as far away from the terminal, the other plugins and its own cache as it can be."""
    return int(pytest.main([*_QUIET, f"--rootdir={home}", *arguments], plugins=[plugin, _SwitchOff()]))


class _SwitchOff:
    """Takes back options that the project's `addopts` may ask for."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config, args: list[str]) -> None:
        for name, words in _SWITCHED_OFF.items():
            if early_config.pluginmanager.hasplugin(name):
                args += words


def _prepare(nodeid: str, home: Path, _settings: Mapping[str, Any]) -> Workload:
    return _Session(nodeid, home).until_benchmark()


class _Session:
    """One test, run by pytest until it calls `benchmark`."""

    def __init__(self, nodeid: str, home: Path) -> None:
        self._nodeid = nodeid
        self._home = home
        self._reports: list[pytest.TestReport] = []
        self._collected = Collected()
        self._greenlet = greenlet(self._whole)
        self._parent = greenlet.getcurrent()

    def _whole(self) -> int:
        return _run(self._home, [str(self._home / self._nodeid)], self)

    def until_benchmark(self) -> Workload:
        """Run the test up to its first use of the fixture.

        Raises UnavailableError where it is skipped, TailgateError where it fails.
        """
        found = self._greenlet.switch()
        if isinstance(found, Workload):
            return found
        failed = next((each for each in self._reports if each.failed), None)
        skipped = next((each for each in self._reports if each.skipped), None)
        if failed is not None:
            raise TailgateError(f"{self._nodeid} fails before it calls `benchmark`: {_last_line(failed)}")
        if skipped is not None:
            where = skipped.longrepr
            raise UnavailableError(f"it is skipped: {where[2] if isinstance(where, tuple) else where}")
        if not self._reports and not self._collected.failed:
            raise TailgateError(
                f"pytest ends with status {found} before it runs {self._nodeid}", hint=f"pytest {self._nodeid}"
            )
        why = next(iter(self._collected.failed.values()), "it ends without a call of `benchmark`")
        raise UnavailableError(why)

    def measure(self, workload: Workload) -> None:
        """Hand the workload to whoever prepares the benchmark, and come back when it was measured."""
        self._parent.switch(workload)

    def close(self) -> None:
        """Let the test end and its fixtures be torn down; how it ends is no concern of a measurement's."""
        self._parent = greenlet.getcurrent()
        with suppress(Exception):
            self._greenlet.switch()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Put our fixture in the place of the one that is installed."""
        config.addinivalue_line("markers", f"{MARK}(inputs): the inputs of a benchmark's operation, one a call")
        config.addinivalue_line("markers", f"{FIXTURE}: how pytest-benchmark runs a test")
        for name in _REPLACED:
            if config.pluginmanager.hasplugin(name):
                config.pluginmanager.unregister(name=name)
        config.pluginmanager.register(_Fixtures(self), "tailgate-benchmark-fixture")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Measure a test that bears the mark and does not use the fixture: its whole body is the operation."""
        if is_benchmark(pyfuncitem) and FIXTURE not in pyfuncitem.fixturenames:
            given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001  as pytest's own hook does
            self.measure(replace(repeated(lambda _: pyfuncitem.obj(**given)), close=self.close))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        self._collected.pytest_collectreport(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how the test went."""
        self._reports.append(report)


class _Fixtures:
    def __init__(self, session: _Session) -> None:
        self._session = session

    @pytest.fixture(name=FIXTURE)
    def benchmark(self, request: pytest.FixtureRequest) -> Paused:
        mark = request.node.get_closest_marker(MARK)
        return Paused(self._session, None if mark is None else mark.kwargs.get("inputs"))


class Paused:
    """What a test calls as `benchmark`: its first call is measured, the ones behind it are plain calls."""

    def __init__(self, session: _Session, inputs: Sequence[Any] | None) -> None:
        self._session = session
        self._inputs = inputs
        self._is_done = False
        self.extra_info: dict[str, Any] = {}
        self.group: str | None = None
        self.name = session._nodeid  # noqa: SLF001  of this module
        self.stats = None
        self.disabled = False
        self.enabled = True

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Measure `function(*args, **kwargs)` and return what it returns."""
        self._measure(partial(function, *args, **kwargs) if args or kwargs else function, function)
        return function(*args, **kwargs)

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,  # noqa: ARG002  the instrument decides how often
        warmup_rounds: int = 0,  # noqa: ARG002  the same
        iterations: int = 1,  # noqa: ARG002  the same
    ) -> Any:
        """Measure `target` with what `setup` makes for each call, untimed, or with the arguments given."""
        given = kwargs or {}
        if setup is None and teardown is None:
            self._measure(partial(target, *args, **given), target)
            return target(*args, **given)
        last: list[tuple[Sequence[Any], Mapping[str, Any]]] = []

        def before() -> tuple[Sequence[Any], Mapping[str, Any]]:
            while last:
                used = last.pop()
                if teardown is not None:
                    teardown(*used[0], **used[1])
            made = setup() if setup is not None else None
            if teardown is not None:
                last.append(made or (args, given))
            return made or (args, given)

        if not self._is_done:
            self._is_done = True
            self._pause(repeated(lambda made: target(*made[0], **made[1]), before=before))
        made = before()
        answer = target(*made[0], **made[1])
        if teardown is not None:
            teardown(*made[0], **made[1])
        return answer

    def _measure(self, called: Callable[..., Any], function: Callable[..., Any]) -> None:
        if self._is_done:
            return
        self._is_done = True
        if self._inputs is None:
            self._pause(repeated(lambda _: called()))
        else:
            spread = [each if isinstance(each, tuple) else (each,) for each in self._inputs]
            self._pause(Workload(spread, lambda: lambda given: function(*given), answer_if_any))

    def _pause(self, workload: Workload) -> None:
        self._session.measure(replace(workload, close=self._session.close))
