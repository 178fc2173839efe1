"""Who is asking: Basic with an Argon2 hash, Bearer with the SHA-256 of a high-entropy key, a client certificate of TLS
with its SHA-256.

Credentials and standing are looked up in the database at every request, and again in each transaction of the request
(`guard`); only the slow part, comparing a secret with its Argon2 hash, is remembered for a minute, in memory, under a
keyed digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from isao_reference import limits, remembered
from isao_reference.errors import changed_meanwhile, other_purpose, too_many_guesses, unauthorized
from isao_reference.guesses import Guesses
from isao_reference.policy.principal import ANONYMOUS, Principal
from isao_reference.remembered import Lasting
from isao_reference.store import credentials, documents, parties, records
from isao_reference.store.credentials import Credential
from isao_reference.store.parties import Account
from isao_reference.store.sqlite import Store
from isao_reference.wire import timestamps

LOGINS = {"basic": "password", "bearer": "api-key"}
"""Which way of proving an account goes with which scheme of the Authorization header."""
KEY_PREFIX = "isao_key_"
"""Every API key that is made here begins so: scanners of source code and logs can find one that was left there."""
Clock = Callable[[], datetime]

# Secrets made here are random with 256 bits; the parameters make a guess cost about 10 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_REMEMBERED = 4096
_FOREVER = 2**62


def new_secret(way: str = "password") -> str:
    """A random secret of 256 bits, safe in a header and in a shell."""
    return (KEY_PREFIX if way == "api-key" else "") + secrets.token_urlsafe(32)


def is_bearer_token(text: str) -> bool:
    """Whether a text can be sent as a Bearer token (RFC 6750 section 2.1)."""
    return _TOKEN68.fullmatch(text) is not None


def hash_secret(way: str, secret: str) -> str:
    """What the store keeps of a password or an API key."""
    if way == "api-key":
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
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def _digest(self, hashed: str, secret: str) -> bytes:
        message = f"{len(hashed)}:{hashed}{secret}".encode()
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def remembers(self, hashed: str, secret: str) -> bool:
        """Whether this secret was found right for this hash within the last minute."""
        return self._found_right(hashed, secret) > -limits.VERIFICATION_SECONDS

    def knows(self, hashed: str, secret: str) -> bool:
        """Whether this secret was found right for this hash within the last day. It has to be found right again; but it
        is no guess."""
        return self._found_right(hashed, secret) > -limits.KNOWN_SECONDS

    def _found_right(self, hashed: str, secret: str) -> float:
        """How long ago, in seconds, as a negative number."""
        digest = self._digest(hashed, secret)
        with self._lock:
            return self._right.get(digest, -math.inf) - self._monotonic()

    def verify(self, hashed: str, secret: str) -> bool:
        """Like `matches`, but a right secret is looked at only once a minute."""
        if self.remembers(hashed, secret):
            return True
        if not matches(hashed, secret):
            return False
        digest = self._digest(hashed, secret)
        with self._lock:
            self._right[digest] = self._monotonic()
            self._right.move_to_end(digest)
            while len(self._right) > _REMEMBERED:
                self._right.popitem(last=False)
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


def claimed_name(headers: list[str]) -> str | None:
    """The account name in Basic credentials, right or wrong; None where there is none."""
    if len(headers) != 1 or len(headers[0]) > limits.MAX_CREDENTIAL_OCTETS:
        return None
    scheme, sent = split_authorization(headers[0])
    pair = basic_pair(sent) if scheme == "basic" else None
    return None if pair is None else pair[0]


@dataclass(frozen=True)
class Shown:
    """What a request brought to prove who it is: every Authorization header, and the SHA-256 of the client certificate
    of its connection, in hexadecimal digits. `address` is where it came from; `purpose` is the purpose of use
    that it names, if any."""

    headers: tuple[str, ...] = ()
    certificate: str | None = None
    address: str = ""
    purpose: str | None = None


@dataclass
class Door:
    """What an exchange remembers of those who came before, in memory only."""

    verifications: Verifications = field(default_factory=Verifications)
    guesses: Guesses = field(default_factory=Guesses)


def in_good_standing(account: Account) -> bool:
    """Whether the account's organization may use the exchange at this moment, if only as an applicant."""
    return account.standing in ("good", "applicant")


def is_usable(credential: Credential, now: int) -> bool:
    """Whether a credential counts at a moment (microseconds)."""
    return credential.state(now) == "usable"


def _of_header(store: Store, door: Door, header: str, address: str, now: int) -> Credential | None:
    """The credential that a header proves, None when it proves none and is one guess more."""
    scheme, sent = split_authorization(header)
    if len(sent) > limits.MAX_CREDENTIAL_OCTETS:
        scheme = ""
    if scheme == "bearer":
        return _of_digest(store, door, "api-key", hash_secret("api-key", sent), address)
    pair = basic_pair(sent) if scheme == "basic" else None
    if pair is not None:
        return _of_password(store, door, *pair, address, now)
    _count_guess(door, address)
    return None


def _count_guess(door: Door, address: str) -> None:
    """Counts a wrong credential that names nobody; 429 when there were too many already."""
    _require_patience(door, address)
    door.guesses.wrong(address, "")


def _require_patience(door: Door, address: str, name: str = "") -> None:
    seconds = door.guesses.wait(address, name)
    if seconds:
        raise too_many_guesses(seconds)


def _of_password(store: Store, door: Door, name: str, secret: str, address: str, now: int) -> Credential | None:
    verifications = door.verifications
    with store.reading() as db:
        found = credentials.of_account(db, name, ("password",))
    candidates = [one for one in found if is_usable(one, now)][: limits.PASSWORDS]
    if not any(verifications.knows(one.secret, secret) for one in candidates):
        _require_patience(door, address, name)  # before the comparison: it is what a flood of guesses would wear out
    # The one that is remembered comes first: the others would be compared in vain, which is the slow part.
    for one in sorted(candidates, key=lambda one: not verifications.remembers(one.secret, secret)):
        if verifications.verify(one.secret, secret):
            return one
    # A wrong guess costs the same whether the name has one password, two or none.
    for _ in range(limits.PASSWORDS - len(candidates)):
        verifications.verify(_nobody(), secret)
    door.guesses.wrong(address, name)
    return None


def _of_digest(store: Store, door: Door, way: str, digest: str, address: str) -> Credential | None:
    with store.reading() as db:
        found = credentials.by_secret(db, way, digest)
    if found is None:
        _count_guess(door, address)
    return found


def authenticate(store: Store, door: Door, shown: Shown, clock: Clock) -> Principal:
    """The principal of a request. Nothing shown at all is the anonymous reader; anything that does not prove one
    account in good standing is a 401, and so are a header and a certificate of different accounts. 429 when there were
    too many wrong credentials to look at these."""
    if not shown.headers and shown.certificate is None:
        return ANONYMOUS
    if len(shown.headers) > 1:
        raise unauthorized()
    now = timestamps.micros(clock())
    proven = [_of_header(store, door, header, shown.address, now) for header in shown.headers]
    if shown.certificate is not None:
        proven.append(_of_digest(store, door, "certificate", shown.certificate, shown.address))
    ids = tuple(one.id for one in proven if one is not None)
    with store.reading() as db:
        found = principal_of(db, ids, now, shown.purpose) if len(ids) == len(proven) else None
    if found is None:
        raise unauthorized()
    return found


def principal_of(db: sqlite3.Connection, ids: tuple[str, ...], now: int, purpose: str | None) -> Principal | None:
    """Who these credentials stand for at a moment (microseconds): None unless all of them are usable and of one
    account, whose organization is in good standing. Raises the refusal (403) of a purpose of use that one of them was
    not given for; without a purpose it is the first that all of them have."""
    asked = (parties.access_serial(db), ids, purpose)
    return remembered.principal(asked, now, lambda: _work_out(db, ids, now, purpose))


def _work_out(db: sqlite3.Connection, ids: tuple[str, ...], now: int, purpose: str | None) -> Lasting | None:
    found = [credentials.by_id(db, one) for one in ids]
    usable = [one for one in found if one is not None and is_usable(one, now)]
    accounts = {one.account for one in usable}
    if len(usable) != len(ids) or len(accounts) != 1:
        return None
    account = parties.account_by_name(db, accounts.pop())
    if account is None or not in_good_standing(account):
        return None
    purposes = [one for one in usable[0].purposes if all(one in other.purposes for other in usable)]
    if purpose not in (None, *purposes) or not purposes:
        raise other_purpose(account.name)
    principal = replace(
        _as_of(db, account, now),
        credentials=ids,
        read_only=any(one.scope == "read" for one in usable),
        purpose=purpose or purposes[0],
        groups=parties.groups_of(db, account.organization),
    )
    ends = [one.expires for one in usable if one.expires is not None]
    ends += [until for _, until in documents.demanded_agreements(db) if until > now]
    return Lasting(principal, now, min(ends, default=_FOREVER))


def _as_of(db: sqlite3.Connection, account: Account, now: int) -> Principal:
    """The principal of an account: of a mere applicant, while its organization has not accepted the terms that it had
    to accept by now."""
    demanded = documents.demanded_agreements(db)
    if not demanded or account.kind == "exchange":
        return account.principal
    for record, accept_by in demanded:
        # Until the newest terms have to be accepted, those before them count: new terms let nobody in again.
        if records.has_taken(db, record, "sign", account.organization):
            return account.principal
        if accept_by <= now:
            return replace(account.principal, kind="applicant")
    return account.principal


def still(db: sqlite3.Connection, principal: Principal, clock: Clock) -> Principal | None:
    """The principal as it is now; None when a credential that it came with, its account or its organization's good
    standing is gone."""
    return principal_of(db, principal.credentials, timestamps.micros(clock()), principal.purpose)


def guard(principal: Principal, clock: Clock) -> Callable[[sqlite3.Connection], None]:
    """What each transaction of a request begins with: 401 when the principal has lost its access since the request was
    authenticated, 503 when its rights have changed, so that the request is sent again and judged by the new ones."""

    def check(db: sqlite3.Connection) -> None:
        if principal.anonymous:
            return
        now = still(db, principal, clock)
        if now is None:
            raise unauthorized()
        if now != principal:
            raise changed_meanwhile()

    return check
