"""The two encodings of the feed: JSON text, and msgpack, which the upgrade asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from implementations.feed.contract import EncodingName


@dataclass(frozen=True, slots=True)
class Encoding:
    """How requests are written, how the protocol's own frames are told from data and read, what the upgrade says."""

    dumps: Callable[[object], bytes]
    loads: Callable[[bytes], Any]
    control: tuple[bytes, ...]
    headers: Mapping[str, str]
    binary: bool


JSON_CONTROL: Final = (b'[{"T":"su', b'[{"T":"er')
"""How frames of the protocol begin: success, subscription, error. They come alone; no data begins like this."""

MSGPACK_CONTROL: Final = tuple(
    bytes((0x91, 0x80 + keys)) + kind  # an array of one map
    for kind in (b"\xa1T\xa7success", b"\xa1T\xa5error", b"\xa1T\xacsubscription")
    for keys in range(1, 16)
)


def _json_text(request: object) -> bytes:
    return json.dumps(request).encode()


def encoding(name: EncodingName) -> Encoding:
    """Return an encoding by its name; msgpack's package is imported when it is asked for."""
    if name == "json":
        return Encoding(_json_text, json.loads, JSON_CONTROL, {}, binary=False)
    import msgpack  # type: ignore[import-untyped]  # noqa: PLC0415  JSON needs none; it ships no types

    return Encoding(
        msgpack.packb, msgpack.unpackb, MSGPACK_CONTROL, {"Content-Type": "application/msgpack"}, binary=True
    )
