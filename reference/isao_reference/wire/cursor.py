"""The `next` token: where a walk stands, sealed to whom, where and with which filters.

A token is never trusted (TAXII 2.1 appendix B): presented by another account, at another
collection or endpoint, with other filters, or changed in one bit, it is a 400.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from isao_reference.errors import bad_request

_MAC_OCTETS = 16


def context(account: str | None, collection: str, endpoint: str, fingerprint: str) -> bytes:
    """What a token is bound to. Each part is length-prefixed, so that no two differ only in
    where one part ends."""
    parts = ("anonymous" if account is None else "account", account or "", collection, endpoint, fingerprint)
    encoded = (part.encode("utf-8") for part in parts)
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(key: bytes, bound_to: bytes, position: bytes) -> bytes:
    """The authentication code over position and binding."""
    return hmac.new(key, position + bound_to, hashlib.sha256).digest()[:_MAC_OCTETS]


def issue(key: bytes, bound_to: bytes, position: int, width: int = 8) -> str:
    """A token for the page after `position`, a number of `width` octets that its reader knows already: the token says
    it to everybody who looks. For items it is the date_added of the last one served (microseconds)."""
    octets = position.to_bytes(width, "big")
    return base64.urlsafe_b64encode(octets + seal(key, bound_to, octets)).decode("ascii")


def redeem(key: bytes, bound_to: bytes, token: str, width: int = 8) -> int:
    """The position of a genuine token, else Refusal 400."""
    try:
        octets = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("next is not a token of this exchange") from None
    position, code = octets[:width], octets[width:]
    genuine = base64.urlsafe_b64encode(octets).decode("ascii") == token
    if not genuine or not hmac.compare_digest(code, seal(key, bound_to, position)):
        raise bad_request("next is not a token for this account, address and query")
    return int.from_bytes(position, "big")
