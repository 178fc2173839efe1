"""Query strings to typed filters (TAXII 2.1 section 3.4). What is malformed is a Refusal 400;
what is unknown, or not offered at an endpoint, is ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from isao_reference import limits
from isao_reference.errors import bad_request
from isao_reference.wire import timestamps

KEYWORDS = ("all", "first", "last")
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)

# What each endpoint offers (the parameter tables of sections 5.3, 5.4, 5.6, 5.7 and 5.8).
PAGED = ("added_after", "limit", "next")
MANIFEST = OBJECTS = (*PAGED, "match[id]", "match[type]", "match[version]", "match[spec_version]")
OBJECT = (*PAGED, "match[version]", "match[spec_version]")
VERSIONS = (*PAGED, "match[spec_version]")
DELETE = ("match[version]", "match[spec_version]")


@dataclass(frozen=True)
class Versions:
    """match[version]: keywords, and instants as sortable keys. The two are a union."""

    keywords: frozenset[str]
    keys: frozenset[str]


LATEST = Versions(frozenset({"last"}), frozenset())
EVERY = Versions(frozenset({"all"}), frozenset())


@dataclass(frozen=True)
class Filters:
    """All filters of one request; None means not given. `added_after` is in microseconds."""

    added_after: int | None = None
    limit: int | None = None
    next: str | None = None
    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    versions: Versions | None = None
    spec_versions: tuple[str, ...] | None = None


def parse_pairs(query: bytes) -> list[tuple[str, str]]:
    """The decoded name-value pairs of a query string; percent-encoded brackets are brackets."""
    if len(query) > limits.MAX_QUERY_OCTETS:
        raise bad_request(f"the query is longer than {limits.MAX_QUERY_OCTETS} octets")
    try:
        text = query.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise bad_request("the query is not UTF-8") from None


def single_values(pairs: list[tuple[str, str]], offered: tuple[str, ...]) -> dict[str, str]:
    """The offered parameters; each may be given once (TAXII 2.1 section 3.4)."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in offered:
            continue
        if name in values:
            raise bad_request(f"{name} is given more than once")
        values[name] = value
    return values


def parse_added_after(text: str) -> int:
    """A TAXII timestamp: UTC in Z form, up to six fraction digits."""
    value = timestamps.parse_taxii(text)
    if value is None:
        raise bad_request("added_after is not a timestamp such as 2026-01-31T12:00:00.000000Z")
    return value


def parse_limit(text: str) -> int:
    """A whole number above zero."""
    if _WHOLE.fullmatch(text) is None or int(text) == 0:
        raise bad_request("limit is not a whole number above zero")
    return int(text)


def parse_next(text: str) -> str:
    """A token of an earlier page; whether it is genuine is the cursor's business."""
    if not text or len(text) > 512:
        raise bad_request("next is not a token of this exchange")
    return text


def split_values(name: str, text: str) -> tuple[str, ...]:
    """The values of a comma list: none empty, not too many."""
    values = tuple(text.split(","))
    if not all(values):
        raise bad_request(f"{name} holds an empty value")
    if len(values) > limits.MAX_FILTER_VALUES:
        raise bad_request(f"{name} holds more than {limits.MAX_FILTER_VALUES} values")
    return values


def parse_any_of(name: str, text: str) -> tuple[str, ...]:
    """Values of which one has to fit, in a fixed order and each once."""
    return tuple(sorted(set(split_values(name, text))))


def parse_versions(text: str) -> Versions:
    """match[version] (TAXII 2.1 section 3.4.1): keywords and STIX timestamps, none twice, and
    `all` only alone."""
    values = split_values("match[version]", text)
    if len(set(values)) != len(values):
        raise bad_request("match[version] holds a value twice")
    if "all" in values and len(values) > 1:
        raise bad_request("match[version]=all goes with no other value")
    keys: set[str] = set()
    for value in values:
        if value in KEYWORDS:
            continue
        key = timestamps.version_key(value)
        if key is None:
            raise bad_request("match[version] is neither all, first, last nor a STIX timestamp")
        keys.add(key)
    return Versions(frozenset(values) & frozenset(KEYWORDS), frozenset(keys))


def parse(query: bytes, offered: tuple[str, ...]) -> Filters:
    """The filters of a request at an endpoint that offers the named parameters."""
    values = single_values(parse_pairs(query), offered)
    return Filters(
        added_after=parse_added_after(values["added_after"]) if "added_after" in values else None,
        limit=parse_limit(values["limit"]) if "limit" in values else None,
        next=parse_next(values["next"]) if "next" in values else None,
        ids=parse_any_of("match[id]", values["match[id]"]) if "match[id]" in values else None,
        types=parse_any_of("match[type]", values["match[type]"]) if "match[type]" in values else None,
        versions=parse_versions(values["match[version]"]) if "match[version]" in values else None,
        spec_versions=(
            parse_any_of("match[spec_version]", values["match[spec_version]"])
            if "match[spec_version]" in values
            else None
        ),
    )


def fingerprint(filters: Filters) -> str:
    """Everything a cursor is bound to: all filters but limit and next, in one fixed spelling."""
    versions = filters.versions
    spelled = (
        filters.added_after,
        filters.ids,
        filters.types,
        None if versions is None else (sorted(versions.keywords), sorted(versions.keys)),
        filters.spec_versions,
    )
    return repr(spelled)
