"""Faults of the TLS layer (TAXII 2.1, section 8.2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isao_conformance.target import Target
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
