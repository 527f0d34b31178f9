"""The canonical bytes of an answer: equal values give equal bytes, in any process, whatever its hash seed.

Scalars and their lists and tuples are compared by repr. Dicts and sets do not depend on their order; dataclasses are
compared by their fields, numpy arrays by dtype, shape and content. A value that says nothing of itself beyond its
address is refused: two such texts always differ, and the digests of two sides would differ with them.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable

_SCALARS: Final = frozenset({int, float, complex, str, bytes, bool, type(None)})
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
_HINT: Final = "give Workload(answer=...): the bytes by which two answers are compared"


def canonical(answer: object) -> bytes:
    """Return the bytes by which two answers are compared, unless a workload has a better way.

    Raises TailgateError for what nobody awaited or consumed, and for an object without a value of its own.
    """
    return _text(answer, ()).encode("utf-8", "surrogatepass")


def rounded(digits: int) -> Callable[[object], bytes]:
    """Return an `answer` that takes floats as equal when they agree in that many significant digits.

    Two floats closer than that may still round apart when a boundary lies between them: choose fewer digits than the
    calculation is good for.
    """
    if digits < 1:
        raise TailgateError(f"rounded({digits}): at least one significant digit is needed")

    def answer(value: object) -> bytes:
        return canonical(_round(value, digits))

    return answer


def _text(value: object, above: tuple[int, ...]) -> str:
    kind = type(value)
    if kind in _SCALARS:
        return repr(value)
    if id(value) in above:
        raise TailgateError("an answer contains itself and cannot be written down", hint=_HINT)
    inside = (*above, id(value))
    if isinstance(value, list | tuple):
        if kind in {list, tuple} and _SCALARS.issuperset(map(type, value)):
            return repr(value)
        return f"{kind.__name__}({','.join(_text(each, inside) for each in value)})"
    if isinstance(value, dict):
        pairs = sorted(f"{_text(key, inside)}:{_text(each, inside)}" for key, each in value.items())
        return f"{kind.__name__}{{{','.join(pairs)}}}"
    if isinstance(value, set | frozenset):
        return f"{kind.__name__}{{{','.join(sorted(_text(each, inside) for each in value))}}}"
    return _object(value, inside)


def _object(value: Any, inside: tuple[int, ...]) -> str:
    kind = type(value)
    if isinstance(value, Enum):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        said = ",".join(
            f"{each.name}={_text(getattr(value, each.name), inside)}" for each in fields(value) if each.compare
        )
        return f"{kind.__qualname__}({said})"
    if _is_array(value):
        content = value.tolist() if value.dtype.hasobject else value.tobytes().hex()
        return f"array({value.dtype.str},{value.shape},{content})"
    _refuse_unfinished(value)
    said = repr(value)
    if _ADDRESS.search(said):
        raise TailgateError(
            f"an answer is a {kind.__qualname__}, which tells its address and no value: {said[:80]}", hint=_HINT
        )
    return said


def _refuse_unfinished(value: object) -> None:
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise TailgateError(
            "the operation returned a coroutine that nobody awaited",
            hint='declare the operation with `async def`, or give Workload(drive="await")',
        )
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        raise TailgateError(
            "the operation returned a generator that nobody consumed: only its start was timed",
            hint='give Workload(drive="exhaust"), or drive="first" for the time to the first item',
        )


def _is_array(value: Any) -> bool:
    """Tell a numpy array or scalar without importing numpy, which a worker may not have."""
    return hasattr(value, "dtype") and hasattr(value, "tobytes") and type(value).__module__.split(".")[0] == "numpy"


def _round(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits - 1}e}") if isfinite(value) else value
    if _is_array(value) and value.dtype.kind == "f":
        return _round(value.tolist(), digits)
    if isinstance(value, dict):
        return {key: _round(each, digits) for key, each in value.items()}
    if type(value) in {list, tuple, set, frozenset}:
        return type(value)(_round(each, digits) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return (
            type(value).__qualname__,
            [_round(getattr(value, each.name), digits) for each in fields(value) if each.compare],
        )
    return value
