"""When objects were added, as the manifest tells it, and objects that arrive against every other order.

Objects do not carry their date_added; only the manifest does, by id and version (TAXII 2.1, 3.2 and 5.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isao_conformance import content
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, VERSIONS, Shelf, tool
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, instant, pages, version_of
from isao_conformance.resources import TIMESTAMP

Key = tuple[str, Instant | None]
"""A STIX id and the instant of its version, None where it has no modified and no created."""

Entry = Mapping[str, Any]
"""A listed object or manifest record."""

FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"


def key_of(entry: Mapping[str, Any]) -> Key:
    """The key of an object, or of a manifest record, which has no type or modified of its own."""
    version = entry.get("version") if "date_added" in entry else version_of(entry)
    return str(entry.get("id")), instant(version)


@dataclass(frozen=True)
class Arrivals:
    """What manifest records say about the times of addition."""

    dates: Mapping[Key, frozenset[str]]

    def text(self, entry: Mapping[str, Any]) -> str | None:
        """The date_added of a listed object or record as it is spelled; None when it is unknown or told twice."""
        stix_id, version = key_of(entry)
        if version is None and (stix_id, None) not in self.dates:  # the server chose a version for it
            of_id = [key for key in self.dates if key[0] == stix_id]
            return self.text_at(of_id[0]) if len(of_id) == 1 else None
        return self.text_at((stix_id, version))

    def text_at(self, key: Key) -> str | None:
        """The date_added of a version as it is spelled; None when it is unknown or told twice."""
        told = self.dates.get(key, frozenset())
        return next(iter(told)) if len(told) == 1 else None

    def when(self, entry: Mapping[str, Any]) -> Instant | None:
        """The date_added of a listed object or record."""
        return instant(self.text(entry))

    def at(self, key: Key) -> Instant | None:
        """The date_added of a version."""
        return instant(self.text_at(key))


def arrivals(records: Iterable[Mapping[str, Any]]) -> Arrivals:
    """The times that these manifest records tell; records without a readable one are left out."""
    dates: dict[Key, set[str]] = {}
    for record in records:
        if instant(record.get("date_added")) is not None:
            dates.setdefault(key_of(record), set()).add(str(record["date_added"]))
    return Arrivals({key: frozenset(told) for key, told in dates.items()})


def arrivals_in(lab: Lab, where: str) -> Arrivals:
    """The times of everything in a collection."""
    return arrivals(pages(lab.reader.manifest, where, match_version="all").entries)


def arrivals_of(lab: Lab, where: str, ids: Iterable[str]) -> Arrivals:
    """The times of all versions of some objects."""
    wanted = ",".join(dict.fromkeys(ids))
    return arrivals(pages(lab.reader.manifest, where, match_id=wanted, match_version="all").entries)


def falls(
    entries: Sequence[Mapping[str, Any]], told: Arrivals
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Pairs of entries that stand in the wrong order: the second was added before the first. Unknown ones are
    passed over."""
    before: tuple[Instant, Entry] | None = None
    for entry in entries:
        moment = told.when(entry)
        if moment is None:
            continue
        if before is not None and moment < before[0]:
            yield before[1], entry
        before = (moment, entry)


def against_every_other_order(lab: Lab) -> Shelf:
    """A tool, a malware and an indicator, added one after the other while their times of modification and creation,
    their types, ids and names all descend."""

    def earlier(stix: dict[str, Any], number: int) -> dict[str, Any]:
        when = VERSIONS[-1 - number]
        return {**stix, "created": when, "modified": when, "name": f"drill {9 - number} {stix['id'][-8:]}"}

    made = (earlier(tool(lab), 0), earlier(lab.new(content.malware, LABEL), 1), earlier(lab.indicator(LABEL), 2))
    for stix in made:
        lab.publish([stix])
    return Shelf(lab.workspace, made, own=True)


def dated(answer: Answer, header: str) -> Instant | None:
    """The instant that a date-added header names; None where it is absent or no TAXII timestamp (TAXII-3.2-9)."""
    value = answer.header(header) or ""
    return instant(value) if TIMESTAMP.fullmatch(value) else None


def following(answer: Answer, last_added: str | None) -> dict[str, str]:
    """How to ask for the page after this one: by next, else by added_after with the time of its last entry."""
    if answer.next:
        return {"next": answer.next}
    return {} if last_added is None else {"added_after": last_added}
