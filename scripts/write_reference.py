"""Write docs/reference.md: every field of what a project declares and every key of its configuration.

    python scripts/write_reference.py            writes the page
    python scripts/write_reference.py --check    says whether it is what the code says

Each meaning is the docstring's of the class, or the comment behind the field; there is no other text to keep in step.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.benchmark import Benchmark, Setting, Workload
from tailgate.config import Config, GateConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
HEAD = """# Reference

Written by `python scripts/write_reference.py` from the docstrings; a test holds it to them.

A benchmark is called `path/implementation`, with axes in brackets where there are some: `parse/fast[size=10]`.
**Implementations of one path give equal answers**: that is checked before anything is timed, and it is what makes their
times comparable. What does other work has a path of its own.
"""
DECLARED: Final[tuple[tuple[type, str], ...]] = (
    (Workload, "what a benchmark's function returns"),
    (Benchmark, "one benchmark"),
    (Setting, "an option"),
)
CONFIGURED: Final[tuple[tuple[type, str], ...]] = ((Config, "[tool.tailgate]"), (GateConfig, "[tool.tailgate.gate]"))
UNSAID = {"root", "gate"}
"""Fields of the configuration that are no keys: where it stands, and the table below it."""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for cls, what in DECLARED:
        parts.append(_section(f"{cls.__name__}: {what}", cls, keys=False))
    for cls, table in CONFIGURED:
        parts.append(_section(f"`{table}`", cls, keys=True))
    return "\n".join(parts)


def _section(title: str, cls: type, *, keys: bool) -> str:
    meant = meanings(cls)
    rows = [f"## {title}", "", _lead(cls), "", "| name | default | meaning |", "| --- | --- | --- |"]
    for each in _fields(cls):
        if keys and each.name in UNSAID:
            continue
        name = each.name.replace("_", "-") if keys else each.name
        told = meant[each.name].replace("|", "\\|")
        rows.append(f"| `{name}` | {_default(each)} | {told} |")
    return "\n".join(rows) + "\n"


def meanings(cls: type) -> dict[str, str]:
    """Return what is said of each field of a class: in its docstring, as `name: text`, or behind it in the source."""
    names = [each.name for each in _fields(cls)]
    text = " ".join(_paragraphs(cls)[1:])
    word = "|".join(map(re.escape, names))
    heads = list(re.finditer(rf"(?:^|(?<=[.;)\"] ))((?:{word})(?:(?:,| and) (?:{word}))*): ", text))
    found: dict[str, str] = {}
    for place, head in enumerate(heads):
        end = heads[place + 1].start() if place + 1 < len(heads) else len(text)
        for name in re.split(r",\s*|\s+and\s+", head[1]):
            found[name] = text[head.end() : end].strip()
    behind = re.compile(rf"^    ({word}): .*?  # (.+)$", re.MULTILINE)
    for name, comment in behind.findall(inspect.getsource(cls)):
        found.setdefault(name, comment.removeprefix("noqa").strip())
    return {name: _sentence(found[name]) for name in names if name in found}


def _fields(cls: type) -> tuple[Field[Any], ...]:
    return fields(cls)


def _paragraphs(cls: type) -> list[str]:
    return [" ".join(each.split()) for each in (inspect.getdoc(cls) or "").split("\n\n")]


def _lead(cls: type) -> str:
    return _paragraphs(cls)[0]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _default(each: Field[Any]) -> str:
    value = each.default if each.default_factory is MISSING else each.default_factory()
    if value is MISSING:
        return "required"
    if callable(value):
        return "" if value.__name__ == "<lambda>" else f"`{value.__name__}`"
    if isinstance(value, dict | MappingProxyType):
        return "none" if not value else f"`{dict(value)}`"
    return "none" if value in ("", (), None) else f"`{list(value) if isinstance(value, tuple) else value!r}`"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; return the exit status."""
    if arguments == ["--check"]:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
        print(f"{PAGE} is {'what' if same else 'not what'} the code says")
        return 0 if same else 1
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
