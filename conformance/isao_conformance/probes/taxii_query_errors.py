"""Malformed queries (TAXII 2.1, 3.4). Rows: spec requirements/taxii_query_errors.yaml.

Each broken query has a twin with one difference, which is answered 200 at the same endpoint.
"""

from __future__ import annotations

from collections.abc import Callable

from isao_conformance.exchange import Answer
from isao_conformance.fixtures import some_objects
from isao_conformance.lab import Lab
from isao_conformance.probe import probe


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
