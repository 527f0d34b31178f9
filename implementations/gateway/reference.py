"""The oracle: one request, one connection, one thread, the plainest library."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

from implementations.gateway._requests import Leaving, LostReplyError, NotSentError, Reply, reset_of
from implementations.gateway._retrying import RetryingGateway
from implementations.registry import implementation


@implementation(source="urllib.request on a thread of the executor")
class ReferenceGateway(RetryingGateway):
    """Cannot see when a request has left: `on_sent` comes with the answer."""

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request on a thread."""
        leaving.began = True  # or soon: the library does not tell
        reply = await asyncio.to_thread(self._blocking, method, target, body)
        leaving.sent()
        return reply

    def _blocking(self, method: str, target: str, body: bytes) -> Reply:
        request = urllib.request.Request(  # noqa: S310  the scheme is the settings', http
            self._settings.url + target,
            data=body or None,
            method=method,
            headers={
                "APCA-API-KEY-ID": self._settings.key,
                "APCA-API-SECRET-KEY": self._settings.secret,
                "Content-Type": "application/json",
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self._settings.attempt_timeout_s) as response:
                return Reply(response.status, response.read(), reset_of(response.headers.get("X-Ratelimit-Reset")))
        except urllib.error.HTTPError as answer:
            with answer:
                return Reply(answer.code, answer.read(), reset_of(answer.headers.get("X-Ratelimit-Reset")))
        except urllib.error.URLError as error:
            refused = isinstance(error.reason, ConnectionRefusedError)
            raise (NotSentError if refused else LostReplyError)(str(error)) from error
        except OSError as error:
            raise LostReplyError(str(error)) from error
