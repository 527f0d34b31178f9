"""ZeroMQ over TCP on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.bus._zeromq import ZeromqBus
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.codec.contract import Codec


@implementation(source="pyzmq, XPUB and SUB over tcp")
class ZeromqTcpBus(ZeromqBus):
    """The port is a free one."""

    def __init__(self, codec: Codec, high_water_mark: int) -> None:
        super().__init__(codec, high_water_mark, "tcp://127.0.0.1:*")
