"""Probes of the audit log: what was done is on record, the record can be checked, and it shows nobody else's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from isao_conformance.audit_log import (
    AuditLog,
    Line,
    audit_of,
    continues,
    follows,
    has_its_details,
    is_in,
    is_signed,
    lines_of,
    published_keys,
)
from isao_conformance.exchange import Answer
from isao_conformance.function_api import JSON, is_offered, root_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, REFUSALS, just_before

READER, COLLEAGUE = "member-b", "member-a2"
SKEW = timedelta(minutes=5)
"""How far the clock of the target may be from that of the run."""

Fits = Callable[[Line], bool]


# --- ISAO-SEC-004 ----------------------------------------------------------------------------------


@probe("ISAO-SEC-004", statement="b313a1d5", needs=["member-a", "writable"])
def what_an_account_does_is_on_record_once_with_its_time(lab: Lab) -> None:
    """Who saw what, and who tried to, is asked after every leak; a log with gaps answers nothing.

    Five actions of one account, each with an object of its own: contribute, read it alone, read it in a page, ask for
    one that is not there, and delete it (where that is not allowed: contribute another). Each stands in the log
    once, as what it was, with its account and its time. The control: each action had the answer that it should have.
    """
    log, session, where = audit_of(lab, CONTRIBUTOR), lab.as_(CONTRIBUTOR), lab.workspace
    before, started = log.head(), lab.now()
    own, absent = lab.share("green", by=CONTRIBUTOR)["id"], lab.indicator()["id"]
    alone, page = session.object(where, own), session.objects(where, match_id=own)
    lab.control(
        alone.ids == page.ids == [own], "the object, and nothing else, is given by its address and by its filter"
    )
    lab.control(session.object(where, absent).status in REFUSALS, "an object that is not there is refused")
    expected: dict[str, Fits] = {
        "a contribution": lambda one: one.entry["action"] == "contribute" and own in one.ids,
        "reading one object": lambda one: _read(one, "object") and one.details.get("object") == own,
        "reading a page": lambda one: _read(one, "objects") and own in one.ids and _asked(one, "match[id]") == own,
        "a refused request": lambda one: one.entry["outcome"] == "refused" and one.details.get("object") == absent,
    }
    if lab.target.may_delete and 200 <= session.delete(where, own).status < 300:
        still = session.objects(where, match_id=own)
        lab.control(own not in still.ids, "the deleted object is gone")
        expected["a deletion"] = lambda one: one.entry["action"] == "delete" and _concerns(one, own)
    else:
        other = lab.share("green", by=CONTRIBUTOR)["id"]
        expected["another contribution"] = lambda one: one.entry["action"] == "contribute" and other in one.ids
    found, ended = _settled(lab, log, int(before["size"]), lambda seen: _each(expected.values(), seen)), lab.now()
    accounts = {one.entry.get("account") for fits in expected.values() for one in found if fits(one)}
    for words, fits in expected.items():
        told = [one for one in found if fits(one)]
        lab.expect(len(told) == 1, f"{words} is on record once", got=f"{len(told)} entries of {len(found)} since")
        within = all(_within(one, started, ended) for one in told)
        lab.expect(within, f"{words} has its time", expected=f"{started:%FT%TZ}, give or take", got=_times(told))
        done = all(one.entry["outcome"] == "done" for one in told) or words == "a refused request"
        lab.expect(done, f"{words} has its outcome", expected="done", got=[one.entry["outcome"] for one in told])
    named = lab.username_of(session)
    lab.expect(
        len(accounts) == 1 and None not in accounts and (not named or named in accounts),
        "all of it is under the one account",
        expected="the account that did it, in every entry",
        got=f"{len(accounts - {None})} accounts named, {'one entry or more without' if None in accounts else 'in all'}",
    )


def _read(line: Line, what: str) -> bool:
    return bool(line.entry["action"] == "read" and line.entry["what"] == what and line.entry["outcome"] == "done")


def _concerns(line: Line, stix_id: str) -> bool:
    return stix_id in line.ids or line.details.get("object") == stix_id


def _settled(lab: Lab, log: AuditLog, after: int, enough: Callable[[list[Line]], bool]) -> list[Line]:
    """The entries after a number, once they are enough or the time for it is over."""
    seen: list[Line] = []

    def ask() -> bool | None:
        seen[:] = log.after(after)
        return True if enough(seen) else None

    lab.poll(ask)
    return seen


def _each(wanted: Iterable[Fits], seen: list[Line]) -> bool:
    return all(any(map(fits, seen)) for fits in wanted)


def _asked(line: Line, name: str) -> Any:
    """The value of a filter that an entry tells of."""
    return line.details.get("query", {}).get(name)


def _within(line: Line, started: datetime, ended: datetime) -> bool:
    return started - SKEW <= datetime.fromisoformat(line.entry["time"]) <= ended + SKEW


def _times(lines: Iterable[Line]) -> str:
    return ", ".join(str(one.entry["time"]) for one in lines) or "no entry"


# --- ISAO-AUD-001 ----------------------------------------------------------------------------------


@probe("ISAO-AUD-001", statement="30da826a", needs=["member-a", "writable"])
def a_log_that_is_changed_afterwards_is_found_out(lab: Lab) -> None:
    """A record that its keeper can rewrite unseen protects nobody from its keeper.

    Heads before and after two contributions are signed with a published key, and a proof shows that the later log
    begins with the earlier one. Every entry since, and the first ones of the log, are shown to be in it, name the entry
    before, and hold the digest of the details beside them. Altered heads, entries and proofs do not pass.
    """
    log, keys = audit_of(lab, CONTRIBUTOR), published_keys(lab)
    lab.share("green", by=CONTRIBUTOR)
    first = log.head()
    own = lab.share("green", by=CONTRIBUTOR)["id"]
    recent = _settled(lab, log, int(first["size"]), lambda seen: any(own in one.ids for one in seen))
    second, early = log.head(), lines_of(log.page(after=0, limit=5))
    for words, head in (("the earlier head", first), ("the later head", second), *_page_heads(recent)):
        signed = is_signed(head, keys)
        lab.expect(signed, f"{words} is signed with a published key", got=f"key {head['key']}, {len(keys)} published")
    sizes = f"{first['size']}, then {second['size']}"
    lab.control(int(second["size"]) > int(first["size"]) > 0, f"the log grew with what was done: {sizes}")
    proof = log.grown(int(first["size"]), int(second["size"]))
    lab.expect(continues(first, second, proof), "the later log begins with the earlier one", got=f"sizes {sizes}")
    for words, lines in (("every entry since", recent), ("the first entries", early)):
        out = [one.place for one in lines if not is_in(one)]
        lab.expect(not out, f"{words} is shown to be in the log", got=f"without a proof that holds: {out or 'none'}")
        alone = [one.place for one in lines if not has_its_details(one)]
        lab.expect(not alone, f"{words} holds the digest of its details", got=f"others: {alone or 'none'}")
        torn = [two.place for one, two in pairwise(lines) if not follows(two, one)]
        lab.expect(not torn, f"{words} names the one before it", got=f"others: {torn or 'none'}")
    lab.expect(not early or follows(early[0], None), "the first entry names none before it")
    _altered_fails(lab, first, second, proof, recent)


def _page_heads(lines: Iterable[Line]) -> list[tuple[str, Mapping[str, Any]]]:
    return [("the head beside the entries", one.head) for one in list(lines)[:1]]


def _altered_fails(
    lab: Lab, first: Mapping[str, Any], second: Mapping[str, Any], proof: tuple[str, ...], lines: list[Line]
) -> None:
    """The control: what was seen to hold does not hold for anything."""
    keys = published_keys(lab)
    lab.control(not is_signed({**first, "size": first["size"] + 1}, keys), "an altered head passes for signed")
    other = {**first, "root": lab.token(64)}
    lab.control(not continues(other, second, proof), "another beginning passes for the same")
    for one in lines[:1]:
        changed = Line({**one.entry, "what": "nothing"}, one.details, one.proof, one.place, one.head)
        lab.control(not is_in(changed), "an altered entry passes for one that is in the log")


# --- ISAO-AUD-002 ----------------------------------------------------------------------------------


@probe("ISAO-AUD-002", statement="db3a7219", needs=["member-a", "member-b", "writable"], exclusive=True)
def the_log_shows_a_member_nothing_of_others_and_no_content(lab: Lab) -> None:
    """A log of who read what is itself worth stealing: it tells who is worried about what.

    What another organization does makes a member's log neither longer nor other; asking for that organization's log is
    refused. A colleague of the account that shared a RED item is not shown its id. No page of the log has the title of
    an item, nor a secret that was tried in vain. The control: the account itself finds what it did.
    """
    mine, theirs, where = audit_of(lab, CONTRIBUTOR), audit_of(lab, READER), lab.workspace
    word = f"title{lab.token(16)}"
    before, calm = mine.head(), _growth(lab, theirs, lambda: None)
    still = _growth(lab, theirs, lambda: None)
    made: list[str] = []

    def busy() -> None:
        made.append(lab.share("red", by=CONTRIBUTOR, name=word)["id"])
        lab.as_(CONTRIBUTOR).object(where, made[0])
        lab.as_(CONTRIBUTOR).objects(where, match_id=made[0])

    start = int(theirs.head()["size"])
    grown = _growth(lab, theirs, busy)
    tried = _try_in_vain(lab, where)
    own = _settled(lab, mine, int(before["size"]), lambda seen: any(made[0] in one.ids for one in seen))
    lab.control(any(made[0] in one.ids for one in own), "the account finds its contribution in its own log")
    seen = [mine.page(after=int(before["size"])), theirs.page(after=start), theirs.page(after=0)]
    if calm == still:
        lab.expect(grown == calm, "what others do makes a log no longer", expected=f"{calm} more", got=f"{grown} more")
    others = {str(one.entry["log"]) for one in theirs.after(start)} & {str(one.entry["log"]) for one in own}
    lab.expect(not others, "a log has no entry of another organization", got=f"{len(others)} logs in common")
    for page in seen[1:]:
        lab.expect(made[0].encode() not in page.body, "what others did it with is not shown", got=_without(page))
    name = str(own[0].entry["log"])
    asked = theirs.page(log=name, after=int(before["size"]))
    shown = asked.status == 200 and any(one.get("entry", {}).get("log") == name for one in _objects(asked))
    lab.expect(not shown, "the log of another organization is not to be had by its name", got=_without(asked))
    for page in seen:
        lab.expect(word.encode() not in page.body, "no page has the title of an item", got=_without(page))
        for secret in tried:
            lab.expect(secret not in page.body, "no page has a secret that was tried in vain", got=_without(page))
    _colleague(lab, int(before["size"]), made[0])


def _growth(lab: Lab, log: AuditLog, between: Callable[[], None]) -> int:
    """How many entries a log has more after two requests of its reader with something between them."""
    start = int(log.head()["size"])
    between()
    log.session.objects(lab.workspace, limit=1)
    return int(log.head()["size"]) - start


def _try_in_vain(lab: Lab, where: str) -> list[bytes]:
    """Secrets that an exchange was sent and refused, in the forms in which they were sent."""
    sent: list[bytes] = []
    for session in (lab.wrong_credentials(CONTRIBUTOR),):
        answer = session.objects(where, limit=1)
        lab.control(answer.status in REFUSALS, "made-up credentials are refused")
        scheme, _, token = str(session.actor.authorization).partition(" ")
        sent.append(token.encode())
        if scheme.lower() == "basic":
            sent.append(base64.b64decode(token).partition(b":")[2])
    return sent


def _colleague(lab: Lab, after: int, stix_id: str) -> None:
    if COLLEAGUE not in lab.target.actors:
        return
    log = audit_of(lab, COLLEAGUE)
    page = log.page(after=after)  # before it asks for the item itself, which is an entry of its own with that id
    hidden = lab.as_(COLLEAGUE).object(lab.workspace, stix_id).status in REFUSALS
    if hidden:
        lab.expect(
            stix_id.encode() not in page.body, "a colleague is not shown the id of a red item", got=_without(page)
        )


def _objects(page: Answer) -> list[dict[str, Any]]:
    return [one for one in page.list_of("entries") if isinstance(one, dict)]


def _without(page: Answer) -> str:
    """A page in words, without repeating what it should not have shown."""
    return f"{page.status} with {len(_objects(page))} entries"


# --- ISAO-LEG-008 ----------------------------------------------------------------------------------


@probe("ISAO-LEG-008", statement="a6eab694", needs=["member-a", "member-b", "writable"], exclusive=True)
def bulk_access_is_on_record_with_account_time_and_scope(lab: Lab) -> None:
    """Whoever takes everything at once is asked later what for; the sharer has to be able to find out that it did.

    A member walks a collection in small pages, and takes an export where there is one. Its log has an entry for every
    page, in the walked collection and with the filter that was sent, whose numbers add up to what was given; and one
    for the export with its number of lines. The log of the member that read nothing has no such entry.
    """
    log, session, where = audit_of(lab, READER), lab.as_(READER), lab.workspace
    idle, idle_before = audit_of(lab, CONTRIBUTOR), int(audit_of(lab, CONTRIBUTOR).head()["size"])
    stix = [lab.indicator("green") for _ in range(3)]
    lab.publish(stix, by=CONTRIBUTOR)
    ids = [str(one["id"]) for one in stix]
    since = just_before(lab, lab.as_(CONTRIBUTOR), where, ids)
    before, started = int(log.head()["size"]), lab.now()
    pages = [page for page in lab.walk(session.objects, where, added_after=since, limit=2) if page.status == 200]
    given = [stix_id for page in pages for stix_id in page.ids]
    listed = lab.walk(session.manifest, where, added_after=since)
    lab.control(set(ids) <= set(given) and len(pages) > 1, "the walk gives the items, in several pages")
    # A server that loses, repeats or invents items on the way is judged for that elsewhere.
    same = sorted(given) == sorted(stix_id for page in listed for stix_id in page.ids)
    lab.control(same, "the walk gives what the manifest lists for the same query")
    lines = _export(lab)

    # A walk without `next` goes on from the last date that a page gave.
    dates = {since, *(page.header("x-taxii-date-added-last") for page in pages if page.more and not page.next)}

    def walked(one: Line) -> bool:
        return _read(one, "objects") and _asked(one, "added_after") in dates

    def exported(one: Line) -> bool:
        return bool(one.entry["action"] == "export" and one.entry["outcome"] == "done")

    def enough(seen: list[Line]) -> bool:
        return sum(map(walked, seen)) >= len(pages) and (lines is None or any(map(exported, seen)))

    found, ended = _settled(lab, log, before, enough), lab.now()
    walk = [one for one in found if walked(one)]
    counts = [int(one.entry.get("count", 0)) for one in walk]
    lab.expect(len(walk) == len(pages), "each page of a walk is on record", expected=f"{len(pages)}", got=len(walk))
    lab.expect(sum(counts) == len(given), "their numbers are of what was given", expected=f"{len(given)}", got=counts)
    here = _names(lab, where)
    away = [one.details.get("collection") for one in walk if one.details.get("collection") not in here]
    lab.expect(not away, "each names the collection", expected=" or ".join(sorted(here)), got=away or "all do")
    if lines is not None:
        told = [int(one.entry.get("count", 0)) for one in found if exported(one)]
        lab.expect(lines in told, "an export is on record with its number of lines", expected=f"{lines}", got=told)
    timed = [one for one in found if walked(one) or exported(one)]
    lab.expect(all(_within(one, started, ended) for one in timed), "each has its time", got=_times(timed))
    named = lab.username_of(session)
    by = {one.entry.get("account") for one in timed}
    lab.expect(
        len(by) == 1 and None not in by and (not named or named in by),
        "each has the account",
        expected="the account that read",
        got=f"{len(by)} accounts",
    )
    others = [one for one in idle.after(idle_before) if walked(one)]
    lab.expect(not others, "who read nothing is not on record as a reader", got=f"{len(others)} entries")


def _export(lab: Lab) -> int | None:
    """Lines of the export of indicators; None where there is no such thing."""
    if not is_offered(lab):
        return None
    answer = lab.as_(READER).get(root_of(lab) + "exports/indicators.csv", accept=f"text/csv, {JSON}")
    if answer.status != 200 or answer.media_type[0] != "text/csv":
        return None
    return len([line for line in answer.body.decode("utf-8", "replace").splitlines() if line]) - 1


def _names(lab: Lab, where: str) -> set[str]:
    """What a collection may be called: its id, its alias, and what stands in its address."""
    known = [one for one in lab.survey.collections if one.url == where]
    names = {urlsplit(where).path.rstrip("/").rpartition("/")[2]}
    return names | {str(one.resource[key]) for one in known for key in ("id", "alias") if key in one.resource}
