"""What every pipeline says of its orders, whichever codec wrote them, and its end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from implementations.messages import astuple
from implementations.risk.contract import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from implementations.codec.contract import Codec


class Lifecycle:
    """The base of a pipeline: reads orders back by its codec; nothing to close."""

    __slots__ = ("_codec",)

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def close(self) -> None:
        """Free what it holds; twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def orders(self, payloads: Iterable[bytes]) -> list[tuple[object, ...]]:
        """Read what the sink was given back into plain values, which do not depend on the codec."""
        return [astuple(self._codec.decode(payload)) for payload in payloads]

    def orders_digest(self, payloads: Iterable[bytes]) -> str:
        """Return the SHA-256 of the orders' plain values: equal for every pipeline."""
        digest = hashlib.sha256()
        for order in self.orders(payloads):
            digest.update(repr(order).encode() + b"\n")
        return digest.hexdigest()


def by_reason(counts: Sequence[int]) -> dict[str, int]:
    """Name counts of refusals, which stand by reason code; reasons that never came up are left out."""
    return {reason: count for reason, count in zip(REASONS, counts, strict=True) if count}
