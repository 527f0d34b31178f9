"""Reads the fields of a request: what is not played is refused with the field's name, never ignored."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from suites.exchange.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DECIMALS: Final = 9
_MOST_DIGITS: Final = 15  # before the point, and zeros behind it
_AS_IF_ABSENT: Final[dict[str, tuple[object, ...]]] = {"order_class": ("", "simple"), "extended_hours": (False,)}


def only(given: Mapping[str, Any], played: Collection[str]) -> None:
    """Raise OrderError 422 for the first field that is not played; null, class simple and regular hours are none."""
    for name, value in given.items():
        if name not in played and value is not None and value not in _AS_IF_ABSENT.get(name, ()):
            raise invalid(f"{name} is not played by this exchange, it was {str(value)[:40]!r}; leave it out")


def amount(given: Mapping[str, Any], name: str) -> Decimal | None:
    """Return a positive amount of a request (a number or its text, nine decimals at most), None when absent."""
    value = given.get(name)
    if value is None:
        return None
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0 or abs(number.adjusted()) > _MOST_DIGITS:
        raise invalid(f"{name} must be a number above 0 of a size that can be traded, it is {str(value)[:40]!r}")
    if decimals(number) > DECIMALS:
        raise invalid(f"{name} must have at most {DECIMALS} decimals, it is {str(value)[:40]!r}")
    return number


def decimals(number: Decimal) -> int:
    """Return how many decimals a finite number has, trailing zeros aside."""
    return max(0, -int(number.normalize().as_tuple().exponent))


def choice(given: Mapping[str, Any], name: str, choices: Collection[str], default: str | None = None) -> str:
    """Return a field that is one of a few words; OrderError 422 for another, and for none without a default."""
    value = given.get(name, default)
    if not isinstance(value, str) or value not in choices:
        raise invalid(f"{name} must be one of {', '.join(sorted(choices))}, it is {value!r}")
    return value


def flag(given: Mapping[str, Any], name: str) -> bool:
    """Return a yes or no of a query, no when absent."""
    return choice({name: given.get(name, "false").lower()}, name, ("true", "false")) == "true"


def moment(given: Mapping[str, str], name: str) -> datetime | None:
    """Return a time of a query, RFC 3339 with its zone, None when absent."""
    if (written := given.get(name)) is None:
        return None
    try:
        time = datetime.fromisoformat(written)
    except ValueError as error:
        raise invalid(f"{name} {written!r} is not an RFC 3339 time") from error
    if time.tzinfo is None:
        raise invalid(f"{name} {written!r} has no time zone")
    return time
