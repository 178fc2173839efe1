"""Lists that were cut, and how they go on (TAXII 2.1, 3.4, 3.5 and 3.7). Rows: taxii_continuation.yaml."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from isao_conformance.arrivals import LAST, arrivals_of, dated, falls
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL, Shelf, Versioned, several_versions, some_objects, to_page_through
from isao_conformance.lab import Lab
from isao_conformance.listings import instant
from isao_conformance.long_lists import (
    Walk,
    asking,
    date_shared,
    editions,
    follow,
    judge_followed,
    judge_met_once,
    listed,
    more_than_a_page,
    position_after,
    promises_too_much,
)
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import ENVELOPE, kind_of, succeeded

HUGE = 1_000_000
"""A limit beyond what a server gives in one answer."""

ENDPOINT = "capability versions-endpoint"

UNLIMITED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("everything", {}),
    ("all versions", {"match_version": "all"}),
)


@probe("TAXII-3.4-21", statement="389cea34", exclusive=True)
def a_list_cut_by_the_server_says_that_there_is_more(lab: Lab) -> None:
    """3.4 and 3.5: more MUST be true when the server limited the list. An answer that does not say so has to hold all
    of a hundred and one own objects. Runs alone: it makes the collection long, and nobody else's walks."""
    try:
        shelf = lab.fixture(more_than_a_page)
    except Untestable as fault:
        _lists_of_others(lab, fault)
        return
    for name, query in (*UNLIMITED, ("one type", {"match_type": shelf.types[0]})):
        answer = lab.reader.objects(shelf.collection, **query)
        lab.control(answer.status == 200 and bool(answer.objects), f"GET objects, {name}, gave {answer.brief()}")
        lacking = [] if answer.more else _left_out(lab, shelf, answer, query)
        lab.expect(
            not lacking,
            f"a list of {name} is whole or says more",
            expected='"more": true, or every matching object',
            got=f'{len(answer.objects)} objects, no "more": true, and {lacking[0]} is not there' if lacking else answer,
            seen=[answer],
        )


def _left_out(lab: Lab, shelf: Shelf, answer: Answer, query: dict[str, Any]) -> list[str]:
    """Up to three own objects that the answer lacks and the same query lists when asked for them."""
    lacking = [stix_id for stix_id in shelf.ids if stix_id not in set(answer.ids)]
    if not lacking:
        return []
    some = [*lacking[:1], *lacking[-2:]]
    listed = lab.reader.objects(shelf.collection, **query, match_id=",".join(dict.fromkeys(some)))
    return [stix_id for stix_id in some if stix_id in listed.ids]


def _lists_of_others(lab: Lab, fault: Untestable) -> None:
    """The same on what is only read: whatever comes after the last entry has to have been announced."""
    judged = False
    for where in lab.survey.readable[:4]:
        answer = lab.reader.objects(where, match_version="all")
        last = answer.header(LAST)
        if answer.status != 200 or not answer.objects or last is None:
            continue
        rest = lab.reader.objects(where, match_version="all", added_after=last)
        beyond = [stix_id for stix_id in rest.ids if stix_id not in answer.ids]
        if rest.status != 200 or not beyond:
            continue
        judged = True
        lab.expect(
            answer.more,
            "a list after which objects come says more",
            expected='"more": true',
            got=f'no "more": true, but {beyond[0]} was added after {last}',
            seen=[answer, rest],
        )
    if not judged:
        lab.no_verdict(f"no readable collection is longer than one answer, and: {fault.why}", fault.blocked_by)


@probe("TAXII-3.4-37", statement="1ca2c809")
def one_object_cut_by_limit_says_that_there_is_more(lab: Lab) -> None:
    """3.4 with 5.6: the envelope of one object follows the same rule. All versions come without limit, so that an
    answer with fewer was cut."""
    of = several_versions(lab)
    fetch = lab.reader.object
    whole = fetch(of.collection, of.id, match_version="all")
    count = len(whole.objects)
    lab.control(whole.status == 200 and count > 1, f"GET of the object lists {count} versions: {whole.brief()}")
    first = fetch(of.collection, of.id, match_version="all", limit=1)
    _says_more(lab, "with limit=1", first, count)
    if count > 2:
        cut = fetch(of.collection, of.id, match_version="all", limit=count - 1)
        _says_more(lab, "without its last version", cut, count)
    if count > 2 and first.next is not None and len(first.objects) == 1:
        second = fetch(of.collection, of.id, match_version="all", limit=1, next=first.next)
        if second.status == 200 and second.objects and second.objects != first.objects:
            _says_more(lab, "on a page in the middle", second, count - 1)


def _says_more(lab: Lab, name: str, answer: Answer, left: int) -> None:
    lab.control(answer.status == 200 and bool(answer.objects), f"GET of the object {name} gave {answer.brief()}")
    lab.control(len(answer.objects) < left, f"GET of the object {name} is not cut (TAXII-3.4-17)")
    lab.expect(
        answer.more or not isinstance(answer.resource.get("more", False), bool),
        f"one object {name} says more",
        expected='"more": true',
        got=f'"more": {answer.resource["more"]!r}' if "more" in answer.resource else "no more property",
        seen=[answer],
    )


@probe("TAXII-3.4-19", statement="cfe4eb95", exclusive=True)
def a_limit_beyond_what_is_given_is_served(lab: Lab) -> None:
    """3.4: fewer objects than a very large limit are lawful, and then more is true. Runs alone, like the probe of
    TAXII-3.4-21, whose long list it shares."""
    try:
        shelf = lab.fixture(more_than_a_page)
    except Untestable:
        shelf = some_objects(lab)
    one_type = {"match_type": shelf.types[0]}
    reader, where = lab.reader, shelf.collection
    asked: tuple[tuple[str, Callable[..., Answer], dict[str, Any]], ...] = (
        ("objects", reader.objects, {}),
        ("objects of one type", reader.objects, one_type),
        ("records of one type", reader.manifest, one_type),
    )
    for name, fetch, query in asked:
        answer = fetch(where, **query, limit=HUGE)
        lacking = [i for i in shelf.ids if i not in set(answer.ids)] if answer.status == 200 and not answer.more else []
        some = list(dict.fromkeys([*lacking[:1], *lacking[-2:]]))
        there = set(fetch(where, **query, match_id=",".join(some)).ids) if some else set()
        lab.expect(
            answer.status == 200 and not there & set(some),
            f"{name} with a very large limit are all there or say more",
            expected='200 with every known object, or "more": true',
            got=f'no "more": true, and {sorted(there)[0]} is not there' if there else answer,
            seen=[answer],
        )


@probe("TAXII-3.4-22", statement="3e96611f")
def a_manifest_cut_by_limit_says_that_there_is_more(lab: Lab) -> None:
    """5.3.1: more tells whether there is more. Without limit the query lists at least two records, so one with limit=1
    is cut; so is the second page of three."""
    shelf = some_objects(lab)
    query = {"match_id": ",".join(shelf.ids[:3])}
    whole = follow(lambda **position: lab.reader.manifest(shelf.collection, **query, **position))
    count = len(set(whole.entries))
    lab.control(not whole.stuck and count > 1, f"without limit the manifest lists {count} records {whole.stuck}")
    for name, unfiltered in UNLIMITED:
        page = lab.reader.manifest(shelf.collection, **unfiltered, limit=1)
        _cut_list_says_more(lab, f"the first page of {name}", page, count)
    first = lab.reader.manifest(shelf.collection, **query, limit=1)
    _cut_list_says_more(lab, "the first page", first, count)
    if first.next is not None and count - len(set(first.ids)) > 1:
        second = lab.reader.manifest(shelf.collection, **query, limit=1, next=first.next)
        if second.status == 200 and set(second.ids) - set(first.ids):
            _cut_list_says_more(lab, "a page in the middle", second, count - len(set(first.ids)))


def _cut_list_says_more(lab: Lab, name: str, answer: Answer, left: int) -> None:
    lab.control(answer.status == 200 and bool(listed(answer)), f"limit=1 gave {answer.brief()}")
    if len(listed(answer)) >= left:
        lab.no_verdict("limit=1 does not cut the list (TAXII-3.4-17 and TAXII-3.4-35)")
    lab.expect(answer.more, f"{name} says more", expected='"more": true', got=answer)


def _versions_listed(lab: Lab) -> tuple[Versioned, Answer]:
    """An object of which GET versions lists two or more in one answer, and that answer."""
    of = several_versions(lab)
    answer = lab.reader.versions(of.collection, of.id)
    if answer.status != 200:
        lab.no_verdict(f"GET versions gave {answer.brief()}", blocked_by=ENDPOINT)
    lab.control(len(listed(answer)) > 1, f"GET versions lists {len(listed(answer))} versions")
    return of, answer


@probe("TAXII-3.4-23", statement="ae66d5a9")
def a_versions_list_cut_by_limit_says_that_there_is_more(lab: Lab) -> None:
    """5.8.1: more tells whether there is more. Without limit there are at least two versions."""
    of, whole = _versions_listed(lab)
    count = len(listed(whole))
    first = lab.reader.versions(of.collection, of.id, limit=1)
    _cut_list_says_more(lab, "the first page of versions", first, count)
    if first.next is not None and count - len(listed(first)) > 1:
        second = lab.reader.versions(of.collection, of.id, limit=1, next=first.next)
        if second.status == 200 and set(listed(second)) - set(listed(first)):
            _cut_list_says_more(lab, "a page of versions in the middle", second, count - len(listed(first)))


@probe("TAXII-3.4-35", statement="6619d8ac")
def no_versions_list_holds_more_than_limit(lab: Lab) -> None:
    """3.4 with the table of 5.8, which lists limit. Without limit there are at least two versions."""
    of, whole = _versions_listed(lab)
    first = lab.reader.versions(of.collection, of.id, limit=1)
    lab.control(first.status == 200, f"GET versions with limit=1 gave {first.brief()}")
    asked = [(1, first)]
    if len(listed(whole)) > 2:
        limit = len(listed(whole)) - 1
        asked.append((limit, lab.reader.versions(of.collection, of.id, limit=limit)))
    if first.next is not None:
        asked.append((1, lab.reader.versions(of.collection, of.id, limit=1, next=first.next)))
    over = [(limit, answer) for limit, answer in asked if len(listed(answer)) > limit]
    lab.expect(
        not over,
        "no answer lists more versions than limit",
        expected="at most limit versions",
        got=[f"limit={limit}: {len(listed(answer))} versions" for limit, answer in over] or "at most limit versions",
        seen=[answer for _, answer in over],
    )


@probe("TAXII-3.4-24", statement="ab4e2efe")
def more_is_not_true_when_nothing_is_left(lab: Lab) -> None:
    """3.7: more says that there is more. Known ids are asked for, so that what completes them is the end; the page
    after an answer that says more is looked at before it is called wrong."""
    shelf = some_objects(lab)
    reader, where = lab.reader, shelf.collection
    query = {"match_id": ",".join(shelf.ids[:4])}
    for name, fetch in (("objects", reader.objects), ("manifest", reader.manifest)):
        wanted = set(shelf.ids[:4])
        count = len(wanted)
        for limit in dict.fromkeys((count, count + 1, None, max(1, count // 2))):
            ask = asking(fetch, where, **query, limit=limit)
            _ends_without_more(lab, f"{name} with {_limit(limit, count)}", promises_too_much(ask, wanted, listed))
    with suppress(Untestable):  # where no object in several versions is held the two lists are the verdict
        of = several_versions(lab)
        whole = reader.object(of.collection, of.id, match_version="all")
        wanted = set(editions(whole))
        ask = asking(reader.object, of.collection, of.id, match_version="all", limit=len(whole.objects) or None)
        _ends_without_more(lab, "one object with as many as there are", promises_too_much(ask, wanted, editions))
        versions = reader.versions(of.collection, of.id)
        wanted = set(listed(versions))
        ask = asking(reader.versions, of.collection, of.id, limit=len(wanted) or None)
        if versions.status == 200 and wanted:
            _ends_without_more(lab, "versions with as many as there are", promises_too_much(ask, wanted, listed))


def _limit(limit: int | None, count: int) -> str:
    if limit is None:
        return "no limit"
    return {count: "as many as there are", count + 1: "one more than there are"}.get(limit, "a smaller limit")


def _ends_without_more(lab: Lab, name: str, wrong: str) -> None:
    lab.expect(
        not wrong, f"{name} ends without more", expected='no "more": true after which nothing comes', got=wrong or "so"
    )


@watcher("TAXII-3.5-2", statement="f3fabd25")
def next_comes_only_with_more(exchange: Exchange) -> Looked:
    """3.7: next may be filled if more is true. Empty ones count as not filled (3.5)."""
    answer = exchange.answer
    if answer is None or not succeeded(exchange) or kind_of(exchange) != ENVELOPE or not answer.resource.get("next"):
        return False
    more = answer.resource.get("more", False)
    if more is False:
        return Finding(
            '"more": true beside next', f"next and {'more false' if 'more' in answer.resource else 'no more'}"
        )
    return True


@probe("TAXII-3.5-3", statement="1d56006f")
def a_walk_by_time_reaches_everything(lab: Lab) -> None:
    """3.5: added_after with the time of the last object leads through the rest. Five of the objects came in one POST,
    so a server that gives them one time has to keep them on one page. next is not used, also where it is offered."""
    try:
        shelf = lab.fixture(to_page_through)
    except Untestable:
        shelf = some_objects(lab)
    ids = shelf.ids[:9]
    query = {"match_id": ",".join(ids)}
    told = arrivals_of(lab, shelf.collection, ids)
    for name, more in (("pages of two", {"limit": 2}), ("all versions", {"limit": 4, "match_version": "all"})):
        walk = follow(asking(lab.reader.objects, shelf.collection, **query, **more), by_time=True)
        first = walk.answers[0]
        lab.control(first.status == 200 and bool(first.ids), f"the first page gave {first.brief()}")
        if not first.more:
            lab.no_verdict("the first page says that it is the last one (TAXII-3.4-20), so there is no walk")
        if any(page.more and dated(page, LAST) is None for page in walk.answers):
            lab.no_verdict(f"a page has no {LAST} (TAXII-3.2-6), or no timestamp in it (TAXII-3.2-9)")
        _only_asked_for(lab, walk, ids)
        if any(list(falls(page.objects, told)) for page in walk.answers):
            lab.no_verdict("a page is not in the order of date_added (TAXII-3.3-1)")
        judge_met_once(lab, f"on {name} by time", shelf.collection, ids, walk)


def _only_asked_for(lab: Lab, walk: Walk, ids: list[str]) -> None:
    foreign = [stix_id for stix_id in walk.times if stix_id not in ids]
    if foreign:
        lab.no_verdict(f"a page lists {foreign[0]}, which was not asked for (TAXII-3.5-4)")


@probe("TAXII-3.5-5", statement="27a9ea98", needs=["writable"])
def a_walk_is_not_disturbed_by_what_arrives_meanwhile(lab: Lab) -> None:
    """3.5 with 3.3: new objects are last, so they move nothing before them. The two that arrive during the walk are
    part of the query from its beginning, since their ids are known before they are added."""
    shelf = some_objects(lab)
    if not shelf.own:
        lab.no_verdict("no own objects are there to walk through")
    ids, late = shelf.ids[:6], [lab.indicator(LABEL), lab.indicator(LABEL)]
    query = {"match_id": ",".join([*ids, *(stix["id"] for stix in late)])}
    ask = asking(lab.reader.objects, shelf.collection, **query, limit=2)
    before = follow(ask)
    lab.control(all(before.times[i] == 1 for i in ids), f"undisturbed, the walk does not meet each once {before.stuck}")

    def meanwhile(page: int) -> None:
        if page <= len(late):
            lab.publish([late[page - 1]])

    walk = follow(ask, between=meanwhile)
    if len(walk.answers) < 3:
        lab.no_verdict(f"the walk has {len(walk.answers)} pages {walk.stuck}")
    _only_asked_for(lab, walk, query["match_id"].split(","))
    judged = [i for i in ids if walk.exact or i not in date_shared(lab, shelf.collection, ids)]
    judge_met_once(lab, "while objects arrive", shelf.collection, judged, walk)
    new = [n for n, i in enumerate(walk.entries) if i in {stix["id"] for stix in late}]
    overtaken = [i for i in walk.entries[new[0] :] if i in ids] if new else []
    lab.expect(
        not overtaken,
        "new objects come after those that were there",
        got=f"after a new one: {overtaken[:3]}" if overtaken else "so they do",
    )


@probe("TAXII-3.5-6", statement="cf72c1b1", needs=["deletable"])
def a_page_whose_objects_are_gone_is_empty(lab: Lab) -> None:
    """3.5: more true and then nothing is lawful after a deletion. Both objects of the query go between the pages, so
    whichever the page mark stands for is gone."""
    made = [lab.indicator(LABEL), lab.indicator(LABEL)]
    for stix in made:
        lab.publish([stix])
    ids, where = [stix["id"] for stix in made], lab.workspace
    query = {"match_id": ",".join(ids), "limit": 1}
    first = lab.reader.objects(where, **query)
    lab.control(first.status == 200 and len(first.ids) == 1 and first.more, f"the first page gave {first.brief()}")
    position = position_after(first)
    lab.control(bool(position), "the first page gives no way to go on")
    gone = [lab.reader.delete(where, stix_id) for stix_id in ids]
    if any(not 200 <= answer.status < 300 for answer in gone):
        lab.no_verdict(f"a deletion gave {gone[-1].brief()}", blocked_by="capability delete")
    left = lab.reader.objects(where, match_id=query["match_id"])
    lab.control(left.status == 200 and not set(ids) & set(left.ids), "a deleted object is still listed (TAXII-5.7-2)")
    second = lab.reader.objects(where, **query, **position)
    lab.expect(
        second.status == 200 and not set(ids) & set(second.ids),
        "the following page is answered 200 without objects",
        expected="200 without objects",
        got=second,
    )


@probe("TAXII-3.5-9", statement="1f0e5d18")
def manifest_and_versions_can_be_followed_to_their_end(lab: Lab) -> None:
    """5.3 and 5.8 take next and added_after, and both lists have more. Whatever the server offers is followed."""
    shelf = some_objects(lab)
    where, ids = shelf.collection, shelf.ids[:8]
    query = {"match_id": ",".join(ids)}
    whole = follow(asking(lab.reader.manifest, where, **query))
    there = list(dict.fromkeys(whole.entries))
    lab.control(len(there) > 1, f"without limit the manifest lists {len(there)} records")
    cut = follow(asking(lab.reader.manifest, where, **query, limit=min(3, len(there) - 1)))
    _only_asked_for(lab, cut, ids)
    judged = len(cut.answers) > 1 or bool(cut.stuck)
    if judged:
        tied = set() if cut.exact else date_shared(lab, where, ids)
        judge_followed(lab, "the manifest", [i for i in there if i not in tied], cut)
    with suppress(Untestable):  # where no list of several versions is in reach the manifest is the verdict
        of, every = _versions_listed(lab)
        versions = follow(asking(lab.reader.versions, of.collection, of.id, limit=1))
        if len(versions.answers) > 1 or versions.stuck:
            shared = not versions.exact and bool(date_shared(lab, of.collection, [of.id]))
            known = [v for v in listed(every) if not shared and instant(v) in {instant(m) for m in of.modified}]
            judge_followed(lab, "versions", known, versions)
            judged = True
    if not judged:
        lab.no_verdict("limit cuts neither the manifest nor a list of versions")
