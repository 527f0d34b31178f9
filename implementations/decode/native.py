"""One pass over the bytes into flat records, then the domain's own messages: compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.decode.contract import Decoder

_NEW = extension("decode").Decoder


@implementation(source="a parser of the documented frames alone: implementations/native/frame.pxi", fixes="B1")
def native() -> Decoder:
    """Return a decoder; a frame that its parser is not sure of is read by the standard library's way."""
    decoder: Decoder = _NEW()
    return decoder
