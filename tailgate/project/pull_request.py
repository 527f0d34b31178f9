"""One comment on a pull request at GitHub: made once, found again by a mark in it, and edited from then on."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE: Final = 100
_MOST: Final = 65_000
"""A comment holds 65,536 characters."""
_SECONDS: Final = 30.0


class NotPermittedError(TailgateError):
    """The token may not comment here, as that of a pull request from a fork."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where the comment goes: the address of the API, `owner/name`, the number, and a token that may comment."""

    api: str
    repository: str
    number: int
    token: str

    @classmethod
    def of(cls, environ: Mapping[str, str], number: int | None = None) -> PullRequest:
        """Return the one that a job of GitHub Actions runs for; TailgateError says what the environment lacks."""
        lacks = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environ.get(name)]
        if lacks:
            raise TailgateError(
                f"a comment needs {' and '.join(lacks)}",
                hint="in a job of GitHub Actions:  env: { GITHUB_TOKEN: ${{ github.token }} }",
            )
        api = environ.get("GITHUB_API_URL", "https://api.github.com")
        return cls(api, environ["GITHUB_REPOSITORY"], number or _number(environ), environ["GITHUB_TOKEN"])

    def comment(self, text: str, mark: str) -> tuple[str, str]:
        """Write the comment that bears the mark; return "made" or "edited", and its address.

        Raises NotPermittedError where the token may not, TailgateError for whatever else the server refuses.
        """
        body = f"<!-- {mark} -->\n{text}"
        if len(body) > _MOST:
            body = body[:_MOST] + "\n\n(cut here: the whole is in the job's summary)"
        comments = f"/repos/{self.repository}/issues/{self.number}/comments"
        marked = (each for each in self._all(comments) if str(each.get("body", "")).startswith(f"<!-- {mark} -->"))
        mine = next(marked, None)
        if mine is None:
            return "made", str(self._ask("POST", comments, {"body": body})["html_url"])
        address = f"/repos/{self.repository}/issues/comments/{mine['id']}"
        return "edited", str(self._ask("PATCH", address, {"body": body})["html_url"])

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        page = 1
        while found := self._ask("GET", f"{path}?per_page={_PAGE}&page={page}"):
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "tailgate",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data=data, headers=headers, method=method)  # noqa: S310  http for a server of one's own
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  likewise
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(300).decode(errors="replace")
            kind = NotPermittedError if error.code in {401, 403, 404} else TailgateError
            raise kind(
                f"{method} {path} was answered by {error.code}: {said}",
                hint="a workflow may comment with:  permissions: { contents: read, pull-requests: write }",
            ) from None
        except (OSError, ValueError) as error:
            raise TailgateError(f"{self.api} gave no answer: {error}") from error


def _number(environ: Mapping[str, str]) -> int:
    """Return the number that the event names."""
    event = environ.get("GITHUB_EVENT_PATH", "")
    try:
        told = json.loads(Path(event).read_text(encoding="utf-8")) if event else {}
        return int(told["pull_request"]["number"])
    except (OSError, ValueError, LookupError, TypeError):
        raise TailgateError(
            "this job is of no pull request: its event names none", hint="run it `on: pull_request`, or give --number"
        ) from None


def here(number: int | None = None) -> PullRequest:
    """Return the pull request of this job."""
    return PullRequest.of(os.environ, number)
