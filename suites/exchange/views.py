"""How the API writes the account, its positions, and a choice of its orders."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from suites.exchange.account import ZERO, Account, text
from suites.exchange.assets import asset_id
from suites.exchange.errors import invalid
from suites.exchange.fields import choice, flag, moment, only

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from suites.exchange.assets import Assets
    from suites.exchange.market import Market
    from suites.exchange.orders import PaperOrder

_ACCOUNT_ID: Final = str(uuid.uuid5(uuid.NAMESPACE_OID, "tailgate paper account"))
_FILTERS: Final = frozenset(("status", "side", "symbols", "after", "until", "direction", "limit", "nested"))
_DEFAULT_LIMIT: Final = 50
_MAX_LIMIT: Final = 500


def account_json(account: Account, market: Market) -> dict[str, object]:
    """Return the account as the API writes it."""
    values = {symbol: p.quantity * (market.mark(symbol) or p.entry) for symbol, p in account.positions.items()}
    long = sum((value for value in values.values() if value > 0), ZERO)
    short = sum((value for value in values.values() if value < 0), ZERO)
    equity = text(account.cash + long + short)
    power = text(max(ZERO, account.buying_power()))
    return {
        "id": _ACCOUNT_ID,
        "account_number": "PA0TAILGATE",
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": text(account.cash),
        "buying_power": power,
        "regt_buying_power": power,
        "daytrading_buying_power": power,
        "non_marginable_buying_power": power,
        "portfolio_value": equity,
        "equity": equity,
        "last_equity": equity,
        "long_market_value": text(long),
        "short_market_value": text(short),
        "initial_margin": "0",
        "maintenance_margin": "0",
        "last_maintenance_margin": "0",
        "sma": "0",
        "multiplier": "1",
        "daytrade_count": 0,
        "pattern_day_trader": False,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": account.suspended,
        "shorting_enabled": account.shorting == "allowed",
        "created_at": "2026-01-01T00:00:00Z",
    }


def position_json(account: Account, symbol: str, market: Market) -> dict[str, object]:
    """Return one position as the API writes it: the symbol without a slash, which orders have."""
    position, assets = account.positions[symbol], market.assets
    long = position.quantity > 0
    available = account.closable(symbol, "sell" if long else "buy")
    price = market.mark(symbol) or position.entry
    value = position.quantity * price
    profit = value - position.cost
    return {
        "asset_id": asset_id(symbol),
        "symbol": symbol.replace("/", ""),
        "exchange": assets.exchange(symbol),
        "asset_class": assets.asset_class(symbol),
        "asset_marginable": False,
        "qty": text(position.quantity),
        "qty_available": text(available if long else -available),
        "avg_entry_price": text(position.entry),
        "side": "long" if long else "short",
        "market_value": text(value),
        "cost_basis": text(position.cost),
        "unrealized_pl": text(profit),
        "unrealized_plpc": text(profit / abs(position.cost)),
        "unrealized_intraday_pl": text(profit),
        "unrealized_intraday_plpc": text(profit / abs(position.cost)),
        "current_price": text(price),
        "lastday_price": text(price),
        "change_today": "0",
    }


def select(orders: Iterable[PaperOrder], query: Mapping[str, str], assets: Assets) -> list[PaperOrder]:
    """Choose orders as GET /v2/orders is asked to: status, side, symbols, after, until, direction, limit."""
    only(query, _FILTERS)
    flag(query, "nested")  # no order has legs: nested or not, the list is the same
    status = choice(query, "status", ("open", "closed", "all"), "open")
    side = choice(query, "side", ("buy", "sell", ""), "")
    symbols = {assets.find(name) for name in query.get("symbols", "").split(",") if name}
    after, until = moment(query, "after"), moment(query, "until")
    chosen = [
        order
        for order in orders
        if (status == "all" or order.open == (status == "open"))
        and side in {"", order.side}
        and (not symbols or order.symbol in symbols)
        and (after is None or order.created > after)
        and (until is None or order.created <= until)
    ]
    if choice(query, "direction", ("asc", "desc"), "desc") == "desc":
        chosen.reverse()
    return chosen[: _limit(query)]


def _limit(query: Mapping[str, str]) -> int:
    asked = query.get("limit", str(_DEFAULT_LIMIT))
    if not (asked.isascii() and asked.isdigit()) or not 1 <= int(asked) <= _MAX_LIMIT:
        raise invalid(f"limit must be 1 to {_MAX_LIMIT}, it is {asked[:40]!r}")
    return int(asked)
