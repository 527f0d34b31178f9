"""The standard library's reading of a frame, which the faster parsers ask for a second opinion.

A faster parser refuses some JSON that the contract takes (an ignored number beyond a float, an escaped half of a
surrogate pair, a wrong value that a later one of the same name replaces), or reads what it may not judge (text that is
not ASCII). Such frames are rare, and come here; a frame that is refused costs two readings.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, NoReturn

from implementations.decode._documents import messages_of
from implementations.decode.contract import BadFrameError

if TYPE_CHECKING:
    from implementations.messages import MarketMessage


def decode_thoroughly(frame: bytes) -> list[MarketMessage]:
    """Return the messages of a frame that `guard` has passed, or raise BadFrameError."""
    try:
        text = frame.decode("utf-8")
        document = _parse(text)
    except BadFrameError:
        raise
    except UnicodeDecodeError as error:
        raise BadFrameError(f"not UTF-8: {error}") from error
    except json.JSONDecodeError as error:
        raise BadFrameError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise BadFrameError("nested too deep for what is left of the stack") from error
    except ValueError:  # an integer of more digits than CPython converts
        document = _parse_long_integers(text)
    return messages_of(document)


def _refuse_constant(name: str) -> NoReturn:
    raise BadFrameError(f"not JSON: {name}")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else math.inf  # no float holds 10**399


_parse: Final = json.JSONDecoder(parse_constant=_refuse_constant).decode
_parse_long: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer).decode


def _parse_long_integers(text: str) -> object:
    try:
        return _parse_long(text)
    except json.JSONDecodeError as error:
        raise BadFrameError(f"not JSON: {error}") from error
