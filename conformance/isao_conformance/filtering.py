"""What several probes of filters share: known records, their dates, and one version asked for in two ways.

Each judging function here makes checks for the row of the probe that calls it (TAXII 2.1, 3.4 and 3.4.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_conformance.exchange import Answer
from isao_conformance.fixtures import Shelf, Versioned, reading_place
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, Pages, instant, microseconds, pages, shifted, type_of, whole

ENDPOINTS = ("objects", "manifest")


def fetch_of(lab: Lab, endpoint: str) -> Callable[..., Answer]:
    """How the primary account asks one of ENDPOINTS."""
    return lab.reader.manifest if endpoint == "manifest" else lab.reader.objects


def refused_with_400(lab: Lab, name: str, lawful: dict[str, Any], broken: dict[str, Any]) -> None:
    """Judge that a broken query is answered 400 on both lists where its lawful twin is answered 200."""
    where = reading_place(lab)
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        control = fetch(where, **lawful)
        lab.control(control.status == 200, f"GET {endpoint} with {lawful} gave {control.brief()}")
        answer = fetch(where, **broken)
        lab.expect(answer.status == 400, f"{endpoint}: {name}", expected="400 (Bad Request)", got=answer)


def date_added(record: dict[str, Any]) -> Instant | None:
    """The instant at which a manifest record says that its object was added, or None."""
    return instant(record.get("date_added"))


def missing_later(lab: Lab, where: str, first: Pages, second: Pages, border: Instant) -> list[tuple[str, str]]:
    """Records later than the border that the filtered walk lacks although the collection still holds them.

    A walk continued by added_after may lawfully skip entries with one date_added, so those do not count then.
    """
    dates = [date_added(r) for r in first.entries]
    later = {
        (str(r.get("id")), str(r.get("version")))
        for r, d in zip(first.entries, dates, strict=True)
        if d is not None and d > border and (second.exact or dates.count(d) == 1)
    }
    lacking = later - {(str(r.get("id")), str(r.get("version"))) for r in second.entries}
    if lacking:
        again = whole(pages(lab.reader.manifest, where, match_version="all"))
        lacking &= {(str(r.get("id")), str(r.get("version"))) for r in again.entries}
    return sorted(lacking)


def judge_objects_added_after(lab: Lab, shelf: Shelf, records: list[dict[str, Any]], time: str) -> None:
    """Judge on GET objects that known objects are listed exactly if their records are later than the time."""
    border = instant(time)
    dates = {str(r["id"]): date_added(r) for r in records if r.get("id") in shelf.ids}
    later = [i for i, d in dates.items() if d is not None and border is not None and d > border]
    listed = whole(pages(lab.reader.objects, shelf.collection, added_after=time))
    early = [i for i in listed.ids if i in dates and i not in later]
    lab.expect(
        listed.ok and not early,
        "objects: nothing that was added at or before the time is listed",
        expected=f"no object added at or before {time}",
        got=early[:3] or listed.last,
    )
    if listed.ok and listed.exact:
        lacking = [i for i in later if i not in listed.ids]
        lab.expect(not lacking, "objects: everything that was added later is listed", got=lacking[:3])


def telling_records(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Up to three records whose dates show cutting and rounding: last three digits below 500, above, any."""
    usable = [r for r in records if (d := date_added(r)) is not None and len(d[1]) <= 6]

    def digits(record: dict[str, Any]) -> int:
        moment = date_added(record)
        return 0 if moment is None else microseconds(moment) % 1000

    below = [r for r in usable if 0 < digits(r) < 500][:1]
    above = [r for r in usable if digits(r) >= 500][:1]
    return below + above or usable[:1]


def lists_record(listed: Pages, record: dict[str, Any]) -> bool:
    """True when a record of that id and date_added is listed."""
    return any(r.get("id") == record["id"] and date_added(r) == date_added(record) for r in listed.entries)


def type_of_entry(entry: dict[str, Any]) -> str:
    """The type of an object, or of the object that a manifest record stands for."""
    kind = entry.get("type")
    return kind if isinstance(kind, str) else type_of(entry.get("id"))


def entries_not_of(listed: Pages, kind: str) -> list[str]:
    """Ids of listed entries of another type."""
    return [str(entry.get("id")) for entry in listed.entries if type_of_entry(entry) != kind]


def versions_asked(lab: Lab, of: Versioned, version: str | None) -> list[tuple[str, Pages]]:
    """The two ways to ask for versions of one object: GET objects with match[id], and GET of the object itself."""
    query = {} if version is None else {"match_version": version}
    reader = lab.reader
    return [
        ("objects", pages(reader.objects, of.collection, match_id=of.id, **query)),
        ("object", pages(reader.object, of.collection, of.id, **query)),
    ]


def judge_exactly(lab: Lab, of: Versioned, version: str | None, wanted: str, name: str) -> None:
    """Judge that asking for a version brings exactly the one with that modified time.

    GET of the object itself is judged where it finds something: whether it does is TAXII-5.6-1.
    """
    for endpoint, listed in versions_asked(lab, of, version):
        if endpoint == "object" and listed.last.status == 404:
            continue
        got = [entry.get("modified") for entry in listed.entries if entry.get("id") == of.id]
        lab.expect(
            listed.ok and [instant(m) for m in got] == [instant(wanted)],
            f"{endpoint}: {name}",
            expected=f"exactly the version modified {wanted}",
            got=f"versions modified {got}" if listed.ok else listed.last,
        )


def control_arrival_differs(lab: Lab, of: Versioned) -> None:
    """End without a verdict unless some version of an object of others arrived after the one modified last."""
    listed = pages(lab.reader.manifest, of.collection, match_id=of.id, match_version="all")
    added = {instant(r.get("version")): date_added(r) for r in listed.entries}
    newest = added.get(instant(of.modified[-1]))
    late = [d for d in added.values() if d is not None and newest is not None and d > newest]
    if not late:
        lab.no_verdict("the versions in reach arrived in the order of their modified times")


def one_millisecond_later(modified: str) -> str:
    """A STIX timestamp one millisecond later, with three fraction digits where they suffice."""
    later = shifted(modified, 1000)
    return later[:-4] + "Z" if later.endswith("000Z") else later
