"""The reader of HTTP answers: whole or in pieces the same, and nothing doubtful is read as an answer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from implementations.gateway._http import BadReplyError, ReplyReader
from implementations.gateway._requests import Reply

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-RateLimit-Reset: 17\r\n\r\nhello"
CHUNKS = b"HTTP/1.1 422 Nope\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (LENGTH, Reply(200, b"hello", 17.0)),
        (CHUNKS, Reply(422, b"hello")),
        (EMPTY, Reply(204, b"")),
        (INTERIM, Reply(200, b"hello", 17.0)),
    ],
)
@given(cuts=st.lists(st.integers(0, 130), max_size=6))
def test_however_it_is_cut_the_answer_is_the_same(answer: bytes, expected: Reply, cuts: list[int]) -> None:
    reader = ReplyReader()
    edges = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    replies = [reader.feed(answer[begin:end]) for begin, end in itertools.pairwise(edges)]
    assert [reply for reply in replies if reply is not None] == [expected]
    assert reader.keep
    assert not reader.rest


def test_one_answer_after_the_other_and_what_nobody_asked_for() -> None:
    reader = ReplyReader()
    assert reader.feed(LENGTH) == Reply(200, b"hello", 17.0)
    assert reader.feed(EMPTY + b"more") == Reply(204, b"")
    assert reader.rest


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0", b"HTTP/1.0 200 OK\r\nContent-Length: 0"],
)
def test_a_connection_that_ends_is_not_kept(head: bytes) -> None:
    reader = ReplyReader()
    assert reader.feed(head + b"\r\n\r\n") == Reply(200, b"")
    assert not reader.keep


@pytest.mark.parametrize(
    "wrong",
    [
        b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadReplyError):
        ReplyReader().feed(wrong)
