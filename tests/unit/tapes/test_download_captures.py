"""The download script against a server on the loopback; the real sources are never asked."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from scripts import download_captures as script
from scripts.download_captures import CAPTURES, Capture, download
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"1700000000.5: {}\n" * 9000


class Exchange(BaseHTTPRequestHandler):
    """Answers /good, /short (cut off in the middle) and /gone."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/short" else CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def capture(url: str, content: bytes = CONTENT) -> Capture:
    return Capture("some", "some.raw", url, len(content), hashlib.sha256(content).hexdigest(), "invented", "none")


def test_a_capture_arrives_whole(server: str, tmp_path: Path) -> None:
    path = download(capture(f"{server}/good"), tmp_path / "new")
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_what_is_there_and_right_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "some.raw").write_bytes(CONTENT)
    nobody_listens = capture("http://127.0.0.1:9/never")
    assert download(nobody_listens, tmp_path) == tmp_path / "some.raw"


def test_what_is_there_and_wrong_is_not_overwritten(server: str, tmp_path: Path) -> None:
    (tmp_path / "some.raw").write_bytes(b"mine")
    with pytest.raises(TailgateError, match="which is there already, has the SHA-256"):
        download(capture(f"{server}/good"), tmp_path)
    assert (tmp_path / "some.raw").read_bytes() == b"mine"


@pytest.mark.parametrize("expected", [CONTENT[:-1] + b"?", CONTENT[:-9], CONTENT + b"more"])
def test_a_wrong_checksum_is_refused_and_leaves_nothing(server: str, tmp_path: Path, expected: bytes) -> None:
    with pytest.raises(TailgateError, match=r"has the SHA-256 .*, expected .*; nothing was written"):
        download(capture(f"{server}/good", expected), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["/gone", "/short"])
def test_a_failed_download_is_one_clear_error_and_leaves_nothing(server: str, tmp_path: Path, page: str) -> None:
    with pytest.raises(TailgateError, match=r"some: .* could not be downloaded|SHA-256"):
        download(capture(server + page), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_up_meanwhile_is_kept(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = script._fetch

    def slow(wanted: Capture, draft: Path) -> str:
        (tmp_path / wanted.file).write_bytes(b"somebody else's")
        return fetch(wanted, draft)

    monkeypatch.setattr(script, "_fetch", slow)
    with pytest.raises(TailgateError, match="File exists"):
        download(capture(f"{server}/good"), tmp_path)
    assert (tmp_path / "some.raw").read_bytes() == b"somebody else's"


def test_the_command_lists_downloads_and_fails_with_a_status(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "CAPTURES", (capture(f"{server}/good"),))
    assert script.main(["--list"]) == 0
    assert "invented" in capsys.readouterr().out
    assert script.main(["some", "--to", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'some.raw'}\n"
    assert script.main(["none", "--to", str(tmp_path)]) == 2
    assert "there is no capture 'none'" in capsys.readouterr().err


def test_ctrl_c_is_one_line_and_leaves_no_half_of_a_file(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(wanted: Capture, draft: Path) -> str:
        draft.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "_fetch", interrupted)
    monkeypatch.setattr(script, "CAPTURES", (capture(f"{server}/good"),))
    assert script.main(["some", "--to", str(tmp_path)]) == 130
    assert capsys.readouterr().err.startswith("download_captures: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_the_table_is_that_of_the_captures_the_tests_use(captures: Path) -> None:
    for each in CAPTURES:
        content = (captures / each.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (each.size_bytes, each.sha256)
