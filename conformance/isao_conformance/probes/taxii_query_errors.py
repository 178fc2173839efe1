"""Malformed queries (TAXII 2.1, 3.4). Rows: spec requirements/taxii_query_errors.yaml.

Each broken query has a twin with one difference, which is answered 200 at the same endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote

from isao_conformance.cursors import NEXT
from isao_conformance.exchange import Answer
from isao_conformance.filtering import ENDPOINTS, fetch_of
from isao_conformance.fixtures import reading_place, some_objects
from isao_conformance.lab import Lab
from isao_conformance.probe import probe

EARLY, LATE = "2020-01-01T00:00:00.000000Z", "2021-01-01T00:00:00.000000Z"
WITH_OFFSET = "2020-01-01T00:00:00.000000+02:00"
MADE_UP = "not-a-token"


@probe("TAXII-3.4-4", statement="4e2948ef")
def a_negative_limit_is_refused(lab: Lab) -> None:
    """3.4: limit MUST be greater than zero, malformed parameters MUST give 400. The twin limit=1 is answered 200."""
    _limit_is_refused(lab, "-1")


@probe("TAXII-3.4-12", statement="03d743a3")
def a_limit_with_a_fraction_is_refused(lab: Lab) -> None:
    """3.4: limit is an integer, malformed parameters MUST give 400. The twin limit=1 is answered 200."""
    _limit_is_refused(lab, "1.5")


def _limit_is_refused(lab: Lab, limit: str) -> None:
    """Judge that the limit is answered 400 at every endpoint that lists it and answers 200 with limit=1."""
    shelf = some_objects(lab)
    where, stix_id, reader = shelf.collection, shelf.ids[0], lab.reader
    endpoints: list[tuple[str, Callable[[str], Answer]]] = [
        ("objects", lambda text: reader.objects(where, limit=text)),
        ("manifest", lambda text: reader.manifest(where, limit=text)),
        ("object", lambda text: reader.object(where, stix_id, limit=text)),
        ("versions", lambda text: reader.versions(where, stix_id, limit=text)),
    ]
    for endpoint, ask in endpoints:
        control = ask("1")
        if endpoint in ("objects", "manifest"):
            lab.control(control.status == 200, f"GET {endpoint} with limit=1 gave {control.brief()}")
        elif control.status != 200:
            continue  # not served here: the two lists are the verdict
        answer = ask(limit)
        lab.expect(
            answer.status == 400,
            f"{endpoint}: limit={limit} is answered 400".replace("-", "minus "),
            expected="400 (Bad Request)",
            got=answer,
        )


@probe("TAXII-3.4-6", statement="3783feba")
def added_after_given_twice_is_refused(lab: Lab) -> None:
    """3.4: a request MUST NOT have more than one added_after. Each of the two alone is answered 200."""
    twice = f"added_after={EARLY}&added_after={LATE}"
    _query_is_refused(lab, "added_after given twice", [f"added_after={EARLY}"], twice)


@probe("TAXII-3.4-7", statement="ab858e57")
def a_match_field_given_twice_is_refused(lab: Lab) -> None:
    """3.4: a match field MUST NOT occur more than once. Both values in one parameter are answered 200."""
    name = quote("match[type]")
    twice = f"{name}=indicator&{name}=malware"
    _query_is_refused(lab, "match[type] given twice", [f"{name}=indicator,malware"], twice)


@probe("TAXII-3.4-8", statement="b8bca88a")
def all_with_another_version_is_refused(lab: Lab) -> None:
    """3.4.1: all MUST NOT be used with another version. Alone it is answered 200, and so are two other keywords."""
    name = quote("match[version]")
    _query_is_refused(lab, "match[version]=all,last", [f"{name}=all", f"{name}=first,last"], f"{name}=all,last")


@probe("TAXII-3.4-9", statement="c13a9294")
def a_version_keyword_given_twice_is_refused(lab: Lab) -> None:
    """3.4.1: each keyword at most once. Once it is answered 200, and so are two different keywords."""
    name = quote("match[version]")
    _query_is_refused(lab, "match[version]=last,last", [f"{name}=last", f"{name}=first,last"], f"{name}=last,last")


@probe("TAXII-3.4-11", statement="a014e660")
def an_added_after_with_an_offset_is_refused(lab: Lab) -> None:
    """3.4 with section 2: a timestamp uses Z. The same time in Z form is answered 200."""
    broken = f"added_after={quote(WITH_OFFSET, safe='')}"
    _query_is_refused(lab, "added_after with an offset", [f"added_after={EARLY}"], broken)


def _query_is_refused(lab: Lab, name: str, lawful: Iterable[str], broken: str) -> None:
    """Judge that a query is answered 400 on both lists where its lawful twins are answered 200."""
    where = reading_place(lab)
    for endpoint in ENDPOINTS:
        url = f"{where}{endpoint}/"
        for query in lawful:
            control = lab.reader.get(url, query)
            lab.control(control.status == 200, f"GET {endpoint}?{query} gave {control.brief()}")
        answer = lab.reader.get(url, broken)
        lab.expect(
            answer.status == 400, f"{endpoint}: {name} is answered 400", expected="400 (Bad Request)", got=answer
        )


@probe("TAXII-3.4-10", statement="8715c0cf")
def a_next_that_was_never_issued_does_not_start_over(lab: Lab) -> None:
    """3.4 and Appendix B: a made-up page mark is refused or leads nowhere. Without it the same query lists objects and
    offers a mark of its own, so that entries would mean that the made-up one was passed over."""
    where = some_objects(lab).collection
    offered = [endpoint for endpoint in ENDPOINTS if _offers_next(lab, endpoint, where)]
    if not offered:
        lab.no_verdict("no list offers next with limit=1", blocked_by=NEXT)
    for endpoint in offered:
        answer = fetch_of(lab, endpoint)(where, next=MADE_UP)
        refused = 400 <= answer.status < 500
        lab.expect(
            refused or (answer.status == 200 and not answer.objects),
            f"{endpoint}: a next that was never issued brings no entries",
            expected="400, another refusal, or nothing listed",
            got=answer,
        )


def _offers_next(lab: Lab, endpoint: str, where: str) -> bool:
    page = fetch_of(lab, endpoint)(where, limit=1)
    return page.status == 200 and bool(page.objects) and page.next is not None
