"""What a session ticket allows is read out of the octets of a real handshake."""

from __future__ import annotations

import ctypes
import ctypes.util
import ssl
from typing import Any

import pytest

from isao_conformance import tls_handshake
from isao_conformance.errors import NoAnswer
from isao_conformance.tls_tickets import early_data_allowances
from isao_reference import server
from tests.support.live import session_certificate


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _told(monkeypatch: pytest.MonkeyPatch, octets: int | None, suites: str = "") -> dict[str, Any]:
    original = server._configuration

    def changed(*given: Any) -> Any:
        config = original(*given)
        assert config.ssl is not None
        library = ctypes.CDLL(ctypes.util.find_library("ssl"))
        context = ctypes.c_void_p.from_address(id(config.ssl) + object.__basicsize__)
        if octets is not None:
            library.SSL_CTX_set_max_early_data.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
            assert library.SSL_CTX_set_max_early_data(context, octets) == 1
        if suites:
            library.SSL_CTX_set_ciphersuites.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
            assert library.SSL_CTX_set_ciphersuites(context, suites.encode()) == 1
        return config

    monkeypatch.setattr(server, "_configuration", changed)
    certificate = session_certificate()
    with server.running(_app, certificate=certificate) as url:
        return tls_handshake.tickets(ssl.create_default_context(cafile=str(certificate.authority)), url)


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_what_tickets_allow_is_read_under_every_suite(monkeypatch: pytest.MonkeyPatch, suite: str) -> None:
    told = _told(monkeypatch, 4711, suite)
    assert (told["accepted"], told["opened"]) == (True, True)
    assert told["tickets"] >= 1
    assert told["early_data"] == 4711


def test_tickets_that_allow_nothing_are_seen_and_allow_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _told(monkeypatch, None)
    assert (told["accepted"], told["early_data"]) == (True, 0)
    assert told["tickets"] >= 1


def test_octets_that_no_key_opens_say_nothing_of_tickets() -> None:
    log = f"SERVER_TRAFFIC_SECRET_0 {'00' * 32} {'11' * 32}\n"
    assert early_data_allowances(b"\x17\x03\x03\x00\x20" + b"x" * 32, log, "TLS_AES_128_GCM_SHA256") is None
    assert early_data_allowances(b"\x17\x03\x03\x00\x20" + b"x" * 32, log, "TLS_AES_256_GCM_SHA384") is None
    assert early_data_allowances(b"\x17\x03", "", "") is None


def test_nothing_that_listens_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="nothing listens"):
        tls_handshake.tickets(ssl.create_default_context(), "https://127.0.0.1:9/")
