"""The two encodings of the market data streams: JSON text, and msgpack with `t` as a Timestamp."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs
import orjson

from suites.exchange.errors import SYNTAX, StreamError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Encoding = Literal["json", "msgpack"]
_TIMES: Final = frozenset({"t"})


def encode(messages: Sequence[Mapping[str, Any]], encoding: Encoding) -> bytes:
    """Return one frame: an array, also when it is of one message."""
    if encoding == "json":
        return orjson.dumps(messages)
    return bytes(msgpack.packb([_with_timestamps(message) for message in messages]))


def decode(payload: bytes | str, encoding: Encoding) -> dict[str, Any]:
    """Return the request in a client's frame (text is JSON whatever was agreed), or raise StreamError 400."""
    try:
        if encoding == "msgpack" and isinstance(payload, bytes):
            request = msgpack.unpackb(payload)
        else:
            request = orjson.loads(payload)
    except (ValueError, msgpack.UnpackException) as error:
        raise StreamError(SYNTAX) from error
    if not isinstance(request, dict) or not isinstance(request.get("action"), str):
        raise StreamError(SYNTAX)
    return request


def timestamp(text: str) -> msgpack.Timestamp:
    """Return an RFC 3339 time in UTC as msgpack's Timestamp, all nanoseconds kept."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return msgpack.Timestamp(seconds, int(fraction[:9].ljust(9, "0")) if fraction else 0)


def _with_timestamps(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: timestamp(value) if key in _TIMES else value for key, value in message.items()}
