"""The command that starts the exchange: it prints its addresses, plays its tape, and ends cleanly on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect

from suites.exchange.__main__ import main
from suites.exchange.settings import Settings

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
