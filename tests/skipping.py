"""In CI a skipped test is a failure, unless its reason is one of those below: what no machine of CI can have.

Elsewhere a machine without a browser or a compiler skips what needs them, and pytest's summary says so.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

MAY_BE_SKIPPED: Final = (
    r"this interpreter has ",  # the test is of what an older or a newer interpreter lacks
    r"no CPython of 3\.\d+ or later is on PATH",  # a machine has one interpreter, as a rule
    r"uv is not installed",  # .ci/run takes it away where it reaches no index
    r"no source or no compiler here",  # a whole CPython is built only where its source is
    r"order.book|cereggii|ft_utils",  # GPL, or without a wheel here: no group of the tests has them
    r"is not in the folder that TAILGATE_CAPTURES names",  # public captures that are fetched by hand, never committed
    r"perf_event_open",  # a guest's kernel may refuse it
    r"version 1 has a hierarchy for each controller",  # the machine has the other version of cgroups
)


def unexpected(reasons: Iterable[str]) -> list[str]:
    """Return the reasons that stand for a test which CI should have run."""
    return [each for each in reasons if not any(re.search(allowed, each) for allowed in MAY_BE_SKIPPED)]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI in which a test was skipped that should have run."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or terminal is None:
        return
    skipped = [f"{report.nodeid}: {report.longrepr[2]}" for report in terminal.stats.get("skipped", ())]
    if missing := unexpected(skipped):
        terminal.write_sep("=", "skipped, and CI should have run it", red=True)
        terminal.write("".join(f"{each}\n" for each in missing))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
