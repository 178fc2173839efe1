"""The demonstration exchange: the scenario in a database, its actors' credentials, a target file, a server.

Building the database is the slow part and does not depend on the address; it can be done once
(`prepare`) and copied. Publishing documents and writing the target file ties a copy to its address.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from isao_reference import identity, scenario, server, setup
from isao_reference.app import create_app
from isao_reference.audit import heads
from isao_reference.settings import Settings, utc_now
from isao_reference.store.sqlite import Store
from isao_reference.tls import CertificateFiles, issue_loopback_certificate, write_private

READ = ("community", "library", "advisories")
WRITE = ("workbench", "dropbox")
PROFILES = ("taxii-server", "exchange")
TITLE = "Northern Lakes ISAO (fictional demonstration exchange)"
MAX_CONTENT_LENGTH = 1024 * 1024
"""Octets, less than an exchange takes by default, so that a client can try the limit without sending much."""


@dataclass(frozen=True)
class Actor:
    """An account of the demonstration, or a further key of one, with its secret; `auth` is basic or bearer."""

    name: str
    organization: str
    auth: str
    secret: str


@dataclass(frozen=True)
class Prepared:
    """A database file that holds the scenario, closed and fit for copying, and the secrets of its actors."""

    database: Path
    actors: Mapping[str, Actor]


@dataclass(frozen=True)
class Demo:
    """A demonstration exchange that is being served. `base_url` ends with a slash."""

    base_url: str
    settings: Settings
    target_file: Path
    certificate: CertificateFiles | None
    actors: Mapping[str, Actor]


def prepare(database: Path) -> Prepared:
    """Create the exchange of the scenario in a new file, with fresh secrets for all actors.

    Raises SetupError when something in the file is already there, RuntimeError when the exchange
    refuses an object of the scenario.
    """
    story = scenario.load()
    with closing(setup.open_store(database)) as store:
        for organization in story.organizations:
            setup.create_organization(
                store, organization.id, organization.name, organization.kind, organization.standing
            )
            if organization.identity is not None:
                setup.add_identity(store, organization.id, organization.identity)
        for group in story.groups:
            setup.create_group(store, group.id, group.title)
            for member in group.organizations:
                setup.set_in_group(store, group.id, member, True)
        actors = {
            account.name: Actor(
                account.name,
                account.organization,
                account.auth,
                setup.create_account(store, account.name, account.organization, account.role, auth=account.auth),
            )
            for account in story.accounts
        }
        actors |= {lent.actor: _further(store, lent, actors[lent.account]) for lent in story.credentials}
        for root in story.api_roots:
            setup.create_api_root(store, root.name, root.title, root.description, root.max_content_length)
        for collection in story.collections:
            setup.create_collection(
                store,
                collection.title,
                id=collection.id,
                alias=collection.alias,
                readers=collection.readers,
                writers=collection.writers,
                description=collection.description,
                api_root=collection.api_root,
            )
        for contribution in story.contributions:
            outcomes = setup.ingest(
                store,
                contribution.collection,
                [json.dumps(item, ensure_ascii=False).encode() for item in contribution.objects],
                contribution.account,
                default_label=contribution.default_tlp,
                reviewed_by=contribution.reviewed_by,
            )
            refused = [f"{outcome.id}: {outcome.why}" for outcome in outcomes if not outcome.ok]
            if refused:
                raise RuntimeError(f"the exchange refused objects of the scenario: {'; '.join(refused)}")
    return Prepared(database, actors)


def _further(store: Store, lent: scenario.Credential, account: Actor) -> Actor:
    """A further key of an account, already expired or revoked if the scenario says so."""
    before = utc_now() - timedelta(days=2)
    handed = identity.add_credential(
        store,
        lent.account,
        "api-key",
        scope=lent.scope,
        purposes=lent.purposes,
        expires=before + timedelta(days=1) if lent.state == "expired" else None,
        clock=lambda: before,
    )
    if lent.state == "revoked":
        identity.revoke(store, handed.id)
    return Actor(lent.actor, account.organization, "bearer", str(handed.secret))


def publish(settings: Settings) -> None:
    """Store the capability document, the policies and security.txt for `settings.public_url`."""
    now = settings.clock()
    base = settings.public_url
    urls = {policy.file: f"{base}policies/{policy.file}" for policy in scenario.load().policies}
    with closing(setup.open_store(settings.database)) as store:
        for policy in scenario.load().policies:
            setup.set_policy_document(store, policy.file, policy.text, "text/markdown; charset=utf-8")
        key = heads.public_key(store.audit_key)
        setup.set_capability_document(store, scenario.capability_document(base, urls, now.date(), key))
        disclosure = urls["vulnerability-disclosure.md"]
        setup.set_security_txt(store, scenario.security_txt(base, disclosure, now).encode())


def write_target(path: Path, folder: Path, base_url: str, actors: Mapping[str, Actor], authority: Path | None) -> None:
    """Write a target file, and the credentials it names as owner-only files into `folder` (absolute).

    `authority` is the certificate to trust, None for plain HTTP. Raises OSError.
    """
    collections = {
        collection.alias: f"{base_url}{collection.api_root}/collections/{collection.id}/"
        for collection in scenario.load().collections
    }
    identities = {one.id: one.identity for one in scenario.load().organizations}
    lines = [
        "# Target file of the demonstration exchange; its organizations are fictional.",
        'schema = "isao-target/1"',
        f"name = {_toml(TITLE)}",
        f"base_url = {_toml(base_url)}",
        f"origins = {_toml([base_url.rstrip('/')])}",
        f"profiles = {_toml(list(PROFILES))}",
        "",
        "[taxii]",
        f"discovery = {_toml(base_url + scenario.DISCOVERY_PATH)}",
        f"read = {_toml([collections[alias] for alias in READ])}",
        f"write = {_toml([collections[alias] for alias in WRITE])}",
        "may_delete = true",
        "",
        "[functions]",
        "may_decide = true",
    ]
    if authority is not None:
        lines += ["", "[tls]", f"ca_file = {_toml(str(authority.absolute()))}"]
    for actor in actors.values():
        lines += ["", f"[actors.{actor.name}]", f"auth = {_toml(actor.auth)}"]
        if actor.auth == "basic":
            lines.append(f"username_file = {_toml(_credential(folder, f'{actor.name}.username', actor.name))}")
        lines.append(f"secret_file = {_toml(_credential(folder, f'{actor.name}.secret', actor.secret))}")
        lines.append(f"organization = {_toml(actor.organization)}")
        if identities[actor.organization] is not None:
            lines.append(f"identity = {_toml(str(identities[actor.organization]))}")
        groups = [one.id for one in scenario.load().groups if actor.organization in one.organizations]
        if groups:
            lines.append(f"groups = {_toml(groups)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def demo_exchange(
    folder: Path,
    port: int = 0,
    plain_http: bool = False,
    target_file: Path | None = None,
    *,
    prepared: Prepared | None = None,
    certificate: CertificateFiles | None = None,
    wrap: Callable[[Any], Any] | None = None,
    page_limit: int | None = None,
) -> Iterator[Demo]:
    """Serve the demonstration on 127.0.0.1 and `port` (0: any free one) while the block runs.

    `folder` gets the database, the certificate and the credentials; the caller removes it. `prepared` and
    `certificate` are used instead of new ones; `wrap` goes around the application; `page_limit` is the
    page size and the most a client may ask for.

    Raises OSError when the port is taken, ServerFault when the server does not start.
    """
    with closing(server.bind("127.0.0.1", port)) as listener:
        database = folder / "exchange.sqlite"
        if prepared is None:
            actors = prepare(database).actors
        else:
            shutil.copyfile(prepared.database, database)
            actors = prepared.actors
        if plain_http:
            certificate = None
        elif certificate is None:
            certificate = issue_loopback_certificate(folder)
        base_url = server.base_url(listener, tls=certificate is not None)
        settings = Settings(database=database, public_url=base_url, title=TITLE, max_content_length=MAX_CONTENT_LENGTH)
        if page_limit is not None:
            settings = replace(settings, page_limit=page_limit, page_limit_max=page_limit)
        publish(settings)
        target = target_file or folder / "target.toml"
        authority = certificate.authority if certificate else None
        write_target(target, folder.absolute(), base_url, actors, authority)
        app = create_app(settings)
        with server.running(wrap(app) if wrap else app, certificate=certificate, listener=listener):
            yield Demo(base_url, settings, target, certificate, actors)


def _credential(folder: Path, name: str, value: str) -> str:
    path = folder / name
    write_private(path, value.encode())
    return str(path)


def _toml(value: str | list[str]) -> str:
    """TOML and JSON write strings and lists of strings alike."""
    return json.dumps(value, ensure_ascii=False)
