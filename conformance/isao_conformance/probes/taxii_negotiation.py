"""Versions and media types that a client may ask for, and those that a server may refuse (TAXII 2.1, 1.6.8, 3.1, 5.3).

Rows: spec requirements/taxii_negotiation.yaml. The types that every server has to take stand in taxii_media_types.
"""

from __future__ import annotations

import json
import re

from isao_conformance.addresses import get_endpoints
from isao_conformance.exchange import Answer, parse_media_type
from isao_conformance.fixtures import LABEL, reading_place
from isao_conformance.lab import Lab
from isao_conformance.probe import probe

KIND = "application/taxii+json"
TWO_TYPES = "application/taxii+json;version=2.1,application/stix+json;version=2.1"
"""What the table of 5.3 prints as the Accept of the manifest."""

STIX = "application/stix+json;version=2.1"
OTHER_TYPES = ("text/html", "application/json", "image/png")
"""Types that no endpoint defines, from the most to the least likely to be served all the same."""

UNKNOWN_VERSION = "9.9"
_VERSION = re.compile(r"\d{1,9}\.\d{1,9}", re.ASCII)


def _served_version(answer: Answer) -> str | None:
    """The TAXII version that a success says it is in; None when it is no success or does not say."""
    kind, parameters = answer.media_type
    return parameters.get("version") if 200 <= answer.status < 300 and kind == KIND else None


def _number(version: str) -> tuple[int, ...]:
    """n.m as numbers, so that 2.10 is above 2.9; empty for another form (1.6.8.2)."""
    return tuple(int(part) for part in version.split(".")) if _VERSION.fullmatch(version) else ()


def _supported(lab: Lab) -> set[str]:
    """The versions that the API root lists."""
    listed = lab.survey.root.list_of("versions") if lab.survey.root is not None else []
    found = (parse_media_type(text)[1].get("version") for text in listed if isinstance(text, str))
    return {version for version in found if version and _VERSION.fullmatch(version)}


@probe("TAXII-3.1-8", statement="c5d47ca5")
def without_a_version_the_highest_one_is_served(lab: Lab) -> None:
    """3.1: without version in Accept the highest supported version SHOULD come. What is supported the API root lists,
    2.1 at least. A refusal with 406 is TAXII-3.1-10; an endpoint that never names a version is TAXII-3.1-6."""
    best = max(_supported(lab) | {"2.1"}, key=_number)
    judged = 0
    for name, url in lab.fixture(get_endpoints).items():
        answer = lab.reader.get(url, accept=KIND)
        version = _served_version(answer)
        if version is None and (answer.status != 200 or _served_version(lab.reader.get(url)) is None):
            continue
        judged += 1
        lab.expect(
            _number(version or "") >= _number(best),
            f"GET {name} without a version is served in the highest one",
            expected=f"version={best}",
            got=f"Content-Type: {answer.header('content-type')}",
            seen=[answer],
        )
    if not judged:
        lab.no_verdict("no endpoint answers the type without version by a success that names one", "TAXII-3.1-10")


@probe("TAXII-3.1-10", statement="2429694a")
def the_taxii_type_without_version_is_not_refused_with_406(lab: Lab) -> None:
    """3.1 with 1.6.8.2: the version-less type is defined, so it MUST NOT give 406. Every endpoint in reach."""
    endpoints = lab.fixture(get_endpoints)
    control = lab.reader.get(lab.target.discovery)
    lab.control(control.status == 200, f"discovery with the versioned type gave {control.brief()}")
    for name, url in endpoints.items():
        answer = lab.reader.get(url, accept=KIND)
        lab.expect(
            answer.status != 406,
            f"GET {name} without a version is not answered 406",
            expected=f"any answer but 406 to Accept: {KIND}",
            got=answer,
        )


@probe("TAXII-3.1-21", statement="da1e9dfd")
def the_two_types_of_the_manifest_table_are_not_refused_with_406(lab: Lab) -> None:
    """5.3 prints an Accept of two types, which is thereby defined for the endpoint: it MUST NOT give 406 (3.1). As
    printed, with a space after the comma, and in the other order, which is the same list."""
    where = reading_place(lab)
    control = lab.reader.manifest(where)
    lab.control(control.status == 200, f"the manifest with the TAXII type alone gave {control.brief()}")
    one, two = TWO_TYPES.split(",")
    for name, accept in (
        ("as printed", TWO_TYPES),
        ("with a space after the comma", f"{one}, {two}"),
        ("in the other order", f"{two},{one}"),
    ):
        answer = lab.reader.get(f"{where}manifest/", accept=accept)
        lab.expect(
            answer.status != 406,
            f"the two types {name} are not answered 406",
            expected=f"any answer but 406 to Accept: {accept}",
            got=answer,
        )


@probe("TAXII-3.1-25", statement="3374a75b")
def the_stix_type_alone_is_not_refused_by_the_manifest(lab: Lab) -> None:
    """5.3 prints the STIX type beside the TAXII type; 3.1 asks for a TAXII type in every request, so whether the STIX
    type alone is a lawful request is contested."""
    where = reading_place(lab)
    control = lab.reader.manifest(where)
    lab.control(control.status == 200, f"the manifest with the TAXII type gave {control.brief()}")
    answer = lab.reader.get(f"{where}manifest/", accept=STIX)
    lab.expect(
        answer.status != 406,
        "the STIX type alone is not answered 406",
        expected=f"any answer but 406 to Accept: {STIX}",
        got=answer,
    )


@probe("TAXII-3.1-14", statement="4f9fad7f")
def an_undefined_type_is_served_or_refused_with_406(lab: Lab) -> None:
    """3.1: content, or 406. Content is TAXII, or is of the type that was asked for: a server may serve other content
    types (8.2.1). The same URLs answer the TAXII type with 200, so only the type can be the reason."""
    endpoints = lab.fixture(get_endpoints)
    for name in ("discovery", "collections", "objects"):
        url = endpoints.get(name)
        if url is None or lab.reader.get(url).status != 200:
            continue
        for accept in OTHER_TYPES:
            answer = lab.reader.get(url, accept=accept)
            content = answer.status == 200 and answer.media_type[0] in (KIND, accept)
            lab.expect(
                content or answer.status == 406,
                f"GET {name} as {accept.replace('/', ' ')} is served or answered 406",
                expected=f"200 in TAXII or as {accept}, or 406",
                got=answer,
            )
    lab.control(bool(lab.checks), "no endpoint answers the TAXII type with 200")


@probe("TAXII-3.1-16", statement="23ae407b")
def an_unknown_version_is_refused_or_answered_in_a_real_one(lab: Lab) -> None:
    """3.1: a version that the server does not have is a type that the endpoint does not define: 406, or content in a
    version that it has. Naming the asked version over other content says what is not so."""
    for name, url in lab.fixture(get_endpoints).items():
        usual = lab.reader.get(url)
        if usual.status != 200:
            continue
        answer = lab.reader.get(url, accept=f"{KIND};version={UNKNOWN_VERSION}")
        named = answer.media_type[1].get("version")
        lab.expect(
            answer.status == 406 or (answer.status == 200 and named != UNKNOWN_VERSION),
            f"GET {name} in an unknown version is refused or served in a real one",
            expected="406, or 200 in a version that the server has",
            got=f"{answer.status} Content-Type: {answer.header('content-type')}",
            seen=[answer],
        )
    lab.control(bool(lab.checks), "no endpoint answers the TAXII type with 200")


def _post(lab: Lab, content_type: str) -> Answer:
    """A valid envelope with one own object, labelled as asked."""
    stix = lab.indicator(LABEL)
    lab.created(lab.workspace, [stix["id"]])
    return lab.reader.add_raw(lab.workspace, json.dumps({"objects": [stix]}).encode(), content_type=content_type)


@probe("TAXII-3.1-13", statement="9c610d6b", needs=["writable"])
def the_content_type_without_version_is_not_refused_with_415(lab: Lab) -> None:
    """3.1 with 1.6.8.2: the version-less type is defined, so it MUST NOT give 415. An object like it is taken under the
    versioned type."""
    lab.share(LABEL)
    answer = _post(lab, KIND)
    lab.expect(
        answer.status != 415,
        "the type without version is not answered 415",
        expected=f"any answer but 415 to Content-Type: {KIND}",
        got=answer,
    )


@probe("TAXII-3.1-15", statement="8aeb43e1", needs=["writable"])
def an_undefined_content_type_is_taken_or_refused_with_415(lab: Lab) -> None:
    """3.1: taken, which for this endpoint is 202, or 415. An object like it is taken under the TAXII type."""
    lab.share(LABEL)
    for kind in ("text/plain", "application/json"):
        answer = _post(lab, kind)
        lab.expect(
            answer.status in (202, 415),
            f"an envelope as {kind.replace('/', ' ')} is taken or answered 415",
            expected="202 or 415",
            got=answer,
        )
