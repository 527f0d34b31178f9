"""Every endpoint of the vendor's trading client, called by that client: played as documented, or refused in words."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from suites.exchange.assets import asset_id
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.exchange.server import Exchange

trading = pytest.importorskip("alpaca.trading.client")
requests = pytest.importorskip("alpaca.trading.requests")
errors = pytest.importorskip("alpaca.common.exceptions")

FREE = Settings(requests_per_window=0)
PLAIN = {"symbol": "AAPL", "qty": 1, "side": "buy", "time_in_force": "day"}
TARGET = requests.TakeProfitRequest(limit_price=110)
STOP = requests.StopLossRequest(stop_price=90)
LEGS = [requests.OptionLegRequest(symbol=f"AAPL26011{n}C00100000", ratio_qty=1, side="buy") for n in (1, 2)]


@pytest.fixture
def walk(on_exchange: Any, quote: bytes, book: bytes) -> Callable[..., Any]:
    """Let the vendor's client walk through an exchange with prices of AAPL (99.5 to 100.5) and BTC/USD."""

    def run(steps: Callable[..., Any]) -> Any:
        async def scenario(exchange: Exchange) -> Any:
            exchange.publish(quote)
            exchange.publish(book)
            client = trading.TradingClient(
                exchange.settings.key, exchange.settings.secret, url_override=exchange.orders_url
            )
            return await asyncio.to_thread(steps, client, exchange)

        return on_exchange(scenario, FREE)

    return run


def refusal(call: Callable[..., Any], *arguments: Any) -> tuple[int, int, str]:
    """Call what must be refused; return the status, the code and the message."""
    with pytest.raises(errors.APIError) as refused:
        call(*arguments)
    return refused.value.status_code, refused.value.code, refused.value.message


def buy(client: Any, symbol: str = "AAPL", quantity: float = 4, **more: Any) -> Any:
    tif = "gtc" if "/" in symbol else "day"
    fields = {"symbol": symbol, "qty": quantity, "side": "buy", "time_in_force": tif, **more}
    return client.submit_order(requests.MarketOrderRequest(**fields))


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (requests.LimitOrderRequest(
            **PLAIN, limit_price=100, order_class="bracket", take_profit=TARGET, stop_loss=STOP), "order_class"),
        (requests.MarketOrderRequest(**PLAIN, order_class="oto", stop_loss=STOP), "order_class"),
        (requests.LimitOrderRequest(**PLAIN, order_class="oco", take_profit=TARGET, stop_loss=STOP), "order_class"),
        (requests.LimitOrderRequest(
            qty=1, time_in_force="day", limit_price=1, order_class="mleg", legs=LEGS), "order_class"),
        (requests.MarketOrderRequest(**PLAIN, take_profit=TARGET), "take_profit"),
        (requests.MarketOrderRequest(**PLAIN, stop_loss=STOP), "stop_loss"),
        (requests.MarketOrderRequest(**PLAIN, legs=LEGS), "legs"),
        (requests.MarketOrderRequest(**PLAIN, position_intent="buy_to_open"), "position_intent"),
        (requests.LimitOrderRequest(**PLAIN, limit_price=100, extended_hours=True), "extended_hours"),
        (requests.StopOrderRequest(**PLAIN, stop_price=100), "stop_price"),
        (requests.StopLimitOrderRequest(**PLAIN, stop_price=100, limit_price=99), "stop_price"),
        (requests.TrailingStopOrderRequest(**PLAIN, trail_percent=1), "trail_percent"),
        (requests.TrailingStopOrderRequest(**PLAIN, trail_price=1), "trail_price"),
        (requests.MarketOrderRequest(**{**PLAIN, "time_in_force": "opg"}), "time_in_force"),
        (requests.MarketOrderRequest(**{**PLAIN, "symbol": "NONE"}), "symbol"),
        (requests.LimitOrderRequest(**PLAIN, limit_price=100.001), "limit_price"),
        (requests.MarketOrderRequest(**{**PLAIN, "qty": 0.5, "time_in_force": "gtc"}), "time_in_force"),
        (requests.MarketOrderRequest(**{**PLAIN, "symbol": "BTC/USD"}), "time_in_force"),
        (requests.MarketOrderRequest(**{**PLAIN, "qty": 0.1234567891}), "qty"),
    ],
)  # fmt: skip
def test_an_order_that_is_not_played_is_refused_by_the_name_of_its_field(walk: Any, order: Any, field: str) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        return refusal(client.submit_order, order), len(exchange.desk.orders)

    (status, code, message), orders = walk(steps)
    assert (status, code // 10_000, orders) == (422, 4221 if code == 42210000 else 4001, 0)
    assert field in message


@pytest.mark.parametrize("field", ["stop", "Qty", "asset_class", "source"])
def test_a_field_that_nobody_knows_is_refused_by_its_name(walk: Any, field: str) -> None:
    status, _, message = walk(lambda client, _: refusal(client.post, "/orders", {**PLAIN, "type": "market", field: 1}))
    assert (status, message.split()[0]) == (422, field)


@pytest.mark.parametrize("absent", [{"order_class": "simple"}, {"extended_hours": False}, {"stop_price": None}])
def test_what_says_no_more_than_a_simple_order_is_taken(walk: Any, absent: Any) -> None:
    order = walk(lambda client, _: client.post("/orders", {**PLAIN, "type": "market", "order_class": "", **absent}))
    assert (order["status"], order["symbol"]) == ("new", "AAPL")


@pytest.mark.parametrize(("change", "field"), [({"stop_price": 9.0}, "stop_price"), ({"trail": 1.0}, "trail")])
def test_a_replacement_that_is_not_played_changes_nothing(walk: Any, change: Any, field: str) -> None:
    def steps(client: Any, _exchange: Exchange) -> Any:
        order = client.submit_order(requests.LimitOrderRequest(**PLAIN, limit_price=90))
        refused = refusal(client.replace_order_by_id, order.id, requests.ReplaceOrderRequest(**change))
        return refused, client.get_order_by_id(order.id, requests.GetOrderByIdRequest(nested=True)).status.value

    (status, _, message), left = walk(steps)
    assert (status, message.split()[0], left) == (422, field, "new")


@pytest.mark.parametrize("name", ["BTC/USD", "BTCUSD", asset_id("BTC/USD")])
def test_a_position_is_found_and_closed_by_each_of_its_names(walk: Any, name: str) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        buy(client, "BTC/USD", 0.5)
        position = client.get_open_position(name)
        closing = client.close_position(name)
        flat = refusal(client.get_open_position, name)
        return position, closing, flat, refusal(client.close_position, name), exchange.desk.account.positions

    position, closing, flat, again, left = walk(steps)
    assert (position.symbol, position.qty, position.asset_class.value) == ("BTCUSD", "0.5", "crypto")
    assert (closing.symbol, closing.side.value, closing.qty, closing.type.value) == ("BTC/USD", "sell", "0.5", "market")
    assert (flat, again, left) == ((404, 40410000, "position does not exist"),) * 2 + ({},)


@pytest.mark.parametrize(
    ("part", "left"),
    [({"qty": "1"}, "3"), ({"percentage": "25"}, "3"), ({"percentage": "33.333333333"}, "2.666666667")],
)
def test_a_part_of_a_position_is_closed(walk: Any, part: dict[str, str], left: str) -> None:
    def steps(client: Any, _exchange: Exchange) -> Any:
        client.submit_order(requests.LimitOrderRequest(**{**PLAIN, "qty": 3}, limit_price=100.5))
        buy(client, quantity=1)
        client.close_position("AAPL", requests.ClosePositionRequest(**part))
        return client.get_open_position("AAPL").qty

    assert walk(steps) == left


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"qty": "5"}, "requested: 5, available: 3"),
        ({"qty": "0.0000000001"}, "qty"),
        ({"percentage": "101"}, "percentage"),
        ({"qty": "1", "percentage": "5"}, "percentage"),
        ({"amount": "5"}, "amount"),
    ],
)
def test_a_part_that_cannot_be_closed_is_refused_and_nothing_is_sold(walk: Any, part: Any, said: str) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        buy(client, quantity=3)
        return refusal(client.delete, "/positions/AAPL", part), exchange.desk.account.positions["AAPL"].quantity

    (status, _, message), left = walk(steps)
    assert (status in {403, 422}, left) == (True, 3)
    assert said in message


def test_all_positions_are_closed_and_what_an_order_holds_is_told(walk: Any) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        buy(client, quantity=3)
        buy(client, "BTC/USD", 0.5)
        client.submit_order(requests.LimitOrderRequest(**{**PLAIN, "side": "sell"}, limit_price=200))
        first = client.close_all_positions()
        held = client.get_open_position("AAPL")
        second = client.close_all_positions(cancel_orders=True)
        return first, (held.qty, held.qty_available), second, exchange.desk.account.positions, client.get_orders()

    first, held, second, left, open_orders = walk(steps)
    assert [(each.symbol, each.status) for each in first] == [("AAPL", 403), ("BTCUSD", 200)]
    assert (first[0].body.code, first[0].body.available, first[0].body.existing_qty) == (40310000, 2, 3)
    assert first[1].body.symbol == "BTC/USD"
    assert held == ("3", "2")
    assert [(each.symbol, each.status, each.body.side.value) for each in second] == [("AAPL", 200, "sell")]
    assert (left, open_orders) == ({}, [])


def test_nothing_to_close_is_an_empty_list(walk: Any) -> None:
    assert walk(lambda client, _: client.close_all_positions()) == []


def test_a_short_position_is_bought_back_with_the_money_that_it_holds(walk: Any) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        client.submit_order(requests.MarketOrderRequest(**{**PLAIN, "side": "sell"}))
        exchange.desk.account.cash = exchange.desk.account.positions["AAPL"].cost * -2  # all of it is held
        short = client.get_open_position("AAPL")
        closing = client.close_position("AAPL")
        return (short.side.value, short.qty, short.qty_available), closing.side.value, client.get_all_positions()

    assert walk(steps) == (("short", "-1", "-1"), "buy", [])


def test_the_clock_says_open_and_the_calendar_agrees(walk: Any) -> None:
    def steps(client: Any, _exchange: Exchange) -> Any:
        week = requests.GetCalendarRequest(start=date(2026, 11, 23), end=date(2026, 11, 29))
        bad = refusal(client.get, "/calendar", {"start": "yesterday"}), refusal(client.get, "/calendar", {"days": "5"})
        return client.get_clock(), client.get_calendar(week), client.get_calendar(), bad

    clock, week, whole, bad = walk(steps)
    assert clock.is_open
    assert clock.timestamp < clock.next_close == clock.next_open < clock.timestamp + timedelta(days=1, hours=1)
    assert [day.date.day for day in week] == [23, 24, 25, 26, 27, 28, 29]
    assert (week[0].open, week[0].close) == (datetime(2026, 11, 23), datetime(2026, 11, 23, 23, 59))  # noqa: DTZ001  the client's are naive
    assert (whole[0].date, whole[-1].date) == (date(1970, 1, 1), date(2029, 12, 31))
    assert [(status, message.split()[0]) for status, _, message in bad] == [(422, "start"), (422, "days")]


def test_the_days_of_the_clock_are_new_yorks_in_summer_too() -> None:
    from suites.exchange.hours import clock_json

    time_ns = int(datetime(2026, 7, 1, 3, 30, tzinfo=UTC).timestamp()) * 10**9
    clock = clock_json(time_ns)
    assert (clock["timestamp"], clock["next_close"]) == ("2026-06-30T23:30:00-04:00", "2026-07-01T00:00:00-04:00")


def test_assets_are_those_of_the_settings_and_of_the_tape(walk: Any) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        ask = requests.GetAssetsRequest
        exchange.publish(b'[{"T":"t","S":"ETHUSDT","p":1,"s":1,"tks":"B","t":"2026-01-01T00:00:00Z","i":1}]')
        lists = [
            [asset.symbol for asset in client.get_all_assets(query)]
            for query in (None, ask(asset_class="crypto", status="active"), ask(status="inactive"), ask(attributes="x"))
        ]
        named = [client.get_asset(name).symbol for name in ("BTCUSD", "BTC/USD", asset_id("BTC/USD"), "AAPL")]
        return lists, named, refusal(client.get_asset, "NONE"), refusal(client.get, "/assets", {"colour": "red"})

    lists, named, missing, unknown = walk(steps)
    assert lists == [["AAPL", "BTC/USD", "ETHUSDT"], ["BTC/USD", "ETHUSDT"], [], []]
    assert named == ["BTC/USD", "BTC/USD", "BTC/USD", "AAPL"]
    assert (missing[:2], unknown[0], unknown[2].split()[0]) == ((404, 40410000), 422, "colour")


def test_the_configuration_is_read_and_its_three_switches_are_played(walk: Any) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        before = client.get_account_configurations()
        wanted = before.model_copy(update={"suspend_trade": True, "no_shorting": True, "fractional_trading": False})
        after = client.set_account_configurations(wanted)
        stopped = refusal(buy, client)
        after.suspend_trade = False
        client.set_account_configurations(after)
        parts = refusal(buy, client, "AAPL", 0.5)
        short = refusal(client.submit_order, requests.MarketOrderRequest(**{**PLAIN, "side": "sell"}))
        return wanted == after.model_copy(update={"suspend_trade": True}), stopped, parts, short, exchange.desk.orders

    same, stopped, parts, short, orders = walk(steps)
    assert (same, stopped[0], parts[0], short[0], orders) == (True, 403, 422, 403, {})
    assert "suspend_trade" in stopped[2]
    assert "fractional_trading" in parts[2]


@pytest.mark.parametrize(
    "change", [{"max_margin_multiplier": "4"}, {"suspend_trade": "yes"}, {"colour": "red", "no_shorting": True}]
)
def test_a_configuration_that_is_not_played_is_refused_and_nothing_changes(walk: Any, change: Any) -> None:
    def steps(client: Any, _exchange: Exchange) -> Any:
        before = client.get_account_configurations()
        refused = refusal(client.patch, "/account/configurations", change)
        return refused, before == client.get_account_configurations()

    (status, _, message), unchanged = walk(steps)
    assert (status, message.split()[0], unchanged) == (422, next(iter(change)), True)


ID = "904837e3-3b76-47ec-b432-046db621571b"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_watchlists(),
        lambda client: client.get_watchlist_by_id(ID),
        lambda client: client.create_watchlist(requests.CreateWatchlistRequest(name="x", symbols=["AAPL"])),
        lambda client: client.update_watchlist_by_id(ID, requests.UpdateWatchlistRequest(name="y")),
        lambda client: client.add_asset_to_watchlist_by_id(ID, "AAPL"),
        lambda client: client.remove_asset_from_watchlist_by_id(ID, "AAPL"),
        lambda client: client.delete_watchlist_by_id(ID),
        lambda client: client.get_portfolio_history(),
        lambda client: client.get_corporate_announcement_by_id(ID),
        lambda client: client.get_option_contracts(requests.GetOptionContractsRequest(underlying_symbols=["AAPL"])),
        lambda client: client.get_option_contract("AAPL260116C00100000"),
        lambda client: client.exercise_options_position("AAPL260116C00100000"),
        lambda client: client.get("/account/activities"),
        lambda client: client.get("/stocks/bars", {"symbols": "AAPL"}),
    ],
)
def test_a_page_that_is_not_played_is_never_taken_for_a_position_that_does_not_exist(walk: Any, call: Any) -> None:
    status, code, message = walk(lambda client, _: refusal(call, client))
    assert (status, code) == (404, 40400000)
    assert "is not played by this exchange" in message


def test_orders_are_listed_as_asked(walk: Any) -> None:
    def steps(client: Any, exchange: Exchange) -> Any:
        for number, (symbol, side, price) in enumerate(
            [("AAPL", "buy", 90), ("AAPL", "sell", 200), ("BTC/USD", "buy", 5), ("AAPL", "buy", 101)]
        ):
            client.submit_order(
                requests.LimitOrderRequest(
                    symbol=symbol, qty=1, side=side, limit_price=price, time_in_force="gtc", client_order_id=str(number)
                )
            )
        third = datetime.fromisoformat(next(o.created_at for o in exchange.desk.orders.values() if o.symbol != "AAPL"))
        asked: list[dict[str, Any]] = [
            {}, {"status": "all"}, {"status": "closed"}, {"status": "all", "direction": "asc", "limit": 2},
            {"side": "sell"}, {"symbols": ["BTCUSD"]}, {"symbols": ["BTC/USD", "NONE"]}, {"symbols": ["NONE"]},
            {"status": "all", "after": third}, {"status": "all", "until": third, "nested": True},
        ]  # fmt: skip
        queries = [requests.GetOrdersRequest(**each) for each in asked]
        return ["".join(order.client_order_id for order in client.get_orders(query)) for query in queries]

    assert walk(steps) == ["210", "3210", "3", "01", "1", "2", "2", "", "3", "210"]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "done"}, {"side": "long"}, {"direction": "up"}, {"limit": "0"}, {"limit": "501"}, {"after": "now"},
        {"until": "2026-01-01T00:00:00"}, {"nested": "perhaps"}, {"asset_class": "crypto"}, {"page_token": "x"},
    ],
)  # fmt: skip
def test_a_filter_that_is_not_played_is_refused_by_its_name(walk: Any, query: dict[str, str]) -> None:
    status, _, message = walk(lambda client, _: refusal(client.get, "/orders", query))
    assert (status, message.split()[0]) == (422, next(iter(query)))


def test_an_order_by_a_name_that_nobody_bears_is_404(walk: Any) -> None:
    status, code, message = walk(lambda client, _: refusal(client.get_order_by_client_id, "none"))
    assert (status, code, message) == (404, 40410000, "order not found for none")
