"""Bare TLS handshakes: which version and which suites a target accepts, and whether its tickets offer early data.

The answers are JSON bodies of exchanges like all others, so that a replay recalls them.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from isao_conformance import tls_tickets
from isao_conformance.errors import NoAnswer
from isao_conformance.limits import LIMITS
from isao_conformance.transport_faults import described

LISTED_SUITES = "rfc7540-appendix-a"


def shake(context: ssl.SSLContext, url: str, version: str, suites: str = "") -> dict[str, Any]:
    """A handshake that offers one version ("TLSv1" to "TLSv1_3"), and for TLS 1.2 only the suites that RFC 7540 lists
    in its Appendix A when `suites` is LISTED_SUITES.

    Tells `offered` (whether this machine's TLS library can offer it at all), `accepted`, `version`, `cipher`,
    `problem`. Raises NoAnswer when nothing listens. The context is changed.
    """
    host, port = _place(url)
    told: dict[str, Any] = {"offered": _can_offer(context, version, suites), "accepted": False}
    if told["offered"]:
        try:
            with socket.create_connection((host, port), LIMITS.connect_seconds) as plain:
                plain.settimeout(LIMITS.connect_seconds)
                try:
                    with context.wrap_socket(plain, server_hostname=host) as secured:
                        cipher = secured.cipher()
                        told.update(accepted=True, version=secured.version(), cipher=cipher[0] if cipher else "")
                except OSError as fault:
                    told["problem"] = described(fault)
        except OSError as fault:
            raise NoAnswer(described(fault)) from None
    return told


def tickets(context: ssl.SSLContext, url: str) -> dict[str, Any]:
    """A TLS 1.3 handshake and one request without credentials, to see the session tickets that the server sends.

    Tells `accepted`, `opened` (whether what followed the handshake could be read), `tickets` (how many came),
    `early_data` (the most octets that any of them allows as early data; 0 when none does), `problem`. Raises NoAnswer
    when nothing listens. The context is changed.
    """
    host, port = _place(url)
    told: dict[str, Any] = {"accepted": False, "opened": False, "tickets": 0, "early_data": 0}
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    asking = f"GET {urlsplit(url).path or '/'} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    with tempfile.TemporaryDirectory(prefix="isao-keys-") as folder:
        keys = Path(folder) / "keys"
        context.keylog_filename = str(keys)
        try:
            with socket.create_connection((host, port), LIMITS.connect_seconds) as plain:
                received, cipher, problem = _conversation(context, plain, host, asking)
        except OSError as fault:
            raise NoAnswer(described(fault)) from None
        if problem:
            return {**told, "problem": problem}
        allowed = tls_tickets.early_data_allowances(received, keys.read_text("ascii"), cipher)
    if allowed is None:
        return {**told, "accepted": True}
    return {**told, "accepted": True, "opened": True, "tickets": len(allowed), "early_data": max(allowed, default=0)}


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def _conversation(context: ssl.SSLContext, plain: socket.socket, host: str, asking: bytes) -> tuple[bytes, str, str]:
    """(all octets received, the suite, what went wrong): handshake, one request, everything until the peer closes or
    time is up."""
    ends = time.monotonic() + LIMITS.connect_seconds
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=host)
    received, asked = b"", False
    while True:
        try:
            if not asked:
                session.do_handshake()
                session.write(asking)
                asked = True
            while session.read(65536):
                pass
            break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as fault:
            if asked:
                break
            return received, "", described(fault)
        try:
            plain.settimeout(max(0.01, ends - time.monotonic()))
            plain.sendall(outgoing.read())
            part = plain.recv(65536)
        except OSError as fault:
            if asked:
                break
            return received, "", described(fault)
        received += part
        if not part or len(received) > LIMITS.body_octets:
            break
        incoming.write(part)
    cipher = session.cipher() if asked else None
    return received, cipher[0] if cipher else "", "" if asked else "the connection ended during the handshake"


def _can_offer(context: ssl.SSLContext, version: str, suites: str) -> bool:
    """Restrict the context to one version and its suites, and see whether a ClientHello comes out at all."""
    wanted = ssl.TLSVersion[version]
    try:
        if wanted < ssl.TLSVersion.TLSv1_2 or suites == LISTED_SUITES:
            context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
        if suites == LISTED_SUITES:
            listed = [cipher["name"] for cipher in context.get_ciphers() if _is_listed(cipher)]
            context.set_ciphers(":".join([*listed, "@SECLEVEL=0"]))
        context.minimum_version = wanted
        context.maximum_version = wanted
    except (ValueError, ssl.SSLError):
        return False
    outgoing = ssl.MemoryBIO()
    trial = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        trial.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.pending > 0
    except ssl.SSLError:
        return False
    return False


def _is_listed(cipher: Any) -> bool:
    """Appendix A of RFC 7540 lists every suite of TLS 1.2 that lacks an ephemeral key exchange or an AEAD cipher."""
    if cipher["protocol"] == "TLSv1.3":
        return False
    return not (cipher["aead"] and "dhe" in cipher["kea"])
