"""The commands on a page, and the real command lines that they are held to.

A session of nox is called as it stands in noxfile.py, with a stand-in that notes what would run; what would run is
parsed by the program's own parser, which then goes no further.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import runpy
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from tests.docs.pages import ROOT, blocks, name_of, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OURS: Final = re.compile(
    r"(?:^|[;&|] )(?:sudo )?(?:\w+=\S+ )*"
    r"(?:(?:build/nox/bin/)?nox -s|tailgate [a-z]|python3? (?:-m (?!venv|pip)|scripts/))"
)
MISSING: Final = "incomplete"
_OPTIONAL: Final = re.compile(r"\[(-[^\]]*)\]")
_BETWEEN: Final = {"&&", "||", ";", "|", "&"}


class Parsed(BaseException):
    """The words were taken: raised in place of doing what they ask for."""


class Refused(BaseException):
    """The words were not taken."""


@dataclass(frozen=True, slots=True)
class Line:
    """A command on a page. whole: it stands on a line of its own, where a span may just name the command."""

    page: Path
    number: int
    text: str
    whole: bool

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.number}: {self.text}"


def lines(page: Path) -> Iterator[Line]:
    """Yield each command of ours on a page, in a span of code or on a line of a block."""
    for number, text in spans(page):
        if OURS.search(text):
            yield Line(page, number, text, whole=False)
    for block in blocks(page):
        if block.language not in {"", "console"}:
            continue
        for offset, text in enumerate(joined(block.text)):
            command = text.removeprefix("$ ")
            if (text.startswith("$ ") or block.language == "") and OURS.search(command):
                yield Line(page, block.line + offset, command, whole=True)


def joined(text: str) -> list[str]:
    """Return the lines of a block, those that end in a backslash with what follows."""
    return text.replace("\\\n", " ").splitlines()


def programs(text: str) -> Iterator[list[str]]:
    """Yield the words of each program that a line starts, without what stands around them."""
    words: list[str] = []
    for word in [*shlex.split(_OPTIONAL.sub(r"\1", text), comments=True), ";"]:
        if word.rstrip(";") and word not in _BETWEEN:
            words.append(word.rstrip(";"))
        if word in _BETWEEN or word.endswith(";"):
            while words and (words[0] == "sudo" or re.fullmatch(r"\w+=.*", words[0])):
                words.pop(0)
            if words and (words[0] in {"tailgate", "nox", "build/nox/bin/nox"} or words[0].startswith("python")):
                yield words
            words = []


def faults(line: Line) -> list[str]:
    """Return what is wrong with a command: which words its programs do not take."""
    told = [why for words in programs(line.text) if (why := refusal(words))]
    return [f"{line}: {why}" for why in told if line.whole or not why.startswith(MISSING)]


def refusal(words: Sequence[str]) -> str | None:
    """Return why a program does not take its words; None where it does.

    A word in capitals stands for any value. Of a program without words only its being there is asked.
    """
    program, *rest = words
    if program.endswith("nox"):
        return _refused_by_session(rest)
    if program == "tailgate":
        return _parse(["tailgate", *rest], lambda: _module("tailgate.cli"))
    if len(rest) == 1:
        return None if (ROOT / rest[0]).is_file() else f"there is no {rest[0]}"
    if rest[0] == "-m":
        return _parse([rest[1], *rest[2:]], lambda: _module(rest[1]))
    return _parse(rest, lambda: runpy.run_path(str(ROOT / rest[0]), run_name="__main__"))


def _module(name: str) -> None:
    """Run a module by its file: what finds modules for pytest cannot run them."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Refused(f"there is no module {name}")
    if name.partition(".")[0] not in {"implementations", "reports", "suites", "tailgate", "tests"}:
        raise Parsed  # another project's: that it is there has to do
    if len(sys.argv) == 1:
        raise Parsed
    path = Path(found.origin)
    path = path.with_name("__main__.py") if path.name == "__init__.py" else path
    if not re.search(r"\b(argparse|click)\b", path.read_text(encoding="utf-8")):
        raise Parsed  # it reads its words itself
    runpy.run_path(str(path), run_name="__main__")


class Session:
    """Stands in for nox's: notes what would run."""

    def __init__(self, words: Sequence[str]) -> None:
        self.posargs = list(words)
        self.ran: list[list[str]] = []
        self.bin = ""

    def install(self, *_: str) -> None:
        """Install nothing."""

    def run(self, *command: str, **_: Any) -> None:
        """Note the command."""
        self.ran.append(list(command))

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def _refused_by_session(words: Sequence[str]) -> str | None:
    import noxfile

    if "--" in words:
        place = list(words).index("--")
        options, given = words[:place], words[place + 1 :]
    else:
        options, given = words, []
    if len(options) != 2 or options[0] != "-s":
        return f"nox takes `-s SESSION -- WORDS` here, not {' '.join(options)}"
    from nox import registry

    if options[1] not in registry.get():
        return f"there is no session {options[1]}"
    session = Session(given)
    before = noxfile.with_status, noxfile.browser
    noxfile.with_status, noxfile.browser = Session.run, lambda _: None  # type: ignore[assignment]
    try:
        registry.get()[options[1]].func(session)
    finally:
        noxfile.with_status, noxfile.browser = before
    for command in session.ran:
        told = _unknown_path(command) if command[0] == "pytest" else None
        if command[0] in {"tailgate", "python"}:
            told = refusal(command)
        if told:
            return told
    return None


def _unknown_path(command: Sequence[str]) -> str | None:
    for word in command[1:]:
        path = word.partition("::")[0]
        if path.startswith(("tests/", "suites/")) and not (ROOT / path).exists():
            return f"there is no {path}"
    return None


def _parse(argv: Sequence[str], start: Any) -> str | None:
    before = sys.argv
    sys.argv = list(argv)
    try:
        with _parsers_only():
            start()
    except Parsed:
        return None
    except Refused as error:
        return str(error)
    except SystemExit as error:
        return f"{argv[0]} ended with {error.code}"
    finally:
        sys.argv = before
    return f"{argv[0]} parsed nothing"


@contextmanager
def _parsers_only() -> Iterator[None]:
    """Let click and argparse parse, and do nothing of what was asked for."""
    parse_args, refuse, main = (
        argparse.ArgumentParser.parse_args,
        argparse.ArgumentParser.error,
        click.Command.main,
    )

    def parsed(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> NoReturn:
        parse_args(self, args, namespace)
        raise Parsed

    def error(_: argparse.ArgumentParser, message: str) -> NoReturn:
        if re.search(r"invalid choice: '[A-Z_]+'", message):
            raise Parsed
        raise Refused(f"{MISSING}: {message}" if "are required" in message else message)

    def resolve(self: click.Command, *_: Any, **__: Any) -> NoReturn:
        _resolve(self, sys.argv[1:])
        raise Parsed

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (argparse.ArgumentParser, "parse_args", parsed),
        (argparse.ArgumentParser, "error", error),
        (click.Command, "main", resolve),
    )
    for owner, name, stand_in in replaced:
        setattr(owner, name, stand_in)
    classes = [each for each in _subclasses(click.Command) if "main" in each.__dict__]
    kept = [(each, each.__dict__["main"]) for each in classes]
    for each, _ in kept:
        each.main = resolve
    try:
        yield
    finally:
        argparse.ArgumentParser.parse_args, argparse.ArgumentParser.error = parse_args, refuse  # type: ignore[method-assign]
        click.Command.main = main  # type: ignore[method-assign]
        for each, own in kept:
            each.main = own


def _subclasses(cls: Any) -> Iterator[Any]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _resolve(command: click.Command, words: list[str]) -> None:
    """Parse the words by the command and the one below it that they name."""
    if command.name == "isolate" and words:  # it hands its words to a parser of its own
        assert command.callback is not None
        command.callback(words=words)
    try:
        if isinstance(command, click.Group):
            context = click.Context(command)
            _, rest, _ = command.make_parser(context).parse_args(list(words))
            if rest:
                below = command.get_command(context, rest[0])
                if below is None:
                    raise Refused(f"there is no command {rest[0]}")
                _resolve(below, rest[1:])
            return
        command.make_context(command.name, list(words))
    except click.exceptions.Exit:
        return  # --help and --version
    except click.MissingParameter as error:
        raise Refused(f"{MISSING}: {error.format_message()}") from None
    except click.BadParameter as error:
        if not any(re.fullmatch(r"[A-Z_]+", word) for word in words):
            raise Refused(error.format_message()) from None
    except click.ClickException as error:
        raise Refused(error.format_message()) from None
