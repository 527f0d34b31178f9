"""ZeroMQ within the process: no system call on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.bus._zeromq import ZeromqBus
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.codec.contract import Codec


@implementation(source="pyzmq, XPUB and SUB over inproc")
class ZeromqInprocBus(ZeromqBus):
    """Readers are in this process: the endpoint means nothing elsewhere."""

    def __init__(self, codec: Codec, high_water_mark: int) -> None:
        super().__init__(codec, high_water_mark, f"inproc://tailgate-{id(self)}")
