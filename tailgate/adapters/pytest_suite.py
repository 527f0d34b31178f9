"""pytest-benchmark's tests, collected for real: each is paused where it calls `benchmark`, measured there, and resumed.

A test runs in a greenlet of its own on the worker's thread, so that its fixtures stay open while it is measured, and
what belongs to a thread (a SQLite connection, a local) stays right.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import pytest
from _pytest.runner import SetupState, runtestprotocol
from _pytest.scope import Scope
from greenlet import greenlet

from tailgate.adapters.pytest_items import FIXTURE, MARK, MARKERS, SET_UP, code_of, is_benchmark, marked, switch_off
from tailgate.adapters.repeated import answer_if_any, repeated
from tailgate.benchmark import Benchmark, UnavailableError, Workload
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

_QUIET: Final = ("-q", "--no-header", "--capture=no", "-p", "no:cacheprovider", "--continue-on-collection-errors")
_BROKEN: Final = frozenset({pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR})
_REPLACED: Final = ("benchmark", "pytest-benchmark")
"""pytest-benchmark's own plugins: they refuse a fixture that is not theirs."""

_OF_THE_PROCESS: Final = frozenset(
    {"monkeypatch", "capsys", "capsysbinary", "capfd", "capfdbinary", "caplog", "recwarn"}
)
"""Fixtures that change the whole process as long as their test is open: such a test has a process of its own."""


def collect(target: str, home: Path, only: str) -> list[Benchmark]:
    """Return the tests below `target` that are benchmarks, by node id; `only` is taken without a look round.

    target: files, folders and node ids, and options that choose (-k, -m) or set up (-o, -p, the project's own
    `--size=big`), each one word: `-kname`.
    """
    words = shlex.split(target)
    options = [word for word in words if word.startswith("-")]
    set_up = tuple(word for word in options if word.startswith(SET_UP))
    files = tuple(word for word in words if word.endswith(".py") and (home / word).is_file())
    prepare = partial(_prepare, home, set_up, files)
    if only:
        return [Benchmark(*_parts(only), partial(prepare, only), label=only)]
    targets = [word for word in words if word not in options and (home / _parts(word)[0]).exists()]
    if not targets:
        return []
    collected = _Collected()
    here = dict.fromkeys(str(home / _parts(each)[0]) for each in targets)  # pytest refuses a node id that is not there
    status = _run(home, ["--collect-only", *options, *here], collected)
    if status in _BROKEN:
        raise TailgateError(f"pytest cannot collect {target}: it ends with status {status}", hint=f"pytest {target}")
    return [
        replace(each, prepare=partial(prepare, name))
        for name, each in collected.tests.items()
        if any(_lies_in(name, each) for each in targets)
    ] + [
        Benchmark(name, "", partial(prepare, name), label=name, check=partial(str, why))
        for name, why in collected.failed.items()
    ]


def _parts(nodeid: str) -> tuple[str, str]:
    path, _, test = nodeid.partition("::")
    return path, test


def _lies_in(nodeid: str, target: str) -> bool:
    """Tell whether a test is the target, one of its parameters, or below it."""
    path, test = _parts(target)
    inside = not test or nodeid == target or nodeid.startswith((f"{target}[", f"{target}::"))
    return inside and PurePosixPath(_parts(nodeid)[0]).is_relative_to(path)


class _Collected:
    """Notes the tests that are benchmarks, and the modules that cannot be imported."""

    def __init__(self) -> None:
        self.tests: dict[str, Benchmark] = {}
        self.failed: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the tests, with what can be seen of each without running it."""
        self.tests |= {each.nodeid: _seen(each) for each in items if is_benchmark(each)}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self.failed[report.nodeid] = f"it cannot be collected: {_last_line(report)}"


def _seen(item: pytest.Item) -> Benchmark:
    """Return a test as a benchmark that cannot be prepared yet."""
    margin, percentiles = marked(item, "margin"), marked(item, "percentiles")
    return Benchmark(
        *_parts(item.nodeid),
        _unprepared,
        label=item.nodeid,
        code=code_of(item),
        shares=_OF_THE_PROCESS.isdisjoint(getattr(item, "fixturenames", ())),
        needs=_needs(item),
        margin=margin,
        percentiles=() if percentiles is None else tuple(percentiles),
    )


def _unprepared(_settings: Mapping[str, Any]) -> Workload:
    raise TailgateError("a test is prepared by the session that it is collected in")


def _needs(item: pytest.Item) -> tuple[str, ...]:
    """Return what a test asks of parametrized fixtures wider than a function: they are set up once for all open tests.

    A value counts by its identity, as pytest keeps what it has set up: equal ones are never too few.
    """
    called = getattr(item, "callspec", None)
    scopes = getattr(called, "_arg2scope", {})
    return tuple(
        sorted(
            f"{name}={id(called.params.get(name, called.indices.get(name)))}"
            for name, scope in scopes.items()
            if called is not None and scope is not Scope.Function
        )
    )


def _last_line(report: pytest.CollectReport | pytest.TestReport) -> str:
    lines = [line for line in report.longreprtext.splitlines() if line.strip()]
    return next((line[1:].strip() for line in lines if line.startswith("E ")), lines[-1] if lines else "")


def _run(home: Path, arguments: Sequence[str], plugin: object) -> int:
    """Run pytest in this process, as far away from the terminal, the other plugins and its own cache as it can be."""
    apart = ("-p", f"no:{MARK}")  # our own plugin is for who gives its options
    return int(pytest.main([*_QUIET, *apart, f"--rootdir={home}", *arguments], plugins=[plugin, _Around()]))


class _Around:
    """What every session of ours needs around it."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config, args: list[str]) -> Generator[None]:
        switch_off(early_config, args)
        yield

    def pytest_configure(self, config: pytest.Config) -> None:
        for line in (*MARKERS, f"{FIXTURE}: how pytest-benchmark runs a test"):
            config.addinivalue_line("markers", line)


_hosts: dict[tuple[str, ...], _Host] = {}
"""The sessions of this process by their arguments, as a rule one: its tests stay open side by side."""


def _prepare(
    home: Path, set_up: Sequence[str], files: Sequence[str], nodeid: str, _settings: Mapping[str, Any]
) -> Workload:
    file = _parts(nodeid)[0]
    key = (*set_up, *(str(home / each) for each in (files if file in files else (file,))))
    if key not in _hosts:
        _hosts[key] = _Host(home, key)
    return _hosts[key].test(nodeid).until_benchmark()


class _Host:
    """A session of pytest that is held open before it runs its tests; each is run when it is asked for."""

    def __init__(self, home: Path, key: tuple[str, ...]) -> None:
        self._key = key
        self._session: pytest.Session | None = None
        self._collected = _Collected()
        self.tests: dict[str, _Test] = {}
        self._parent = greenlet.getcurrent()
        self._greenlet = greenlet(lambda: _run(home, key, self))
        self._status = self._greenlet.switch()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hold the session open, and run none of its tests."""
        self._session = session
        self._parent.switch()
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Put our fixture in the place of the one that is installed; let no open test write a log that others see."""
        for name in (*_REPLACED, "logging-plugin"):
            if config.pluginmanager.hasplugin(name):
                config.pluginmanager.unregister(name=name)
        config.pluginmanager.register(_Fixtures(self), "tailgate-benchmark-fixture")

    def test(self, nodeid: str) -> _Test:
        """Return a test that is about to run; TailgateError where it was not collected."""
        if self._session is None:
            del _hosts[self._key]
            raise TailgateError(
                f"pytest ends with status {self._status} before it runs {nodeid}", hint=f"pytest {nodeid}"
            )
        item = next((each for each in self._session.items if each.nodeid == nodeid), None)
        if item is None:
            self._end_if_idle()
            why = next((why for name, why in self._collected.failed.items() if nodeid.startswith(name)), "")
            raise TailgateError(f"{nodeid}: {why or 'pytest does not find it'}", hint=f"pytest {nodeid}")
        test = self.tests[nodeid] = _Test(self, self._session, item)
        return test

    def end(self, test: _Test) -> None:
        """Forget a test; with the last one the session ends."""
        self.tests.pop(test.item.nodeid, None)
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if not self.tests:
            _hosts.pop(self._key, None)
            self._parent = greenlet.getcurrent()
            self._greenlet.switch()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Measure a test that bears the mark and does not use the fixture: its whole body is the operation."""
        if is_benchmark(pyfuncitem) and FIXTURE not in pyfuncitem.fixturenames:
            given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001  as pytest's own hook does
            self.tests[pyfuncitem.nodeid].measure(repeated(lambda _: pyfuncitem.obj(**given)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        self._collected.pytest_collectreport(report)


class _Test:
    """One test, run by pytest until it calls `benchmark`, with a stack of fixtures of its own."""

    def __init__(self, host: _Host, session: pytest.Session, item: pytest.Item) -> None:
        self.item = item
        self._host = host
        self._session = session
        self._state = SetupState()
        named: Mapping[str, Sequence[Any]] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]  # noqa: SLF001  of a Function
        self._own = [each for found in named.values() for each in found if each.scope == "function"]
        self._kept: dict[Any, tuple[Any, Any]] = {}
        self._greenlet = greenlet(lambda: runtestprotocol(item, log=False))
        self._parent = greenlet.getcurrent()

    def _go_on(self) -> Any:
        """Run on with what is this test's own: its stack of open fixtures, and what those of its function gave it."""
        self._session._setupstate = self._state  # noqa: SLF001  pytest has one, for tests that follow each other
        for each in self._own:
            each.cached_result, each._finalizers = self._kept.pop(each, (None, []))  # noqa: SLF001  likewise
        self._parent = greenlet.getcurrent()
        try:
            return self._greenlet.switch()
        finally:
            self._kept = {each: (each.cached_result, each._finalizers) for each in self._own}  # noqa: SLF001  likewise

    def until_benchmark(self) -> Workload:
        """Run the test up to its first use of the fixture.

        Raises UnavailableError where it is skipped, TailgateError where it fails.
        """
        found = self._go_on()
        if isinstance(found, Workload):
            return found
        self._host.end(self)
        failed = next((each for each in found if each.failed), None)
        skipped = next((each for each in found if each.skipped), None)
        if failed is not None:
            raise TailgateError(f"{self.item.nodeid} fails before it calls `benchmark`: {_last_line(failed)}")
        if skipped is not None:
            where = skipped.longrepr
            raise UnavailableError(f"it is skipped: {where[2] if isinstance(where, tuple) else where}")
        raise UnavailableError("it ends without a call of `benchmark`")

    def measure(self, workload: Workload) -> None:
        """Hand the workload to whoever prepares the benchmark, and come back when it was measured."""
        self._parent.switch(replace(workload, close=self.close))

    def close(self) -> None:
        """Let the test end and its fixtures be torn down; how it ends is no concern of a measurement's."""
        with suppress(Exception):
            self._go_on()
        self._host.end(self)


class _Fixtures:
    def __init__(self, host: _Host) -> None:
        self._host = host

    @pytest.fixture(name=FIXTURE)
    def benchmark(self, request: pytest.FixtureRequest) -> Paused:
        return Paused(self._host.tests[request.node.nodeid], marked(request.node, "inputs"))


class Paused:
    """What a test calls as `benchmark`: its first call is measured, the ones behind it are plain calls."""

    def __init__(self, test: _Test, inputs: Sequence[Any] | None) -> None:
        self._test = test
        self._inputs = inputs
        self._is_done = False
        self.extra_info: dict[str, Any] = {}
        self.group: str | None = None
        self.name = test.item.nodeid
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
            self._test.measure(repeated(lambda made: target(*made[0], **made[1]), before=before))
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
            self._test.measure(repeated(lambda _: called()))
        else:
            spread = [each if isinstance(each, tuple) else (each,) for each in self._inputs]
            self._test.measure(Workload(spread, lambda: lambda given: function(*given), answer_if_any))
