"""How an order is written for the order API, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from implementations.messages import Ack, AckStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.messages import Order

ORDERS: Final = "/v2/orders"
STATUSES: Final[dict[str, AckStatus]] = {
    "partially_filled": "partially_filled",
    "filled": "filled",
    "canceled": "canceled",
    "expired": "canceled",
    "replaced": "canceled",
    "rejected": "rejected",
}
"""Every other status of the API is an order that is accepted and not filled yet."""


class NotSentError(Exception):
    """Nothing of the request has left: it may be sent again without a question."""


class LostReplyError(Exception):
    """The request, or a part of it, has left, and no answer came."""


class Leaving:
    """One request on its way out: `began` before its first byte may be gone, `sent` told when the last one is."""

    __slots__ = ("began", "sent")

    def __init__(self, sent: Callable[[], object] = lambda: None) -> None:
        self.began = False
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer: its status, its body, and when the rate limit ends (epoch seconds, 0 when it does not say)."""

    status: int
    body: bytes
    reset_s: float = 0.0


def reset_of(header: str | None) -> float:
    """Read X-Ratelimit-Reset; 0 where it is absent or no whole number, so that a strange header costs no order."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else 0.0


def order_body(order: Order) -> bytes:
    """Return the JSON of an order as it is sent."""
    return order_text(order).encode()


def order_text(order: Order) -> str:
    """Return the JSON of an order, all ASCII: plain decimals as texts, in the order of the API's documentation."""
    quantity, price = repr(order.quantity), repr(order.price)
    if "e" in quantity or "e" in price:  # rare: asked here, so that no order pays for two calls
        quantity, price = plain(order.quantity), plain(order.price)
    return (
        f'{{"symbol":{quoted(order.symbol)},"qty":"{quantity}","side":"{order.side}","type":"limit",'
        f'"time_in_force":"{order.time_in_force}","limit_price":"{price}",'
        f'"client_order_id":{quoted(order.client_order_id)}}}'
    )


def plain(number: float) -> str:
    """Return the shortest decimal that reads back as the same float, without an exponent."""
    text = repr(number)
    return format(Decimal(text), "f") if "e" in text else text


def lookup_target(client_order_id: str) -> str:
    """Return the target of the request that asks for an order by our id."""
    return f"{ORDERS}:by_client_order_id?client_order_id={quote(client_order_id, safe='')}"


def acknowledgement(body: bytes) -> Ack:
    """Read an order of the API as what became of ours; ValueError, KeyError or TypeError where it is none."""
    order = json.loads(body)
    return Ack(
        client_order_id=order["client_order_id"],
        symbol=order["symbol"],
        status=STATUSES.get(order["status"], "accepted"),
        filled=float(order["filled_qty"]),
        price=float(order["filled_avg_price"] or 0.0),
        time=order["updated_at"],
    )


def rejection(order: Order) -> Ack:
    """Return the acknowledgement of an order that the exchange refused."""
    return Ack(order.client_order_id, order.symbol, "rejected", 0.0, 0.0, "")
