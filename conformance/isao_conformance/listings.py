"""Reading lists of a TAXII server without assuming its habits: pages, instants, ids.

A server may cut pages as small as it likes, give `next` or leave the client to added_after, and spell one
instant in several ways; the functions here make none of that look like a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urljoin, urlsplit

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.limits import LIMITS

Instant = tuple[int, str]
"""Seconds since the epoch and the digits of the fraction without trailing zeros: exact, and ordered as times are."""

LONG_AGO = "1970-01-01T00:00:00.000000Z"
FAR_FUTURE = "2999-01-01T00:00:00.000000Z"

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


def instant(text: object) -> Instant | None:
    """The instant an RFC 3339 timestamp names, whatever its precision and offset; None when it is not one."""
    found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, zulu, sign, hours, minutes = found.groups()[6:]
    offset = timedelta(0) if zulu else timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    leap = second == 60
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=timezone(offset))
        whole = int((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)) + leap
    except (ValueError, OverflowError):
        return None
    return whole, (fraction or "").rstrip("0")


def microseconds(moment: Instant) -> int:
    """Microseconds since the epoch, digits beyond them cut."""
    return moment[0] * 1_000_000 + int(moment[1][:6].ljust(6, "0"))


def shifted(text: str, by: int) -> str:
    """A TAXII timestamp `by` microseconds after the given one. Raises ValueError when the text is no timestamp, and
    Untestable when the calendar has no such moment."""
    moment = instant(text)
    if moment is None:
        raise ValueError(f"{text!r} is no timestamp")
    try:
        later = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(moment) + by)
    except OverflowError:
        raise Untestable(f"no time can be asked for beside {text}: the calendar ends there") from None
    return later.isoformat(timespec="microseconds").replace("+00:00", "Z")


def version_of(stix: Mapping[str, Any]) -> str | None:
    """The version of a STIX object as it spells it: modified, else created, else None (TAXII 2.1, 3.4.1)."""
    value = stix.get("modified", stix.get("created"))
    return value if isinstance(value, str) else None


def type_of(stix_id: object) -> str:
    """The STIX type that an id begins with."""
    return str(stix_id).partition("--")[0]


@dataclass(frozen=True)
class Pages:
    """The pages of one query in order. `exact` is False when a page had to be continued by added_after,
    which may lawfully skip entries that share one date_added (TAXII 2.1, 3.5); `ended` when the last page was seen."""

    answers: tuple[Answer, ...]
    exact: bool
    ended: bool

    @property
    def last(self) -> Answer:
        """The last answer."""
        return self.answers[-1]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """All entries under `objects`, page after page."""
        return [entry for answer in self.answers for entry in answer.objects]

    @property
    def ids(self) -> list[str]:
        """The ids of all entries, in order, repeated as they were."""
        return [str(entry.get("id")) for entry in self.entries]

    @property
    def ok(self) -> bool:
        """True when every page was answered 200."""
        return all(answer.status == 200 for answer in self.answers)


def pages(fetch: Callable[..., Answer], *args: Any, until: Iterable[str] = (), **query: Any) -> Pages:
    """Fetch pages until the end, or until every id in `until` was listed.

    Unlike `lab.walk` this stops early, and says how the pages were continued. It stops at the first answer that
    is not 200, at a page that gives no way to go on, at one that repeats (a cursor may repeat as long as the pages
    move on: some servers keep the position themselves), and at the ceiling of pages; `ended` is False for the last
    three.
    """
    wanted = set(until)
    answers: list[Answer] = []
    position: dict[str, Any] = {}
    seen: set[tuple[str, ...]] = set()
    exact = True
    while True:
        page = fetch(*args, **{**query, **position})
        answers.append(page)
        if wanted:
            wanted.difference_update(page.ids)
            if not wanted:
                return Pages(tuple(answers), exact, page.status != 200 or not page.more)
        if page.status != 200 or not page.more:
            return Pages(tuple(answers), exact, True)
        cursor = page.next or _last_date(page)
        here = (cursor, *page.ids)
        if not cursor or here in seen or len(answers) >= LIMITS.walk_pages:
            return Pages(tuple(answers), exact and (not cursor or bool(page.next)), False)
        seen.add(here)
        exact = exact and bool(page.next)
        position = {"next": page.next} if page.next else {"added_after": cursor}


def whole(listing: Pages) -> Pages:
    """The listing if its end was reached; otherwise Untestable, since nothing can be called missing from it."""
    if not listing.ended:
        raise Untestable(f"the list did not end within {len(listing.answers)} pages, or a page gave no way to go on")
    return listing


def _last_date(page: Answer) -> str:
    header = page.header("x-taxii-date-added-last") or ""
    listed = page.objects[-1].get("date_added") if page.objects else None
    return header or (listed if isinstance(listed, str) else "")


def joined(base: str, url: object) -> str:
    """A URL of the target resolved against its base; "" for what is no URL."""
    try:
        absolute = urljoin(base, url) if isinstance(url, str) else ""
        _ = urlsplit(absolute).port
    except ValueError:
        return ""
    return absolute


def served(answer: Answer, stix_id: str) -> bool:
    """True when the answer is a 200 that holds an object or record of that id."""
    return answer.status == 200 and stix_id in answer.ids


def empty(answer: Answer) -> bool:
    """True for a 200 with a JSON object that lists nothing (with or without the key)."""
    return answer.status == 200 and isinstance(answer.data, dict) and not answer.resource.get("objects")
