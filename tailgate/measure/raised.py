"""What an operation raised, as its author needs it: which operation it was, its input, and the frames of their own."""

from __future__ import annotations

import traceback
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tailgate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

_HOME: Final = Path(tailgate.__file__).parent
_OURS: Final = (*(f"{_HOME / part}/" for part in ("measure", "adapters", "profilers")), str(_HOME / "benchmark.py"))
TEMPLATE: Final = "<tailgate "
"""How the file names of compiled loops begin."""
_FRAMES: Final = 8


def told(error: BaseException) -> tuple[str, bool]:
    """Return the text of an error without the frames of the instrument; and whether an operation raised it.

    The operation and its input are those of the timed loop that the error came through.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [place for place, frame in enumerate(frames) if _is_ours(frame)]
    rest = next(islice(_chain(error), ours[-1] + 1 if ours else 0, None), None)
    text = "".join(traceback.format_exception(type(error), error, rest, limit=-_FRAMES)).strip()
    loop = next((frames[place].f_locals for place in reversed(ours) if _is_loop(frames[place])), None)
    if loop is None:
        return text, False
    said = "".join(traceback.format_exception_only(error)).strip()
    given = repr(loop["inputs"][loop["index"]])[:200]
    frames_of_theirs = f"\n{text}" if rest is not None else ""
    return f"operation {loop['index']} raised {said}\n  input: {given}{frames_of_theirs}", True


def _chain(error: BaseException) -> Iterator[TracebackType]:
    tb = error.__traceback__
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith((*_OURS, TEMPLATE))


def _is_loop(frame: FrameType) -> bool:
    return {"index", "inputs"} <= frame.f_locals.keys()
