"""A flame graph as one SVG file, alone or as the difference of two: widths are shares, so two runs compare."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tailgate.profilers.stacks import Stack

_WIDTH: Final = 1200
_ROW: Final = 17
_TOP: Final = 40
_LEAST: Final = 0.4  # narrower boxes than this many pixels are left out
_CHARACTER: Final = 6.6  # pixels of one, in the font below


@dataclass(slots=True)
class _Box:
    """A function at one place of the call tree: its share now, and in the other profile."""

    name: str
    share: float = 0.0
    other: float = 0.0
    inner: dict[tuple[str, str], _Box] = field(default_factory=dict)


def flame_graph(title: str, stacks: Mapping[Stack, float], base: Mapping[Stack, float] | None = None) -> str:
    """Draw the stacks; with a `base`, colour each box by how its share differs: red has grown, blue has shrunk."""
    root = _Box(title)
    _add(root, stacks, "share")
    if base is not None:
        _add(root, base, "other")
    boxes = list(_draw(root, 0.0, 0, differential=base is not None))
    depth = 1 + max(row for row, _ in boxes)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_TOP + depth * _ROW + 10}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text x="8" y="22" font-size="15">{escape(title)}</text>\n'
    )
    return head + "\n".join(text for _, text in boxes) + "\n</svg>\n"


def _add(root: _Box, stacks: Mapping[Stack, float], attribute: str) -> None:
    total = sum(stacks.values())
    for stack, weight in stacks.items():
        box = root
        setattr(box, attribute, getattr(box, attribute) + weight / total)
        for frame in stack:
            box = box.inner.setdefault((frame.function, frame.file), _Box(f"{frame.function} ({frame.file})"))
            setattr(box, attribute, getattr(box, attribute) + weight / total)


def _draw(box: _Box, left: float, row: int, *, differential: bool) -> Iterator[tuple[int, str]]:
    width = box.share * _WIDTH
    if width < _LEAST:
        return
    yield row, _rectangle(box, left, row, width, differential=differential)
    for each in sorted(box.inner.values(), key=lambda inner: inner.name):
        yield from _draw(each, left, row + 1, differential=differential)
        left += each.share * _WIDTH


def _rectangle(box: _Box, left: float, row: int, width: float, *, differential: bool) -> str:
    told = f"{box.name}: {100 * box.share:.2f} %"
    if differential:
        told += f", {100 * (box.share - box.other):+.2f} points"
    label = box.name[: max(0, int((width - 6) / _CHARACTER))] if width > 30 else ""
    top = _TOP + row * _ROW
    colour = _difference(box.share - box.other) if differential else _warm(box.name)
    return (
        f'<g><title>{escape(told)}</title><rect x="{left:.2f}" y="{top}" width="{width:.2f}" height="{_ROW - 1}" '
        f'fill="{colour}" stroke="#ffffff" stroke-width="0.5"/>'
        f'<text x="{left + 3:.2f}" y="{top + 12}">{escape(label)}</text></g>'
    )


def _warm(name: str) -> str:
    """Return one of many warm colours, the same for the same name in every graph."""
    mark = zlib.crc32(name.encode())
    return f"hsl({18 + mark % 38}, 85%, {62 + (mark >> 8) % 14}%)"


def _difference(points: float) -> str:
    strength = min(1.0, abs(points) / 0.10)
    return f"hsl({4 if points > 0 else 215}, {round(85 * strength)}%, {round(88 - 28 * strength)}%)"
