"""`python -m suites.exchange`: start the paper exchange on loopback and print its addresses."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from suites.exchange.server import Exchange, serve
from suites.exchange.settings import Settings
from suites.tapes.options import opened, tape_options
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes import Tape

_CACHE: Final = Path(".tailgate/tapes")
_DEFAULTS: Final = Settings()

EPILOG = """\b
Examples:
  python -m suites.exchange
  python -m suites.exchange --capture ../shared/captures/coinbase_level2_10sym_20210417.raw --speed 10
  python -m suites.exchange --port 8080 --messages 10000 --repeat 0

\b
The vendor's client works against it:
  TradingClient(KEY, SECRET, paper=True, url_override=ORDERS)
  CryptoDataStream(KEY, SECRET, url_override=CRYPTO)
"""


def _speed(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if not 0 < value < float("inf"):
        raise click.BadParameter(f"{value:g}: a speed is above 0")
    return value


def _cash(_context: click.Context, _parameter: click.Parameter, value: str) -> Decimal:
    try:
        cash = Decimal(value)
    except InvalidOperation as error:
        raise click.BadParameter(f"{value!r} is no number") from error
    if not cash.is_finite() or cash < 0:
        raise click.BadParameter(f"{value!r}: cash is 0 or more")
    return cash


@click.command("suites.exchange", cls=CommandLine, epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@tape_options(seed=1)
@click.option("--messages", default=100_000, show_default=True, help="Length of the tape.")
@click.option(
    "--speed",
    callback=_speed,
    default=1.0,
    show_default=True,
    help="Play so many times faster than the tape's own times.",
)
@click.option(
    "--repeat",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Play the tape so often; 0 plays it for ever.",
)
@click.option("--cash", callback=_cash, default="100000", show_default=True, help="Cash of the paper account.")
@click.option(
    "--requests",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Order API requests a minute; 0 means no limit.",
)
@click.option("--key", default=_DEFAULTS.key, show_default=True, help="Key that clients must show.")
@click.option("--secret", default=_DEFAULTS.secret, show_default=True, help="Secret that clients must show.")
def main(
    host: str,
    port: int,
    speed: float,
    repeat: int,
    cash: Decimal,
    requests: int,
    key: str,
    secret: str,
    **chosen: Any,
) -> None:
    """Start a local paper exchange that speaks Alpaca's protocols.

    It plays a tape once the first client has subscribed, and serves orders until Ctrl-C, also when the tape has ended.
    """
    settings = Settings(key=key, secret=secret, cash=cash, requests_per_window=requests)
    tape = opened(chosen, _CACHE)
    asyncio.run(_run(settings, host, port, tape, speed, repeat))


async def _run(settings: Settings, host: str, port: int, tape: Tape, speed: float, repeat: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(settings, host=host, port=port) as exchange:
        for frame in tape.frames:  # what is traded is known before the first order, not when the tape comes to it
            for message in orjson.loads(frame):
                exchange.market.assets.learn(message)
        for line in _lines(exchange, tape):
            click.echo(line)
        player = asyncio.create_task(_play(exchange, tape, speed, repeat))
        player.add_done_callback(lambda done: stop.set() if not done.cancelled() and done.exception() else None)
        await stop.wait()
        player.cancel()
        with suppress(asyncio.CancelledError):
            await player
    click.echo(f"closed: {len(exchange.desk.orders)} orders, {exchange.totals()['dropped']} messages dropped")


async def _play(exchange: Exchange, tape: Tape, speed: float, repeat: int) -> None:
    await exchange.wait_for(lambda: any(session.subscribed for session in exchange.sessions), timeout_s=float("inf"))
    played = 0
    while played < repeat or not repeat:
        await exchange.play(tape.frames, tape.times_ns, speed)
        played += 1
    click.echo(f"the tape has ended after {played} times; orders are still served, Ctrl-C ends")


def _lines(exchange: Exchange, tape: Tape) -> Iterator[str]:
    yield f"tape     {tape.name}: {len(tape.frames)} frames, digest {tape.digest}"
    yield from (f"         {note}" for note in tape.notes)
    yield f"orders   {exchange.orders_url}"
    yield f"stocks   {exchange.stocks_url}"
    yield f"crypto   {exchange.crypto_url}"
    yield f"updates  {exchange.updates_url}"
    yield f"key      {exchange.settings.key}   secret {exchange.settings.secret}"
    yield "the tape starts with the first subscription; Ctrl-C ends"


if __name__ == "__main__":
    main()
