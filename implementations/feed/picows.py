"""The `picows` library: a Cython parser that calls back for each frame, with nothing awaited in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from implementations.feed._resilient import ResilientFeed
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.feed.contract import Connection


@implementation(source="picows, ws_connect")
class PicowsFeed(ResilientFeed):
    """The callback runs inside the read of the socket; fragments, which picows leaves apart, are put together."""

    errors = WSError

    async def _connect(self) -> Connection:
        _, listener = await ws_connect(
            lambda: _Connection(WSMsgType.BINARY if self._encoding.binary else WSMsgType.TEXT),
            self._settings.url,
            extra_headers=self._encoding.headers,
            enable_auto_ping=True,
            auto_ping_idle_timeout=self._settings.heartbeat_s,
            auto_ping_reply_timeout=self._settings.heartbeat_timeout_s,
            max_frame_size=2**31 - 1,
        )
        assert isinstance(listener, _Connection)  # noqa: S101  the factory above made it
        return listener


class _Connection(WSListener):
    """Frames that come before `receive` is called (they may, with the upgrade's answer) wait for it."""

    def __init__(self, kind: WSMsgType) -> None:
        self._kind = kind
        self._early: list[bytes] = []
        self._on_frame: Callable[[bytes], None] = self._early.append
        self._parts: list[bytes] = []
        self._transport: WSTransport | None = None
        self._reason = "the connection was lost"

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is self._kind and frame.fin:
            self._on_frame(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CLOSE:
            self._reason = f"closed by the server: {frame.get_close_code()}"
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif kind in {WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION}:
            self._parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                whole, self._parts = b"".join(self._parts), []
                self._on_frame(whole)

    async def send(self, payload: bytes) -> None:
        assert self._transport is not None  # noqa: S101  ws_connect has returned
        self._transport.send(self._kind, payload)

    async def receive(self, on_frame: Callable[[bytes], None]) -> str:
        assert self._transport is not None  # noqa: S101  ws_connect has returned
        for frame in self._early:
            on_frame(frame)
        self._on_frame = on_frame
        await asyncio.shield(self._transport.wait_disconnected())
        return self._reason

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)
