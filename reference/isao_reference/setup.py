"""What an operator does to an exchange from outside HTTP: organizations, accounts, collections,
loading, documents. The command line, the demonstration and the tests call this and nothing else.

Every function raises SetupError with a sentence a person can act on.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from isao_reference import auth, limits
from isao_reference.audit import trail
from isao_reference.audit.record import Draft
from isao_reference.functions import engine, review_desk
from isao_reference.policy import audience, tlp
from isao_reference.policy.audience import Contributor
from isao_reference.policy.principal import ORGANIZATION_KINDS, READER_CLASSES, ROLES, STANDINGS
from isao_reference.settings import Settings, utc_now
from isao_reference.store import api_roots, collections, credentials, documents, events, identities, items, parties
from isao_reference.store.api_roots import ApiRoot
from isao_reference.store.collections import Collection
from isao_reference.store.credentials import Credential
from isao_reference.store.parties import Account
from isao_reference.store.sqlite import Store
from isao_reference.taxii import intake
from isao_reference.taxii.intake import Outcome
from isao_reference.wire import envelope, json_reader, media_types, timestamps
from isao_reference.wire.envelope import Submitted
from isao_reference.wire.json_reader import JsonFault

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_TAKEN_PATHS = (api_roots.FIRST, "taxii2", "policies", "functions")
_IDENTITY = re.compile(r"identity--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_DOCUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class SetupError(ValueError):
    """The operator asked for something that cannot be; the message says what to change."""


def open_store(path: Path | str) -> Store:
    """Opens the database file, creating it when it is not there."""
    return Store(Path(path))


def one_of(what: str, value: str, allowed: Sequence[str]) -> None:
    """Refuses a value that is none of those allowed."""
    if value not in allowed:
        raise SetupError(f"{what} {value!r} is none of {', '.join(allowed)}")


def _slug(what: str, value: str) -> None:
    if _SLUG.fullmatch(value) is None:
        raise SetupError(f"{what} {value!r} is not lower case letters, digits and hyphens")


def create_organization(store: Store, id: str, name: str, kind: str, standing: str = "good") -> None:
    """Adds an organization. `kind`: exchange, member, peer or government; `standing`: good,
    applicant (waits to be let in), suspended or former. Accounts of the last two cannot log in."""
    _slug("organization id", id)
    one_of("organization kind", kind, ORGANIZATION_KINDS)
    one_of("standing", standing, STANDINGS)
    try:
        with trail.command(store, "add-organization", organization=id, kind=kind, standing=standing) as db:
            parties.insert_organization(db, id, name, kind, standing)
    except sqlite3.IntegrityError:
        raise SetupError(f"there is already an organization {id!r}") from None


def set_standing(store: Store, organization: str, standing: str) -> None:
    """Changes an organization's standing; it counts from the next request on."""
    one_of("standing", standing, STANDINGS)
    with trail.command(store, "set-standing", organization=organization, standing=standing) as db:
        if not parties.update_standing(db, organization, standing):
            raise SetupError(f"there is no organization {organization!r}")


def create_account(
    store: Store,
    name: str,
    organization: str,
    role: str,
    auth: str = "basic",
    secret: str | None = None,
    expires: datetime | None = None,
) -> str:
    """Adds an account with its first credential and returns the secret of that, a fresh random one unless given. The
    store keeps only a hash. `auth`: basic (name and password) or bearer (an API key alone is sent).
    The credential is usable until `expires`; `identity` has all the rest about credentials."""
    return _create_account(store, name, organization, role, auth, secret, expires)


def _create_account(
    store: Store, name: str, organization: str, role: str, scheme: str, secret: str | None, expires: datetime | None
) -> str:
    _slug("account name", name)
    one_of("role", role, ROLES)
    one_of("auth", scheme, tuple(auth.LOGINS))
    way = auth.LOGINS[scheme]
    chosen = auth.new_secret(way) if secret is None else secret
    check_secret(way, chosen)
    first = Credential(
        new_credential_id(),
        name,
        way,
        auth.hash_secret(way, chosen),
        expires=None if expires is None else timestamps.micros(expires),
        created=timestamps.micros(utc_now()),
    )
    concerns = {"account": name, "organization": organization, "role": role, "credential": first.id, "way": way}
    try:
        with trail.command(store, "add-account", **concerns) as db:
            kind = parties.organization_kind(db, organization)
            if kind is None:
                raise SetupError(f"there is no organization {organization!r}")
            if role != "member" and kind != "exchange":
                raise SetupError(f"only accounts of an exchange organization can be {role}")
            parties.insert_account(db, name, organization, role)
            credentials.insert_credential(db, first)
    except sqlite3.IntegrityError:
        raise SetupError(
            f"there is already an account {name!r} (or was one), or a credential with this secret"
        ) from None
    return chosen


def new_credential_id() -> str:
    """A random id for a credential; it is shown to people, and no secret."""
    return secrets.token_hex(8)


def check_secret(way: str, secret: str) -> None:
    """Refuses what cannot be sent as a password or an API key."""
    if not secret or len(secret.encode()) > 1024 or not secret.isprintable():
        raise SetupError("a secret is 1 to 1024 octets of printable characters")
    if way == "api-key" and not auth.is_bearer_token(secret):
        raise SetupError("a bearer secret is letters, digits and -._~+/ (RFC 6750)")


def add_identity(store: Store, organization: str, identity: str) -> None:
    """Registers a STIX identity id as an organization's: from now on nobody else speaks in its name, and what the
    organization says in it goes before what others have said under the same ids."""
    if _IDENTITY.fullmatch(identity) is None:
        raise SetupError(f"{identity!r} is not the id of a STIX identity: identity-- and a lower case UUID")
    try:
        with trail.command(store, "add-identity", organization=organization, identity=identity) as db:
            if parties.organization_kind(db, organization) is None:
                raise SetupError(f"there is no organization {organization!r}")
            identities.register(db, identity, organization)
    except sqlite3.IntegrityError:
        raise SetupError(f"{identity} is registered already") from None


def create_api_root(
    store: Store, name: str, title: str, description: str = "", max_content_length: int = limits.MAX_CONTENT_LENGTH
) -> None:
    """Adds an API root at `/NAME/` (TAXII 2.1 section 4.2), served from the next start on."""
    _slug("API root", name)
    if name in _TAKEN_PATHS:
        raise SetupError(f"the path /{name}/ serves something else")
    if not 1 <= max_content_length <= limits.MAX_CONTENT_LENGTH:
        raise SetupError(f"max_content_length is 1 to {limits.MAX_CONTENT_LENGTH} octets")
    try:
        with trail.command(store, "add-api-root", api_root=name) as db:
            api_roots.insert_api_root(db, ApiRoot(name, title, description, max_content_length))
    except sqlite3.IntegrityError:
        raise SetupError(f"there is already an API root {name!r}") from None


def create_collection(
    store: Store,
    title: str,
    id: str | None = None,
    alias: str | None = None,
    readers: Iterable[str] = (),
    writers: Iterable[str] = (),
    media_types: Sequence[str] = (media_types.STIX_21, media_types.STIX_20),
    description: str = "",
    api_root: str = api_roots.FIRST,
    label: str = "",
) -> str:
    """Adds a collection and returns its id, a fresh UUIDv4 unless given (TAXII 2.1 section 5.2.1).
    `readers` and `writers` are classes: public, members, peers, government, analysts. Whatever lies in it counts at
    least as `label`, a TLP label, when there is one."""
    identifier = id or str(uuid.uuid4())
    try:
        parsed = uuid.UUID(identifier)
    except ValueError:
        raise SetupError(f"collection id {identifier!r} is not a UUID") from None
    if str(parsed) != identifier or parsed.version != 4:
        raise SetupError(f"collection id {identifier!r} is not a lower case version 4 UUID")
    if alias is not None:
        _slug("collection alias", alias)
    classes = (tuple(readers), tuple(writers))
    collection = Collection(0, api_root, identifier, alias, title, description, tuple(media_types), *classes, label)
    if label:
        one_of("label", label, tlp.TLP_LABELS)
    for name in collection.readers:
        one_of("reader class", name, READER_CLASSES)
    for name in collection.writers:
        one_of("writer class", name, READER_CLASSES[1:])
    try:
        grants = {"readers": list(collection.readers), "writers": list(collection.writers), "label": label}
        with trail.command(store, "add-collection", collection=identifier, api_root=api_root, **grants) as db:
            if api_root not in (api_roots.FIRST, *(root.name for root in api_roots.further_api_roots(db))):
                raise SetupError(f"there is no API root {api_root!r}")
            if alias is not None and collections.by_id_or_alias(db, alias) is not None:
                raise SetupError(f"there is already a collection {alias!r}")
            collections.insert_collection(db, collection)
    except sqlite3.IntegrityError:
        raise SetupError(f"there is already a collection {identifier!r}") from None
    return identifier


def create_group(store: Store, identifier: str, title: str) -> None:
    """Adds a sharing group, with nobody in it."""
    _slug("group", identifier)
    try:
        with trail.command(store, "add-group", group=identifier) as db:
            parties.insert_group(db, identifier, title)
    except sqlite3.IntegrityError:
        raise SetupError(f"there is already a group {identifier!r}") from None


def set_in_group(store: Store, group: str, organization: str, belongs: bool) -> None:
    """Puts an organization into a group, or takes it out; from its next answer on."""
    try:
        what = "add-to-group" if belongs else "take-from-group"
        with trail.command(store, what, group=group, organization=organization) as db:
            parties.set_in_group(db, group, organization, belongs)
    except sqlite3.IntegrityError:
        raise SetupError(f"there is no group {group!r}, or no organization {organization!r}") from None


def _submitted(raw: bytes) -> Submitted:
    try:
        return Submitted(raw.strip(), json_reader.read(raw, envelope.OBJECT_DEPTH))
    except JsonFault as fault:
        return Submitted(b"", None, str(fault))


def ingest(
    store: Store,
    collection_id: str,
    raw_objects: Iterable[bytes],
    account: str,
    default_label: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    *,
    strict: bool = True,
    reviewed_by: str | None = None,
    review: bool = False,
) -> list[Outcome]:
    """Stores a batch of STIX objects, each given as its JSON bytes, in one transaction, as if
    `account` had posted them; one outcome (id, version, ok, why) an object, in order.

    `default_label` is the operator's assertion for unlabelled objects; without it they get the
    exchange's published default. Statement markings are known when they are in the same batch
    or were stored before, so load a marking definition no later than what it marks. Without
    `strict` objects are taken that break a MUST of STIX. `reviewed_by` is the account that answers for the label; it is
    kept in the audit log together with it. With `review` what a privacy review finds is set aside as it is over TAXII;
    without it the operator answers for the objects.
    """
    if default_label is not None:
        one_of("label", default_label, tlp.TLP_LABELS)
    submitted = [_submitted(raw) for raw in raw_objects]
    found_in = review_desk.look(submitted) if review else []
    concerns = {"collection": collection_id, "contributor": account}
    if default_label is not None:
        concerns |= {"label": default_label, "reviewed_by": reviewed_by or account}
    draft = Draft("operate", "load", details={"concerns": concerns})
    with trail.recorded(store, draft, clock) as db:
        collection = collections.by_id_or_alias(db, collection_id)
        if collection is None:
            raise SetupError(f"there is no collection {collection_id!r}")
        found = parties.account_by_name(db, account)
        if found is None:
            raise SetupError(f"there is no account {account!r}")
        contributor = Contributor(found.name, found.organization, found.kind)
        now = timestamps.micros(clock())
        if review:
            own = Settings(store.path, clock=clock)
            outcomes = review_desk.receive(own, db, collection, submitted, contributor, now, found_in, default_label)
        else:
            outcomes = intake.take(db, collection, submitted, contributor, now, default_label, strict=strict)
        taken = [one.id for one in outcomes if one.ok]
        draft.take(taken, refused=len(outcomes) - len(taken))
        return outcomes


def _digest(name: str, body: bytes) -> dict[str, str]:
    return {"name": name, "sha256": hashlib.sha256(body).hexdigest()}


def set_capability_document(store: Store, document: Mapping[str, Any]) -> None:
    """Serves `document` at /.well-known/isao.json and follows the distribution map in it: items
    already stored are distributed anew by it. Refuses a map wider than TLP 2.0 allows."""
    declared = document.get("distribution", {})
    labels = declared.get("labels", audience.DEFAULT_DISTRIBUTION)
    default_label = declared.get("default_label", audience.DEFAULT_LABEL)
    one_of("default label", default_label, tlp.ORDER[2:5])
    try:
        audience.check_distribution(labels)
    except ValueError as fault:
        raise SetupError(str(fault)) from None
    body = json.dumps(document, ensure_ascii=False, indent=2).encode()
    with trail.command(store, "publish", **_digest("isao.json", body)) as db:
        before, _ = documents.policy_settings(db)
        documents.put_document(db, documents.CAPABILITY, "application/json", body)
        documents.set_policy_settings(db, labels, default_label)
        if {name: sorted(who) for name, who in before.items()} != {n: sorted(w) for n, w in labels.items()}:
            try:
                items.redistribute(db, labels)
                engine.redistribute(db)
                events.forget_all(db)
            except sqlite3.IntegrityError:
                raise SetupError("the map would merge two different items of one contributor") from None


def set_policy_document(store: Store, name: str, body: bytes, media_type: str = "text/plain; charset=utf-8") -> None:
    """Serves `body` at /policies/NAME; replaces an earlier document of that name."""
    if _DOCUMENT.fullmatch(name) is None:
        raise SetupError(f"document name {name!r} is not letters, digits, dots, hyphens")
    with trail.command(store, "publish", **_digest(f"policies/{name}", body)) as db:
        documents.put_document(db, f"policies/{name}", media_type, body)


def set_security_txt(store: Store, body: bytes) -> None:
    """Serves `body` at /.well-known/security.txt (RFC 9116)."""
    with trail.command(store, "publish", **_digest("security.txt", body)) as db:
        documents.put_document(db, "security.txt", "text/plain; charset=utf-8", body)


def list_accounts(store: Store) -> list[Account]:
    """Every account with its organization's kind and standing, by name."""
    with store.reading() as db:
        return parties.all_accounts(db)
