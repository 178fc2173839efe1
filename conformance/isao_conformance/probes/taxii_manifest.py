"""Manifests (TAXII 2.1, 3.2, 3.3 and 5.3). Rows: spec requirements/taxii_manifest.yaml."""

from __future__ import annotations

from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, Shelf, Stix, some_objects, statement_marking, three_versions
from isao_conformance.lab import Lab
from isao_conformance.listings import FAR_FUTURE, Instant, instant, pages, shifted, version_of, whole
from isao_conformance.media_lists import COLLECTIONS_READ, covers, listed_types
from isao_conformance.probe import probe

FIRST = "X-TAXII-Date-Added-First"
SPARE = 60
"""Seconds by which the clock of the answers may differ from that of the records."""

Version = tuple[str, Instant]
"""A STIX id and the instant of its version."""


def _versions_in(entries: list[dict[str, Any]], key: str | None) -> Counter[Version]:
    """Id and version of each entry: of the property `key`, or modified and else created. Others are left out."""
    told = ((str(e.get("id")), instant(e.get(key) if key else version_of(e))) for e in entries)
    return Counter((stix_id, moment) for stix_id, moment in told if moment is not None)


@probe("TAXII-5.3-1", statement="1086c108", exclusive=True)
def the_manifest_has_one_record_for_each_object_version(lab: Lab) -> None:
    """5.3: 200 and one record with a single version for each object version. What objects shows in all versions must
    be in the manifest exactly once. Runs alone: two walks agree only while nobody writes or deletes between them."""
    shelf = some_objects(lab)
    own = set(shelf.ids)
    if shelf.own:
        try:
            own.add(lab.fixture(three_versions).id)
        except Untestable:
            own = set(shelf.ids)  # a server may refuse later versions; single ones are judged
    where = shelf.collection
    objects = whole(pages(lab.reader.objects, where, match_version="all"))
    shown = set(_versions_in(objects.entries, None))
    versions = {v for v in shown if not shelf.own or v[0] in own}  # others may be deleted before the second walk
    lab.control(objects.ok and bool(versions), "GET objects lists no object with modified or created")
    manifest = whole(pages(lab.reader.manifest, where, match_version="all"))
    first = manifest.answers[0]
    if not lab.expect(first.status == 200, "the manifest is answered 200", expected="200", got=first):
        return
    if not manifest.ok:
        lab.no_verdict(f"page {len(manifest.answers)} gave {manifest.last.brief()}", blocked_by="TAXII-3.5-9")
    lists = [r for r in manifest.entries if not isinstance(r.get("version", ""), str)]
    lab.expect(
        not lists, "every record has a single version", expected="version is a string", got=lists[:1] or "so it is"
    )
    records = _versions_in(manifest.entries, "version")
    lacking = sorted(versions - set(records))
    if lacking and not manifest.exact:
        lacking = [v for v in lacking if not _asked(lab, where, v)]
    if lacking and not shelf.own:
        again = _versions_in(whole(pages(lab.reader.objects, where, match_version="all")).entries, None)
        lacking = [v for v in lacking if v in again]
    lab.expect(
        not lacking,
        "every object version has a record",
        expected="one record with the id and version of each object version",
        got=[f"no record of {i}, version {_told(m)}" for i, m in lacking[:2]] or "one of each",
    )
    doubled = [v for v in shown if records[v] > 1]
    lab.expect(
        not doubled,
        "no object version has two records",
        got=[f"{records[v]} records of {v[0]}" for v in doubled[:2]] or "one of each",
    )


def _asked(lab: Lab, where: str, version: Version) -> bool:
    """True when the manifest has the record if asked for that id: the walk by added_after may have skipped it."""
    listed = pages(lab.reader.manifest, where, match_id=version[0], match_version="all")
    return version in _versions_in(listed.entries, "version")


def _told(moment: Instant) -> str:
    return shifted("1970-01-01T00:00:00Z", moment[0] * 1_000_000 + int(moment[1][:6].ljust(6, "0")))


@probe("TAXII-5.3.1-2", statement="0da1d323")
def records_carry_the_stix_id(lab: Lab) -> None:
    """5.3.1: the id of a record is the STIX id. What the manifest calls an object is what fetches it, and own objects
    are listed under the id they were posted with."""
    shelf = some_objects(lab)
    where = shelf.collection
    plain = lab.reader.objects(where)
    lab.control(plain.status == 200 and bool(plain.objects), f"GET objects lists nothing: {plain.brief()}")
    listed = pages(lab.reader.manifest, where, until=shelf.ids)
    lab.control(listed.ok and bool(listed.entries), f"the manifest lists nothing: {listed.last.brief()}")
    if shelf.own:
        lacking = [i for i in shelf.ids if i not in listed.ids]
        if lacking and not (listed.exact and listed.ended):
            lacking = [i for i in lacking if i not in lab.reader.manifest(where, match_id=i).ids]
        lab.expect(
            not lacking,
            "own objects are listed under the ids they were posted with",
            expected="a record with the id of each object",
            got=f"no record of {lacking[0]}; records of {listed.ids[-3:]}" if lacking else "each is listed",
        )
    chosen = [i for i in shelf.ids if i in listed.ids][:5] or listed.ids[:5]
    known = {*shelf.ids, *plain.ids}  # ids that GET objects shows: a record that repeats one is right
    wrong = []
    for stix_id in chosen:
        answer = lab.reader.object(where, stix_id)
        named_by_objects = answer.status != 200 and stix_id in known
        if not named_by_objects and (answer.status != 200 or set(answer.ids) != {stix_id}):
            wrong.append(f"{stix_id}: {answer.brief()}")
    lab.expect(
        not wrong,
        "the id of a record fetches the object of that id",
        expected="200 with that object, or an id that GET objects shows",
        got=wrong[:1] or "each of them",
    )


@probe("TAXII-5.3.1-3", statement="4a95ff95")
def the_version_of_a_record_is_modified_or_else_created(lab: Lab) -> None:
    """5.3.1: version is the modified time, or created where there is no modified. Compared as instants; another
    spelling of the same instant is a warning."""
    shelf = some_objects(lab)
    wanted = [*_one_of_each_type(shelf), *_own_marking(lab)]
    wrong, respelt, judged = [], [], 0
    for stix in wanted:
        version = version_of(stix)
        listed = lab.reader.manifest(shelf.collection, match_id=stix["id"])
        records = [r for r in listed.objects if r.get("id") == stix["id"]]
        if instant(version) is None or not records:
            continue
        judged += 1
        told = [r.get("version") for r in records]
        if instant(version) not in [instant(v) for v in told]:
            wrong.append(f"{stix['id']}: version {told}, modified or created {version}")
        elif version not in told:
            respelt.append(f"{told[0]} instead of {version}")
    lab.control(judged > 0, "the manifest has no record of a known object with modified or created")
    lab.expect(
        not wrong,
        "the version is the modified or else the created time",
        expected="the same instant",
        got=wrong[:2] or "the same instant",
    )
    if not wrong:
        lab.expect(
            not respelt, "the version is spelled as in the object", got=respelt[:2] or "the same spelling", soft=True
        )


def _one_of_each_type(shelf: Shelf) -> list[Stix]:
    return list({stix["type"]: stix for stix in shelf.objects}.values())[:4]


def _own_marking(lab: Lab) -> list[Stix]:
    """A marking definition, which has created and no modified, where the target takes one."""
    stix = statement_marking(lab)
    try:
        lab.publish([stix])
    except Untestable:
        return []
    return [stix]


def _dates(answers: tuple[Answer, ...]) -> list[Instant]:
    told = (instant(record.get("date_added")) for answer in answers for record in answer.objects)
    return [moment for moment in told if moment is not None]


@probe("TAXII-3.3-2", statement="d73284db")
def the_manifest_is_in_order_of_date_added(lab: Lab) -> None:
    """3.3: ascending order of date_added, within a page and over its border. Equal dates may stand in any order."""
    where = some_objects(lab).collection
    listed = pages(lab.reader.manifest, where, match_version="all")
    dates = _dates(listed.answers)
    if len(set(dates)) < 2:
        lab.no_verdict("the manifest shows fewer than two different date_added values")
    small = max(2, min(len(dates) // 5, 100))
    cut = pages(lab.reader.manifest, where, match_version="all", limit=small)
    for name, walk in (("without limit", listed), ("with a small limit", cut)):
        order = _dates(walk.answers)
        fall = next((i for i in range(1, len(order)) if order[i] < order[i - 1]), None)
        lab.expect(
            fall is None,
            f"date_added never falls {name}",
            expected="each date_added equal to or later than the one before",
            got=f"{_told(order[fall])} after {_told(order[fall - 1])}" if fall else f"{len(order)} records in order",
        )


@probe("TAXII-3.2-1", statement="ae9e7730")
def a_manifest_that_lists_something_carries_date_added_first(lab: Lab) -> None:
    """3.2: X-TAXII-Date-Added-First on a success of GET manifest. Judged where there is a first record to name."""
    where = some_objects(lab).collection
    for name, query in (("plain", {}), ("with limit=1", {"limit": 1})):
        answer = lab.reader.manifest(where, **query)
        lab.control(answer.status == 200 and bool(answer.objects), f"the manifest {name} gave {answer.brief()}")
        lab.expect(
            answer.header(FIRST) is not None,
            f"the manifest {name} carries the header",
            expected=FIRST,
            got=f"headers {', '.join(sorted(n for n, _ in answer.headers))}",
        )


@probe("TAXII-3.2-10", statement="8104ece2")
def date_added_first_names_the_first_record_of_the_page(lab: Lab) -> None:
    """3.2: the header is the date_added of the first item of this very response. The second page begins later, so a
    header about the whole collection shows there."""
    where = some_objects(lab).collection
    page = lab.reader.manifest(where, match_version="all", limit=2)
    seen: list[Answer] = []
    while page.status == 200 and page.objects and len(seen) < 5:
        seen.append(page)
        last = str(page.objects[-1].get("date_added"))
        position = {"next": page.next} if page.next else {"added_after": last}
        if len(set(_firsts(seen))) > 1 or (page.next is None and instant(last) is None):
            break
        page = lab.reader.manifest(where, match_version="all", limit=2, **position)
    if len(set(_firsts(seen))) < 2:
        lab.no_verdict("no two pages whose first records have different date_added")
    if any(answer.header(FIRST) is None for answer in seen):
        lab.no_verdict(f"a page has no {FIRST} (TAXII-3.2-1)")
    wrong = [
        f"page {number}: header {answer.header(FIRST)}, first record {answer.objects[0].get('date_added')}"
        for number, answer in enumerate(seen, 1)
        if instant(answer.header(FIRST)) != instant(answer.objects[0].get("date_added"))
    ]
    lab.expect(
        not wrong,
        "on every page the header is the date_added of its first record",
        expected="the same instant",
        got=wrong[:2] or "the same instant",
    )


def _firsts(answers: list[Answer]) -> list[Instant | None]:
    return [instant(answer.objects[0].get("date_added")) for answer in answers]


@probe("TAXII-5.3.1-1", statement="7341079f")
def a_manifest_without_records_has_no_key(lab: Lab) -> None:
    """5.3.1: the key is omitted. Three filters that nothing matches; the control is the same request without them."""
    where = some_objects(lab).collection
    control = lab.reader.manifest(where)
    lab.control(control.status == 200 and bool(control.objects), f"the manifest lists nothing: {control.brief()}")
    asked = {
        "of an unknown id": lab.reader.manifest(where, match_id=f"indicator--{lab.uuid()}"),
        "of an unknown type": lab.reader.manifest(where, match_type="x-isao-no-such-type"),
        "of the far future": lab.reader.manifest(where, added_after=FAR_FUTURE),
    }
    empties = {name: a for name, a in asked.items() if a.status == 200 and isinstance(a.data, dict) and not a.objects}
    if not empties:
        lab.no_verdict("no manifest came without records (TAXII-3.4.1-1)")
    for name, answer in empties.items():
        lab.expect(
            "objects" not in answer.resource,
            f"the manifest {name} has no key objects",
            expected="no objects at all",
            got=answer,
        )


@probe("TAXII-5.3.1-4", statement="9d24527c")
def the_media_type_of_a_record_is_listed_by_its_collection(lab: Lab) -> None:
    """5.3.1: one of the media types of the collection. Every record of every page is compared; a small limit makes a
    second page, which may come from other code."""
    records, wrong = 0, []
    for collection in [c for c in lab.survey.collections if c.can_read][:COLLECTIONS_READ]:
        described = lab.reader.collection(collection.url)
        listed = listed_types(described.resource)
        if described.status != 200 or listed is None:
            continue
        entries = pages(lab.reader.manifest, collection.url, match_version="all").entries
        first = lab.reader.manifest(collection.url, limit=2)
        if first.next:
            entries = [*entries, *lab.reader.manifest(collection.url, limit=2, next=first.next).objects]
        for record in [*entries, *first.objects]:
            records += 1
            kind = record.get("media_type")
            if isinstance(kind, str) and not covers(listed, kind):
                wrong.append(f"{kind} of {record.get('id')}; {collection.id} lists {listed}")
    lab.control(records > 0, "no readable collection lists a record")
    lab.expect(
        not wrong,
        "every media_type of a record is listed by the collection",
        expected="one of media_types of the collection",
        got=wrong[:1] or f"{records} records",
    )


@probe("TAXII-5.3.1-5", statement="7d9b6740", needs=["writable"])
def date_added_is_the_time_of_addition_and_stays(lab: Lab) -> None:
    """5.3.1: when that version was added. The server's own clock, as its Date headers show it, is what date_added is
    compared with; then the same version and a newer one are added, which is no addition of the first one."""
    where, session = lab.workspace, lab.reader
    before = session.collection(where)
    stix = lab.share(LABEL)
    added_at, after = _date_added(lab, where, stix)
    if added_at is None:
        raise Untestable(f"the manifest has no record of {stix['id']} with a date_added: {after.brief()}")
    clock = [_clock(before), _clock(after)]
    if clock[0] is not None and clock[1] is not None:
        lab.expect(
            clock[0] - SPARE <= added_at[0] <= clock[1] + SPARE,
            "date_added is the time of the addition",
            expected=f"between Date {before.header('date')} and {after.header('date')}, give or take a minute",
            got=_told(added_at),
            seen=[before, after],
        )
    for again in (stix, {**stix, "modified": "2026-02-05T08:00:00.000Z"}):
        try:
            lab.publish([again])
        except Untestable:
            continue  # a server may call a repetition a failure, and refuse later versions
    later, final = _date_added(lab, where, stix)
    lab.expect(
        later in (None, added_at),
        "another addition does not change date_added of the first",
        expected=_told(added_at),
        got=_told(later) if later is not None else "no record of the first version any more",
        seen=[after, final],
    )


def _date_added(lab: Lab, where: str, stix: Stix) -> tuple[Instant | None, Answer]:
    """The date_added of this version of an object, and the manifest that says it."""
    answer = lab.reader.manifest(where, match_id=stix["id"], match_version="all")
    dates = [
        instant(r.get("date_added")) for r in answer.objects if instant(r.get("version")) == instant(stix["modified"])
    ]
    return (dates[0] if dates else None), answer


def _clock(answer: Answer) -> int | None:
    """The Date header in seconds since the epoch; None without a readable one."""
    try:
        return int(parsedate_to_datetime(answer.header("date") or "").timestamp())
    except (ValueError, OverflowError):
        return None
