"""`python -m suites.record`: record a feed, frame by frame, as it is received."""

from __future__ import annotations

import asyncio
import os
import signal
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from implementations.feed._loops import run_on
from implementations.feed.contract import EncodingName, FeedSettings
from suites.exchange.settings import Settings
from suites.record.recorder import Plan, Recorder
from tailgate.errors import TailgateError
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from suites.record.recorder import Summary

CHANNELS: Final = ("trades", "quotes", "orderbooks")

EPILOG = """\b
Examples:
  python -m suites.record --url ws://127.0.0.1:8080/v1beta3/crypto/us --to captures/today.jsonl.zst
  python -m suites.record --url wss://stream.data.alpaca.markets/v1beta3/crypto/us --symbols BTC/USD,ETH/USD \\
      --to captures/crypto.jsonl.zst --rotate-minutes 60
  python -m suites.record --url wss://stream.data.alpaca.markets/v2/iex --symbols AAPL,MSFT --channels quotes \\
      --to captures/stocks.jsonl.zst --seconds 3600 --encoding msgpack

\b
The key and the secret are read from APCA_API_KEY_ID and APCA_API_SECRET_KEY, and are never written. On loopback the
paper exchange's own are the default. A recording is a capture like any other: --capture FILE.
"""


def _url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if urlsplit(value).scheme not in {"ws", "wss"} or not urlsplit(value).hostname:
        raise click.BadParameter(f"{value!r}: an address begins with ws:// or wss:// and a host")
    return value


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))


def _channels(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = _names(context, parameter, value)
    if unknown := [name for name in names if name not in CHANNELS]:
        raise click.BadParameter(f"{unknown[0]!r}: a channel is one of {', '.join(CHANNELS)}")
    return names


@click.command("suites.record", cls=CommandLine, epilog=EPILOG)
@click.option("--url", required=True, callback=_url, help="The feed's WebSocket.")
@click.option("--symbols", default="*", show_default=True, callback=_names, help="Symbols, with commas between them.")
@click.option("--channels", callback=_channels, help="Channels.  [all of trades,quotes,orderbooks that the feed has]")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option("--encoding", type=click.Choice(["json", "msgpack"]), default="json", show_default=True)
@click.option("--client", default="picows", show_default=True, help="Feed client, by its name in implementations/feed.")
@click.option("--rotate-mb", type=click.FloatRange(min=0), default=0.0, help="Begin a new file after so many MB.")
@click.option("--rotate-minutes", type=click.FloatRange(min=0), default=0.0, help="Begin a new file after so long.")
@click.option("--seconds", type=click.FloatRange(min=0), default=0.0, help="Stop after so long.  [Ctrl-C]")
@click.option("--frames", type=click.IntRange(min=0), default=0, help="Stop after so many frames.  [Ctrl-C]")
def main(  # noqa: PLR0913, PLR0917  one parameter for each option: click's way
    url: str,
    symbols: tuple[str, ...],
    channels: tuple[str, ...],
    target: Path,
    encoding: EncodingName,
    client: str,
    rotate_mb: float,
    rotate_minutes: float,
    seconds: float,
    frames: int,
) -> None:
    """Record what a feed sends: every frame as it was received, its time in ns, and what happened to the connection.

    Ctrl-C ends the recording; what has come by then is written. A killed recorder loses at most the last second.
    """
    key, secret = _keys(url)
    trades, quotes, books = (symbols if name in (channels or _all_of(url)) else () for name in CHANNELS)
    feed = FeedSettings(url, key, secret, trades, quotes, books, encoding)
    plan = Plan(feed, client, target, int(rotate_mb * 1e6), rotate_minutes * 60, seconds, frames)
    recorder = Recorder(plan, lambda line: click.echo(line, err=True))
    _tell(run_on("uvloop" if find_spec("uvloop") else "asyncio", _until_stopped(recorder)))


async def _until_stopped(recorder: Recorder) -> Summary:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, recorder.stop)
    click.echo("recording; Ctrl-C ends", err=True)
    return await recorder.run()


def _keys(url: str) -> tuple[str, str]:
    key, secret = os.environ.get("APCA_API_KEY_ID", ""), os.environ.get("APCA_API_SECRET_KEY", "")
    if key and secret:
        return key, secret
    if not _loopback(urlsplit(url).hostname or ""):
        raise TailgateError(
            "the feed wants a key and a secret, and there are none",
            hint="export APCA_API_KEY_ID=... APCA_API_SECRET_KEY=...",
        )
    return Settings().key, Settings().secret


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _all_of(url: str) -> tuple[str, ...]:
    """Return the channels that a feed has: order books are crypto's alone."""
    return CHANNELS if "/crypto/" in urlsplit(url).path else CHANNELS[:2]


def _tell(summary: Summary) -> None:
    click.echo(f"frames    {summary.frames:,}, digest {summary.digest}")
    click.echo(
        f"gaps      {summary.gaps}, failed tries to connect {summary.failures}, frames withheld {summary.withheld}"
    )
    for path in summary.paths:
        click.echo(f"file      {path}")
    click.echo(f"size      {summary.packed_bytes / 1e6:,.3f} MB")


if __name__ == "__main__":
    main()
