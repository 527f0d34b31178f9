"""Stands behind a feed client and writes down what it hands over: frames, control frames, gaps, failures."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from implementations.feed.contract import FeedRefusedError, FeedSettings
from implementations.registry import load
from suites.record.writer import RecordError, Writer
from suites.tapes.recording import FORMAT, FramesDigest, event_line, frame_line, msgpack_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from implementations.feed.contract import FeedCounts

FLUSH_S: Final = 0.5
"""So often a zstd frame is ended and written: a killed recorder loses at most twice this, one more being packed."""

_LEAST_SECRET: Final = 8
_REPORT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record, by which client, into which file, and when to stop. 0 stands for never."""

    feed: FeedSettings
    client: str
    target: Path
    rotate_bytes: int = 0
    rotate_s: float = 0.0
    duration_s: float = 0.0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What was recorded. `digest` is that of the data frames."""

    frames: int
    digest: str
    gaps: int
    failures: int
    withheld: int
    packed_bytes: int
    paths: tuple[Path, ...]


class Recorder:
    """One recording. `run` ends when `stop` is called, and at the plan's end; what was received by then is on disk."""

    def __init__(self, plan: Plan, say: Callable[[str], None], clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._plan = plan
        self._say = say
        self._clock_ns = clock_ns
        self._secrets = (plan.feed.key, plan.feed.secret)
        if min(map(len, self._secrets)) < _LEAST_SECRET:
            raise RecordError(
                f"a key or secret of fewer than {_LEAST_SECRET} characters cannot be kept out of a recording",
                hint="set APCA_API_KEY_ID and APCA_API_SECRET_KEY",
            )
        self._needles = tuple(secret.encode() for secret in self._secrets)
        self._write_line = msgpack_line if plan.feed.encoding == "msgpack" else frame_line
        self._lines: list[bytes] = []
        self._digest = FramesDigest()
        self._withheld = 0
        self._said = ""
        factory: Any = load("feed", plan.client).factory
        self._feed: Any = factory(plan.feed, self._on_frame, self._on_gap, self._keep, self._on_failure)
        self._writer = Writer(
            plan.target,
            self._first_line,
            clock_ns,
            rotate_bytes=plan.rotate_bytes,
            rotate_ns=int(plan.rotate_s * 1e9),
        )

    @property
    def counts(self) -> FeedCounts:
        """What the feed client has counted."""
        counts: FeedCounts = self._feed.counts
        return counts

    def stop(self) -> None:
        """End the recording: what has come is written."""
        self._feed.close()

    async def run(self) -> Summary:
        """Record until the end; RecordError where the server refuses for good, or the disk fails."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._plan.duration_s, self.stop) if self._plan.duration_s else None
        flusher = asyncio.create_task(self._flush_often())
        flusher.add_done_callback(lambda done: self.stop() if not done.cancelled() and done.exception() else None)
        try:
            await self._feed.run()
        except FeedRefusedError as error:
            self._event("refused", reason=self._scrubbed(str(error)))
            raise RecordError(
                self._scrubbed(f"{self._address()}: {error}"),
                hint="check APCA_API_KEY_ID and APCA_API_SECRET_KEY, and what the subscription allows",
            ) from None
        finally:
            if timer is not None:
                timer.cancel()
            flusher.cancel()
            outcome = await asyncio.gather(flusher, return_exceptions=True)
            self._finish()
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return self._summary()

    def _finish(self) -> None:
        counts = self.counts
        totals = {"frames": self._digest.frames, "digest": self._digest.hex()}
        self._event("closed", **totals, gaps=counts.gaps, failures=counts.failures, withheld=self._withheld)
        try:
            self._flush()
        finally:
            self._writer.close()

    def _on_frame(self, frame: bytes) -> None:
        """Take one frame of data: the hot path."""
        if self._keep(frame):
            self._digest.add(frame)
            if self._digest.frames == self._plan.frames:
                self.stop()

    def _keep(self, frame: bytes) -> bool:
        """Write down a frame, unless the key or the secret is in it; tell whether it was written."""
        received_ns = self._clock_ns()
        key, secret = self._needles
        if key in frame or secret in frame:
            self._withheld += 1
            self._event("withheld", length=len(frame))
            return False
        self._lines.append(self._write_line(received_ns, frame))
        return True

    def _on_gap(self, reason: str) -> None:
        self._event("gap", reason=self._scrubbed(reason))
        self._say(f"gap: {self._scrubbed(reason)}; connecting again")

    def _on_failure(self, reason: str) -> None:
        said = self._scrubbed(reason)
        self._event("failed", reason=said)
        if said != self._said:
            self._say(f"not connected: {said or 'the connection was closed'}; trying again")
        self._said = said

    def _event(self, event: str, **facts: object) -> None:
        self._lines.append(event_line(self._clock_ns(), event, **facts))

    def _first_line(self, part: int) -> bytes:
        feed = asdict(self._plan.feed)
        asked = {name: feed[name] for name in ("encoding", "trades", "quotes", "orderbooks")}
        facts = {"format": FORMAT, "part": part, "url": self._address(), "client": self._plan.client, **asked}
        return event_line(self._clock_ns(), "recording", **facts)

    def _address(self) -> str:
        """Return the URL without what may be a secret in it: user, password, query."""
        parts = urlsplit(self._plan.feed.url)
        return self._scrubbed(f"{parts.scheme}://{parts.netloc}{parts.path}")

    def _scrubbed(self, text: str) -> str:
        parts = urlsplit(self._plan.feed.url)
        for secret in (parts.query, parts.netloc.rpartition("@")[0], *self._secrets):
            text = text.replace(secret, "***") if secret else text
        return text

    async def _flush_often(self) -> None:
        loop = asyncio.get_running_loop()
        report_at, before = loop.time() + _REPORT_S, 0
        while True:
            await asyncio.sleep(FLUSH_S)
            self._flush()
            if loop.time() >= report_at:
                frames, now = self._digest.frames, loop.time()
                per_s = (frames - before) / (now - report_at + _REPORT_S)
                mb = self._writer.packed_bytes / 1e6
                self._say(f"{frames:,} frames, {per_s:,.0f} a second, {mb:,.1f} MB, {self.counts.gaps} gaps")
                report_at, before = now + _REPORT_S, frames

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._writer.put(lines)

    def _summary(self) -> Summary:
        counts = self.counts
        return Summary(
            self._digest.frames,
            self._digest.hex(),
            counts.gaps,
            counts.failures,
            self._withheld,
            self._writer.packed_bytes,
            tuple(self._writer.paths),
        )
