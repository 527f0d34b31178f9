"""The command that starts the exchange: it prints its addresses, plays its tape, and ends cleanly on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect

from suites.exchange.__main__ import main
from suites.exchange.settings import Settings
from suites.tapes import open_tape
from tests.unit.tapes import makers

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = {"APCA-API-KEY-ID": Settings().key, "APCA-API-SECRET-KEY": Settings().secret}


def test_it_serves_its_tape_until_interrupted(root: Path) -> None:
    async def scenario() -> tuple[list[str], int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "suites.exchange", "--messages", "50", "--speed", "1000", cwd=root, stdout=-1
        )
        assert process.stdout is not None
        addresses = {}
        while not (line := (await process.stdout.readline()).decode()).startswith("the tape starts"):
            name, address = line.split(maxsplit=1)
            addresses[name] = address.strip()
        asked = urllib.request.Request(
            addresses["orders"] + "/v2/assets", headers=HEADERS
        )  # before any frame is played
        assert b'"BTC/USD"' in await asyncio.to_thread(lambda: urllib.request.urlopen(asked).read())
        async with connect(addresses["crypto"], additional_headers=HEADERS) as client:
            everything = {"action": "subscribe", "trades": ["*"], "quotes": ["*"], "orderbooks": ["*"]}
            await client.send(json.dumps(everything))
            for _ in range(3):
                await client.recv()
            tags = [json.loads(await client.recv())[0]["T"] for _ in range(50)]
            process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
        return tags, process.returncode, rest.decode()

    async def bounded() -> tuple[list[str], int | None, str]:
        async with asyncio.timeout(60):
            return await scenario()

    tags, status, rest = asyncio.run(bounded())
    assert set(tags) <= {"t", "q", "o"}
    assert (status, rest.splitlines()[-1]) == (0, "closed: 0 orders, 0 messages dropped")


def test_a_capture_of_binance_arrives_on_the_crypto_stream_with_its_books(root: Path, tmp_path: Path) -> None:
    """Its symbols have no slash: the class of an asset comes from the data."""
    path = tmp_path / "binance.jsonl"
    snapshot: dict[str, object] = {"lastUpdateId": 100, "bids": [["9.80", "1.0"]], "asks": [["10.00", "1.0"]]}
    quote = {"u": 104, "s": "AAAUSDT", "b": "9.90", "B": "2.0", "a": "10.00", "A": "1.50"}
    path.write_bytes(
        makers.binance(
            [
                makers.depth(90, 99, [["9.00", "9.0"]], []),
                snapshot,
                makers.depth(100, 102, [["9.90", "2.0"]], []),
                makers.depth(103, 104, [], [["10.00", "1.50"]]),
                {"stream": "aaausdt@bookTicker", "data": quote},
            ]
        )
    )
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    sent = [message for frame in tape.frames for message in json.loads(frame)]

    async def scenario() -> list[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "suites.exchange", "--capture", str(path), "--speed", "1000", cwd=root, stdout=-1
        )
        assert process.stdout is not None
        addresses = {}
        while not (line := (await process.stdout.readline()).decode()).startswith("the tape starts"):
            name, address = line.split(maxsplit=1)
            addresses[name] = address.strip()
        got: list[dict[str, Any]] = []
        async with connect(addresses["crypto"], additional_headers=HEADERS) as client:
            everything = {"action": "subscribe", "trades": ["*"], "quotes": ["*"], "orderbooks": ["*"]}
            await client.send(json.dumps(everything))
            while len(got) < len(sent):
                got += [each for each in json.loads(await client.recv()) if each["T"] in {"o", "q", "t"}]
            process.send_signal(signal.SIGINT)
        await process.communicate()
        return got

    async def bounded() -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            return await scenario()

    got = asyncio.run(bounded())
    assert got == sent
    assert [(each["T"], each["S"], each.get("r", False)) for each in got] == [
        ("o", "AAAUSDT", True), ("o", "AAAUSDT", False), ("o", "AAAUSDT", False), ("q", "AAAUSDT", False)
    ]  # fmt: skip


def test_a_port_in_use_is_one_line_and_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(main, ["--port", str(taken.getsockname()[1]), "--messages", "1"])
    output = result.output
    assert result.exit_code == 2
    assert "cannot listen on 127.0.0.1" in output
    assert "choose another --port" in output


def test_help_shows_examples() -> None:
    assert "python -m suites.exchange --capture" in CliRunner().invoke(main, ["--help"]).output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "99999"),
        ("--speed", "0"),
        ("--speed", "-1"),
        ("--speed", "nan"),
        ("--repeat", "-1"),
        ("--requests", "-1"),
        ("--cash", "much"),
        ("--cash", "nan"),
        ("--cash", "-1"),
    ],
)
def test_a_number_that_cannot_be_is_told_at_once(arguments: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suites.exchange.__main__.asyncio.run", lambda coroutine: coroutine.close())
    result = CliRunner().invoke(main, [*arguments, "--messages", "1"])
    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[0]}'" in result.output
