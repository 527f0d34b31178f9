"""What a revision says that it needs: its lock (uv, poetry, requirements files), else its pyproject.toml.

A lock fixes versions; which packages are wanted is pyproject.toml's to say. So the lock of uv or poetry becomes
constraints, and neither tool is needed to read it; where uv is at hand, it reads its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import dependency_groups
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tailgate.errors import TailgateError
from tailgate.measure.declared import Declared
from tailgate.project.surroundings import requirement_files, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LOCAL: Final = re.compile(
    r"""file:|^\s*(?:-e\s|-r\s|-c\s|\.{0,2}/|\.$)|(?:editable|directory|path)\s*=\s*"(?!\.")""", re.MULTILINE
)
"""What names files of the revision itself: a change of theirs is a change of the environment."""


def declared(folder: Path) -> Declared:
    """Return what the revision laid out in `folder` wants installed; TailgateError where that cannot be read."""
    document = _toml(folder / "pyproject.toml")
    own = _requirements(document, folder)
    for name, constrain in (("uv.lock", _of_uv), ("poetry.lock", _of_poetry)):
        if (folder / name).is_file():
            if name == "uv.lock" and (uv := shutil.which("uv")):
                own = (*_exported(uv, document, folder), *_named_here(document))
                return _declared(folder, name, own)
            constraints = tuple(constrain(_toml(folder / name).get("package", ())))
            return _declared(folder, name, own, constraints)
    files = tuple(requirement_files(folder))
    texts = {name: (folder / name).read_text(encoding="utf-8", errors="replace") for name in files}
    if any("--hash" in text for text in texts.values()):  # then pip takes nothing that has none
        own = ()
    said = ", ".join(files) or "pyproject.toml"
    return _declared(folder, said, own, files=files, texts=tuple(texts.values()))


def _declared(
    folder: Path,
    said: str,
    requirements: Sequence[str],
    constraints: Sequence[str] = (),
    files: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> Declared:
    everything = (*requirements, *constraints, *texts)
    local = any(_LOCAL.search(text) for text in everything)
    return Declared(folder, said, tuple(requirements), tuple(constraints), tuple(files), (*texts,), local)


def _requirements(document: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """Return the packages that pyproject.toml names, those for tests and benchmarks among them."""
    project: Mapping[str, Any] = document.get("project", {})
    poetry: Mapping[str, Any] = document.get("tool", {}).get("poetry", {})
    found: list[str] = []
    if "project" in document and "dependencies" not in project.get("dynamic", ()):
        found += project.get("dependencies", ())
    elif (folder / "poetry.lock").is_file():
        found += _of_poetry_table(poetry.get("dependencies", {}))
    elif "build-system" in document or (folder / "setup.py").is_file():
        found.append(".")  # its build alone knows
    found += _of_poetry_table(poetry.get("dev-dependencies", {}))  # as it was before there were groups
    for name in wanted(poetry.get("group", {})):
        found += _of_poetry_table(poetry["group"][name].get("dependencies", {}))
    found += _extras(project, wanted(project.get("optional-dependencies", {})))
    groups = document.get("dependency-groups", {})
    found += _resolved(groups, wanted(groups), folder)
    return tuple(dict.fromkeys((*found, *_named_here(document))))


def _named_here(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what [tool.tailgate] requirements of this revision adds."""
    plain = document.get("tool", {}).get("tailgate", {}).get("requirements", ())
    own = "tool.tailgate.requirements"
    try:
        return tuple(dependency_groups.resolve({**document.get("dependency-groups", {}), own: list(plain)}, own))
    except (LookupError, ValueError, TypeError) as error:
        raise TailgateError(f"[tool.tailgate] requirements: {error}") from error


def _extras(project: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Yield the packages of extras; one that names the project itself stands for its other extras."""
    extras = project.get("optional-dependencies", {})
    myself = canonicalize_name(str(project.get("name", "")))
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        for text in extras.get(name, ()):
            try:
                parsed = Requirement(text)
            except InvalidRequirement:
                yield text  # the installer says what is wrong with it
                continue
            if canonicalize_name(parsed.name) == myself:
                waiting += parsed.extras
            else:
                yield text


def _resolved(groups: Mapping[str, Any], names: Sequence[str], folder: Path) -> list[str]:
    try:
        return [each for name in names for each in dependency_groups.resolve(groups, name)]
    except (LookupError, ValueError, TypeError) as error:
        raise TailgateError(f"[dependency-groups] of {folder / 'pyproject.toml'}: {error}") from error


def _of_poetry_table(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in a table of poetry's, with their extras and markers; its lock fixes the versions."""
    for name, told in table.items():
        plain: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        if name == "python" or plain.get("optional"):
            continue
        extras = f"[{','.join(plain['extras'])}]" if plain.get("extras") else ""
        yield f"{name}{extras}" + (f" ; {plain['markers']}" if plain.get("markers") else "")


def _of_uv(packages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a constraint for each package of a uv.lock; of those that are locked twice the one for this interpreter."""
    for each in packages:
        source: Mapping[str, Any] = each.get("source", {})
        if not _applies(each.get("resolution-markers", ())):
            continue
        if "git" in source:
            address, _, commit = str(source["git"]).partition("#")
            yield f"{each['name']} @ git+{address.partition('?')[0]}@{commit}"
        elif "url" in source:
            yield f"{each['name']} @ {source['url']}"
        elif "registry" in source:
            yield f"{each['name']}=={each['version']}"


def _of_poetry(packages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a constraint for each package of a poetry.lock."""
    count: dict[str, int] = {}
    for each in packages:
        count[each["name"]] = count.get(each["name"], 0) + 1
    for each in packages:
        source: Mapping[str, Any] = each.get("source", {})
        if source.get("type") == "git":
            yield f"{each['name']} @ git+{source['url']}@{source['resolved_reference']}"
        elif source.get("type") == "url":
            yield f"{each['name']} @ {source['url']}"
        elif source.get("type") not in {"file", "directory"} and (
            count[each["name"]] == 1 or _applies([each["markers"]] if isinstance(each.get("markers"), str) else ())
        ):
            yield f"{each['name']}=={each['version']}"


def _applies(markers: Sequence[str]) -> bool:
    """Tell whether one of the markers holds in this interpreter, or there is none."""
    try:
        return not markers or any(Marker(each).evaluate() for each in markers)
    except InvalidMarker:
        return True


def _exported(uv: str, document: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """Return the lines that uv makes of its lock, for this project's extras and groups."""
    extras = wanted(document.get("project", {}).get("optional-dependencies", {}))
    groups = wanted(document.get("dependency-groups", {}))
    chosen = [word for name in extras for word in ("--extra", name)] + [
        word for name in groups for word in ("--group", name)
    ]
    command = [uv, "export", "--frozen", "--quiet", "--no-emit-project", "--no-header", "--no-annotate", "--no-hashes"]
    done = subprocess.run([*command, *chosen], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TailgateError(
            f"uv cannot export its lock in {folder}: {done.stderr.strip()[-500:]}", hint="uv lock --check"
        )
    return tuple(line for line in done.stdout.splitlines() if line.strip())


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TailgateError(f"{path} is not valid TOML: {error}") from error
