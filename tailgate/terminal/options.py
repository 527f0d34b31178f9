"""Options that several commands share: what the project's suite adds to each, and which benchmarks are meant."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tailgate.errors import TailgateError
from tailgate.project.opening import open_project
from tailgate.project.selection import split_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailgate.benchmark import Setting

_C = TypeVar("_C", bound="Callable[..., Any] | click.Command")
_QUICK: Final = "The shortest form: fewer processes, passes and operations; what it says is a hint."
_SELECTORS: Final = """\b
SELECTOR: a path (parse), implementations of it (parse=simple,fast), those under an axis
('parse[size=10]'), or a whole name as `tailgate bench --list` prints it.
"""


class SuiteCommand(click.Command):
    """A command that measures: it takes selectors, --quick, and what the project's suite declares in its SETTINGS.

    quick: what the short form is. selectors: what is said of the words, where they are no benchmarks. A command
    without an --env of its own passes variables on to its workers by it.
    """

    def __init__(
        self, *arguments: Any, epilog: str, quick: str = _QUICK, selectors: str = _SELECTORS, **more: Any
    ) -> None:
        super().__init__(*arguments, **{**more, "epilog": f"{selectors}\n{epilog}"})
        self.params.append(click.Option(["--quick"], is_flag=True, is_eager=True, help=quick))
        self._passes = not any(each.name == "env" for each in self.params)
        if self._passes:
            told = "Pass this variable on to the workers: its value here, or the one given. May be repeated."
            self.params.append(
                click.Option(["--env"], multiple=True, metavar="NAME[=VALUE]", callback=_are_set, help=told)
            )
        self.params.append(click.Argument(["selectors"], nargs=-1, metavar="[SELECTOR]..."))
        for older in ("--only", "--implementations"):
            self.params.append(click.Option([older], multiple=True, hidden=True))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the variables of --env first: the suite, whose settings are options too, may need them when imported."""
        if self._passes:
            given = [value for option, value in pairwise(args) if option == "--env"]
            for word in (*given, *(each[len("--env=") :] for each in args if each.startswith("--env="))):
                name, equals, value = word.partition("=")
                if name and equals:
                    os.environ[name] = value
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own options and the suite's."""
        own = super().get_params(ctx)
        return own[:-1] + [_option(setting) for setting in _settings()] + own[-1:]


def words_of(options: Mapping[str, Any]) -> list[str]:
    """Return a command's selectors, those among them that were given by the older --only and --implementations."""
    listed = [word for text in options["only"] for word in split_words(text)]
    return [*options["selectors"], *listed, *options["implementations"]]


def names_of(options: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables that a command passes on."""
    return [word.partition("=")[0] for word in options["env"]]


def _are_set(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a variable that has no value, given or here; those that were given are set by now."""
    for word in value:
        name = word.partition("=")[0]
        if name not in os.environ:
            raise click.BadParameter(f"{name or word!r} is not set here; --env NAME=VALUE sets it")
    return value


def sized(name: str, kind: click.ParamType[Any], default: float, quick: float, text: str) -> Callable[[_C], _C]:
    """Return an option with a smaller default under --quick."""
    return click.option(
        name,
        cls=_Sized,
        type=kind,
        default=default,
        quick=quick,
        help=f"{text}  [default: {default}; {quick} if quick]",
    )


class _LanesType(click.ParamType[int | None]):
    """A number of lanes, or `auto`, which is None."""

    name = "lanes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the number; an error names both forms."""
        if value != "auto" and not isinstance(value, int) and not (str(value).isdigit() and int(value)):
            self.fail(f"{value!r} is neither a number of CPUs nor `auto`", param, ctx)
        return None if value == "auto" else int(value)


lanes_option: Final = click.option(
    "--lanes",
    type=_LanesType(),
    default=1,
    show_default=True,
    metavar="N|auto",
    help="Blocks at once, each on its own CPU; auto: as many as are seen not to slow each other down.",
)
"""The option of commands whose blocks may run beside each other."""


class _Sized(click.Option):
    def __init__(self, *arguments: Any, quick: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._quick = quick

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:  # noqa: FBT001, FBT002  click's signature
        """Return what stands for an option that was not given."""
        return self._quick if ctx.params.get("quick") else super().get_default(ctx, call)


def _settings() -> tuple[Setting, ...]:
    try:
        return open_project().suite.settings
    except TailgateError:  # reported when the command runs; `--help` works anywhere
        return ()


def _whole_path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Return the whole path of a file that the user names from where the user stands; an empty name stays empty."""
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
