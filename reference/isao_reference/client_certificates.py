"""Which client certificate a connection was made with: as the server says in the TLS extension of ASGI.

The handshake of TLS has checked that the certificate is of an authority that the operator trusts for this, and that it
is in force; whose it is, is a matter of the credentials in the store.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1024)
def sha256_of(pem: str) -> str:
    """How the store names a certificate: the SHA-256 of its DER form, in hexadecimal digits."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def shown_in(scope: Mapping[str, Any]) -> str | None:
    """The SHA-256 of the client certificate of a request, from the TLS extension of ASGI; None when there is none."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    return sha256_of(chain[0]) if chain else None
