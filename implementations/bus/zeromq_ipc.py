"""ZeroMQ over a socket of the file system, in a folder of its own."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from implementations.bus._zeromq import ZeromqBus
from implementations.registry import Requires, implementation

if TYPE_CHECKING:
    from implementations.codec.contract import Codec


@implementation(source="pyzmq, XPUB and SUB over ipc", requires=Requires(platform="linux"))
class ZeromqIpcBus(ZeromqBus):
    """The folder is deleted when the bus is closed."""

    def __init__(self, codec: Codec, high_water_mark: int) -> None:
        self._folder = TemporaryDirectory(prefix="tailgate-bus-")
        super().__init__(codec, high_water_mark, f"ipc://{self._folder.name}/socket")

    def close(self) -> None:
        """End the bus and remove its folder."""
        super().close()
        self._folder.cleanup()
