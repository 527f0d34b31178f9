"""What a project gets to begin with: the configuration, a first benchmark, and what judges its changes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from textwrap import indent
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.project.surroundings import asked_of_git

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.project.surroundings import Forge, Surroundings

_RUN: Final = {"uv": "uv run --no-sync ", "poetry": "poetry run ", "pip": ""}
_PYTHON: Final = "3.13"


@dataclass(frozen=True, slots=True)
class Start:
    """One file that is written: its path, its whole text, and what is said of it. executable: a hook is run."""

    path: Path
    text: str
    note: str = ""
    executable: bool = False


def files_of(seen: Surroundings, forge: Forge, requirement: str) -> list[Start]:
    """Return the files for a project as it was seen; requirement: where its CI gets tailgate from."""
    module = f"{seen.tests}.bench_{seen.package}" if seen.tests else f"bench_{seen.package}"
    found = []
    if not seen.suite:
        text = _template("bench.py.txt").replace("@PACKAGE@", seen.package)
        path = seen.root / (module.replace(".", "/") + ".py")
        found.append(Start(path, text, "put inputs and an operation of your own where it says HERE"))
    return [*found, *_configuration(seen, module), _judged_by(seen, forge, requirement)]


def _configuration(seen: Surroundings, module: str) -> list[Start]:
    """Return pyproject.toml with the table behind what it has; nothing where it has one already."""
    path = seen.root / "pyproject.toml"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if "tailgate" in tomllib.loads(before).get("tool", {}):
        return []
    lines = ["[tool.tailgate]", f'benchmarks = "{seen.suite or module}"']
    if not seen.suite:
        lines.append(f'subject = ["{seen.subject}"] # what a revision brings along')
    if seen.compiles:
        lines.append('build = "pip install --no-deps -e ." # in each revision, once for each tree')
    lines += ['report = "tailgate.report.bench:write"', 'shift_plot = "tailgate.report.shift:draw"']
    lines += ["", "[tool.tailgate.gate]", "margin = 0.02 # a p99 that is slower by more is a regression"]
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    return [Start(path, before + gap + "\n".join(lines) + "\n", "[tool.tailgate]")]


def _judged_by(seen: Surroundings, forge: Forge, requirement: str) -> Start:
    if forge == "pre-push":
        text = _template("pre-push").replace("@RUN@", _RUN[seen.manager])
        return Start(_hook(seen.root), text, "git runs it before a push", executable=True)
    install = _install(seen, _with_extras(requirement, seen))
    text = _template(f"{forge}.yml").replace("@RUN@", _RUN[seen.manager]).replace("@PYTHON@", _PYTHON)
    if forge == "github":
        text = text.replace("@SETUP@\n", indent(_set_up(seen), " " * 6))
        text = text.replace("@INSTALL@", indent(install, " " * 10))
        return Start(seen.root / ".github" / "workflows" / "p99-gate.yml", text)
    prepare = {"uv": "pip install uv\n", "poetry": "pip install poetry\n", "pip": ""}[seen.manager]
    text = text.replace("@INSTALL@", indent(prepare + install, " " * 6))
    if (seen.root / ".gitlab-ci.yml").is_file():
        note = "name it in .gitlab-ci.yml:  include: [{local: .gitlab/p99-gate.yml}]"
        return Start(seen.root / ".gitlab" / "p99-gate.yml", text, note)
    return Start(seen.root / ".gitlab-ci.yml", text)


def _set_up(seen: Surroundings) -> str:
    if seen.manager == "uv":
        return "- uses: astral-sh/setup-uv@v5\n"
    poetry = "- run: pipx install poetry\n" if seen.manager == "poetry" else ""
    return f'- uses: actions/setup-python@v5\n  with:\n    python-version: "{_PYTHON}"\n{poetry}'


def _with_extras(requirement: str, seen: Surroundings) -> str:
    """Return the requirement with the extras that this project needs; a name alone, or a name and an address."""
    kind = seen.suite.partition(":")[0]
    extras = ",".join(["allocations", "report", *([kind] if kind in {"pytest", "asv"} else [])])
    name, at, address = requirement.partition("@")
    plain = name.strip() == "tailgate" and not at
    return f"tailgate[{extras}]" if plain else f"tailgate[{extras}] @ {(address or name).strip()}"


def _install(seen: Surroundings, tailgate: str) -> str:
    """Return the commands that install the project's own dependencies, as its manager does, and tailgate."""
    if seen.manager == "uv":
        return f"uv sync --all-extras --all-groups\nuv pip install '{tailgate}'"
    if seen.manager == "poetry":
        return f"poetry install --all-extras\npoetry run pip install '{tailgate}'"
    lines = [f"python -m pip install -r {name}" for name in seen.requirements]
    if seen.installable:
        extras = f"[{','.join(seen.extras)}]" if seen.extras else ""
        groups = "".join(f" --group {group}" for group in seen.groups)
        lines += [f"python -m pip install -e '.{extras}'{groups}"]
    lines = ["python -m pip install --upgrade pip", *lines] if seen.groups else lines  # an old one knows no groups
    return "\n".join([*lines, f"python -m pip install '{tailgate}'"])


def _hook(root: Path) -> Path:
    """Return where git looks for the hook of this checkout."""
    told = asked_of_git(root, "rev-parse", "--git-path", "hooks/pre-push")
    if told is None:
        raise TailgateError(f"{root} is in no git repository, and two revisions are compared", hint="git init")
    return root / told.strip()


def _template(name: str) -> str:
    return files("tailgate.project").joinpath("templates", name).read_text(encoding="utf-8")
