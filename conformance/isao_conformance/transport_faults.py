"""What went wrong on a connection, in words for a report."""

from __future__ import annotations

import http.client
import socket
import ssl


def described(fault: BaseException) -> str:
    """One sentence, without anything that the target chose."""
    if isinstance(fault, TimeoutError):
        return "no complete answer within the time allowed"
    if isinstance(fault, ConnectionRefusedError):
        return "the connection was refused: nothing listens there"
    if isinstance(fault, socket.gaierror):
        return "the host name is unknown"
    if isinstance(fault, ssl.SSLError):
        return f"the TLS handshake failed ({fault.reason or 'no reason given'})"
    if isinstance(fault, http.client.IncompleteRead):
        return "the answer ended before the length it announced"
    if isinstance(fault, http.client.HTTPException):
        return f"the answer is not HTTP ({type(fault).__name__})"
    return f"the connection failed ({type(fault).__name__})"
