"""The options that a project adds to pytest itself, in a conftest.py or a module named by -p: the workers get them too.

Options of installed plugins are not handed on: a worker must not write the report that `--html` asks for. What the
project's `addopts` says, each worker reads by itself.
"""

from __future__ import annotations

import inspect
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.adapters.pytest_items import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class _Added:
    """Stands in for pytest's parser, and notes what a hook adds to it."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], Mapping[str, Any]]] = []

    def addoption(self, *names: str, **attributes: Any) -> None:
        """Note an option."""
        self.options.append((names, attributes))

    def getgroup(self, *_names: str, **_more: Any) -> _Added:
        """Return what notes the options of a group."""
        return self

    def addini(self, *_names: str, **_more: Any) -> None:
        """Take a setting, which each worker reads by itself."""


def own_options(config: pytest.Config) -> list[str]:
    """Return the project's own options that differ from their defaults, each one word: `--size=big`.

    UsageError for one that cannot be one word.
    """
    words: list[str] = []
    for hook in _hooks(config):
        added = _Added()
        given = {"parser": added, "pluginmanager": config.pluginmanager}
        hook(**{name: given[name] for name in inspect.signature(hook).parameters if name in given})
        for names, attributes in added.options:
            words += _words(config, names, attributes)
    return words


def _hooks(config: pytest.Config) -> Iterator[Callable[..., object]]:
    named = {each for each in config.option.plugins or () if MARK not in each}
    for plugin in config.pluginmanager.get_plugins():
        file = PurePath(getattr(plugin, "__file__", None) or "")
        hook = getattr(plugin, "pytest_addoption", None)
        if hook is not None and (file.name == "conftest.py" or getattr(plugin, "__name__", "") in named):
            yield hook


def _words(config: pytest.Config, names: tuple[str, ...], attributes: Mapping[str, Any]) -> list[str]:
    long = next((name for name in names if name.startswith("--")), "")
    dest = attributes.get("dest") or long.lstrip("-").replace("-", "_")
    value = config.getoption(dest, default=attributes.get("default"))
    action = attributes.get("action", "store")
    if value == attributes.get("default", False if action == "store_true" else None):
        return []
    if long and action in {"store_true", "store_false", "store_const"}:
        return [long]
    if long and action == "append" and isinstance(value, list):
        return [f"{long}={each}" for each in value]
    if long and action == "store" and attributes.get("nargs") in {None, "?"}:
        return [f"{long}={_as_written(config, names, value)}"]
    raise pytest.UsageError(
        f"{'/'.join(names)} of this project cannot be handed on to the workers of tailgate, which take options of one "
        f"word: set it by [tool.pytest.ini_options] addopts"
    )


def _as_written(config: pytest.Config, names: tuple[str, ...], value: object) -> str:
    """Return the text of a value as the user gave it: its type may not print as it reads."""
    words = config.invocation_params.args
    for at, word in enumerate(words):
        name, equals, text = str(word).partition("=")
        if name in names and equals:
            return text
        if name in names and at + 1 < len(words):
            return str(words[at + 1])
    return str(value)
