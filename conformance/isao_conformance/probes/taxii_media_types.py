"""Media types in Accept and Content-Type (TAXII 2.1, 3.1). Rows: spec requirements/taxii_media_types.yaml."""

from __future__ import annotations

import json

from isao_conformance.addresses import get_endpoints
from isao_conformance.exchange import Exchange
from isao_conformance.fixtures import LABEL, reading_place
from isao_conformance.lab import Lab
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import kind_of, succeeded
from isao_conformance.session import TAXII

SPACED = "application/taxii+json; version=2.1"


@watcher("TAXII-3.1-6", statement="65ca7947")
def successes_name_the_media_type_with_its_version(exchange: Exchange) -> Looked:
    """3.1: Content-Type names the type and the version parameter. Compared parsed: letter case, white space, quotation
    marks and further parameters do not matter."""
    answer = exchange.answer
    asked = [value for name, value in exchange.request.headers if name.lower() == "accept"]
    if answer is None or not succeeded(exchange) or not answer.body or asked != [TAXII] or not kind_of(exchange):
        return False
    kind, parameters = answer.media_type
    if kind == "application/taxii+json" and parameters.get("version") == "2.1":
        return True
    return Finding(f"Content-Type: {TAXII}", f"Content-Type: {str(answer.header('content-type'))[:120]}")


@probe("TAXII-3.1-9", statement="24ff3221")
def the_versioned_taxii_type_is_never_refused_with_406(lab: Lab) -> None:
    """3.1: 406 MUST NOT be given for a media type defined for the endpoint. Every endpoint in reach, with and without
    a space after the semicolon, which is the same media type."""
    endpoints = lab.fixture(get_endpoints)
    usual = {name: lab.reader.get(url) for name, url in endpoints.items()}
    lab.control(any(a.status == 200 for a in usual.values()), "no endpoint answers the TAXII type with 200")
    for name, url in endpoints.items():
        spaced = lab.reader.get(url, accept=SPACED)
        refused = next((a for a in (usual[name], spaced) if a.status == 406), None)
        lab.expect(
            refused is None,
            f"GET {name} is not answered 406",
            expected=f"any answer but 406 to Accept: {TAXII}, also with a space",
            got=refused or usual[name],
        )


@probe("TAXII-3.1-11", statement="d9c90a6f")
def a_list_of_types_with_the_taxii_type_is_not_refused_with_406(lab: Lab) -> None:
    """3.1: 406 MUST NOT be given when one of several types is defined for the endpoint, wherever it stands."""
    lists = {
        "the TAXII type last": f"text/html;q=0.9, {TAXII};q=0.5",
        "the TAXII type first": f"{TAXII};q=0.5, text/html;q=0.9",
    }
    endpoints = {"discovery": lab.target.discovery, "objects": f"{reading_place(lab)}objects/"}
    for endpoint, url in endpoints.items():
        control = lab.reader.get(url)
        lab.control(control.status != 406, f"GET {endpoint} with the TAXII type alone gave {control.brief()}")
        for name, accept in lists.items():
            answer = lab.reader.get(url, accept=accept)
            lab.expect(
                answer.status != 406,
                f"{endpoint}: {name} is not answered 406",
                expected=f"any answer but 406 to Accept: {accept}",
                got=answer,
            )


@probe("TAXII-3.1-12", statement="b6e4ffb1", needs=["writable"])
def the_taxii_content_type_is_never_refused_with_415(lab: Lab) -> None:
    """3.1: 415 MUST NOT be given for the type that the endpoint defines, with or without a space in it. Any other
    answer says nothing here."""
    where = lab.workspace
    resource = lab.reader.collection(where)
    lab.control(resource.resource.get("can_write") is True, f"can_write is not true: {resource.brief()}")
    for name, content_type in (("as printed", TAXII), ("with a space after the semicolon", SPACED)):
        stix = lab.indicator(LABEL)
        lab.created(where, [stix["id"]])
        answer = lab.reader.add_raw(where, _envelope(stix), content_type=content_type)
        lab.expect(
            answer.status != 415,
            f"the type {name} is not answered 415",
            expected=f"any answer but 415 to Content-Type: {content_type}",
            got=answer,
        )


def _envelope(stix: dict[str, object]) -> bytes:
    return json.dumps({"objects": [stix]}).encode()


@probe("TAXII-3.1-22", statement="49324a92")
def other_spellings_of_the_taxii_type_are_not_refused_with_406(lab: Lab) -> None:
    """3.1 with RFC 7231, 3.1.1.1: quotation marks around a value and letter case of the type do not change it. The
    usual spelling works, so only the spelling can be the reason."""
    url = lab.target.discovery
    control = lab.reader.get(url)
    lab.control(control.status == 200, f"the usual spelling gave {control.brief()}")
    for name, accept in (
        ("quotation marks", 'application/taxii+json;version="2.1"'),
        ("capital letters", "Application/Taxii+JSON;version=2.1"),
    ):
        answer = lab.reader.get(url, accept=accept)
        lab.expect(
            answer.status != 406,
            f"{name} are not answered 406",
            expected=f"any answer but 406 to Accept: {accept}",
            got=answer,
        )
