"""Limits and paging (TAXII 2.1, 3.4 and 3.5), and the safety of next (Appendix B).

Rows: spec requirements/taxii_paging.yaml. Every next is used once and fetched anew for the following request:
a server may keep the position itself, so that a page mark is good for one page only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from isao_conformance.cursors import (
    NEXT,
    collections_with_next,
    is_closed,
    marked_for_the_contributor,
    more_than_its_own,
    next_of,
    readable_by,
    type_with_two,
    with_one_letter_changed,
)
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import Shelf, several_versions, some_objects, to_page_through
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.listings import pages, served, type_of, version_of, whole
from isao_conformance.probe import probe

WALKED_WHOLE = 800
"""Object versions up to which a collection is walked as a whole."""

CALLERS = ("outsider", "member-b", "government", "peer", "member-a2", "ex-member", "member-a")
"""Who replays another account's next, in this order; the all-seeing accounts would prove nothing."""


@probe("TAXII-3.4-17", statement="f8dab9d8")
def no_answer_holds_more_entries_than_limit(lab: Lab) -> None:
    """3.4: MUST NOT contain more objects than requested. Several limits below what is there, on both lists, on a
    further page, and on the versions of one object."""
    shelf = some_objects(lab)
    for name, fetch in (("objects", lab.reader.objects), ("manifest", lab.reader.manifest)):
        plain = pages(fetch, shelf.collection, until=shelf.ids[:2])
        there = len(plain.entries)
        lab.control(plain.ok and there > 1, f"GET {name} without limit lists {there} entries")
        limits = sorted({1, 2, max(1, len(plain.answers[0].objects) - 1)})
        over = [f"limit={n}: {got}" for n in limits if (got := _over(lab, fetch, shelf, n)) > n]
        lab.expect(
            not over,
            f"{name}: no answer holds more entries than limit",
            expected="at most limit entries",
            got=f"entries with {', '.join(over)}" if over else "at most limit entries",
        )
    _versions_of_one_object_are_limited(lab)


def _over(lab: Lab, fetch: Callable[..., Answer], shelf: Shelf, limit: int) -> int:
    """The most entries on the first two pages of a query with that limit."""
    first = fetch(shelf.collection, limit=limit)
    lab.control(first.status == 200, f"limit={limit} gave {first.brief()}")
    second = fetch(shelf.collection, limit=limit, next=first.next) if first.next else first
    return max(len(first.objects), len(second.objects))


def _versions_of_one_object_are_limited(lab: Lab) -> None:
    try:
        of = several_versions(lab)
    except Untestable:
        return  # no object in several versions here: the two lists above are the verdict
    answer = lab.reader.object(of.collection, of.id, match_version="all", limit=1)
    lab.control(answer.status == 200, f"GET of one object with limit=1 gave {answer.brief()}")
    lab.expect(
        len(answer.objects) <= 1,
        "object: no answer holds more versions than limit",
        expected="at most 1 object with limit=1",
        got=f"{len(answer.objects)} objects",
    )


@probe("TAXII-3.4-18", statement="99ca0cfd")
def everything_is_returned_when_it_fits_the_limit(lab: Lab) -> None:
    """3.4: when the objects available are at most both limits, all MUST be included. limit=n and n+1 for n matches;
    fewer with more=true means that the server's own limit is lower, which says nothing."""
    shelf = some_objects(lab)
    for name, fetch in (("objects", lab.reader.objects), ("manifest", lab.reader.manifest)):
        wanted = _fitting(lab, name, fetch, shelf)
        lost = []
        for limit in (len(wanted), len(wanted) + 1):
            answer = fetch(shelf.collection, match_id=",".join(wanted), limit=limit)
            lab.control(answer.status == 200, f"GET {name} with limit={limit} gave {answer.brief()}")
            if set(wanted) <= set(answer.ids):
                continue
            if answer.more:
                lab.no_verdict(f"GET {name} cuts {len(wanted)} matches below limit={limit}: its own limit is lower")
            lost.append(f"limit={limit}: {len(answer.objects)} of {len(wanted)} entries and no more=true")
        lab.expect(
            not lost,
            f"{name}: all matches come when limit allows them",
            expected=f"{len(wanted)} entries",
            got="; ".join(lost) or "all",
        )


def _fitting(lab: Lab, name: str, fetch: Callable[..., Answer], shelf: Shelf) -> list[str]:
    """Three ids, or fewer, that the server lists together without cutting the answer."""
    for count in (3, 2, 1):
        wanted = shelf.ids[:count]
        answer = fetch(shelf.collection, match_id=",".join(wanted))
        if set(wanted) <= set(answer.ids) and not answer.more:
            return wanted
    raise Untestable(f"the control did not hold: GET {name} with one id and no limit does not list it")


@probe("TAXII-3.4-20", statement="5bf74c88")
def an_envelope_cut_by_limit_says_that_there_is_more(lab: Lab) -> None:
    """3.4 and 3.5: more MUST be true when limit leaves objects out. Judged where one object came and others match,
    on the first page, on the second of three, and for the versions of one object."""
    shelf = some_objects(lab)
    wanted = shelf.ids[:3]
    query = {"match_id": ",".join(wanted)}
    objects = lab.reader.objects
    matches = set(pages(objects, shelf.collection, until=wanted, **query).ids) & set(wanted)
    lab.control(len(matches) > 1, f"the query without limit lists {len(matches)} of {len(wanted)} objects")
    first = objects(shelf.collection, limit=1, **query)
    _judge_more(lab, first, len(matches), "the first page says more")
    if first.next is not None and len(matches) > 2:
        second = objects(shelf.collection, limit=1, next=first.next, **query)
        if second.status == 200 and set(second.ids) != set(first.ids):
            _judge_more(lab, second, len(matches) - 1, "a page in the middle says more")
    try:
        of = several_versions(lab)
    except Untestable:
        return  # no object in several versions here: the lists above are the verdict
    single = lab.reader.object(of.collection, of.id, match_version="all", limit=1)
    if single.status == 200 and len(single.objects) == 1:
        _judge_more(lab, single, len(of.held), "one object with several versions says more")


def _judge_more(lab: Lab, answer: Answer, left: int, name: str) -> None:
    lab.control(answer.status == 200 and len(answer.objects) >= 1, f"limit=1 gave {answer.brief()}")
    lab.control(len(answer.objects) < left, "limit=1 did not cut the answer (TAXII-3.4-17)")
    lab.expect(
        answer.resource.get("more") is True,
        name,
        expected='"more": true',
        got=f'"more": {answer.resource["more"]!r}' if "more" in answer.resource else "no more property",
    )


@probe("TAXII-3.5-1", statement="fdd63470")
def a_walk_by_next_meets_every_object_once(lab: Lab) -> None:
    """3.5: next with the same query reaches the remaining records. Nine own objects, five of them from one POST
    and perhaps with one date_added, are met once each, on a walk through everything and on one through their type
    alone, whose last page is theirs."""
    try:
        shelf = lab.fixture(to_page_through)
    except Untestable:
        _walk_of_others(lab)
        return
    _walk(lab, shelf, _walk_query(lab, shelf), "all of the collection")
    kind = shelf.types[0]
    _walk(lab, shelf, {"match_type": kind, "match_version": "all", "limit": 3}, "one type", kind)


def _walk(lab: Lab, shelf: Shelf, query: dict[str, Any], through: str, kind: str = "") -> None:
    """Judge one walk. One through a type that meets other types is left to TAXII-3.5-4."""
    walk = pages(lab.reader.objects, shelf.collection, **query)
    _control_walk(lab, walk.exact, walk.answers)
    if kind and any(type_of(i) != kind for i in walk.ids):
        return
    times = Counter(i for i in walk.ids if i in shelf.ids)
    lost = [i for i in shelf.ids if i not in times and served(lab.reader.object(shelf.collection, i), i)]
    doubled = [i for i, count in times.items() if count > 1]
    if lost and len(walk.answers) >= LIMITS.walk_pages:
        lab.no_verdict("the walk is longer than the harness follows")
    _judge_walk(lab, through, len(walk.answers), lost, doubled)


def _walk_query(lab: Lab, shelf: Shelf) -> dict[str, Any]:
    """A query whose pages are smaller than the number of own objects, so that some page border divides them.

    Over the whole collection, unless that is too full to walk through.
    """
    listed = pages(lab.reader.objects, shelf.collection, match_version="all", until=shelf.ids)
    count = len(listed.entries)
    if count > WALKED_WHOLE or not set(shelf.ids) <= set(listed.ids):
        return {"match_id": ",".join(shelf.ids), "match_version": "all", "limit": 3}
    return {"match_version": "all", "limit": max(3, min(len(shelf.ids) - 1, count // 25))}


def _walk_of_others(lab: Lab) -> None:
    """The same on a collection that is only read: what is there before and after the walk is met once in it."""
    shelf = some_objects(lab)

    def all_versions() -> set[tuple[str, str | None]]:
        listed = whole(pages(lab.reader.objects, shelf.collection, match_version="all"))
        return {(str(stix.get("id")), version_of(stix)) for stix in listed.entries}

    before = all_versions()
    lab.control(len(before) > 3, f"{len(before)} object versions are too few for three pages")
    limit = max(1, min(len(before) // 4, 100))
    walk = pages(lab.reader.objects, shelf.collection, match_version="all", limit=limit)
    _control_walk(lab, walk.exact, walk.answers)
    times = Counter((str(stix.get("id")), version_of(stix)) for stix in walk.entries)
    lost = [str(key) for key in sorted((before - set(times)) & all_versions(), key=str)]
    _judge_walk(
        lab, "all of the collection", len(walk.answers), lost, [str(key) for key, count in times.items() if count > 1]
    )


def _control_walk(lab: Lab, exact: bool, answers: tuple[Answer, ...]) -> None:
    if not exact or (answers[0].more and answers[0].next is None):
        lab.no_verdict("a page that says more offers no next", blocked_by=NEXT)
    lab.control(answers[0].status == 200, f"the first page gave {answers[0].brief()}")
    if len(answers) < 2:
        lab.no_verdict("the first page says that it is the last one (TAXII-3.4-20), so there is no walk")


def _judge_walk(lab: Lab, through: str, count: int, lost: list[str], doubled: list[str]) -> None:
    lab.expect(
        not lost,
        f"no object is lost on the way through {through}",
        got=f"lost in {count} pages: {lost[:3]}" if lost else "none",
    )
    lab.expect(
        not doubled,
        f"no object comes twice on the way through {through}",
        got=f"twice in {count} pages: {doubled[:3]}" if doubled else "none",
    )


@probe("TAXII-3.5-4", statement="775120b1")
def filters_stay_in_force_on_the_second_page(lab: Lab) -> None:
    """3.5 with 3.1: next is sent with the same query, which every page has to apply. The objects were added in
    turns of type, so the object after the first match is one that the filter leaves out."""
    shelf = some_objects(lab)
    kind = type_with_two(shelf)
    if not kind or len(shelf.types) < 2:
        lab.no_verdict("two objects of one type and one of another are not in reach")
    by_type = _second_page(lab, shelf, {"match_type": kind})
    foreign = [i for i in by_type.ids if type_of(i) != kind]
    lab.expect(
        not foreign,
        "the second page of a query by type lists that type only",
        expected=f"only {kind}",
        got=foreign[:3] or by_type,
    )
    two = [shelf.of(kind)[0], shelf.of(kind)[-1]]
    by_id = _second_page(lab, shelf, {"match_id": ",".join(two)})
    foreign = [i for i in by_id.ids if i not in two]
    lab.expect(
        not foreign,
        "the second page of a query by id lists the ids asked for only",
        expected=f"only {' and '.join(two)}",
        got=foreign[:3] or by_id,
    )


def _second_page(lab: Lab, shelf: Shelf, query: dict[str, Any]) -> Answer:
    cursor = next_of(lab, lab.reader, shelf.collection, **query)
    page = lab.reader.objects(shelf.collection, limit=1, next=cursor, **query)
    lab.control(page.status == 200, f"the second page gave {page.brief()}")
    return page


@probe("TAXII-B-1", statement="43ad93c0")
def a_next_value_opens_no_other_collection(lab: Lab) -> None:
    """Appendix B: next MUST NOT be implicitly trusted. Replayed under another collection's URL it may fail or bring
    objects of that collection, never one that only the first holds; changed by one letter it may not leave the
    query either."""
    shelf = some_objects(lab)
    first, reader = shelf.collection, lab.reader
    cursor = next_of(lab, reader, first)
    further = reader.objects(first, limit=1, next=cursor)
    lab.control(served(further, next(iter(further.ids), "")), f"next on its own collection gave {further.brief()}")
    others = [url for url in (*lab.target.write, *lab.survey.readable) if url != first and url in lab.survey.readable]
    leaked: list[str] = []
    for second in list(dict.fromkeys(others))[:4]:
        answer = reader.objects(second, limit=1, next=next_of(lab, reader, first))
        foreign = [i for i in answer.ids if not served(reader.object(second, i), i)] if answer.status == 200 else []
        leaked += [f"{i} under {second}" for i in foreign if served(reader.object(first, i), i)]
    if others:
        lab.expect(
            not leaked,
            "under another collection's URL it brings no object of the first",
            expected="an error, or only objects of the collection asked",
            got=leaked[:2] or "no foreign object",
        )
    _changed_cursors(lab, shelf)


def _changed_cursors(lab: Lab, shelf: Shelf) -> None:
    kind = type_with_two(shelf)
    if not kind:
        return  # one object of each type: a query by type has no second page
    foreign: list[str] = []
    crashes: list[str] = []
    for place in (0, 0.5, 1):
        changed = with_one_letter_changed(next_of(lab, lab.reader, shelf.collection, match_type=kind), place)
        answer = lab.reader.objects(shelf.collection, limit=1, match_type=kind, next=changed)
        if answer.status >= 500:
            crashes.append(answer.brief())
        if answer.status == 200:
            foreign += [i for i in answer.ids if type_of(i) != kind]
    lab.expect(
        not foreign,
        "with one letter changed it brings no object outside the query",
        expected=f"an error, or only {kind}",
        got=foreign[:2] or "no object outside the query",
    )
    lab.expect(
        not crashes,
        "with one letter changed it does not crash the server",
        expected="an error below 500, or a page",
        got=crashes[:1] or "no crash",
        soft=True,
    )


@probe("TAXII-B-2", statement="8830c7f8")
def a_next_value_gives_no_caller_more_than_its_own_rights(lab: Lab) -> None:
    """Appendix B: next MUST be re-evaluated for the caller. Others replay the primary account's next on a collection
    closed to them, on one open to them, and on a shared one whose objects are marked for the contributor alone; what
    comes back must be what they get without it."""
    callers = [n for n in CALLERS if n in lab.target.actors and n != lab.reader.actor.name][:4]
    if not lab.reader.actor.signs_in or not callers:
        lab.no_verdict("no account with credentials is lent", blocked_by="capability authentication")
    source = collections_with_next(lab)
    marked = marked_for_the_contributor(lab)
    found: dict[str, list[str]] = {}
    for name in callers:
        caller = lab.as_(name)
        readable = readable_by(lab, caller)
        closed = next((url for url in source if url not in readable and is_closed(caller, url)), None)
        if closed is not None:
            answer = caller.objects(closed, limit=1, next=next_of(lab, lab.reader, closed))
            brought = answer.ids if answer.status < 300 else []
            found.setdefault("a collection closed to the caller", []).extend(f"{i} to {name}" for i in brought)
            for url in readable[:2]:
                answer = caller.objects(url, limit=1, next=next_of(lab, lab.reader, closed))
                more = more_than_its_own(caller, url, answer)
                found.setdefault("a collection open to the caller", []).extend(f"{i} to {name}" for i in more)
        if marked is not None and marked.collection in readable:
            query = {"match_id": ",".join(marked.ids)}
            cursor = next_of(lab, lab.reader, marked.collection, **query)
            answer = caller.objects(marked.collection, limit=1, next=cursor, **query)
            more = more_than_its_own(caller, marked.collection, answer)
            found.setdefault("a shared collection", []).extend(f"{i} to {name}" for i in more)
    if not found:
        lab.no_verdict("no caller with fewer rights than the primary account", blocked_by="actor member-b")
    for place, objects in found.items():
        lab.expect(
            not objects,
            f"on {place} it brings only what the caller gets without it",
            expected="an error, or only what the caller gets without next",
            got=objects[:2] or "nothing more",
        )


@probe("TAXII-B-3", statement="26d94e57")
def a_next_value_does_not_bring_its_old_query_along(lab: Lab) -> None:
    """Appendix B: next MUST be re-evaluated in the context of the query it is sent with. next of a query for one
    type, sent with another type, may fail or list the other type, never the old one."""
    shelf = some_objects(lab)
    kind = type_with_two(shelf)
    other = next((t for t in shelf.types if t != kind), "vulnerability")
    if not kind:
        lab.no_verdict("two objects of one type are not in reach")
    control = _second_page(lab, shelf, {"match_type": kind})
    lab.control(bool(control.objects), f"next with its own query gave {control.brief()}")
    cursor = next_of(lab, lab.reader, shelf.collection, match_type=kind)
    answer = lab.reader.objects(shelf.collection, limit=1, match_type=other, next=cursor)
    outside = [i for i in answer.ids if type_of(i) != other] if answer.status < 300 else []
    lab.expect(
        not outside,
        "with another type it lists no object of the first type",
        expected=f"an error, or only {other}",
        got=outside[:2] or answer,
    )
    lab.expect(
        answer.status < 500,
        "with another type it does not crash the server",
        expected="an error below 500, or a page",
        got=answer,
        soft=True,
    )
