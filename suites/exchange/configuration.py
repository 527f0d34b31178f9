"""The account's configuration: three switches can be changed, the rest is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.exchange.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.exchange.account import Account

_PLAYED: Final = ("fractional_trading", "no_shorting", "suspend_trade")


def configuration_json(account: Account) -> dict[str, object]:
    """Return the configuration as the API writes it."""
    return {
        "dtbp_check": "entry",
        "fractional_trading": account.fractional,
        "max_margin_multiplier": "1",
        "max_options_trading_level": 0,
        "no_shorting": account.shorting == "refused",
        "pdt_check": "entry",
        "ptp_no_exception_entry": False,
        "suspend_trade": account.suspended,
        "trade_confirm_email": "none",
    }


def configure(account: Account, body: Mapping[str, Any]) -> None:
    """Change what a request names, all of it or nothing; what is null or as it was is no change."""
    now = configuration_json(account)
    changed = {name: value for name, value in body.items() if value is not None and value != now.get(name)}
    for name, value in changed.items():
        if name not in _PLAYED or not isinstance(value, bool):
            raise invalid(f"{name} cannot be changed to {str(value)[:40]!r} on this exchange, it is {now.get(name)!r}")
    account.shorting = "refused" if changed.get("no_shorting", account.shorting == "refused") else "allowed"
    account.fractional = bool(changed.get("fractional_trading", account.fractional))
    account.suspended = bool(changed.get("suspend_trade", account.suspended))
