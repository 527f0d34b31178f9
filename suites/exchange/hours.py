"""The clock and the calendar: this exchange trades round the clock, and both say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from suites.exchange.errors import invalid
from suites.exchange.fields import only

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW_YORK: Final = ZoneInfo("America/New_York")
_FIRST, _LAST = date(1970, 1, 1), date(2029, 12, 31)  # the vendor's calendar covers these years


def clock_json(now_ns: int) -> dict[str, object]:
    """Return the market's clock: open, until the next midnight in New York, when the next day opens at once."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC).astimezone(_NEW_YORK)
    midnight = datetime.combine(now.date() + timedelta(days=1), time_of_day(), _NEW_YORK).isoformat()
    return {"timestamp": now.isoformat(), "is_open": True, "next_open": midnight, "next_close": midnight}


def calendar_json(query: Mapping[str, str]) -> list[dict[str, str]]:
    """Return every day from `start` to `end`, both included: all of them are open from midnight to midnight."""
    only(query, {"start", "end"})
    first, last = max(_FIRST, _day(query, "start", _FIRST)), min(_LAST, _day(query, "end", _LAST))
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    whole = {"open": "00:00", "close": "23:59", "session_open": "0000", "session_close": "2359"}
    return [{"date": day.isoformat(), **whole} for day in days]


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    try:
        return date.fromisoformat(query[name][:10]) if name in query else default
    except ValueError as error:
        raise invalid(f"{name} must be a day as 2026-01-31, it is {query[name][:40]!r}") from error
