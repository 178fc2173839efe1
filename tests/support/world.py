"""A small exchange for tests: organizations of every kind, one account or two each, a clock that
ticks a millisecond at every look, and helpers to make STIX objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isao_reference import setup
from isao_reference.allowances import Allowance
from isao_reference.app import create_app
from isao_reference.policy.handling import EXTENSION
from isao_reference.settings import Settings
from tests.support.asgi import Client, basic

ROOT = "/exchange/"
OPEN = "11111111-1111-4111-8111-111111111111"
PUBLIC = "22222222-2222-4222-8222-222222222222"
LIBRARY = "33333333-3333-4333-8333-333333333333"
DROPBOX = "44444444-4444-4444-8444-444444444444"

TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
ACCOUNTS = {
    "operator": ("exchange", "operator", "basic"),
    "analyst": ("exchange", "analyst", "basic"),
    "member-a": ("north", "member", "basic"),
    "member-a2": ("north", "member", "bearer"),
    "member-b": ("south", "member", "basic"),
    "peer": ("lakeside", "member", "bearer"),
    "government": ("office", "member", "bearer"),
    "ex-member": ("old", "member", "basic"),
}
ORGANIZATIONS = {
    "exchange": "exchange",
    "north": "member",
    "south": "member",
    "lakeside": "peer",
    "office": "government",
    "old": "member",
}


@dataclass
class Clock:
    """Time that moves only when it is looked at, `step` microseconds each time."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    step: int = 1000

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=self.step)
        return self.now


@dataclass
class World:
    """A running exchange and its clients by account name; `stranger` sends no credentials."""

    settings: Settings
    app: Any
    clients: dict[str, Client] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def as_(self, account: str) -> Client:
        """The client of an account."""
        return self.clients[account]

    @property
    def store(self) -> Any:
        """The open store of the application."""
        return self.app.state.store

    def share(self, account: str, *objects: dict[str, Any], collection: str = OPEN) -> dict[str, Any]:
        """Posts objects that have to be taken; the status."""
        answer = self.as_(account).post(objects_url(collection), {"objects": list(objects)})
        assert answer.status == 202, answer.body
        status: dict[str, Any] = answer.json
        assert status["failure_count"] == 0, status
        return status

    def seen(self, account: str, query: str = "", collection: str = OPEN) -> list[tuple[str, str]]:
        """(id, version) of every object the account gets, walking all pages with next."""
        found: list[tuple[str, str]] = []
        token = ""
        while True:
            answer = self.as_(account).get(objects_url(collection), query=query + token)
            assert answer.status == 200, answer.body
            found += [(one["id"], version_of(one)) for one in answer.json.get("objects", [])]
            if not answer.json.get("more"):
                return found
            token = f"&next={answer.json['next']}"

    def add(self, account: str, organization: str, kind: str = "member", standing: str = "good") -> Client:
        """An account of an organization, which is added when it is new; the client of it."""
        with self.store.reading() as db:
            known = db.execute("SELECT 1 FROM organizations WHERE id = ?", (organization,)).fetchone()
        if known is None:
            setup.create_organization(self.store, organization, organization.title(), kind, standing)
        secret = setup.create_account(self.store, account, organization, "member", auth="bearer")
        self.secrets[account] = secret
        self.clients[account] = self.as_("stranger").as_(f"Bearer {secret}")
        return self.clients[account]

    def add_applicant(self, account: str = "applicant", organization: str = "newcomer") -> Client:
        """An account of an organization that waits to be let in."""
        return self.add(account, organization, standing="applicant")

    def close(self) -> None:
        """Ends the loop and the store."""
        self.clients["stranger"].close()
        self.store.close()


def collection_url(collection: str = OPEN) -> str:
    """The address of a collection."""
    return f"{ROOT}collections/{collection}/"


def objects_url(collection: str = OPEN) -> str:
    """The address of a collection's objects."""
    return collection_url(collection) + "objects/"


def object_url(identifier: str, collection: str = OPEN) -> str:
    """The address of one object."""
    return f"{objects_url(collection)}{identifier}/"


def version_of(value: dict[str, Any]) -> str:
    """modified, else created, else nothing."""
    return str(value.get("modified", value.get("created", "")))


def stamp(number: int) -> str:
    """The timestamp of version `number`: a later number is a later time."""
    return (datetime(2024, 1, 1) + timedelta(hours=number)).isoformat(timespec="milliseconds") + "Z"


def marking(**said: Any) -> dict[str, Any]:
    """A marking definition with the handling extension."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": stamp(0),
        "extensions": {EXTENSION: {"extension_type": "property-extension", **said}},
    }


def indicator(version: int = 0, *, id: str | None = None, marks: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """An indicator; `marks` are labels of TLP 2.0 or marking ids."""
    value: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": id or f"indicator--{uuid.uuid4()}",
        "created": stamp(0),
        "modified": stamp(version),
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": stamp(0),
    }
    if marks:
        value["object_marking_refs"] = [TLP.get(mark, mark) for mark in marks]
    return value | more


def old_form(value: dict[str, Any]) -> dict[str, Any]:
    """The same object in the STIX 2.0 form, which has labels and knows no pattern types."""
    new = ("spec_version", "pattern_type")
    return {name: member for name, member in value.items() if name not in new} | {"labels": ["malicious-activity"]}


def prepare(database: Path) -> dict[str, str]:
    """Fills an empty database; the secrets by account."""
    store = setup.open_store(database)
    for identifier, kind in ORGANIZATIONS.items():
        setup.create_organization(store, identifier, identifier.title(), kind)
    secrets = {
        name: setup.create_account(store, name, organization, role, auth=auth)
        for name, (organization, role, auth) in ACCOUNTS.items()
    }
    setup.set_standing(store, "old", "former")
    everyone = ["members", "peers", "government"]
    setup.create_collection(store, "Open", id=OPEN, alias="open", readers=everyone, writers=["members", "peers"])
    setup.create_collection(
        store, "Public", id=PUBLIC, alias="news", readers=["public", *everyone], writers=["members"]
    )
    setup.create_collection(store, "Library", id=LIBRARY, readers=["members"], writers=[])
    setup.create_collection(store, "Dropbox", id=DROPBOX, readers=["analysts"], writers=["members"])
    store.close()
    return secrets


UNBOUNDED = Allowance(1e15, 1.0)


@cache
def prepared() -> tuple[bytes, dict[str, str]]:
    """The octets of a filled database and its secrets, made once: hashing secrets takes time."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "exchange.sqlite"
        secrets = prepare(database)
        return database.read_bytes(), secrets


@contextmanager
def world(folder: Path, **settings: Any) -> Iterator[World]:
    """An exchange in a folder; settings replace the defaults. Nobody has written too much: what is refused is refused
    for what a test is about."""
    database = folder / "exchange.sqlite"
    content, secrets = prepared()
    database.write_bytes(content)
    settings.setdefault("clock", Clock())
    for one in ("writes", "written"):
        settings.setdefault(one, UNBOUNDED)
    made = World(Settings(database=database, **settings), None, secrets=secrets)
    made.app = create_app(made.settings)
    stranger = Client(made.app)
    made.clients["stranger"] = stranger
    for name, (_, _, auth) in ACCOUNTS.items():
        secret = secrets[name]
        made.clients[name] = stranger.as_(basic(name, secret) if auth == "basic" else f"Bearer {secret}")
    try:
        yield made
    finally:
        made.close()
