"""What is hidden and what is absent, asked for in every way: the two answers of each way, made comparable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from isao_spec import load
from tests.leaks.canaries import octets_of
from tests.leaks.paths import TEXT, Reader
from tests.leaks.stage import Secret, Stage
from tests.support.asgi import Response
from tests.support.functions import JSON, alert, words
from tests.support.functions import table as lines
from tests.support.world import OPEN, ROOT, collection_url, indicator, object_url, objects_url

# Of what a reader makes itself: ids of statuses and records, and what is worked out from them.
_OWN = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\"[0-9a-f]{32}\"")


@dataclass(frozen=True)
class Thing:
    """What is asked for: an id, a version, a word that stands in it, and where it lies."""

    id: str
    version: str
    word: str
    place: str


Way = Callable[[Reader, Thing], Response]


def objects(wide: bool) -> Iterator[tuple[str, Way]]:
    """The ways to ask for an object, or to do something to it. What is made on the way is for its maker alone, unless
    `wide`: then it is hidden from nobody else afterwards."""
    label = "green" if wide else "red"
    for method in ("GET", "HEAD", "DELETE", "PUT"):
        yield f"{method} object", lambda r, t, m=method: r.get(object_url(t.id, t.place), method=m)
    gets: dict[str, Callable[[Thing], tuple[str, str]]] = {
        "object of a version": lambda t: (object_url(t.id, t.place), f"match[version]={t.version}"),
        "object with a wrong filter": lambda t: (object_url(t.id, t.place), "limit=0"),
        "versions": lambda t: (object_url(t.id, t.place) + "versions/", ""),
        "objects with the id": lambda t: (objects_url(t.place), f"match[id]={t.id}&match[version]=all"),
        "objects of the version": lambda t: (objects_url(t.place), f"match[version]={t.version}"),
        "manifest with the id": lambda t: (collection_url(t.place) + "manifest/", f"match[id]={t.id}"),
        "manifest of the version": lambda t: (collection_url(t.place) + "manifest/", f"match[version]={t.version}"),
        "something below": lambda t: (object_url(t.id, t.place) + "more/", ""),
    }
    for name, where in gets.items():
        yield name, lambda r, t, w=where: r.get(*w(t))
    for mark in ("clear", "amber", "red") if wide else ("red",):
        yield (
            f"POST {mark}",
            lambda r, t, m=mark: r.post(
                objects_url(OPEN), {"objects": [indicator(3, id=t.id, marks=[m], name="Mine")]}
            ),
        )
        yield f"DELETE after POST {mark}", lambda r, t: r.get(object_url(t.id), method="DELETE")
    documents: dict[str, Callable[[Thing], tuple[str, Any]]] = {
        "feedback": lambda t: ("feedback", {"subject": t.id, "timely": "no"}),
        "recall": lambda t: ("recalls", {"subject": t.id, "reason": "Wrong."}),
        "alert": lambda t: ("alerts", alert(about=[t.id])),
        "words with the name": lambda t: ("submissions", words(f"We saw {t.word}.", marking="red")),
        "words with the id": lambda t: ("submissions", words(f"We saw {t.id}.", marking=label)),
        "the same indicator": lambda t: ("submissions", lines(("domain-name", f"{t.word}.example"), marking=label)),
        "the same one unnamed": lambda t: (
            "submissions",
            lines(("domain-name", f"{t.word}.example"), marking=label, attribution="anonymous"),
        ),
    }
    for name, sent in documents.items():
        yield name, lambda r, t, s=sent: r.function(*s(t))


def records(resource: str) -> Iterator[tuple[str, Way]]:
    """The ways to ask for a record of a function, or to take a step of it."""
    for accept in (JSON, TEXT):
        for method in ("GET", "HEAD", "DELETE"):
            yield (
                f"{method} {accept}",
                lambda r, t, a=accept, m=method: r.get(f"/functions/{t.place}/{t.id}/", method=m, accept=a),
            )
    for step in (*load().contracts[resource].steps, "no-such-step"):
        for document in ({}, {"by": "desk"}, {"reason": "Wrong."}):
            yield (
                f"{step} {document}",
                lambda r, t, s=step, d=document: r.function(f"{t.place}/{t.id}/{s}", d),
            )
    yield "If-Match", lambda r, t: r.function(f"{t.place}/{t.id}/revise", {}, headers=[("if-match", '"x"')])


def places() -> Iterator[tuple[str, Way]]:
    """The ways to ask for a collection, and for what lies in it."""
    thing = "indicator--3a41e552-999b-4ad3-bedc-332b6d9ff80c"
    for rest in ("", "objects/", "manifest/", f"objects/{thing}/", f"objects/{thing}/versions/"):
        for method in ("GET", "HEAD", "DELETE"):
            yield f"{method} {rest}", lambda r, t, x=rest, m=method: r.get(collection_url(t.id) + x, method=m)
    yield "POST", lambda r, t: r.post(objects_url(t.id), {"objects": [indicator()]})


def statuses() -> Iterator[tuple[str, Way]]:
    """The ways to ask for a status."""
    for method in ("GET", "HEAD", "DELETE"):
        yield method, lambda r, t, m=method: r.get(f"{ROOT}status/{t.id}/", method=m)


def ways(secret: Secret, wide: bool = False) -> list[tuple[str, Way]]:
    """Every way for a thing of its sort."""
    if secret.is_object:
        return list(objects(wide))
    if secret.place == "collections":
        return list(places())
    return list(statuses() if secret.place == "status" else records(secret.place))


def absent(stage: Stage, secret: Secret) -> Thing:
    """Something that was never there, as long and of the same sort."""
    kind, dashes, _ = secret.id.rpartition("--")
    return Thing(kind + dashes + stage.mint.uuid(), stage.mint.time(), stage.mint.text(), secret.place)


def comparable(answer: Response, thing: Thing) -> bytes:
    """All octets of an answer, without what names the thing or was made for this very request. Bodies are as long."""
    octets = octets_of(answer)
    for text in (thing.id, thing.version, thing.word):
        if text:
            octets = octets.replace(text.encode(), b"?")
    return _OWN.sub(b"-", octets)


def differences(
    stage: Stage, secret: Secret, relation: str, account: str, wide: bool = False
) -> Iterator[tuple[str, bytes, bytes]]:
    """The ways in which something hidden answers unlike something absent, with both answers."""
    reader, nothing = Reader(stage, relation, account), absent(stage, secret)
    thing = Thing(secret.id, secret.version, secret.word, secret.place)
    for name, way in ways(secret, wide):
        there, not_there = (comparable(way(reader, one), one) for one in (thing, nothing))
        if there != not_there:
            yield name, there, not_there
