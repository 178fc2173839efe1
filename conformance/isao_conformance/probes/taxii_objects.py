"""Getting, adding and deleting objects (TAXII 2.1, 3.7 and 5.4 to 5.7). Rows: spec requirements/taxii_objects.yaml."""

from __future__ import annotations

from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, Stix, reading_place, some_objects
from isao_conformance.lab import Lab
from isao_conformance.listings import FAR_FUTURE, empty, pages, served, type_of
from isao_conformance.probe import probe
from isao_conformance.survey import Collection
from isao_conformance.target import OUTSIDER

DELETE = "capability delete"
ACCOUNTS_TRIED = 3
"""How many accounts a rule about a client's own grants is tried with."""


def _place_with_content(lab: Lab) -> str:
    try:
        return some_objects(lab).collection
    except Untestable:
        return reading_place(lab)


@probe("TAXII-5.4-1", statement="65a91aa8")
def reading_objects_is_answered_200_with_an_envelope(lab: Lab) -> None:
    """5.4: success is 200 with an envelope, also for a page cut by limit. The collection says can_read true, so
    success is what the client is owed. Empty lists and types of `more` are rows of their own."""
    where = _place_with_content(lab)
    resource = lab.reader.collection(where)
    lab.control(
        resource.status == 200 and resource.resource.get("can_read") is True,
        f"the collection does not say can_read true: {resource.brief()}",
    )
    plain = lab.reader.objects(where)
    lab.expect(_is_envelope(plain), "without parameters it is 200 with an envelope", got=plain)
    cut = lab.reader.objects(where, limit=1)
    lab.expect(_is_envelope(cut), "with limit=1 it is 200 with an envelope", got=cut)


def _is_envelope(answer: Answer) -> bool:
    body = answer.data
    if answer.status != 200 or not isinstance(body, dict):
        return False
    objects = body.get("objects", [])
    listed = isinstance(objects, list) and all(isinstance(stix, dict) for stix in objects)
    return listed and isinstance(body.get("next", ""), str)


@probe("TAXII-5.4-2", statement="29ca1478")
def nothing_to_return_is_an_empty_envelope(lab: Lab) -> None:
    """5.4: when nothing is returned the answer is still 200 with an envelope. Tried with an id that no object has,
    and on a collection whose manifest says that it is empty, where there is one."""
    where = reading_place(lab)
    control = lab.reader.objects(where)
    lab.control(control.status == 200, f"GET objects without parameters gave {control.brief()}")
    answer = lab.reader.objects(where, match_id=f"indicator--{lab.uuid()}")
    lab.expect(
        empty(answer),
        "a filter that nothing matches is answered 200 with an empty envelope",
        expected="200 and a JSON object that lists nothing",
        got=answer,
    )
    for url in lab.survey.readable[:6]:
        if empty(lab.reader.manifest(url)):
            answer = lab.reader.objects(url)
            if not answer.objects:
                lab.expect(
                    empty(answer),
                    "an empty collection is answered 200 with an empty envelope",
                    expected="200 and a JSON object that lists nothing",
                    got=answer,
                )
            return


@probe("TAXII-5.5-1", statement="f7b9f188", needs=["writable"])
def adding_objects_is_answered_202_with_a_status(lab: Lab) -> None:
    """5.5: success is 202 with a status resource; any other 2xx leaves the client without a receipt. The same object
    sent again is no error either, and gets the same kind of answer if it is a success."""
    where = lab.workspace
    resource = lab.reader.collection(where)
    lab.control(resource.resource.get("can_write") is True, f"can_write is not true: {resource.brief()}")
    stix = lab.indicator(LABEL)
    lab.created(where, [stix["id"]])
    answer = lab.reader.add(where, [stix])
    if not 200 <= answer.status < 300:
        lab.no_verdict(f"the object was not accepted: {answer.brief()}")
    lab.expect(_is_receipt(answer), "a new object is answered 202 with a status resource", got=answer)
    again = lab.reader.add(where, [stix])
    if 200 <= again.status < 300:
        lab.expect(_is_receipt(again), "the same object again is answered 202 with a status resource", got=again)


def _is_receipt(answer: Answer) -> bool:
    body = answer.resource
    return answer.status == 202 and isinstance(body.get("id"), str) and isinstance(body.get("status"), str)


@probe("TAXII-5.6-1", statement="89bbc465")
def one_object_is_served_under_its_stix_id(lab: Lab) -> None:
    """5.6: {object-id} is the STIX id. Objects of several types, listed just before, each answer as themselves."""
    shelf = some_objects(lab)
    for kind in shelf.types[:3]:
        stix_id = shelf.of(kind)[-1]
        listed = pages(lab.reader.objects, shelf.collection, until=[stix_id])
        lab.control(stix_id in listed.ids, f"GET objects does not list {stix_id}")
    wrong = []
    for kind in shelf.types[:3]:
        stix_id = shelf.of(kind)[-1]
        answer = lab.reader.object(shelf.collection, stix_id)
        if answer.status != 200 or set(answer.ids) != {stix_id}:
            wrong.append(f"{stix_id}: {answer.brief()}")
    lab.expect(
        not wrong,
        "objects of several types answer under their ids as themselves",
        expected="200 with an envelope that holds objects of that id only",
        got=wrong[:1] or "each as itself",
    )


@probe("TAXII-5.6-2", statement="31450e42")
def an_unknown_object_is_404(lab: Lab) -> None:
    """5.6: 404 when the object id is not found. A known object of the same collection is served, and the ids are new;
    the request for all versions is asked too, since it takes another path in many servers."""
    shelf = some_objects(lab)
    control = lab.reader.object(shelf.collection, shelf.ids[0])
    lab.control(served(control, shelf.ids[0]), f"a known object is not served under its id: {control.brief()}")
    for name, kind in (("a type that is held", shelf.types[0]), ("any type", "campaign")):
        absent = f"{kind}--{lab.uuid()}"
        plain = lab.reader.object(shelf.collection, absent)
        lab.expect(plain.status == 404, f"an unknown id of {name} is answered 404", expected="404", got=plain)
        every = lab.reader.object(shelf.collection, absent, match_version="all")
        lab.expect(
            every.status == 404,
            f"all versions of an unknown id of {name} are answered 404",
            expected="404",
            got=every,
        )


@probe("TAXII-3.7-1", statement="b0cd487c")
def stix_content_comes_in_an_envelope(lab: Lab) -> None:
    """3.7: the HTTP root object MUST be an envelope. Bundles (TAXII 2.0), bare lists and bare objects are not."""
    shelf = some_objects(lab)
    answers = {
        "GET objects": lab.reader.objects(shelf.collection),
        "GET of one object": lab.reader.object(shelf.collection, shelf.ids[0]),
    }
    for name, answer in answers.items():
        lab.control(answer.status == 200, f"{name} gave {answer.brief()}")
        lab.expect(
            not _wrapped_otherwise(answer.data),
            f"{name} has an envelope at its root",
            expected='a JSON object with the key "objects", not a bundle, a list or a STIX object',
            got=answer,
        )


def _wrapped_otherwise(body: Any) -> bool:
    if not isinstance(body, dict):
        return True
    kind = body.get("type")
    bare = isinstance(kind, str) and "objects" not in body and type_of(body.get("id")) == kind
    return kind == "bundle" or bare


@probe("TAXII-3.7-3", statement="194ba464")
def an_envelope_without_result_has_no_objects_key(lab: Lab) -> None:
    """3.7 with section 2: no objects property when there is none. Two filters that exclude everything, on a query
    that without them has the key."""
    shelf = some_objects(lab)
    control = lab.reader.objects(shelf.collection)
    lab.control("objects" in control.resource, f"GET objects without filter has no objects key: {control.brief()}")
    for name, query in (
        ("an id that no object has", {"match_id": f"indicator--{lab.uuid()}"}),
        ("a time in the far future", {"added_after": FAR_FUTURE}),
    ):
        answer = lab.reader.objects(shelf.collection, **query)
        if answer.status != 200 or answer.objects:
            lab.no_verdict(f"a filter that excludes everything gave {answer.brief()} (TAXII-5.4-2, TAXII-3.4-13)")
        lab.expect(
            "objects" not in answer.resource,
            f"{name} gives an envelope without the key",
            expected='no "objects" in the body',
            got=answer,
        )


def _accounts(lab: Lab) -> list[str]:
    """The primary account and others, without the outsider."""
    primary = lab.reader.actor.name
    others = [name for name in lab.target.accounts if name != primary]
    return [name for name in (primary, *others) if name != OUTSIDER]


def _shown_to(lab: Lab, account: str) -> list[Collection]:
    """The collections as the list shows them to an account."""
    listing = lab.as_(account).collections(lab.survey.api_root)
    told = {str(e.get("id")): e for e in listing.list_of("collections") if isinstance(e, dict)}
    known = {c.id: c.url for c in lab.survey.collections}
    return [
        Collection(
            known.get(i, f"{lab.survey.api_root}collections/{i}/"),
            i,
            e.get("can_read") is True,
            e.get("can_write") is True,
            e,
        )
        for i, e in told.items()
    ]


@probe("TAXII-5.4-noread", statement="efa910a7")
def objects_of_a_collection_without_can_read_are_refused(lab: Lab) -> None:
    """5.4: can_read false MUST give 403 or 404, not an empty envelope. The account is authenticated, since it reads
    the collection resource, which says can_read false."""
    tried, wrong = 0, []
    for account in _accounts(lab):
        closed = [c for c in _shown_to(lab, account) if c.resource.get("can_read") is False]
        for collection in closed[:1] if tried < ACCOUNTS_TRIED else []:
            session = lab.as_(account)
            resource = session.collection(collection.url)
            if resource.status != 200 or resource.resource.get("can_read") is not False:
                continue
            if collection.url in lab.target.write and collection.can_write:
                lab.publish([lab.indicator(LABEL)], by=account, collection=collection.url)
            answer = session.objects(collection.url)
            tried += 1
            if answer.status not in (403, 404):
                wrong.append(f"{account}: {answer.brief()}")
    if not tried:
        lab.no_verdict("no account is shown a collection with can_read false", "capability write-only-collection")
    lab.expect(not wrong, "GET objects is refused", expected="403 or 404", got=wrong[:1] or "refused")


@probe("TAXII-5.5-nowrite", statement="18fb2dbc", needs=["writable"])
def writing_without_can_write_is_refused_and_stores_nothing(lab: Lab) -> None:
    """5.5 with 5.2.1: can_write false MUST give 403 or 404. The very same envelope is accepted where writing is
    allowed, so it is the grant that is refused and not the content; the manifest shows whether it was stored."""
    stix = lab.indicator(LABEL)
    lab.publish([stix])
    tried, wrong, stored = 0, [], []
    for account in _accounts(lab):
        closed = [c for c in _shown_to(lab, account) if c.resource.get("can_write") is False]
        for collection in closed[:1] if tried < ACCOUNTS_TRIED else []:
            session = lab.as_(account)
            lab.created(collection.url, [stix["id"]], by=account)
            answer = session.add(collection.url, [stix])
            tried += 1
            if answer.status not in (403, 404):
                wrong.append(f"{account}: {answer.brief()}")
            manifest = session.manifest(collection.url, match_id=stix["id"]) if collection.can_read else None
            if manifest is not None and served(manifest, stix["id"]):
                stored.append(f"{account} finds it in the manifest of {collection.url}")
    if not tried:
        lab.no_verdict("no account is shown a collection with can_write false", "capability read-only-collection")
    lab.expect(not wrong, "POST is refused", expected="403 or 404", got=wrong[:1] or "refused")
    lab.expect(not stored, "nothing is stored", expected="no record of the object", got=stored[:1] or "no record")


DEFAULTS = {"revoked": False, "defanged": False}
"""Properties whose absence means the same as this value (STIX 2.1, 3.2)."""


@probe("TAXII-3.7-5", statement="00702066", needs=["writable"])
def an_object_comes_back_as_it_was_posted(lab: Lab) -> None:
    """3.7 with STIX 3.6: one version has one content everywhere. Non-ASCII text, nested lists and an extension go
    in and come out equal as JSON; a server that keeps its own data inside the object shows here."""
    plain = lab.indicator(
        LABEL,
        name="Übung «drill» – 訓練 \N{SATELLITE} e\N{COMBINING ACUTE ACCENT}",
        description='line one\nline two\ttabbed \\ "quoted" </script> \u2028',
        confidence=70,
        external_references=[{"source_name": "drill", "external_id": "D-1", "url": "https://example.org/d?a=1&b=2"}],
    )
    extension = f"extension-definition--{lab.uuid()}"
    nested = {"extension_type": "property-extension", "drill": {"rows": [[1, 2], [3]], "ratio": 0.5, "note": "ß"}}
    try:
        posted = {**plain, "extensions": {extension: nested}}
        lab.publish([posted])
    except Untestable:
        posted = {**plain, "id": f"indicator--{lab.uuid()}"}
        lab.publish([posted])
    answer = lab.reader.object(lab.workspace, posted["id"])
    lab.control(served(answer, posted["id"]), f"the object does not come back: {answer.brief()}")
    came = next(stix for stix in answer.objects if stix.get("id") == posted["id"])
    lab.expect(
        _without_defaults(came) == _without_defaults(posted),
        "it comes back with the same properties and values and no others",
        expected="the object as posted",
        got=_differences(posted, came) or "the object as posted",
    )


def _without_defaults(stix: Stix) -> Stix:
    return {name: value for name, value in stix.items() if name not in DEFAULTS or value != DEFAULTS[name]}


def _differences(posted: Stix, came: Stix) -> str:
    names = sorted(n for n in {*posted, *came} if posted.get(n, DEFAULTS.get(n)) != came.get(n, DEFAULTS.get(n)))
    return "; ".join(f"{n}: posted {posted.get(n)!r}, came back {came.get(n)!r}" for n in names[:3])


def _deleted(lab: Lab) -> tuple[Stix, Answer]:
    """An own new object in one version, seen under its id and then deleted with success; and the DELETE's answer."""
    stix = lab.share(LABEL)
    before = lab.reader.object(lab.workspace, stix["id"])
    lab.control(served(before, stix["id"]), f"the object is not served before the DELETE: {before.brief()}")
    answer = lab.reader.delete(lab.workspace, stix["id"])
    if not 200 <= answer.status < 300:
        lab.no_verdict(f"DELETE is not offered or refused here: {answer.brief()}", blocked_by=DELETE)
    return stix, answer


@probe("TAXII-5.7-1", statement="d1ad386d", needs=["deletable"])
def a_delete_that_succeeds_is_answered_200(lab: Lab) -> None:
    """5.7: success is 200; 202 or 204 are other promises. The object was there, so a 2xx means that it was deleted."""
    _, answer = _deleted(lab)
    lab.expect(answer.status == 200, "a DELETE that succeeds is answered 200", expected="200", got=answer)


@probe("TAXII-5.7-2", statement="269397c1", needs=["deletable"])
def a_deleted_object_is_not_served_under_its_id(lab: Lab) -> None:
    """5.7: after a 200 to DELETE, fetching the object MUST fail. Asked plainly and for all versions, since a mark of
    deletion is easily forgotten in one of the two."""
    stix, answer = _deleted(lab)
    lab.control(answer.status == 200, f"DELETE gave {answer.brief()}")
    plain = lab.reader.object(lab.workspace, stix["id"])
    lab.expect(not served(plain, stix["id"]), "GET of the object does not bring it", expected="404", got=plain)
    every = lab.reader.object(lab.workspace, stix["id"], match_version="all")
    lab.expect(not served(every, stix["id"]), "GET of all its versions does not bring it", expected="404", got=every)


@probe("TAXII-5.7-3", statement="d2661741", needs=["deletable"])
def a_deleted_object_is_in_no_list_of_its_collection(lab: Lab) -> None:
    """5.7: manifest and contents MUST NOT return it. A second object, added later, is still listed, so the lists were
    read past the place where the first one stood."""
    stix, answer = _deleted(lab)
    lab.control(answer.status == 200, f"DELETE gave {answer.brief()}")
    other = lab.share(LABEL)
    for name, fetch in (("manifest", lab.reader.manifest), ("objects", lab.reader.objects)):
        listed = pages(fetch, lab.workspace, until=[other["id"]], match_version="all")
        lab.control(other["id"] in listed.ids, f"GET {name} does not list the object that was not deleted")
        asked = fetch(lab.workspace, match_version="all", match_id=stix["id"])
        lab.expect(
            stix["id"] not in listed.ids and not served(asked, stix["id"]),
            f"{name} does not list it any more",
            expected="no entry with the deleted id",
            got=asked if served(asked, stix["id"]) else f"listed: {stix['id'] in listed.ids}",
        )
