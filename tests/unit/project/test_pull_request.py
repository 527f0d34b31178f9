"""One comment on a pull request, against a server on loopback that answers as GitHub's two addresses do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tailgate.commands.comment import comment
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument
from tailgate.errors import TailgateError
from tailgate.project.pull_request import PullRequest
from tailgate.results.gate_report import gate_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

VERDICT = Path(__file__).resolve().parents[2] / "golden" / "reports" / "gate" / "verdict.json"
TOKEN = "of-the-job"


class Forge(ThreadingHTTPServer):
    """Comments of pull request 7 of a/b, by number, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.comments: dict[int, str] = {}
        self.asked: list[str] = []
        self.refuses = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    server: Forge

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, plain: Any) -> None:
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _act(self) -> None:
        forge, (path, _, query) = self.server, self.path.partition("?")
        forge.asked.append(f"{self.command} {self.path}")
        told = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, {"message": "Bad credentials"})
        if forge.refuses and self.command != "GET":
            return self._answer(forge.refuses, {"message": "Resource not accessible by integration"})
        if path == "/repos/a/b/issues/7/comments" and self.command == "GET":
            asked = dict(each.split("=") for each in query.split("&"))
            first = (int(asked["page"]) - 1) * int(asked["per_page"])
            found = [{"id": key, "body": body} for key, body in forge.comments.items()]
            return self._answer(200, found[first : first + int(asked["per_page"])])
        if path == "/repos/a/b/issues/7/comments" and self.command == "POST":
            key = max(forge.comments, default=0) + 1
        elif path.startswith("/repos/a/b/issues/comments/") and self.command == "PATCH":
            key = int(path.rpartition("/")[2])
            assert key in forge.comments
        else:
            return self._answer(404, {"message": "Not Found"})
        forge.comments[key] = told["body"]
        return self._answer(201, {"id": key, "html_url": f"https://forge/a/b/pull/7#{key}"})

    do_GET = do_POST = do_PATCH = _act  # noqa: N815  the server's own names


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Forge]:
    """Start the server, and let the environment be that of a job for pull request 7."""
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    with Forge() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("GITHUB_API_URL", server.address)
        monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield server
        server.shutdown()
        thread.join()


def run(*words: str) -> Any:
    done = CliRunner().invoke(comment, [*words, str(VERDICT)], catch_exceptions=False)
    assert done.exit_code == 0
    return done


def test_the_verdict_is_one_comment_that_is_edited_from_then_on(forge: Forge) -> None:
    forge.comments = {1: "hello", 2: "<!-- tailgate: other -->\nanother job's"}
    assert run().output == "Comment made: https://forge/a/b/pull/7#3\n"
    assert forge.comments[3] == "<!-- tailgate: gate -->\n" + gate_markdown(load(VERDICT, GateDocument))
    forge.comments[3] = "<!-- tailgate: gate -->\nof the commit before"
    assert run().output == "Comment edited: https://forge/a/b/pull/7#3\n"
    assert len(forge.comments) == 3
    assert "REGRESSION" in forge.comments[3]
    assert run("--name", "other").output == "Comment edited: https://forge/a/b/pull/7#2\n"


def test_a_comment_on_a_later_page_is_found(forge: Forge) -> None:
    forge.comments = dict.fromkeys(range(1, 251), "hello") | {251: "<!-- tailgate: gate -->\nof before"}
    assert "edited" in run().output
    assert [line for line in forge.asked if line.startswith("GET")][-1].endswith("page=3")


def test_without_the_permission_the_summary_serves(forge: Forge) -> None:
    forge.refuses = 403
    said = run().stderr
    assert "not commented: POST /repos/a/b/issues/7/comments was answered by 403" in said
    assert "permissions: { contents: read, pull-requests: write }" in said
    assert forge.comments == {}


def test_a_server_that_fails_is_an_error_and_a_long_text_is_cut(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    forge.refuses = 500
    with pytest.raises(TailgateError, match="was answered by 500"):
        run()
    forge.refuses = 0
    PullRequest(forge.address, "a/b", 7, TOKEN).comment("x" * 100_000, "long")
    assert 65_000 <= len(forge.comments[1]) < 65_536
    assert forge.comments[1].endswith("the whole is in the job's summary)")
    monkeypatch.setenv("GITHUB_EVENT_PATH", "")
    with pytest.raises(TailgateError, match="this job is of no pull request"):
        run()
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(TailgateError, match="a comment needs GITHUB_TOKEN"):
        run()
