"""API roots (TAXII 2.1, 4.2). Rows: spec requirements/taxii_api_root.yaml."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import urljoin, urlsplit

from isao_conformance.exchange import Answer, Exchange, parse_media_type
from isao_conformance.lab import Lab
from isao_conformance.listings import joined
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import DISCOVERY
from isao_conformance.tables import resource
from isao_conformance.target import origin_of

VERSION = "application/taxii+json;version=2.1"
GREATEST = 2**53 - 1
"""The greatest integer that I-JSON can carry safely (TAXII 2.1, section 2)."""


def _is_root(answer: Answer) -> bool:
    body = answer.resource
    return answer.status == 200 and isinstance(body.get("title"), str) and isinstance(body.get("versions"), list)


def _resource(lab: Lab) -> dict[str, Any]:
    """The resource of the API root in use. Untestable when it is not answered with 200 (TAXII-4.2-3)."""
    answer = lab.reader.get(_root(lab))
    lab.control(answer.status == 200 and bool(answer.resource), f"the API root gave {answer.brief()}")
    return answer.resource


def _root(lab: Lab) -> str:
    if not lab.survey.api_root:
        lab.no_verdict("no API root was found on the declared origins")
    return lab.survey.api_root


def _roots_in_use(lab: Lab) -> list[str]:
    """The root that the run uses, and the other ones that discovery lists on declared origins."""
    listed = [] if lab.survey.discovery is None else lab.survey.discovery.list_of("api_roots")
    absolute = [joined(lab.target.discovery, root) for root in listed]
    slashed = [root if root.endswith("/") else root + "/" for root in absolute if root and "?" not in root]
    return list(dict.fromkeys([_root(lab), *(root for root in slashed if origin_of(root) in lab.target.origins)]))


@probe("TAXII-4.2-3", statement="872a6913")
def an_api_root_is_answered_200_with_its_resource(lab: Lab) -> None:
    """4.2: 200 and an api-root resource. Judged for every root whose collections these credentials can list, so that a
    root closed to them is no fault."""
    judged, wrong = 0, []
    for root in _roots_in_use(lab)[:10]:
        if lab.reader.collections(root).status != 200:
            continue
        answer = lab.reader.get(root)
        judged += 1
        if not _is_root(answer):
            wrong.append(f"{root}: {answer.brief()}")
    if not judged:
        lab.no_verdict("no API root lists its collections to the credentials lent")
    lab.expect(
        not wrong,
        "GET of the API root is answered 200 with an api-root resource",
        expected="200 and a JSON object with a string title and a list versions",
        got=wrong[:1] or "so it is",
    )


@probe("TAXII-4.2.1-1", statement="e9b7a3ac")
def an_api_root_names_taxii_2_1_among_its_versions(lab: Lab) -> None:
    """4.2.1: versions includes exactly this value, which clients compare literally."""
    versions = _resource(lab).get("versions")
    listed = versions if isinstance(versions, list) else []
    lab.expect(VERSION in listed, f"versions has {VERSION}", expected=VERSION, got=f"versions {str(versions)[:300]}")


@probe("TAXII-4.2.1-3", statement="51d9de1a")
def max_content_length_is_a_positive_integer(lab: Lab) -> None:
    """4.2.1: an integer greater than zero, in the range of section 2. 5.0 and 1e8 are whole numbers oddly spelled."""
    resource = _resource(lab)
    if "max_content_length" not in resource:
        lab.no_verdict("the API root has no max_content_length (TAXII-3.8-2)")
    value = resource["max_content_length"]
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    lab.expect(
        number and 0 < value <= GREATEST,
        "max_content_length is a whole number above zero",
        expected=f"an integer from 1 to {GREATEST}",
        got=repr(value)[:100],
    )
    if number:
        lab.expect(isinstance(value, int), "max_content_length is spelled as an integer", got=repr(value), soft=True)


@probe("TAXII-4.2-2", statement="0ea89ab5")
def an_api_root_that_does_not_exist_is_not_served(lab: Lab) -> None:
    """4.2: 404 for unknown roots. Other URLs of the host are its own affair (8.2.1), so only a success that claims to
    be TAXII and is no api-root resource breaks the row."""
    control = lab.reader.get(_root(lab))
    lab.control(control.status == 200, f"the real API root gave {control.brief()}")
    answer = lab.reader.get(urljoin(_root(lab), f"/no-such-root-{lab.uuid()}/"))
    claims = 200 <= answer.status < 300 and answer.is_taxii
    lab.expect(
        not claims or _is_root(answer),
        "an unknown API root is not answered as if it were there",
        expected="404",
        got=answer,
    )
    usual = answer.status in (400, 401, 403, 404, 410) or (answer.status < 500 and not answer.is_taxii)
    lab.expect(usual or claims, "an unknown API root is answered 404", expected="404", got=answer, soft=True)


@watcher("TAXII-4.2-1", statement="a662166c")
def no_api_root_is_listed_twice(exchange: Exchange) -> Looked:
    """4.2: each API root has a unique URL. URLs are compared as RFC 3986 (6.2) has them equal; those with a query are
    left to TAXII-4.1.1-4."""
    part = resource(exchange)
    if part is None or part.kind != DISCOVERY:
        return False
    listed = part.body.get("api_roots")
    whole = [r for r in listed if isinstance(r, str) and "?" not in r] if isinstance(listed, list) else []
    roots = [_normal(joined(exchange.request.url, root)) for root in whole]
    twice = [root for root, count in Counter(filter(None, roots)).items() if count > 1]
    return Finding("every API root under a URL of its own", f"{twice[0][:200]} is listed twice") if twice else True


def _normal(url: str) -> str:
    parts = urlsplit(url)
    port = {"https": ":443", "http": ":80"}.get(parts.scheme.lower(), "")
    host = parts.netloc.lower().removesuffix(port) if port else parts.netloc.lower()
    return f"{parts.scheme.lower()}://{host}{parts.path.rstrip('/')}" if url else ""


@probe("TAXII-4.2.1-2", statement="9b9dea50")
def versions_are_media_types_with_a_version(lab: Lab) -> None:
    """4.2.1: each entry is the media type of 1.6.8.1 with its version. What older servers wrote for 2.0 warns only."""
    answers = [lab.reader.get(root) for root in _roots_in_use(lab)[:10]]
    told = [(entry, a) for a in answers if a.status == 200 for entry in a.list_of("versions") if isinstance(entry, str)]
    lab.control(bool(told), "no API root is answered 200 with a list of versions")
    wrong = [(entry, answer) for entry, answer in told if not _names_a_version(entry) and not _is_of_2_0(entry)]
    lab.expect(
        not wrong,
        "every entry of versions is a TAXII media type with a version",
        expected="application/taxii+json;version=n.m",
        got=wrong[0][0][:200] if wrong else f"{len(told)} entries",
        seen=[answer for _, answer in wrong[:1]],
    )
    older = [(entry, answer) for entry, answer in told if _is_of_2_0(entry)]
    if not wrong:
        lab.expect(
            not older,
            "an entry for TAXII 2.0 has the form of this version",
            expected="application/taxii+json;version=2.0",
            got=older[0][0][:200] if older else "no such entry",
            soft=True,
            seen=[answer for _, answer in older[:1]],
        )


def _names_a_version(entry: str) -> bool:
    name, parameters = parse_media_type(entry)
    return name == "application/taxii+json" and re.fullmatch(r"\d+\.\d+", parameters.get("version", "")) is not None


def _is_of_2_0(entry: str) -> bool:
    name, parameters = parse_media_type(entry)
    return name == "taxii-2.0" or (name == "application/vnd.oasis.taxii+json" and parameters.get("version") == "2.0")
