"""Faults of the TLS layer (TAXII 2.1, section 8.2.2)."""

from __future__ import annotations

import ctypes
import ctypes.util
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from isao_conformance.target import Target
from isao_reference import server
from tests.support.live import session_certificate
from tests.support.mutation import Fault, mutant


async def _plain(scope: Any, receive: Any, send: Any) -> None:
    """An application for a port that was meant to speak TLS."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@mutant(breaks="TAXII-8.2.2-1")
def discovery_is_declared_as_https_and_speaks_http(fault: Fault) -> None:
    """Discovery is declared on a host of its own as https, and the port there speaks plain HTTP."""

    def declared(target: Target, url: str) -> Target:
        secure = url.replace("http://", "https://")
        return replace(target, discovery=f"{secure}taxii2/", origins=(*target.origins, secure.rstrip("/")))

    fault.serve_beside(_plain, declared)


@mutant(breaks="TAXII-8.2.2-2")
def tls_1_2_is_refused(fault: Fault) -> None:
    """The server offers TLS 1.3 only."""
    fault.tls(minimum="TLSv1_3")


@mutant(breaks="TAXII-8.2.2-3")
def tls_1_3_is_not_offered(fault: Fault) -> None:
    """The server offers TLS 1.2 only."""
    fault.tls(maximum="TLSv1_2")


def _ciphers(fault: Fault, more: str) -> None:
    """Offer cipher suites of TLS 1.2 (in the language of OpenSSL) beside those of the exchange."""
    configuration = server._configuration

    def generous(*given: Any) -> Any:
        config = configuration(*given)
        assert config.ssl is not None
        own = [cipher["name"] for cipher in config.ssl.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
        config.ssl.set_ciphers(":".join([more, *own]))
        return config

    fault.replace("isao_reference.server._configuration", generous)


@mutant(breaks="TAXII-8.2.2-5")
def suites_without_forward_secrecy_are_accepted(fault: Fault) -> None:
    """TLS 1.2 is spoken with every suite the library has, old block ciphers included (RFC 7540, appendix A)."""
    _ciphers(fault, "ALL:!aNULL:@SECLEVEL=0")


@mutant(breaks="TAXII-8.2.2-5", size="subtle")
def one_block_cipher_is_accepted(fault: Fault) -> None:
    """Of the suites in RFC 7540, appendix A, one is kept for an old client: ECDHE with AES-256 in CBC mode."""
    _ciphers(fault, "ECDHE-ECDSA-AES256-SHA384")


def _early_data(fault: Fault, octets: int) -> None:
    """Let the tickets of the exchange allow early data. Python's ssl has no word for it, so OpenSSL is asked itself."""
    configuration = server._configuration

    def eager(*given: Any) -> Any:
        config = configuration(*given)
        assert config.ssl is not None
        # An SSLContext begins, after the two words of every object, with the pointer to its SSL_CTX.
        context = ctypes.c_void_p.from_address(id(config.ssl) + object.__basicsize__)
        allow = ctypes.CDLL(ctypes.util.find_library("ssl")).SSL_CTX_set_max_early_data
        allow.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        assert allow(context, octets) == 1
        return config

    fault.replace("isao_reference.server._configuration", eager)


@mutant(breaks="TAXII-8.2.2-4")
def tickets_allow_early_data(fault: Fault) -> None:
    """Each session ticket allows 16 KiB of early data."""
    _early_data(fault, 16_384)


@mutant(breaks="TAXII-8.2.2-4", size="subtle")
def tickets_allow_one_octet_of_early_data(fault: Fault) -> None:
    """Each session ticket allows a single octet of early data."""
    _early_data(fault, 1)


@mutant(breaks="TAXII-8.2.2-2", size="subtle")
def tls_1_2_is_offered_with_suites_that_the_certificate_does_not_fit(fault: Fault) -> None:
    """TLS 1.2 is switched on, with suites for an RSA key only; the key of the exchange is another one."""
    configuration = server._configuration

    def unfit(*given: Any) -> Any:
        config = configuration(*given)
        assert config.ssl is not None
        config.ssl.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256")
        return config

    fault.replace("isao_reference.server._configuration", unfit)


@mutant(breaks="TAXII-8.2.2-1", size="subtle")
def discovery_speaks_tls_of_another_age(fault: Fault) -> None:
    """Discovery is declared on a host of its own that knows nothing later than TLS 1.1."""
    configuration = server._configuration

    def aged(app: Any, certificate: Any) -> Any:
        config = configuration(app, certificate)
        if app is _plain and config.ssl is not None:
            config.ssl.set_ciphers("ALL:@SECLEVEL=0")
            config.ssl.minimum_version, config.ssl.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        return config

    @contextmanager
    def beside() -> Iterator[Callable[[Target], Target]]:
        with server.running(_plain, certificate=session_certificate()) as url:
            yield lambda target: replace(target, discovery=f"{url}taxii2/", origins=(*target.origins, url.rstrip("/")))

    fault.replace("isao_reference.server._configuration", aged)
    fault.beside.append(beside())
