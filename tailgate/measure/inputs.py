"""The inputs of a tape, the same in every pass: an operation that changed its input would do other work next time."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, overload
from zlib import crc32

from tailgate.answers import canonical
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable

_WATCHED: Final = 256
"""So many inputs are looked at before and after a pass: an operation that changes its input changes nearly each."""


class Fresh(Sequence[Any]):
    """The inputs of operations that may change them: each is made anew when it is asked for, outside of its sample."""

    def __init__(self, inputs: Sequence[Any], make: Callable[[Any], Any]) -> None:
        self._inputs = inputs
        self._make = make

    def __len__(self) -> int:
        return len(self._inputs)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Fresh: ...
    def __getitem__(self, index: int | slice) -> Any:
        found = self._inputs[index]
        return Fresh(found, self._make) if isinstance(index, slice) else self._make(found)


class Watch:
    """Marks of some inputs, taken before a pass; `refuse_changes` compares them with what the pass left.

    An input that has no value to compare (neither canonical nor pickled) is not watched.
    """

    def __init__(self, inputs: Sequence[Any], stop: int) -> None:
        self._inputs = inputs
        step = max(1, stop // _WATCHED)
        watched = range(0, 0 if isinstance(inputs, Fresh) else stop, step)
        marks = ((index, _mark(inputs[index])) for index in watched)
        self._before = {index: mark for index, mark in marks if mark is not None}

    def refuse_changes(self) -> None:
        """Raise TailgateError that names the first watched input which is not what it was."""
        for index, mark in self._before.items():
            if _mark(self._inputs[index]) != mark:
                raise TailgateError(
                    f"operation {index} changes its input, which is now {repr(self._inputs[index])[:120]}: "
                    "the next pass would do other work",
                    hint="give Workload(fresh=copy.copy) (or another function that makes a new input, untimed), "
                    "or let the operation work on a copy",
                )


def _mark(item: object) -> int | None:
    for text in (canonical, pickle.dumps):
        with suppress(Exception):  # whatever an object of the user's raises: it has no value to compare
            return crc32(text(item))
    return None
