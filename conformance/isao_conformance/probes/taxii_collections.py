"""Collections (TAXII 2.1, 5.1 and 5.2). Rows: spec requirements/taxii_collections.yaml."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL, reading_place
from isao_conformance.lab import Lab
from isao_conformance.media_lists import COLLECTIONS_READ, covers, listed_types, stored_type
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import COLLECTIONS, items
from isao_conformance.roots import roots_in_reach
from isao_conformance.survey import Collection
from isao_conformance.tables import resource

CLOSED = (401, 403, 404, 405)
"""Answers that contradict can_read or can_write true."""

DESCRIBED = ("title", "description", "alias", "media_types")
"""Further properties that TAXII defines for a collection; custom ones may differ from place to place."""

COLLECTIONS_TRIED = 20
"""Collections of one list that are asked one by one."""

ROOTS_TRIED = 3
ALIAS_REFUSED = (400, 401, 403, 404)


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
    for account in lab.target.accounts:
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


def _lists(lab: Lab) -> list[tuple[str, str, Answer]]:
    """Account, API root and answer of GET collections, for everybody and every root in reach."""
    roots = roots_in_reach(lab)[:ROOTS_TRIED]
    return [(name, root, lab.as_(name).collections(root)) for name in lab.target.callers for root in roots]


@probe("TAXII-5.1.1-1", statement="0025d24b")
def a_list_without_collections_has_no_key(lab: Lab) -> None:
    """5.1.1: the key is omitted. Whoever sees no collection of a root shows how; where everybody sees some, nothing
    had to be omitted."""
    answers = [(n, a) for n, _, a in _lists(lab) if a.status == 200 and isinstance(a.data, dict)]
    lab.control(bool(answers), "no API root answers GET collections with 200 to anybody")
    wrong = [(n, a) for n, a in answers if "collections" in a.resource and a.resource["collections"] in ([], None)]
    none = sum("collections" not in answer.resource for _, answer in answers)
    lab.expect(
        not wrong,
        "where no collection is listed the key is left out",
        expected="no collections at all when there is none",
        got=f"{wrong[0][0]}: {wrong[0][1].brief()}" if wrong else f"{len(answers)} lists, {none} without collections",
        seen=[answer for _, answer in wrong[:1]],
    )


@probe("TAXII-5.1-2", statement="f84f6e1f")
def every_client_is_served_the_collections_it_is_listed(lab: Lab) -> None:
    """5.1: the list tells this client about collections; each of them is answered to it. Who is listed which is the
    server's own affair."""
    asked, wrong = 0, []
    for name, root, answer in _lists(lab):
        for entry in [e for e in _entries(answer) if isinstance(e, dict)][:COLLECTIONS_TRIED]:
            if answer.status != 200 or not isinstance(entry.get("id"), str):
                continue
            asked += 1
            single = lab.as_(name).collection(f"{root}collections/{entry['id']}/")
            if not 200 <= single.status < 300:
                wrong.append((f"{name}: {entry['id']}: {single.brief()}", single))
    lab.control(asked > 0, "nobody is listed a collection")
    lab.expect(
        not wrong,
        "every listed collection is answered to the client it is listed to",
        expected="2xx",
        got=wrong[0][0] if wrong else f"{asked} collections",
        seen=[answer for _, answer in wrong[:1]],
    )


@watcher("TAXII-5.2.1-2", statement="0b01e718")
def aliases_are_unique(exchange: Exchange) -> Looked:
    """5.2.1: unique within the API root, hence within one list. The alias is optional."""
    part = resource(exchange)
    if part is None or part.kind != COLLECTIONS:
        return False
    entries = items(part.body, "collections")
    ids: dict[str, set[str]] = {}
    for entry in entries:
        if isinstance(entry.get("alias"), str):
            ids.setdefault(entry["alias"], set()).add(str(entry.get("id")).lower())
    twice = [alias for alias, owners in ids.items() if len(owners) > 1]
    if twice:
        return Finding("different aliases", f"{len(ids[twice[0]])} collections have the alias {twice[0][:80]!r}")
    return bool(entries)


@probe("TAXII-5.2.1-3", statement="36bcaebf")
def an_alias_in_a_url_is_its_collection_or_refused(lab: Lab) -> None:
    """5.2.1: the alias may stand for the id. Where it is taken, it has to mean that collection, in the resource and in
    what lies below. An alias that two collections have is left to TAXII-5.2.1-2."""
    named = [e for e in _listed(lab) if isinstance(e.get("alias"), str) and e["alias"] not in ("", ".", "..")]
    often = Counter(e["alias"] for e in named)
    entries = [e for e in named if often[e["alias"]] == 1]
    if not entries:
        lab.no_verdict("no collection has an alias of its own")
    wrong: list[tuple[str, Answer]] = []
    for entry in entries[:COLLECTIONS_TRIED]:
        by_id = f"{_root(lab)}collections/{entry['id']}/"
        by_alias = f"{_root(lab)}collections/{quote(entry['alias'], safe='')}/"
        twin = lab.reader.collection(by_id)
        right = twin.status == 200 and str(twin.resource.get("id")).lower() == str(entry["id"]).lower()
        lab.control(right, f"{by_id} is not answered 200 with that id (TAXII-5.2-1)")
        answer = lab.reader.collection(by_alias)
        same = str(answer.resource.get("id")).lower() == str(entry["id"]).lower()
        if answer.status not in (200, *ALIAS_REFUSED) or (answer.status == 200 and not same):
            wrong.append((f"{entry['alias']}: {answer.brief()}", answer))
        elif answer.status == 200 and entry.get("can_read") is True and not {by_id, by_alias} & set(lab.target.write):
            wrong += _below_alias(lab, by_id, by_alias)
    lab.expect(
        not wrong,
        "an alias in the URL stands for its collection or is refused",
        expected="the collection with that alias, or 404",
        got=wrong[0][0] if wrong else f"{len(entries)} aliases",
        seen=[answer for _, answer in wrong[:1]],
    )


def _below_alias(lab: Lab, by_id: str, by_alias: str) -> list[tuple[str, Answer]]:
    """What is wrong with the first object below the alias, compared with that below the id."""
    right, answer = lab.reader.objects(by_id, limit=1), lab.reader.objects(by_alias, limit=1)
    if right.status != 200 or answer.status in ALIAS_REFUSED:
        return []
    same = answer.status == 200 and set(answer.ids[:1]) == set(right.ids[:1])
    return [] if same else [(f"{by_alias}objects/: {answer.brief()}; by id: {right.brief()}", answer)]


@probe("TAXII-5.2.1-5", statement="9938222e")
def media_types_name_what_a_collection_holds(lab: Lab) -> None:
    """5.2.1: all media types that the collection can store. What comes back was stored, so its type has to be named,
    to every client that is shown the list."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for name in lab.target.callers:
        for entry in lab.as_(name).collections(_root(lab)).list_of("collections"):
            if isinstance(entry, dict):
                shown.setdefault(str(entry.get("id")), []).append(entry)
    held, wrong = 0, []
    for collection in [c for c in lab.survey.collections if c.can_read][:COLLECTIONS_READ]:
        answer = lab.reader.objects(collection.url)
        types = {stored_type(stix) for stix in answer.objects} if answer.status == 200 else set()
        held += len(types)
        resources = [*shown.get(collection.id, []), lab.reader.collection(collection.url).resource]
        for listed in [listed_types(one) for one in resources if "media_types" in one]:
            wrong += [
                f"{collection.id}: {listed} has no {kind}" for kind in sorted(types) if not covers(listed or (), kind)
            ]
    lab.control(held > 0, "no readable collection lists an object")
    lab.expect(
        not wrong,
        "media_types has the type of everything that the collection holds",
        expected="an entry for each stored media type",
        got=wrong[:1] or "an entry for each",
    )
