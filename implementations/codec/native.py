"""The fixed layout of the struct codec, written and read in C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.codec.contract import Codec

_NEW = extension("codec").Codec


@implementation(source="the struct codec's layout, byte for byte: implementations/native/codec.pyx", fixes="B8")
def native() -> Codec:
    """Return a codec; the struct codec writes and reads what is not plain, and raises."""
    made: Codec = _NEW()
    return made
