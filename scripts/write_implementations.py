"""Write the tables of docs/implementations.md: every implementation of every path, its version, and what it costs.

    nox -s bench -- --peers && nox -s sizes -- --peers
    python scripts/write_implementations.py            from build/bench/summary.json and build/sizes/sizes.json
    python scripts/write_implementations.py --check    says whether every implementation has its line

What an implementation is stands in its own source line; what a peer cannot keep stands on the page, below the tables.
"""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from documents.sizes.document import Sizes
from implementations.registry import PATHS, catalogue
from tailgate.documents.bench import P50, P99, BenchSummary
from tailgate.documents.envelope import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.documents.bench import BenchFigures

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "implementations.md"
BEGIN: Final = "<!-- written by scripts/write_implementations.py: begin -->"
END: Final = "<!-- written by scripts/write_implementations.py: end -->"
PACKAGES: Final = {
    **dict.fromkeys(("aiolimiter", "aiohttp", "cereggii", "culsans", "httpx", "msgpack", "orjson", "ormsgpack"), ""),
    **dict.fromkeys(("picows", "protobuf", "ssrjson", "websockets"), ""),
    "ft-utils": "ft_utils",
    **dict.fromkeys(("msgspec", "msgspec-msgpack", "msgspec-buffer"), "msgspec"),
    "order-book": "order-book",
    "rapidjson": "python-rapidjson",
    "simdjson": "pysimdjson",
    "sorted-dict": "sortedcontainers",
    **dict.fromkeys(("zeromq-inproc", "zeromq-ipc", "zeromq-tcp"), "pyzmq"),
}
"""The distribution of an implementation that is a library's, where it is not called like the implementation."""


def main() -> int:
    """Write the page between its marks, or check that it has every implementation."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        missing = [f"{path}/{name}" for path, name in _names() if f"| {path} | {name} |" not in text]
        if missing:
            sys.stderr.write(f"{PAGE.name} lacks {', '.join(missing)}: python scripts/write_implementations.py\n")
        return 1 if missing else 0
    head, _, rest = text.partition(BEGIN)
    _, _, foot = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{tables()}\n{END}{foot}", encoding="utf-8")
    print(f"Written: {PAGE}")
    return 0


def _names() -> Iterator[tuple[str, str]]:
    for path in PATHS:
        for entry in catalogue(path):
            yield path, entry.name


def tables() -> str:
    """Return the table of all implementations, and that of bends where sizes were measured."""
    measured, when = _measured()
    told = f"Measured {when}, CPython {platform.python_version()}, {_processor()}: raw percentiles of all processes."
    lines = [
        told
        if when
        else "The costs are not measured on this page yet: `nox -s bench -- --peers`, then this script again.",
        "",
        "| path | implementation | what it is | version | p50 | p99 |",
        "| --- | --- | --- | --- | ---: | ---: |",
    ]
    for path in PATHS:
        for entry in catalogue(path):
            source = entry.implementation.source if entry.implementation else f"*unavailable: {entry.unavailable}*"
            figures = measured.get((path, entry.name))
            p50, p99 = (_time(figures, step) if figures else "-" for step in (P50, P99))
            lines.append(f"| {path} | {entry.name} | {source} | {_version(entry.name)} | {p50} | {p99} |")
    return "\n".join([*lines, *_bends()])


def _measured() -> tuple[dict[tuple[str, str], BenchFigures], str]:
    """Return the first benchmark of each implementation, and when that was."""
    path = ROOT / "build" / "bench" / "summary.json"
    found: dict[tuple[str, str], BenchFigures] = {}
    if not path.is_file():
        return found, ""
    for each in load(path, BenchSummary).benchmarks:
        if not each.stages:
            found.setdefault((each.path, each.implementation), each)
    return found, f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"


def _time(figures: BenchFigures, step: int) -> str:
    return f"{'~' if figures.advisory[step] else ''}{figures.raw[step] / 1e3:.2f} µs"


def _bends() -> list[str]:
    path = ROOT / "build" / "sizes" / "sizes.json"
    if not path.is_file():
        return []
    lines = [
        "",
        "Where the p50 bends as the size grows, and by which law it grows where it does not:",
        "",
        "| dimension | implementation | sizes | growth | bend |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in load(path, Sizes).curves:
        growth = f"{each.growth.law or 'no simple law'}" if each.growth else "too few sizes"
        bend = f"at {each.bend.size:,}" if each.bend else "none"
        sizes = f"{each.sizes[0]:,} to {each.sizes[-1]:,} {each.unit}"
        lines.append(f"| {each.dimension} | {each.path}/{each.implementation} | {sizes} | {growth} | {bend} |")
    return lines


def _version(name: str) -> str:
    if name not in PACKAGES:
        return ""
    try:
        return version(PACKAGES[name] or name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    names = (line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line)
    return next(names, platform.machine()).partition(":")[2].strip()


if __name__ == "__main__":
    sys.exit(main())
