"""Every address of the exchange that writes, each with a request that is taken, derived from what is served: the
OpenAPI document names the addresses, the contracts say who may use them and with which document.

An address that is added is driven by itself when it is one of a contract. For any other one `stage` raises KeyError
until somebody writes down here how it is used.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from starlette.routing import Route

from isao_reference.functions import engine
from isao_reference.store import items, records
from isao_reference.store.records import Record, Taken
from isao_spec import FOLDER, load
from isao_spec.contract import CREATE, Contract, Role, Step
from tests.support import documents
from tests.support.asgi import TAXII, Response
from tests.support.functions import JSON
from tests.support.world import ACCOUNTS, OPEN, World, indicator, object_url, objects_url, world

READING = ("GET", "HEAD", "OPTIONS")
POST_OBJECTS = "/{api_root}/collections/{collection}/objects/"
DELETE_OBJECT = POST_OBJECTS + "{object}/"
WHO_ASKED = ("deliveries", "audit", "audit_trees", "audit_tiles")
"""Tables that say who asked or who was given something; a refused request may leave a line there."""

ROLES: Mapping[str, frozenset[Role]] = {
    "operator": frozenset({Role.OPERATOR}),
    "analyst": frozenset({Role.ANALYST}),
    "member-b": frozenset({Role.MEMBER}),
    "peer": frozenset({Role.PEER}),
    "government": frozenset({Role.GOVERNMENT}),
    "newcomer": frozenset({Role.APPLICANT}),
}
"""Accounts that make records and take steps; `newcomer` waits to be let in."""


@dataclass(frozen=True)
class Write:
    """One writing address, filled in: who uses it, and with which request it is taken."""

    method: str
    template: str
    account: str
    path: str
    document: Any
    media_type: str

    @property
    def name(self) -> str:
        """A readable id for a test."""
        return f"{self.method} {self.template}"

    @property
    def body(self) -> bytes:
        """The body that is taken; nothing where the address takes none."""
        return b"" if self.document is None else json.dumps(self.document).encode()

    @property
    def takes_body(self) -> bool:
        """Whether a body is read there."""
        return self.method != "DELETE"


def documented() -> list[tuple[str, str]]:
    """(method, path template) of every writing operation of the OpenAPI document."""
    paths = json.loads((FOLDER / "openapi.json").read_text("utf-8"))["paths"]
    return sorted(
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations
        if method in ("post", "put", "patch", "delete")
    )


def routed(app: Any) -> set[tuple[str, str]]:
    """(method, route) of every operation that the application serves and that does not only read."""
    return {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in getattr(route.endpoint, "operations", {})
        if method not in READING and route.path.endswith("/")
    }


def route_of(method: str, template: str) -> tuple[str, str]:
    """The route of the application that a path of the OpenAPI document is served by."""
    parts = template.strip("/").split("/")
    if parts[0] == "functions":
        parts[1:] = ["{resource}", "{record}", "{step}"][: len(parts) - 1]
    else:
        parts[0] = "exchange"
    return method, "/" + "/".join(parts) + "/"


class Stage:
    """An exchange in which every writing address can be used, with the requests that do."""

    def __init__(self, exchange: World) -> None:
        self.exchange = exchange
        for account in ("newcomer", "waiting"):
            exchange.add_applicant(account, account)
        self.item = indicator(marks=["green"], name="Known to everybody")
        self.own = indicator(marks=["green"], name="To be taken back")
        exchange.share("member-a", self.item)
        exchange.share("member-b", self.own)
        exchange.share("peer", {**self.item, "name": "The same from another"})
        self.values = {**documents.VALUES, "object": self.item["id"]}
        self.writes = {f"{method} {template}": self._write(method, template) for method, template in documented()}
        self._start = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(exchange.settings.database)) as db:
            db.backup(self._start)

    def close(self) -> None:
        """Forgets the start."""
        self._start.close()

    def reset(self) -> None:
        """Puts every row back as it was at the start, in the running exchange."""
        self.exchange.app.state.trail.flush()  # what waits to be written would be written into the start
        with closing(sqlite3.connect(self.exchange.settings.database)) as db:
            db.execute("PRAGMA synchronous=OFF")
            self._start.backup(db)

    def _write(self, method: str, template: str) -> Write:
        if template.startswith("/functions/"):
            return self._function(method, template)
        drivers = {POST_OBJECTS: self._post_objects, DELETE_OBJECT: self._delete_object}
        return drivers[template](method, template)

    def _post_objects(self, method: str, template: str) -> Write:
        envelope = {"objects": [indicator(marks=["green"], name=f"Number {number}") for number in range(20)]}
        return Write(method, template, "member-b", objects_url(), envelope, TAXII)

    def _delete_object(self, method: str, template: str) -> Write:
        return Write(method, template, "member-b", object_url(self.own["id"]), None, TAXII)

    def _function(self, method: str, template: str) -> Write:
        _, resource, *rest = template.strip("/").split("/")
        contract = load().contracts[resource]
        if not rest:
            account = _account_for(contract.create)
            # A membership of this applicant is on record already, made for the steps; another one applies.
            account = "waiting" if account == "newcomer" else account
            return Write(method, template, account, f"/functions/{resource}/", self._document(contract), JSON)
        step = contract.steps[rest[1]]
        record, account = self._record(contract, step)
        takes = step.takes or (contract.document if step.replaces else "")
        document = documents.valid(takes, self.values) if takes else None
        return Write(method, template, account, f"/functions/{resource}/{record.id}/{step.name}/", document, JSON)

    def _document(self, contract: Contract) -> Any:
        given = documents.valid(contract.document, self.values)
        if contract.resource == "recalls":
            return given | {"subject": self.own["id"]}
        return given

    def _record(self, contract: Contract, step: Step) -> tuple[Record, str]:
        """A record from which the step can be taken, put there as the contract would leave it, and who takes it."""
        # What the exchange makes of what was contributed is its contributor's.
        maker = "member-b" if Role.EXCHANGE in contract.create.by else _account_for(contract.create)
        account = maker if Role.CONTRIBUTOR in step.by else _account_for(step)
        exchange = self.exchange
        with exchange.store.writing() as db:
            made = Record(
                key=0,
                resource=contract.resource,
                id=exchange.settings.new_id(),
                state=step.sources[0],
                entered=0,
                account=maker,
                organization=_organization(maker),
                audience=0,
                named=("south",) if Role.RECIPIENT in step.by else (),
                facts={"sha256": documents.VALUES["sha256"], "staff": _set_aside()},
                created=0,
                document={**documents.valid(contract.document, self.values), **_place(contract)},
            )
            made = replace(made, audience=items.audience_key(db, engine.readers(db, contract, made)))
            made = records.insert_record(db, made)
            taken = Taken(CREATE, "", made.state, maker, made.organization, 0, made.document)
            records.insert_step(db, made.key, taken)
        return made, account

    def send(self, write: Write, body: Any = None, path: str | None = None, **more: Any) -> Response:
        """The request, changed in the parts that are given; `body` as octets, or chunks of them."""
        more.setdefault("content_type", write.media_type if write.takes_body else None)
        more.setdefault("accept", write.media_type)
        given = list(more.pop("headers", ()))
        if not any(name == "if-match" for name, _ in given) and write.template.startswith("/functions/"):
            given.append(("if-match", "*"))
        client = self.exchange.as_(write.account)
        sent = write.body if body is None else body
        return client.request(write.method, path or write.path, body=sent, headers=given, **more)

    def is_refusal(self, answer: Response) -> bool:
        """Whether an answer is a TAXII error (TAXII 2.1, 3.6.1) or a problem (RFC 9457) of its own status."""
        kind, body = answer.header("content-type"), answer.json
        if kind == TAXII:
            return body["http_status"] == str(answer.status) and isinstance(body["title"], str)
        return kind == "application/problem+json" and body["status"] == answer.status and bool(body["title"])

    def rows(self) -> dict[str, str]:
        """A digest of all rows of every table that there is, but those that only say who asked."""
        return rows_of(self.exchange.store)


def rows_of(store: Any) -> dict[str, str]:
    """A digest of all rows of every table of the database, but those that only say who asked."""
    with store.reading() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {
            one: hashlib.sha256(repr(db.execute(f"SELECT * FROM {one}").fetchall()).encode()).hexdigest()
            for one in tables
            if one not in WHO_ASKED and not one.startswith("sqlite_")
        }


@cache
def names() -> tuple[str, ...]:
    """The names of all writing addresses, in their order."""
    return tuple(f"{method} {template}" for method, template in documented())


@contextmanager
def stage(folder: Path, **settings: Any) -> Iterator[Stage]:
    """A stage in a folder; settings replace the exchange's defaults."""
    folder.mkdir(parents=True, exist_ok=True)
    with world(folder, **settings) as exchange:
        # Nothing here is about the death of the machine, and waiting for a disk is most of the time that these take.
        exchange.store._writer.execute("PRAGMA synchronous=OFF")
        made = Stage(exchange)
        yield made
        made.close()


def _account_for(step: Step) -> str:
    """An account that is one of those who may take a step; a recipient is `member-b`."""
    allowed = set(step.by) | ({Role.MEMBER} if Role.RECIPIENT in step.by else set())
    return next(account for account, roles in ROLES.items() if roles & allowed)


def _set_aside() -> dict[str, Any]:
    """What the staff's part of a review keeps of an object, and where in it something was found."""
    item = indicator(marks=["green"], description="Seen by Jane Example.")
    found = [{"path": ["description"], "start": 8, "end": 20, "rule": "person-name"}]
    return {"original": json.dumps(item), "found": found}


def _place(contract: Contract) -> dict[str, str]:
    return {"collection": OPEN} if contract.resource == "reviews" else {}


def _organization(account: str) -> str:
    return ACCOUNTS[account][0] if account in ACCOUNTS else account
