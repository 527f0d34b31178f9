"""Options that several commands share: what the project's suite adds to each, and which benchmarks are meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tailgate.errors import TailgateError
from tailgate.project.opening import open_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Setting


class SuiteCommand(click.Command):
    """A command that also takes the options which the project's suite declares in its SETTINGS."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give the command's own options and the suite's."""
        own = super().get_params(ctx)
        return own[:-1] + [_option(setting) for setting in _settings()] + own[-1:]


def _settings() -> tuple[Setting, ...]:
    try:
        return open_project().suite.settings
    except TailgateError:  # told when the command runs; `--help` works anywhere
        return ()


def _whole_path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Give the whole path of a file that the user names from where the user stands; an empty name stays empty."""
    return str(Path(value).expanduser().absolute()) if value else ""


def _whole_paths(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the whole paths of files with commas between; a file whose name has a comma is one."""
    names = [value] if Path(value).expanduser().exists() else value.split(",")
    return ",".join(_whole_path(ctx, param, name) for name in names)


def _option(setting: Setting) -> click.Option:
    return click.Option(
        [f"--{setting.name.replace('_', '-')}", f"setting_{setting.name}"],
        type=type(setting.default),
        callback={"file": _whole_path, "files": _whole_paths}.get(setting.kind),
        default=setting.default,
        show_default=bool(setting.default),
        metavar=setting.metavar or None,
        help=setting.help,
    )


def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the suite's settings out of a command's options."""
    return {key.removeprefix("setting_"): value for key, value in options.items() if key.startswith("setting_")}
