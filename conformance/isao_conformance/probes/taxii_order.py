"""The order of what is returned (TAXII 2.1, 3.3 and 3.4). Rows: spec requirements/taxii_order.yaml.

Other probes write and delete meanwhile, so a fault is called one only if the manifest says the same afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from isao_conformance.arrivals import (
    Arrivals,
    Key,
    against_every_other_order,
    arrivals_in,
    arrivals_of,
    falls,
    key_of,
)
from isao_conformance.errors import NoAnswer, Untestable
from isao_conformance.exchange import Answer
from isao_conformance.filtering import control_arrival_differs
from isao_conformance.fixtures import LABEL, Shelf, several_versions, some_objects
from isao_conformance.lab import Lab
from isao_conformance.listings import LONG_AGO, pages, type_of
from isao_conformance.probe import probe

ROUNDS = 4
"""How often one account asks for the collections: enough for a shuffled list to show."""

OTHER_ACCOUNTS = OTHER_COLLECTIONS = 3


@probe("TAXII-3.3-1", statement="1661d25a")
def objects_are_in_order_of_date_added(lab: Lab) -> None:
    """3.3: ascending by the date added. The own objects arrived against the order of everything else they carry, so
    that no other sorting gives the same. The short pages begin with added_after, so that where a list begins
    (TAXII-3.4-16) makes no difference."""
    shelf = _shelf(lab)
    where, objects = shelf.collection, lab.reader.objects
    told = arrivals_in(lab, where)
    walks = [("without limit", pages(objects, where, match_version="all"))]
    if shelf.own:
        query: dict[str, Any] = {"match_id": ",".join(shelf.ids), "match_version": "all", "added_after": LONG_AGO}
        walks.append(("on short pages", pages(objects, where, **query, limit=2)))
    else:
        size = max(2, min(len(walks[0][1].entries) // 5, 100))
        walks.append(("on short pages", pages(objects, where, match_version="all", limit=size)))
    lab.control(walks[0][1].ok, f"GET objects gave {walks[0][1].last.brief()}")
    if len({told.when(e) for _, walk in walks for e in walk.entries} - {None}) < 2:
        lab.no_verdict("fewer than two of the objects listed have different date_added values in the manifest")
    for name, walk in walks:
        _judge_order(lab, where, name, walk.entries, told)


def _shelf(lab: Lab) -> Shelf:
    try:
        return lab.fixture(against_every_other_order)
    except Untestable:
        return some_objects(lab)


def _judge_order(lab: Lab, where: str, name: str, entries: Sequence[Mapping[str, Any]], told: Arrivals) -> None:
    wrong = list(falls(entries, told))
    if wrong:
        again = arrivals_of(lab, where, [str(entry.get("id")) for pair in wrong[:3] for entry in pair])
        wrong = [pair for pair in wrong[:3] if all(again.when(e) == told.when(e) for e in pair)]
    lab.expect(
        not wrong,
        f"date_added never falls {name}",
        expected="each object added with or after the one before",
        got=[f"{b.get('id')} of {told.text(b)} after {a.get('id')} of {told.text(a)}" for a, b in wrong[:2]]
        or f"{len(entries)} objects in order",
    )


@probe("TAXII-3.3-3", statement="7d87abab")
def versions_of_one_object_are_in_order_of_date_added(lab: Lab) -> None:
    """3.3: ascending by the date added, on GET of one object too. The third version arrived first and the second one
    last, so an order by modified is another one."""
    of = several_versions(lab)
    if not of.own:
        control_arrival_differs(lab, of)
    told = arrivals_of(lab, of.collection, [of.id])
    fetch = lab.reader.object
    walks = [
        ("in one answer", pages(fetch, of.collection, of.id, match_version="all")),
        ("on pages of one", pages(fetch, of.collection, of.id, match_version="all", limit=1)),
    ]
    known = [told.when(stix) for stix in of.held]
    if len(set(known) - {None}) < 2:
        lab.no_verdict("the versions of the object share one date_added")
    if not list(falls(of.held, told)):
        lab.no_verdict("the versions of the object arrived in the order of their modified times")
    lab.control(walks[0][1].ok and len(walks[0][1].entries) > 1, "GET of the object lists fewer than two versions")
    for name, walk in walks:
        wrong = list(falls(walk.entries, told))
        lab.expect(
            not wrong,
            f"date_added never falls {name}",
            expected="each version added with or after the one before",
            got=[f"{b.get('modified')} after {a.get('modified')}, which was added later" for a, b in wrong[:2]]
            or f"{len(walk.entries)} versions in order",
        )


@probe("TAXII-3.3-4", statement="03612f0b")
def collections_come_in_one_order(lab: Lab) -> None:
    """3.3: a consistent order across requests. An object is added between two of them where that is allowed, so that
    an order by use shows too."""
    lists = [_collection_ids(lab, lab.survey.primary) for _ in range(ROUNDS - 2)]
    lab.control(
        len(lists[0]) > 1, f"GET collections lists {len(lists[0])} collections", "capability several-collections"
    )
    with suppress(Untestable):  # where nothing can be written the lists alone are compared
        lab.share(LABEL)
    lists += [_collection_ids(lab, lab.survey.primary) for _ in range(2)]
    _judge_same_order(lab, "for one account", lists)
    others = [name for name in lab.target.accounts if name != lab.survey.primary][:OTHER_ACCOUNTS]
    different = [ids for name in others if (ids := [_collection_ids(lab, name) for _ in range(2)])[0]]
    for pair in different:
        if not _in_one_order(pair):
            _judge_same_order(lab, "for other accounts", pair)
            return
    if different:
        _judge_same_order(lab, "for other accounts", different[0])


def _collection_ids(lab: Lab, actor: str) -> list[str]:
    try:
        listed = lab.as_(actor).collections(lab.survey.api_root)
    except NoAnswer:
        return []
    entries = listed.list_of("collections") if listed.status == 200 else []
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]


def _in_one_order(lists: list[list[str]]) -> bool:
    common = set.intersection(*(set(ids) for ids in lists))
    return len({tuple(i for i in ids if i in common) for ids in lists}) == 1


def _judge_same_order(lab: Lab, name: str, lists: list[list[str]]) -> None:
    lab.control(all(len(ids) > 1 for ids in lists), f"GET collections {name} did not list them each time")
    same = _in_one_order(lists)
    lab.expect(
        same,
        f"{name} the collections stand in the same order in every list",
        expected="the same order",
        got=f"{len(lists)} lists in one order" if same else f"orders {lists[:4]}",
    )


@probe("TAXII-3.4-16", statement="2edaa556")
def the_oldest_matches_come_first(lab: Lab) -> None:
    """3.4: without added_after the oldest objects first. The first page is held against the whole manifest, read
    before it and, where something is left out, after it again."""
    shelf = some_objects(lab)
    where, reader = shelf.collection, lab.reader
    told = arrivals_in(lab, where)
    everything = set(told.dates)
    kind = shelf.types[-1]
    of_kind = {key_of(stix) for stix in shelf.objects if stix["type"] == kind}
    asked = [
        ("one object", reader.objects(where, match_version="all", limit=1), everything),
        ("three objects", reader.objects(where, match_version="all", limit=3), everything),
        ("two records", reader.manifest(where, match_version="all", limit=2), everything),
        ("one object of a type", reader.objects(where, match_type=kind, limit=1), of_kind),
    ]
    if len({told.at(key) for key in everything} - {None}) < 2:
        lab.no_verdict("the manifest shows fewer than two different date_added values")
    for name, page, matching in asked:
        lab.control(page.status == 200 and bool(page.objects), f"the first page of {name} gave {page.brief()}")
        older = _older(page, matching, told)
        if older:
            again = arrivals_of(lab, where, [*page.ids, *(stix_id for stix_id, _ in older)])
            older = [key for key in _older(page, older, again) if again.at(key) == told.at(key)]
        lab.expect(
            not older,
            f"the first page of {name} holds the oldest",
            expected="nothing that matches was added earlier and is not on the page",
            got=f"{page.ids[:2]}, but earlier came {[stix_id for stix_id, _ in older[:2]]}" if older else "so it does",
            seen=[page],
        )


def _older(page: Answer, matching: Iterable[Key], told: Arrivals) -> list[Key]:
    """The versions that match, were added before some entry of the page and do not stand on it."""
    there = {key_of(entry) for entry in page.objects}
    latest = max((moment for key in there if (moment := told.at(key)) is not None), default=None)
    return [
        key
        for key in matching
        if latest is not None
        and key not in there
        and (key[0], None) not in there  # an object without a version of its own has a record with one
        and (moment := told.at(key)) is not None
        and moment < latest
    ]


@probe("TAXII-3.3-5", statement="24213b8a")
def objects_and_manifest_show_the_same(lab: Lab) -> None:
    """5.3: filtering identical to Get Objects, over the same objects. Only queries are asked that everything passes,
    and what one type selects has rows of its own; ids alone count, since what a record says of its version is
    TAXII-5.3.1-3."""
    shelf = some_objects(lab)
    queries: tuple[tuple[str, dict[str, str]], ...] = (
        ("without a filter", {}),
        ("in all versions", {"match_version": "all"}),
        ("of all their types", {"match_type": ",".join(reversed(shelf.types))}),
        ("since long ago", {"added_after": LONG_AGO}),
    )
    for name, query in queries:
        _say(lab, f"{name} both list the same known objects", _still_differing(lab, shelf, query))
    elsewhere, looked = [], 0
    for where in [url for url in lab.survey.readable if url != shelf.collection][:OTHER_COLLECTIONS]:
        page = lab.reader.objects(where)
        if page.status == 200 and page.objects:
            looked += 1
            elsewhere += _still_differing(lab, Shelf(where, tuple(page.objects), own=False), {})
    if looked:
        _say(lab, "in other collections both list the same objects", elsewhere)


def _say(lab: Lab, name: str, different: list[str]) -> None:
    lab.expect(
        not different,
        name,
        expected="each known object in both lists or in neither",
        got=different[:2] or "the same in both",
    )


def _still_differing(lab: Lab, shelf: Shelf, query: dict[str, str]) -> list[str]:
    """What differs at two looks: what others added or deleted between the two lists is gone at the second one."""
    different = _differing(lab, shelf, query)
    return [line for line in _differing(lab, shelf, query) if line in different] if different else []


def _differing(lab: Lab, shelf: Shelf, query: dict[str, str]) -> list[str]:
    named = [stix for stix in shelf.objects if type_of(stix.get("id")) == stix.get("type") != "bundle"]
    known = {str(stix["id"]) for stix in named}
    fetches = {"objects": lab.reader.objects, "the manifest": lab.reader.manifest}
    lists = {place: pages(fetch, shelf.collection, until=known, **query) for place, fetch in fetches.items()}
    for place, listed in lists.items():
        lab.control(listed.ok, f"{place} {query} gave {listed.last.brief()}")
    there = {place: list(dict.fromkeys(i for i in listed.ids if i in known)) for place, listed in lists.items()}
    objects, records = there["objects"], there["the manifest"]
    lab.control(bool(objects or records), f"neither list {query} holds a known object")
    shorter = min(len(objects), len(records))
    if objects[:shorter] == records[:shorter]:
        return []  # the same, or one was cut before its end: TAXII-3.4-21
    lacking = [(stix_id, "the manifest") for stix_id in objects if stix_id not in records]
    lacking += [(stix_id, "objects") for stix_id in records if stix_id not in objects]
    told = []
    for stix_id, place in lacking:
        listed = lists[place]
        if any(other.lower().startswith(stix_id.lower()) for other in listed.ids):
            continue  # it is there under another id: TAXII-5.3.1-2
        if "match_type" in query and stix_id not in fetches[place](shelf.collection, match_type=type_of(stix_id)).ids:
            continue  # its type alone does not select it: TAXII-3.4.1-4 and TAXII-5.3-2
        followed = listed.exact and listed.ended
        if followed or stix_id not in fetches[place](shelf.collection, **{**query, "match_id": stix_id}).ids:
            told.append(f"{stix_id} is not in {place}")
    return sorted(told)
