"""Lists that were cut, and how they go on (TAXII 2.1, 3.4, 3.5 and 3.7). Rows: taxii_continuation.yaml."""

from __future__ import annotations

from typing import Any

from isao_conformance.arrivals import LAST
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import Shelf, several_versions
from isao_conformance.lab import Lab
from isao_conformance.long_lists import more_than_a_page
from isao_conformance.probe import probe

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
