"""What an operator does about accounts and their credentials once they are there: more of them, fewer, newer ones.

Every change counts from the next answer of a running exchange on. Every function raises SetupError with a sentence a
person can act on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from isao_reference import auth, limits, setup
from isao_reference.audit import trail
from isao_reference.policy.principal import PURPOSES, ROLES
from isao_reference.settings import utc_now
from isao_reference.setup import SetupError
from isao_reference.store import credentials, parties
from isao_reference.store.credentials import DEFAULT_PURPOSES, SCOPES, WAYS, Credential
from isao_reference.store.sqlite import Store
from isao_reference.wire import timestamps

Clock = Callable[[], datetime]
OVERLAP = timedelta(hours=24)
"""How long a credential stays good beside the one that takes its place, unless told otherwise."""


@dataclass(frozen=True)
class Handed:
    """A credential as it is handed over: `secret` is shown this once, and None for a certificate."""

    id: str
    secret: str | None


@dataclass(frozen=True)
class ClientCertificate:
    """What is kept of a client certificate: its SHA-256 in hexadecimal digits, and when it ends (UTC)."""

    sha256: str
    expires: datetime


def read_certificate(file: Path) -> ClientCertificate:
    """The first certificate of a PEM file."""
    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as fault:
        raise SetupError(f"{file}: is no certificate in PEM form that can be read ({fault})") from None
    return ClientCertificate(found.fingerprint(hashes.SHA256()).hex(), found.not_valid_after_utc)


def _earlier(one: datetime | None, certificate: ClientCertificate | None) -> datetime | None:
    """When something ends that ends at `one`, and with its certificate if it has one."""
    if certificate is None:
        return one
    return certificate.expires if one is None else min(one, certificate.expires)


def add_credential(
    store: Store,
    account: str,
    way: str,
    *,
    secret: str | None = None,
    certificate: ClientCertificate | None = None,
    scope: str = "read-write",
    purposes: Iterable[str] = DEFAULT_PURPOSES,
    not_before: datetime | None = None,
    expires: datetime | None = None,
    clock: Clock = utc_now,
) -> Handed:
    """Adds a credential to an account: a password, an api-key (fresh random ones unless given) or a certificate, which
    ends at the latest when the certificate does. `scope` is read or read-write."""
    setup.one_of("way", way, WAYS)
    setup.one_of("scope", scope, SCOPES)
    if (way == "certificate") != (certificate is not None):
        raise SetupError("a certificate goes with the way `certificate`, and with no other")
    moment = clock()
    end = _earlier(expires, certificate)
    if end is not None and end <= max(moment, not_before or moment):
        raise SetupError("a credential ends after it begins, and after now")
    chosen = None
    if certificate is not None:
        kept = certificate.sha256
    else:
        chosen = auth.new_secret(way) if secret is None else secret
        setup.check_secret(way, chosen)
        kept = auth.hash_secret(way, chosen)
    made = Credential(
        setup.new_credential_id(),
        account,
        way,
        kept,
        scope,
        tuple(dict.fromkeys(purposes)),
        None if not_before is None else timestamps.micros(not_before),
        None if end is None else timestamps.micros(end),
        created=timestamps.micros(moment),
    )
    if not made.purposes:
        raise SetupError("a credential is for one purpose of use or more")
    for one in made.purposes:
        setup.one_of("purpose of use", one, PURPOSES)
    _insert(store, made)
    return Handed(made.id, chosen)


def _insert(store: Store, made: Credential, ends: tuple[str, int] | None = None) -> None:
    """Adds a credential, and lets another one end (its id, and when), in one transaction."""
    concerns = {"account": made.account, "credential": made.id, "way": made.way, "scope": made.scope}
    concerns |= {} if ends is None else {"instead_of": ends[0]}
    try:
        with trail.command(store, "add-credential", **concerns) as db:
            _require_account(db, made.account)
            if ends is not None:
                credentials.expire(db, *ends)
            credentials.insert_credential(db, made)
            _require_few_passwords(db, made)
    except sqlite3.IntegrityError:
        raise SetupError("there is already a credential with this secret") from None


def _require_account(db: sqlite3.Connection, name: str) -> None:
    if parties.account_by_name(db, name) is None:
        raise SetupError(f"there is no account {name!r}")


def _require_few_passwords(db: sqlite3.Connection, made: Credential) -> None:
    """Each usable password is compared at every login with a name, so there are few."""
    if made.way != "password":
        return
    others = credentials.of_account(db, made.account, ("password",))
    if sum(one.state(made.created) in ("usable", "not yet valid") for one in others) > limits.PASSWORDS:
        raise SetupError(f"an account has at most {limits.PASSWORDS} passwords; revoke one, or wait until one expires")


def rotate(
    store: Store,
    account: str,
    credential: str | None = None,
    *,
    overlap: timedelta = OVERLAP,
    certificate: ClientCertificate | None = None,
    expires: datetime | None = None,
    clock: Clock = utc_now,
) -> Handed:
    """Adds a credential that is as good as an old one, and lets the old one end after `overlap`.

    Without `credential` it is the only usable one of the account. The new one lasts until `expires`, or as long from
    now on as the old one was made to last.
    """
    moment = clock()
    now = timestamps.micros(moment)
    with store.reading() as db:
        _require_account(db, account)
        usable = [one for one in credentials.of_account(db, account) if one.state(now) == "usable"]
    if credential is not None:
        usable = [one for one in usable if one.id == credential]
    if not usable:
        raise SetupError(f"account {account!r} has no usable credential{f' {credential}' if credential else ''}")
    if len(usable) > 1:
        raise SetupError(f"account {account!r} has several; name one of {', '.join(one.id for one in usable)}")
    (old,) = usable
    if (old.way == "certificate") != (certificate is not None):
        raise SetupError("a certificate is followed by another certificate, and nothing else is")
    chosen = None if certificate is not None else auth.new_secret(old.way)
    if expires is None and old.expires is not None and certificate is None:
        expires = moment + timedelta(microseconds=old.expires - old.created)
    end = _earlier(expires, certificate)
    if end is not None and end <= moment:
        raise SetupError("a credential ends after now")
    made = replace(
        old,
        id=setup.new_credential_id(),
        secret=certificate.sha256 if certificate is not None else auth.hash_secret(old.way, str(chosen)),
        not_before=None,
        expires=None if end is None else timestamps.micros(end),
        created=now,
    )
    _insert(store, made, (old.id, now + int(overlap / timedelta(microseconds=1))))
    return Handed(made.id, chosen)


def revoke(store: Store, credential: str, clock: Clock = utc_now) -> None:
    """Ends a credential for good, at once."""
    with trail.command(store, "revoke-credential", credential=credential) as db:
        if not credentials.revoke(db, credential, timestamps.micros(clock())):
            raise SetupError(f"there is no credential {credential!r}")


def remove_account(store: Store, name: str, clock: Clock = utc_now) -> None:
    """Removes an account for good, at once. What it contributed stays, and nobody else can ever take its name."""
    with trail.command(store, "remove-account", account=name) as db:
        if not parties.remove_account(db, name, timestamps.micros(clock())):
            raise SetupError(f"there is no account {name!r}")


def set_role(store: Store, name: str, role: str) -> None:
    """Gives an account another role; analysts and operators are of an exchange organization only."""
    setup.one_of("role", role, ROLES)
    with trail.command(store, "set-role", account=name, role=role) as db:
        found = parties.account_by_name(db, name)
        if found is None:
            raise SetupError(f"there is no account {name!r}")
        if role != "member" and found.kind != "exchange":
            raise SetupError(f"only accounts of an exchange organization can be {role}")
        parties.update_role(db, name, role)


def list_credentials(store: Store, clock: Clock = utc_now) -> list[tuple[Credential, str]]:
    """Every credential of an account that is there, with its state now, by account, newest first."""
    now = timestamps.micros(clock())
    with store.reading() as db:
        there = {one.name for one in parties.all_accounts(db)}
        return [(one, one.state(now)) for one in credentials.all_credentials(db) if one.account in there]
