"""Which rows answer a query, for a reader who sees only some of them.

A row is *visible* when its reader is in its audience and in that of the newest version of its line: who narrows an
object narrows all of it. An object has one *source* for a reader, whose rows alone are served: the first organization
among the visible rows, those before the others that speak in an identity of their own.

A row is served when it fits the filters, when no visible row of the source stands for the same version (an earlier
one, or one in a later STIX version), and when it is the wanted version among those that fit. Rows the reader may not
see take part in none of these, so a page, its `more`, its dates and its cursor are what they would be if the hidden
rows did not exist.

Cost: a page walks one index per audience in date order and looks at each object's few
other versions; it does not grow with the collection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from isao_reference.wire.filters import LATEST, Filters, Versions

# More audiences or types than this, and one scan in date order beats a merge of many.
MAX_ARMS = 48


@dataclass(frozen=True)
class Query:
    """One selection. `audiences` None means every row is visible. `after` is the position of a
    walk, `added_after` a filter; both are date_added values in microseconds, exclusive.
    `repeated` asks for every visible row, also those another row stands before or another source is served for."""

    collection: int
    audiences: tuple[int, ...] | None
    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    versions: Versions = LATEST
    spec_versions: tuple[str, ...] | None = None
    added_after: int | None = None
    after: int | None = None
    one_per_version: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Row:
    """One row found; `body` is what was accepted, or empty when it was not asked for."""

    key: int
    object_id: str
    version: str
    spec_version: str
    date_added: int
    organization: str
    body: bytes


def from_filters(
    collection: int, audiences: tuple[int, ...] | None, filters: Filters, after: int | None = None
) -> Query:
    """The query a request's filters mean; without match[version] it is the latest version."""
    return Query(
        collection=collection,
        audiences=audiences,
        ids=filters.ids,
        types=filters.types,
        versions=filters.versions or LATEST,
        spec_versions=filters.spec_versions,
        added_after=filters.added_after,
        after=after,
    )


class _Parameters:
    """Named parameters of one statement, so that a value may appear in it many times."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def add(self, value: object) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def add_all(self, values: Sequence[object]) -> str:
        return "(" + ", ".join(self.add(value) for value in values) + ")"


def in_spec(alias: str, spec_versions: str | None) -> list[str]:
    """The condition that a row is in a wanted STIX version."""
    return [] if spec_versions is None else [f"{alias}.spec_version IN {spec_versions}"]


def is_added_after(alias: str, added_after: str | None) -> list[str]:
    """The condition that a row was added strictly after the moment asked for."""
    return [] if added_after is None else [f"{alias}.date_added > {added_after}"]


def stands_before(other: str, alias: str, *, spec_given: bool, one_per_version: bool) -> str:
    """Which of two visible rows of the same version is served: the latest STIX version unless
    the reader named versions itself, then the earliest added."""
    earlier = f"{other}.date_added < {alias}.date_added"
    if one_per_version and spec_given:
        return earlier
    if spec_given:
        return f"({other}.spec_version = {alias}.spec_version AND {earlier})"
    return (
        f"({other}.spec_version > {alias}.spec_version OR ({other}.spec_version = {alias}.spec_version AND {earlier}))"
    )


def _same_object(other: str, alias: str) -> list[str]:
    return [f"{other}.collection = {alias}.collection", f"{other}.object_id = {alias}.object_id"]


def _same_source(other: str, alias: str) -> list[str]:
    return [f"{other}.organization = {alias}.organization"]


def _absent(other: str, conditions: list[str]) -> str:
    return f"NOT EXISTS (SELECT 1 FROM items {other} INDEXED BY items_by_identity WHERE {' AND '.join(conditions)})"


@dataclass(frozen=True)
class _Scope:
    """The parameters every condition of one statement shares. The account `own` sees its own rows in any case."""

    query: Query
    audiences: str | None
    spec_versions: str | None = None
    added_after: str | None = None
    keys: str | None = None
    own: str | None = None


def in_audience(alias: str, scope: _Scope) -> str:
    """The condition that the reader is in the audience of a row; not for one who reads everything."""
    listed = f"{alias}.audience IN {scope.audiences}"
    return listed if scope.own is None else f"({listed} OR {alias}.account = {scope.own})"


def not_narrowed(alias: str, scope: _Scope) -> list[str]:
    """The condition that the reader is in the audience of the newest version of the row's line: the versions of the
    same organization, but for those that only another account of it may know of and those still under embargo."""
    if scope.audiences is None:
        return []
    newest = f"{alias}_newest"
    conditions = [
        *_same_object(newest, alias),
        *_same_source(newest, alias),
        f"({newest}.account = {alias}.account OR {newest}.contributor = 'organization:' || {newest}.organization)",
        f"({newest}.embargo = 0 OR {newest}.key = {alias}.key)",
    ]
    order = ", ".join(f"{newest}.{column} DESC" for column in ("version_key", "spec_version", "contributor"))
    return [
        f"(SELECT {in_audience(newest, scope)} FROM items {newest} INDEXED BY items_by_identity"
        f" WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT 1)"
    ]


def visible(alias: str, scope: _Scope) -> list[str]:
    """The condition that a row is visible."""
    if scope.audiences is None:
        return []
    return [in_audience(alias, scope), *unless_alike(alias, not_narrowed(alias, scope))]


def unless_alike(alias: str, conditions: list[str]) -> list[str]:
    """Conditions that hold by themselves while all versions of an object have one contributor and one audience."""
    return [f"({alias}.mixed = 0 OR ({' AND '.join(conditions)}))"] if conditions else []


def source(alias: str, conditions: list[str], scope: _Scope, columns: str) -> str:
    """The first row of an object's source for this reader; nothing when it sees nothing of the object."""
    return (
        f"(SELECT {columns} FROM items {alias} INDEXED BY items_by_source"
        f" WHERE {' AND '.join([*conditions, *visible(alias, scope)])}"
        f" ORDER BY {alias}.hearsay, {alias}.date_added LIMIT 1)"
    )


def of_its_source(alias: str, scope: _Scope) -> str:
    """The condition that a row is one of its object's source."""
    first = f"{alias}_source"
    found = source(first, _same_object(first, alias), scope, f"{first}.organization")
    return f"{alias}.organization = {found}"


def unshadowed(alias: str, scope: _Scope) -> str:
    """The condition that no visible row of the same source stands before this one for the same version."""
    other = f"{alias}_same"
    return _absent(
        other,
        [
            *_same_object(other, alias),
            f"{other}.version_key = {alias}.version_key",
            *_same_source(other, alias),
            *visible(other, scope),
            *in_spec(other, scope.spec_versions),
            stands_before(
                other,
                alias,
                spec_given=scope.spec_versions is not None,
                one_per_version=scope.query.one_per_version,
            ),
        ],
    )


def extreme(alias: str, comparison: str, scope: _Scope) -> str:
    """The condition that no fitting visible row of the same source has a later (`>`) or earlier (`<`) version."""
    other = f"{alias}_other"
    conditions = [
        *_same_object(other, alias),
        f"{other}.version_key {comparison} {alias}.version_key",
        *_same_source(other, alias),
        *visible(other, scope),
        *in_spec(other, scope.spec_versions),
        *is_added_after(other, scope.added_after),
    ]
    if scope.added_after is not None:
        conditions.append(unshadowed(other, scope))
    return _absent(other, conditions)


def last_version(alias: str, scope: _Scope) -> str:
    """The condition that a row is its object's latest version (TAXII 2.1 section 3.4.1)."""
    return extreme(alias, ">", scope)


def first_version(alias: str, scope: _Scope) -> str:
    """The condition that a row is its object's earliest version."""
    return extreme(alias, "<", scope)


def wanted_version(alias: str, scope: _Scope) -> list[str]:
    """The condition of match[version]: keywords and values are a union."""
    keywords = scope.query.versions.keywords
    if "all" in keywords:
        return []
    choices = []
    if "last" in keywords:
        choices.append(last_version(alias, scope))
    if "first" in keywords:
        choices.append(first_version(alias, scope))
    if scope.keys is not None:
        choices.append(f"{alias}.version_key IN {scope.keys}")
    return ["(" + " OR ".join(choices) + ")"]


def _scope(query: Query, parameters: _Parameters) -> _Scope:
    return _Scope(
        query=query,
        audiences=None if query.audiences is None else parameters.add_all(query.audiences),
        spec_versions=None if query.spec_versions is None else parameters.add_all(query.spec_versions),
        added_after=None if query.added_after is None else parameters.add(query.added_after),
        keys=parameters.add_all(sorted(query.versions.keys)) if query.versions.keys else None,
    )


_COLUMNS = "key, object_id, version, spec_version, date_added, organization"


# The index that walks in date order within what one arm fixes: (one audience?, one type?).
_INDEXES = {
    (False, False): "items_by_date",
    (True, False): "items_by_audience",
    (False, True): "items_by_type",
    (True, True): "items_by_audience_and_type",
}


def _arm(conditions: list[str], columns: str, index: str) -> str:
    return f"SELECT {columns} FROM items i INDEXED BY {index} WHERE {' AND '.join(conditions)}"


def _filtered_arm(common: list[str], scope: _Scope, parameters: _Parameters, columns: str, index: str) -> str:
    """One arm that looks at every row of its index and keeps what fits."""
    conditions = [*common] if scope.audiences is None else [*common, in_audience("i", scope)]
    if scope.query.ids is not None:
        conditions.append(f"i.object_id IN {parameters.add_all(scope.query.ids)}")
    if scope.query.types is not None:
        conditions.append(f"i.object_type IN {parameters.add_all(scope.query.types)}")
    return _arm(conditions, columns, index)


def _merged_arms(common: list[str], query: Query, parameters: _Parameters, columns: str) -> list[str]:
    """One arm for each audience and type, each in date order; SQLite merges them row by row."""
    audiences: Sequence[int | None] = (None,) if query.audiences is None else query.audiences
    arms = []
    for audience in audiences:
        for kind in query.types or (None,):
            conditions = list(common)
            if audience is not None:
                conditions.append(f"i.audience = {parameters.add(audience)}")
            if kind is not None:
                conditions.append(f"i.object_type = {parameters.add(kind)}")
            arms.append(_arm(conditions, columns, _INDEXES[audience is not None, kind is not None]))
    return arms


def _statement(query: Query, limit: int, *, with_body: bool) -> tuple[str, dict[str, object]]:
    """The SQL of one page, and its parameters."""
    parameters = _Parameters()
    scope = _scope(query, parameters)
    common = [
        f"i.collection = {parameters.add(query.collection)}",
        *in_spec("i", scope.spec_versions),
        *is_added_after("i", scope.added_after),
        *is_added_after("i", None if query.after is None else parameters.add(query.after)),
        *wanted_version("i", scope),
        *([] if query.repeated else [unshadowed("i", scope)]),
        *unless_alike("i", [*([] if query.repeated else [of_its_source("i", scope)]), *not_narrowed("i", scope)]),
    ]
    columns = ", ".join(f"i.{name}" for name in _COLUMNS.split(", ")) + (", i.body" if with_body else ", x''")
    if query.ids is not None:
        arms = [_filtered_arm(common, scope, parameters, columns, "items_by_identity")]
    elif len(query.audiences or (None,)) * len(query.types or (None,)) > MAX_ARMS:
        arms = [_filtered_arm(common, scope, parameters, columns, "items_by_date")]
    else:
        arms = _merged_arms(common, query, parameters, columns)
    text = " UNION ALL ".join(arms) + f" ORDER BY 5 LIMIT {parameters.add(limit)}"
    return text, parameters.values


def select(db: sqlite3.Connection, query: Query, limit: int, *, with_body: bool = False) -> list[Row]:
    """Up to `limit` rows that answer a query (-1 for all), in the order they were added."""
    if query.audiences == ():
        return []
    text, values = _statement(query, limit, with_body=with_body)
    return [Row(*row) for row in db.execute(text, values)]


def exists(db: sqlite3.Connection, query: Query) -> bool:
    """Whether any visible version of the query's ids is there, whatever its other filters."""
    bare = replace(query, versions=LATEST, spec_versions=None, added_after=None, after=None, one_per_version=False)
    return bool(select(db, bare, 1))


@dataclass(frozen=True)
class Source:
    """Whose object it is for one reader, and whether that organization speaks in an identity of its own."""

    organization: str
    in_own_name: bool


def source_of(
    db: sqlite3.Connection, collection: int, object_id: str, audiences: tuple[int, ...] | None, own: str
) -> Source | None:
    """An object's source for a reader, whose own account's rows count in any case; None when the reader sees nothing
    of the object."""
    parameters = _Parameters()
    listed = None if audiences is None else parameters.add_all(audiences)
    scope = _Scope(Query(collection, audiences), listed, own=parameters.add(own))
    conditions = [f"v.collection = {parameters.add(collection)}", f"v.object_id = {parameters.add(object_id)}"]
    found = source("v", conditions, scope, "v.organization, v.hearsay")
    row = db.execute("SELECT * FROM " + found, parameters.values).fetchone()
    return None if row is None else Source(str(row[0]), not row[1])
