"""Page marks (next) and who may use them: what the probes of Appendix B of TAXII 2.1 share.

Every next is used once and fetched anew for the following request: a server may keep the position itself, so that
a page mark is good for one page only.
"""

from __future__ import annotations

from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import Shelf
from isao_conformance.lab import Lab
from isao_conformance.listings import served
from isao_conformance.session import Session

NEXT = "capability next-cursor"


def next_of(lab: Lab, session: Session, where: str, **query: Any) -> str:
    """A new next value for the second page of a query with limit=1. Untestable where none is offered."""
    page = session.objects(where, limit=1, **query)
    lab.control(page.status == 200 and bool(page.objects), f"the first page gave {page.brief()}")
    if page.next is None:
        lab.no_verdict(f"the first page of a query with limit=1 offers no next: {page.brief()}", blocked_by=NEXT)
    return str(page.next)


def type_with_two(shelf: Shelf) -> str:
    """A type of which the shelf holds two objects or more, or nothing."""
    return next((kind for kind in shelf.types if len(shelf.of(kind)) > 1), "")


def with_one_letter_changed(cursor: str, place: float) -> str:
    """The cursor with one character replaced by another of the same kind; an empty one gets a character."""
    if not cursor:
        return "A"
    at = int(place * (len(cursor) - 1))
    old = cursor[at]
    new = ("1" if old != "1" else "2") if old.isdigit() else ("A" if old != "A" else "B")
    return cursor[:at] + new + cursor[at + 1 :]


def is_closed(caller: Session, url: str) -> bool:
    """True when the caller gets no object from that collection by asking plainly."""
    plain = caller.objects(url, limit=1)
    return not (plain.status < 300 and plain.objects)


def collections_with_next(lab: Lab) -> list[str]:
    """Collections whose first page of one object offers next to the primary account, followed once as a control."""
    found = []
    for url in lab.survey.readable:
        page = lab.reader.objects(url, limit=1)
        if page.status != 200 or page.next is None:
            continue
        further = lab.reader.objects(url, limit=1, next=page.next)
        if further.status == 200 and further.objects:
            found.append(url)
    if not found:
        lab.no_verdict("no readable collection offers next for a query with limit=1", blocked_by=NEXT)
    return found


def marked_for_the_contributor(lab: Lab) -> Shelf | None:
    """Three own objects marked TLP:RED, or None where nothing can be written or they are not taken."""
    made = tuple(lab.indicator("red") for _ in range(3))
    try:
        for stix in made:
            lab.publish([stix])
        where = lab.workspace
    except Untestable:
        return None
    listed = lab.reader.objects(where, match_id=",".join(stix["id"] for stix in made), limit=1)
    return Shelf(where, made, own=True) if listed.next is not None else None


def readable_by(lab: Lab, caller: Session) -> list[str]:
    """The collections of the survey that the caller is told it can read."""
    listing = caller.collections(lab.survey.api_root)
    entries = [e for e in listing.list_of("collections") if isinstance(e, dict)] if listing.status == 200 else []
    open_ids = {str(e.get("id")) for e in entries if e.get("can_read") is True}
    return [c.url for c in lab.survey.collections if c.id in open_ids]


def more_than_its_own(caller: Session, url: str, answer: Answer) -> list[str]:
    """Ids in the answer that the caller does not get from that collection by asking for them."""
    if answer.status != 200:
        return []
    return [i for i in answer.ids if not served(caller.objects(url, match_id=i), i)]
