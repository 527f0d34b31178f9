"""Which tests are benchmarks, and what is switched off around them; light, for every run of pytest loads it."""

from __future__ import annotations

import hashlib
import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

FIXTURE: Final = "benchmark"
MARK: Final = "tailgate"
MARKERS: Final = (
    f"{MARK}(inputs, margin, percentiles): inputs of the operation, one a call; tolerated slowdown; judged percentiles",
)
SET_UP: Final = ("-o", "-p", "--")
"""What the options begin with that every session of a suite needs; the others choose among its tests."""


def is_benchmark(item: pytest.Item) -> bool:
    """Tell whether a test uses the fixture, or bears the mark and is an operation as a whole."""
    return FIXTURE in getattr(item, "fixturenames", ()) or item.get_closest_marker(FIXTURE) is not None


def marked(item: pytest.Item, key: str) -> Any:
    """Return what our mark says of a test under a key; the mark nearest to it that says so counts. None: none does."""
    return next((each.kwargs[key] for each in item.iter_markers(MARK) if key in each.kwargs), None)


def code_of(item: pytest.Item) -> str:
    """Return the digest of a test's own code, whatever its name, and its parameters; "" where there is no source."""
    function = getattr(item, "function", None)
    if function is None:
        return ""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
    digest = hashlib.blake2b(source.replace(function.__name__, "_").encode(), digest_size=8).hexdigest()
    return digest + item.name.removeprefix(getattr(item, "originalname", None) or item.name)


def switch_off(config: pytest.Config, args: list[str]) -> None:
    """Take back what the project's `addopts` may ask for: to run tests elsewhere, shuffled or traced.

    It has to come before the plugins' own hooks of this kind: pytest-cov traces from there on.
    """
    plugins, known = config.pluginmanager, config.known_args_namespace
    if plugins.hasplugin("xdist"):
        args += ("-n", "0")
    if hasattr(known, "no_cov"):
        known.no_cov = True
        args.append("--no-cov")
    if plugins.hasplugin("randomly"):
        plugins.unregister(name="randomly")
