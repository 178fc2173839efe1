"""Who is asking: Basic with an Argon2 hash, Bearer with a SHA-256 hash of a high-entropy key.

Standing is looked up in the database at every request; only the slow part, comparing a
secret with its Argon2 hash, is remembered for a minute, in memory, under a keyed digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from isao_reference import limits
from isao_reference.errors import unauthorized
from isao_reference.policy.principal import ANONYMOUS, Principal
from isao_reference.store import documents, parties, records
from isao_reference.store.parties import Account
from isao_reference.store.sqlite import Store
from isao_reference.wire import timestamps

WAYS = ("basic", "bearer")
Clock = Callable[[], datetime]

# Secrets made here are random with 256 bits; the parameters make a guess cost about 10 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_REMEMBERED = 4096


def new_secret() -> str:
    """A random secret of 256 bits, safe in a header and in a shell."""
    return secrets.token_urlsafe(32)


def is_bearer_token(text: str) -> bool:
    """Whether a text can be sent as a Bearer token (RFC 6750 section 2.1)."""
    return _TOKEN68.fullmatch(text) is not None


def hash_secret(way: str, secret: str) -> str:
    """What the store keeps of a secret."""
    if way == "bearer":
        return hashlib.sha256(secret.encode()).hexdigest()
    return _HASHER.hash(secret)


@cache
def _nobody() -> str:
    """A hash no secret is known for: an unknown name costs what a known one does."""
    return _HASHER.hash(new_secret())


def matches(hashed: str, secret: str) -> bool:
    """Whether a secret belongs to an Argon2 hash."""
    try:
        return _HASHER.verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False


class Verifications:
    """Secrets found right within the last minute. Keys are HMACs under a random key that never
    leaves this object, so neither secrets nor their plain digests are kept."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def _digest(self, hashed: str, secret: str) -> bytes:
        message = f"{len(hashed)}:{hashed}{secret}".encode()
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def verify(self, hashed: str, secret: str) -> bool:
        """Like `matches`, but a right secret is looked at only once a minute."""
        digest = self._digest(hashed, secret)
        with self._lock:
            until = self._until.get(digest)
        if until is not None and until > self._monotonic():
            return True
        if not matches(hashed, secret):
            return False
        with self._lock:
            self._until[digest] = self._monotonic() + limits.VERIFICATION_SECONDS
            self._until.move_to_end(digest)
            while len(self._until) > _REMEMBERED:
                self._until.popitem(last=False)
        return True


def split_authorization(header: str) -> tuple[str, str]:
    """(scheme in lower case, credentials) of an Authorization header."""
    scheme, _, credentials = header.strip(" \t").partition(" ")
    return scheme.lower(), credentials.strip(" \t")


def basic_pair(credentials: str) -> tuple[str, str] | None:
    """(name, secret) of Basic credentials (RFC 7617), None when they are malformed."""
    try:
        text = base64.b64decode(credentials.encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon else None


def in_good_standing(account: Account) -> bool:
    """Whether the account's organization may use the exchange at this moment, if only as an applicant."""
    return account.standing in ("good", "applicant")


def account_for(store: Store, verifications: Verifications, header: str) -> Account | None:
    """The account a header proves, None when it proves none."""
    scheme, credentials = split_authorization(header)
    if len(credentials) > limits.MAX_CREDENTIAL_OCTETS:
        return None
    if scheme == "bearer":
        with store.reading() as db:
            return parties.account_by_secret(db, "bearer", hash_secret("bearer", credentials))
    if scheme != "basic":
        return None
    pair = basic_pair(credentials)
    if pair is None:
        return None
    name, secret = pair
    with store.reading() as db:
        account = parties.account_by_name(db, name, "basic")
    hashed = _nobody() if account is None else account.secret
    return account if verifications.verify(hashed, secret) else None


def authenticate(store: Store, verifications: Verifications, headers: list[str], clock: Clock) -> Principal:
    """The principal of a request from all its Authorization headers. None at all is the
    anonymous reader; anything that does not prove an account in good standing is a 401."""
    if not headers:
        return ANONYMOUS
    if len(headers) > 1:
        raise unauthorized()
    account = account_for(store, verifications, headers[0])
    if account is None or not in_good_standing(account):
        raise unauthorized()
    with store.reading() as db:
        return as_of(db, account, clock)


def as_of(db: sqlite3.Connection, account: Account, clock: Clock) -> Principal:
    """The principal of an account: of a mere applicant, while its organization has not accepted the terms that it had
    to accept by now."""
    demanded = documents.demanded_agreements(db)
    if not demanded or account.kind == "exchange":
        return account.principal
    now = timestamps.micros(clock())
    for record, accept_by in demanded:
        # Until the newest terms have to be accepted, those before them count: new terms let nobody in again.
        if records.has_taken(db, record, "sign", account.organization):
            return account.principal
        if accept_by <= now:
            return replace(account.principal, kind="applicant")
    return account.principal


def still(db: sqlite3.Connection, principal: Principal, clock: Clock) -> Principal | None:
    """The principal as it is now, None when its account is gone or its organization out of good standing."""
    account = parties.account_by_name(db, str(principal.account))
    return None if account is None or not in_good_standing(account) else as_of(db, account, clock)
