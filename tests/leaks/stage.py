"""An exchange full of canaries: every kind of item in two collections, and records of every function."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isao_reference import identity, setup
from isao_reference.funnel import Machine
from isao_reference.policy.handling import EXTENSION
from tests.leaks import table
from tests.leaks.tokens import Mint, Scanner
from tests.support.functions import JSON, alert, do, make, words
from tests.support.functions import table as lines
from tests.support.world import (
    OPEN,
    PUBLIC,
    TLP,
    Clock,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    stamp,
    world,
)

Stix = dict[str, Any]
ACCOUNTS = frozenset(table.READERS) - {"stranger", "ex-member"}
PEERS = ACCOUNTS - {"government", "applicant"}
TERMS = (
    *("permitted_use", "handling", "onward_sharing", "confidentiality", "personal_data", "incident_notice"),
    *("sanctions", "exit", "termination"),
)


@dataclass(frozen=True)
class Secret:
    """One thing and the canaries that stand in it; `shown` are the relations that are shown it. `id` is that of the
    object or record, `version` that of the object; `place` its collection or the resource of the record."""

    kind: str
    place: str
    id: str
    shown: frozenset[str]
    canaries: tuple[str, ...]
    version: str = ""
    word: str = ""
    """A canary that stands as a name and as a pattern's value, and the name of a malware beside it."""

    @property
    def is_object(self) -> bool:
        """Whether it is reached over TAXII."""
        return self.place in (OPEN, PUBLIC)


@dataclass
class Hook:
    """Stands before the application. `leak` can change what goes out: it is handed the messages of an answer. `spoken`
    is what was answered: path, method, status and media type."""

    app: Any
    leak: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None
    spoken: set[tuple[str, str, int, str]] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        out: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            out.append(message)
            if self.leak is None:
                await send(message)

        await self.app(scope, receive, keep)
        kind = dict(out[0]["headers"]).get(b"content-type", b"").decode()
        self.spoken.add((scope["path"], scope["method"], out[0]["status"], kind))
        for message in self.leak(out) if self.leak is not None else ():
            await send(message)


class Written(logging.Handler):
    """Every line that anything writes to a log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line."""
        self.lines.append(self.format(record))


@dataclass
class Stage:
    """The exchange, what is in it, and what everybody may be shown of that."""

    exchange: World
    mint: Mint
    hook: Hook
    written: Written
    secrets: list[Secret] = field(default_factory=list)
    scanner: Scanner = field(default_factory=Scanner)
    owners: dict[str, list[Secret]] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    """The canaries that each reader sent itself."""
    controls: dict[str, str] = field(default_factory=dict)
    """What paths need: ids by what they are for."""

    def add(
        self, kind: str, place: str, identifier: str, shown: str | frozenset[str], *canaries: str, **more: str
    ) -> Secret:
        """Writes down something that was put into the exchange."""
        relations = frozenset(shown.split()) if isinstance(shown, str) else shown
        made = Secret(kind, place, identifier, relations, tuple(one for one in canaries if one), **more)
        self.secrets.append(made)
        for one in made.canaries:
            self.scanner.add(one)
            self.owners.setdefault(one, []).append(made)
        return made

    def may_see(self, relation: str, canary: str) -> bool:
        """Whether one of the things that a canary stands in is shown to somebody."""
        return any(relation in one.shown for one in self.owners[canary])

    def objects(self) -> list[Secret]:
        """What is reached over TAXII."""
        return [one for one in self.secrets if one.is_object]

    def records(self) -> list[Secret]:
        """What is reached over the function API."""
        return [one for one in self.secrets if not one.is_object and one.id]


EAST = {"addressed_to": ["organization:east"]}


async def _at_once(_: Machine, work: Callable[[], Any], *, writes: bool = False) -> Any:
    return work()


@contextmanager
def stage(folder: Path, seed: object) -> Iterator[Stage]:
    """A filled exchange, other canaries for another seed. Requests are answered in this thread, which is faster."""
    mint = Mint(seed)
    in_thread, Machine.in_thread = Machine.in_thread, _at_once
    written = Written()
    logging.getLogger().addHandler(written)
    try:
        with world(folder, clock=Clock(), new_id=mint.uuid) as exchange:
            hook = Hook(exchange.app)
            for client in exchange.clients.values():
                client.app = hook
            made = Stage(exchange, mint, hook, written)
            people(made)
            for kind in table.KINDS:
                for place in (OPEN, PUBLIC):
                    item(made, kind, place)
            places(made)
            functions(made)
            yield made
    finally:
        logging.getLogger().removeHandler(written)
        Machine.in_thread = in_thread


def people(made: Stage) -> None:
    """Those relations that the small exchange has nobody for."""
    exchange = made.exchange
    members(exchange)
    setup.set_capability_document(exchange.store, {"organization": {"name": "Exchange"}})
    setup.set_security_txt(exchange.store, b"Contact: mailto:desk@exchange.example\n")
    setup.set_policy_document(exchange.store, "handling.md", b"# Handling\n")


def members(exchange: World) -> None:
    """The same for a world that is not of canaries."""
    exchange.add("named", "east")
    exchange.add("bystander", "west")
    exchange.add_applicant()
    exchange.add("police", "bench")
    secret = identity.add_credential(exchange.store, "police", "api-key", purposes=["law-enforcement"]).secret
    exchange.clients["police"] = exchange.as_("stranger").as_(f"Bearer {secret}")
    setup.create_group(exchange.store, "energy", "Energy")
    setup.set_in_group(exchange.store, "energy", "lakeside", True)


def markings(made: Stage, kind: str) -> tuple[list[Stix], Stix]:
    """The definitions that an item of a kind needs, and the properties by which it is marked."""
    if kind in table.HANDLINGS:
        label, said = table.HANDLINGS[kind]
        definition = {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": f"marking-definition--{made.mint.uuid()}",
            "created": stamp(0),
            # What is not understood says nothing of who may read it itself, so its own label counts.
            "object_marking_refs": [TLP["red" if kind == "not understood" else label]],
            "extensions": {EXTENSION: {"extension_type": "property-extension", **said}},
        }
        return [definition], {"object_marking_refs": [TLP[label], definition["id"]]}
    if kind == "red in one property":
        granular = [{"marking_ref": TLP["red"], "selectors": ["name"]}]
        return [], {"object_marking_refs": [TLP["green"]], "granular_markings": granular}
    return [], {} if kind == "unlabelled" else {"object_marking_refs": [TLP[kind]]}


def item(made: Stage, kind: str, place: str) -> None:
    """An indicator and a malware of a kind, with canaries in every property that takes one."""
    mint, exchange = made.mint, made.exchange
    definitions, marks = markings(made, kind)
    word, version = mint.text(), mint.time()
    texts = {one: mint.text() for one in ("description", "labels", "source", "external_id", "custom", "family")}
    shared = {
        "created": version,
        "modified": version,
        "name": word,
        "description": f"About {texts['description']}.",
        "labels": [texts["labels"]],
        "external_references": [{"source_name": texts["source"], "external_id": texts["external_id"]}],
        **marks,
    }
    pattern = f"[domain-name:value = '{word}.example']"
    sign = indicator(id=f"indicator--{mint.uuid()}", x_canary=texts["custom"], pattern=pattern, confidence=77, **shared)
    threat = {
        "type": "malware",
        "spec_version": "2.1",
        "id": f"malware--{mint.uuid()}",
        "is_family": True,
        "aliases": [texts["family"]],
        **shared,
    }
    for one in (*definitions, sign, threat):
        exchange.share("member-a", one, collection=place)
    ids = [one["id"] for one in (*definitions, sign, threat)]
    dates = [
        one["date_added"]
        for name in ids
        for one in exchange.as_("analyst")
        .get(collection_url(place) + "manifest/", query=f"match[id]={name}")
        .json["objects"]
    ]
    canaries = [word, version, *texts.values(), *(one.partition("--")[2] for one in ids), *dates]
    relations = table.shown(kind, place == PUBLIC)
    made.add(kind, place, sign["id"], relations, *canaries, version=version, word=word)


def places(made: Stage) -> None:
    """Collections and an API root that not everybody may know of, and the status of somebody's request."""
    exchange, mint = made.exchange, made.mint
    title, about, alias, identifier = mint.text(), mint.text(), mint.text(), mint.uuid()
    setup.create_collection(
        exchange.store, title, id=identifier, alias=alias, description=about, readers=["analysts"], writers=["analysts"]
    )
    made.add("collection of the staff", "collections", identifier, "", title, about, alias, identifier)
    title, identifier = mint.text(), mint.uuid()
    setup.create_collection(exchange.store, title, id=identifier, readers=["government"], writers=["government"])
    made.add("collection of the government", "collections", identifier, "government", title, identifier)
    own = indicator(marks=["red"])
    status = exchange.share("member-a", own)
    made.add("status", "status", status["id"], "contributor", status["id"])
    made.controls["status"] = status["id"]


def choosy_submissions(made: Stage) -> None:
    """What is handed in for one organization, and what members alone are to know the contributor of."""
    exchange, text = made.exchange, made.mint.text
    title, value = text(), text()
    sent = lines(("domain-name", f"{value}.example"), title=title, marking="clear", handling=EAST)
    given = make(exchange, "member-a", "submissions", sent)
    made.add("submission with an address", "submissions", given["id"], "contributor colleague", given["id"], title)
    (published,) = given["facts"]["published"]
    made.add("published", "submissions", "", "contributor colleague named", published, value)
    known, value, title = text(), text(), text()
    exchange.add(known, known).app = made.hook
    sent = lines(("domain-name", f"{value}.example"), title=title, attribution="members")
    given = make(exchange, known, "submissions", sent)
    made.add("submission of one whom members know", "submissions", given["id"], "", given["id"], title)
    members = "contributor colleague named member police"
    made.add("published", "submissions", "", f"{members} peer", *given["facts"]["published"], value)
    made.add("name for members", "submissions", "", members, known)


def functions(made: Stage) -> None:
    """Records of every function in those states that have different readers."""
    exchange, text = made.exchange, made.mint.text
    title, content = text(), text()
    held = make(exchange, "member-a", "submissions", words(f"Seen by {content}.", title=title))
    made.add("submission in words", "submissions", held["id"], "contributor colleague", held["id"], title, content)
    title, value = text(), text()
    sent = lines(("domain-name", f"{value}.example"), title=title)
    given = make(exchange, "member-a", "submissions", sent)
    made.add("submission of a table", "submissions", given["id"], "contributor colleague", given["id"], title)
    published = given["facts"]["published"][0]
    made.add("published", "submissions", "", "contributor colleague named member police peer", published, value)
    giver, value, title = text(), text(), text()
    exchange.add(giver, giver).app = made.hook
    sent = lines(("domain-name", f"{value}.example"), title=title, marking="amber", attribution="anonymous")
    unnamed = make(exchange, giver, "submissions", sent)
    made.add("anonymous submission", "submissions", unnamed["id"], "", unnamed["id"], title, giver)
    made.add("published", "submissions", "", "contributor colleague named member police", value)
    choosy_submissions(made)
    exchange.as_("member-b").get(object_url(published))
    exchange.as_("peer").get(object_url(published))
    about = {"subject": published, "timely": "no", "consequence": text()}
    fed = make(exchange, "member-b", "feedback", about)
    relations = "member contributor colleague"
    made.add("feedback", "feedback", fed["id"], relations, fed["id"], about["consequence"])
    spoilt = indicator(marks=["green"])
    exchange.share("member-a", spoilt)
    for one in ("member-b", "peer"):
        exchange.as_(one).get(object_url(spoilt["id"]))
    taken = make(exchange, "member-a", "recalls", {"subject": spoilt["id"], "reason": (why := text())})
    made.add("recall", "recalls", taken["id"], "contributor colleague member peer", taken["id"], why)
    name = text()
    applied = {
        "name": name,
        "sectors": ["energy"],
        "eligibility": text(),
        "security": text(),
        "contacts": [
            {"name": text(), "role": "primary", "email": f"{text()}@newcomer.example"},
            {"name": text(), "role": "backup", "email": f"{text()}@newcomer.example"},
        ],
    }
    asked = make(exchange, "applicant", "memberships", applied)
    people = [one for contact in applied["contacts"] for one in (contact["name"], contact["email"].partition("@")[0])]
    canaries = [name, str(applied["eligibility"]), str(applied["security"]), *people]
    made.add("application", "memberships", asked["id"], "applicant", asked["id"], *canaries)
    alerts(made)
    for kind, relations in (("agreement in draft", frozenset()), ("agreement in force", ACCOUNTS)):
        terms = {one: text() for one in TERMS}
        dates = {"effective": "2026-01-01T00:00:00Z", "accept_by": "2039-01-01T00:00:00Z"}
        agreement = {"title": text(), "version": "1", **dates, "terms": terms}
        drafted = make(exchange, "operator", "agreements", agreement)["id"]
        made.add(kind, "agreements", drafted, relations, drafted, str(agreement["title"]), *terms.values())
        if relations:
            do(exchange, "operator", "agreements", drafted, "publish")
    doubtful = indicator(marks=["green"], description="The victim Jane Example called.")
    exchange.as_("member-a").post(objects_url(), {"objects": [doubtful]})
    (review,) = exchange.as_("analyst").get("/functions/reviews/", accept=JSON).json["records"]
    told = (review["id"], doubtful["id"].partition("--")[2])
    made.add("review", "reviews", review["id"], "contributor colleague", *told)


def alerts(made: Stage) -> None:
    """An alert of each label, one that is addressed, a draft; a mitigation that hardly anybody may know of."""
    exchange, mint, text = made.exchange, made.mint, made.mint.text
    labels = {
        "clear": ACCOUNTS | {"stranger"},
        "green": PEERS,
        "amber": PEERS - {"peer"},
        "amber+strict": frozenset(),
        "red": frozenset(),
    }
    technique = {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": f"attack-pattern--{mint.uuid()}",
        "created": stamp(0),
        "modified": stamp(0),
        "name": "A technique",
        "object_marking_refs": [TLP["green"]],
    }
    exchange.share("operator", technique)
    for label, relations in (("red", ""), ("green", "contributor colleague named member police peer")):
        remedy = {**technique, "type": "course-of-action", "id": f"course-of-action--{mint.uuid()}", "name": text()}
        remedy["object_marking_refs"] = [TLP[label]]
        link = {
            **{key: value for key, value in technique.items() if key != "name"},
            "type": "relationship",
            "id": f"relationship--{mint.uuid()}",
            "relationship_type": "mitigates",
            "source_ref": remedy["id"],
            "target_ref": technique["id"],
            "object_marking_refs": [TLP[label]],
        }
        exchange.share("operator", remedy, link)
        ids = [one["id"].partition("--")[2] for one in (remedy, link)]
        made.add(f"mitigation {label}", "alerts", "", relations, remedy["name"], *ids)
    for label, relations in labels.items():
        told = {one: text() for one in ("title", "what_happened", "affected", "contact")}
        more = {"about": [technique["id"]]} if label == "green" else {}
        sent = make(exchange, "analyst", "alerts", alert(marking=label, **told, **more))
        do(exchange, "analyst", "alerts", sent["id"], "issue")
        made.add(f"alert {label}", "alerts", sent["id"], relations, sent["id"], *told.values())
        made.controls[f"alert {label}"] = sent["id"]
    title = text()
    sent = make(exchange, "analyst", "alerts", alert(marking="amber", addressed_to=["east"], title=title))
    do(exchange, "analyst", "alerts", sent["id"], "issue")
    made.add("alert to an organization", "alerts", sent["id"], "named", sent["id"], title)
    title = text()
    sent = make(exchange, "analyst", "alerts", alert(marking="clear", title=title))
    made.add("alert in draft", "alerts", sent["id"], "", sent["id"], title)
    desk, note = text(), text()
    do(exchange, "peer", "alerts", made.controls["alert green"], "acknowledge", {"by": desk, "note": note})
    made.add("acknowledgement", "alerts", "", "peer", desk, note)
