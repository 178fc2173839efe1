"""Collections (TAXII 2.1, 5.1 and 5.2). Rows: spec requirements/taxii_collections.yaml."""

from __future__ import annotations

from collections import Counter
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, reading_place
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.survey import Collection
from isao_conformance.target import OUTSIDER

CLOSED = (401, 403, 404, 405)
"""Answers that contradict can_read or can_write true."""

DESCRIBED = ("title", "description", "alias", "media_types")
"""Further properties that TAXII defines for a collection; custom ones may differ from place to place."""

COLLECTIONS_TRIED = 20
"""Collections of one list that are asked one by one."""


def _root(lab: Lab) -> str:
    if not lab.survey.api_root:
        lab.no_verdict("no API root was found on the declared origins")
    return lab.survey.api_root


def _listed(lab: Lab) -> list[dict[str, Any]]:
    """The entries of the list, as the primary account sees it. Untestable without one."""
    answer = lab.reader.collections(_root(lab))
    entries = [e for e in answer.list_of("collections") if isinstance(e, dict) and isinstance(e.get("id"), str)]
    lab.control(answer.status == 200 and bool(entries), f"GET collections lists none: {answer.brief()}")
    return entries


@probe("TAXII-5.1-1", statement="2b22597c")
def collections_are_answered_200_with_a_list(lab: Lab) -> None:
    """5.1: 200 and a collections resource. A client without collections gets an empty object, which is lawful, but
    here at least one is known to answer by itself."""
    answer = lab.reader.collections(_root(lab))
    known = [*lab.target.write, *lab.target.read, *(c.url for c in lab.survey.collections)]
    known += [f"{_root(lab)}collections/{e['id']}/" for e in _entries(answer) if isinstance(e, dict) and "id" in e]
    lab.control(
        any(lab.reader.collection(url).status == 200 for url in list(dict.fromkeys(known))[:4]),
        "no collection that is known answers by itself",
    )
    lab.expect(
        answer.status == 200
        and isinstance(answer.data, dict)
        and all(isinstance(e, dict) and isinstance(e.get("id"), str) for e in _entries(answer)),
        "GET collections is answered 200 with a collections resource",
        expected="200 and a JSON object whose collections have ids",
        got=answer,
    )


def _entries(answer: Answer) -> list[Any]:
    """The list of collections, of a bare array too, so that the control can use what it names."""
    body = answer.data
    listed = body.get("collections", []) if isinstance(body, dict) else body
    return listed if isinstance(listed, list) else [listed]


@probe("TAXII-5.2-1", statement="f0f8a86b")
def a_collection_is_served_under_its_id_as_in_the_list(lab: Lab) -> None:
    """5.2: the resource of that very collection. Every listed one is asked, so a server that always answers with the
    first is found; can_read and can_write are those of the list, read just before by the same account."""
    wrong, different = [], []
    for entry in _listed(lab)[:COLLECTIONS_TRIED]:
        answer = lab.reader.collection(f"{_root(lab)}collections/{entry['id']}/")
        body = answer.resource
        same_id = str(body.get("id")).lower() == str(entry["id"]).lower()
        rights = all(body.get(name) == entry.get(name) for name in ("can_read", "can_write"))
        if answer.status != 200 or not same_id or not rights:
            wrong.append(f"{entry['id']}: {answer.brief()}")
        elif any(body.get(name) != entry.get(name) for name in DESCRIBED):
            different.append(str(entry["id"]))
    lab.expect(
        not wrong,
        "every listed collection is served with its id and rights",
        expected="200, the id asked for, can_read and can_write as in the list",
        got=wrong[:1] or "as in the list",
    )
    if not wrong:
        lab.expect(
            not different,
            "its other properties are those of the list",
            expected="the same properties",
            got=different[:3] or "the same",
            soft=True,
        )


@probe("TAXII-5.2-2", statement="53f8f4a9")
def a_collection_that_does_not_exist_is_an_error(lab: Lab) -> None:
    """5.2: 404. The same three requests to a collection that exists are answered 200."""
    exists, absent = reading_place(lab), f"{_root(lab)}collections/{lab.uuid()}/"
    for name, path in (("the collection", ""), ("its objects", "objects/"), ("its manifest", "manifest/")):
        control = lab.reader.get(exists + path)
        lab.control(control.status == 200, f"GET {exists}{path} gave {control.brief()}")
        answer = lab.reader.get(absent + path)
        lab.expect(
            not 200 <= answer.status < 300,
            f"GET of {name} is an error",
            expected="404",
            got=answer,
        )
        if answer.status >= 300:
            lab.expect(
                answer.status in (403, 404),
                f"GET of {name} is answered 404",
                expected="404, or 403",
                got=answer,
                soft=True,
            )


@probe("TAXII-5.2.1-1", statement="4628fb94")
def collection_ids_are_unique(lab: Lab) -> None:
    """5.2.1: the id uniquely identifies the collection. The list has at least two entries to compare."""
    ids = [str(entry["id"]).lower() for entry in _listed(lab)]
    if len(ids) < 2:
        lab.no_verdict("fewer than two collections are listed", blocked_by="capability several-collections")
    twice = [i for i, count in Counter(ids).items() if count > 1]
    lab.expect(not twice, "no id is listed twice", expected="different ids", got=twice or "different ids")


@probe("TAXII-5.2.1-4", statement="ef094c71")
def what_can_read_and_can_write_promise_is_kept(lab: Lab) -> None:
    """5.2.1: true means that this client is allowed. Each account reads and writes the collections it is shown;
    outside the declared writable places an empty envelope is sent, which holds nothing to store."""
    unread: list[str] = []
    unwritten: list[str] = []
    read, written = 0, 0
    may_write = _may_write(lab)
    for account in sorted(name for name in lab.target.actors if name != OUTSIDER):
        listing = lab.as_(account).collections(_root(lab))
        shown = [e for e in listing.list_of("collections") if isinstance(e, dict)] if listing.status == 200 else []
        for entry in shown[:COLLECTIONS_TRIED]:
            collection = _collection(lab, entry)
            if collection.can_read:
                read += 1
                unread += _broken_reads(lab, account, collection)
            if collection.can_write and may_write:
                written += 1
                unwritten += _broken_write(lab, account, collection)
    if not read and not written:
        lab.no_verdict("no account is shown a collection that says true to reading or writing")
    if read:
        lab.expect(
            not unread, "what says can_read true can be read", expected="200", got=unread[:2] or f"{read} were read"
        )
    if written:
        lab.expect(
            not unwritten,
            "what says can_write true can be written to",
            expected="202, or a refusal of the content",
            got=unwritten[:2] or f"{written} were written to",
        )


def _may_write(lab: Lab) -> bool:
    try:
        _ = lab.workspace
    except Untestable as fault:
        return fault.blocked_by == "capability write"
    return True


def _collection(lab: Lab, entry: dict[str, Any]) -> Collection:
    """A list entry with its URL, which may be one that the target file names by an alias."""
    stix_id = str(entry.get("id"))
    url = next((c.url for c in lab.survey.collections if c.id == stix_id), f"{_root(lab)}collections/{stix_id}/")
    return Collection(url, stix_id, entry.get("can_read") is True, entry.get("can_write") is True, entry)


def _broken_reads(lab: Lab, account: str, collection: Collection) -> list[str]:
    session = lab.as_(account)
    answers = {
        "objects": session.objects(collection.url, limit=1),
        "manifest": session.manifest(collection.url, limit=1),
    }
    return [f"{account}: {n} of {collection.id}: {a.brief()}" for n, a in answers.items() if a.status in CLOSED]


def _broken_write(lab: Lab, account: str, collection: Collection) -> list[str]:
    session = lab.as_(account)
    if collection.url in lab.target.write:
        stix = lab.indicator(LABEL)
        lab.created(collection.url, [stix["id"]], by=account)
        answer = session.add(collection.url, [stix])
    else:
        answer = session.add_raw(collection.url, b"{}")
    return [f"{account}: POST to {collection.id}: {answer.brief()}"] if answer.status in CLOSED else []
