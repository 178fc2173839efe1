"""Chunked bodies: what is framed comes out again, and nothing else is touched."""

from __future__ import annotations

import pytest

from isao_conformance.chunks import CHUNK, framed, unframed

CHUNKED = (("Content-Type", "text/plain"), ("transfer-encoding", "Chunked"))


@pytest.mark.parametrize("body", [b"", b"x", b"0\r\n\r\n", b"y" * CHUNK, b"\r\n" * CHUNK + b"z"])
def test_a_framed_body_comes_out_as_it_was(body: bytes) -> None:
    assert unframed(CHUNKED, framed(body)) == body


def test_frames_are_those_of_http() -> None:
    assert framed(b"abc") == b"3\r\nabc\r\n0\r\n\r\n"
    assert framed(b"a" * (CHUNK + 1)).startswith(b"10000\r\naaa")


def test_a_body_that_is_not_in_chunks_stays_as_it_is() -> None:
    assert unframed((("Content-Length", "13"),), framed(b"abc")) == framed(b"abc")
