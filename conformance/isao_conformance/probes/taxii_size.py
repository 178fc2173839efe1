"""The limit on request bodies that an API root declares (TAXII 2.1, 4.2.1, 5.5). Rows: requirements/taxii_size.yaml.

Bodies are filled up beside the object, with white space or a custom property, so that what is stored stays small.
"""

from __future__ import annotations

import json

from isao_conformance.chunks import CHUNK, framed
from isao_conformance.errors import NoAnswer
from isao_conformance.evidence import placeholder
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.probe import probe
from isao_conformance.session import TAXII, USER_AGENT

SMALLEST = 4096
"""A limit below this leaves no room for an envelope with one object beside the filling."""


def _limit(lab: Lab) -> int:
    """max_content_length of the API root. Untestable when it is no usable number."""
    root = lab.survey.root
    told = root.resource.get("max_content_length") if root is not None else None
    if isinstance(told, bool) or not isinstance(told, int) or told < SMALLEST:
        lab.no_verdict(f"max_content_length is {told!r}: no limit to try", "TAXII-4.2.1-3")
        raise AssertionError
    return told


def _within_reach(lab: Lab) -> int:
    """The limit, if bodies of about that size are sent by this harness at all."""
    limit = _limit(lab)
    if limit + CHUNK > LIMITS.request_octets:
        lab.no_verdict(f"the limit of {limit} octets is more than this harness sends ({LIMITS.request_octets})")
    return limit


def _envelope(lab: Lab, octets: int, letter: str = " ") -> bytes:
    """An envelope with one own object, filled up to exactly that many octets: with white space, or with a custom
    property of the envelope that repeats a letter."""
    stix = lab.indicator(LABEL)
    lab.created(lab.workspace, [stix["id"]])
    told = {"objects": [stix]} if letter == " " else {"objects": [stix], "x_isao_drill_filling": "@"}
    plain = json.dumps(told).encode()
    if letter != " ":
        width = len(letter.encode())
        repeated = letter.encode() * ((octets - len(plain) + 1) // width)
        plain = plain.replace(b'"@"', b'"' + repeated + b'"')
    return plain + b" " * (octets - len(plain))


def _post(lab: Lab, body: bytes) -> Answer:
    return lab.reader.add_raw(lab.workspace, body)


def _accepted_small(lab: Lab) -> None:
    """The control: a small envelope is taken from this account."""
    lab.share(LABEL)


@probe("TAXII-4.2.1-4", statement="2cb49968", needs=["writable"])
def a_body_below_the_limit_is_not_refused_with_413(lab: Lab) -> None:
    """4.2.1: smaller than max_content_length MUST NOT give 413: one octet below, and half of it. Any other answer says
    nothing here. A limit beyond what the harness sends can only be shown broken, by a 413 to what it does send."""
    limit = _limit(lab)
    _accepted_small(lab)
    sizes = {"one octet below the limit": limit - 1, "half of the limit": limit // 2}
    if limit > LIMITS.request_octets:
        sizes = {"a fraction of the limit": LIMITS.request_octets}
    for name, octets in sizes.items():
        answer = _post(lab, _envelope(lab, octets))
        if octets == LIMITS.request_octets and answer.status != 413:
            lab.no_verdict(f"the limit of {limit} octets is more than this harness sends; {octets} are not refused")
        lab.expect(
            answer.status != 413,
            f"a body of {name} is not answered 413",
            expected=f"any answer but 413 to {octets} octets, where {limit} are declared",
            got=answer,
        )


@probe("TAXII-4.2.1-5", statement="0b1dfefc", needs=["writable"])
def a_body_above_the_limit_is_answered_413(lab: Lab) -> None:
    """5.5: 413 is the code for a payload that exceeds max_content_length: one octet above, and well above. A connection
    that is cut instead is no answer and not judged. A small envelope is taken, so that size is the reason."""
    limit = _within_reach(lab)
    _accepted_small(lab)
    judged = 0
    for name, octets in (
        ("one octet above the limit", limit + 1),
        ("well above the limit", min(2 * limit, LIMITS.request_octets)),
    ):
        try:
            answer = _post(lab, _envelope(lab, octets))
        except NoAnswer:
            continue
        judged += 1
        lab.expect(
            answer.status == 413,
            f"a body of {name} is answered 413",
            expected=f"413 to {octets} octets, where {limit} are declared",
            got=answer,
        )
    if not judged:
        lab.no_verdict("the connection is cut instead of an answer")


@probe("TAXII-4.2.1-6", statement="69e0985b", needs=["writable"])
def the_limit_counts_octets_however_they_are_sent(lab: Lab) -> None:
    """4.2.1: the limit is in octets. Characters of two octets are counted as two: just below the limit is not 413, and
    above it in octets but below in characters is 413, if other bodies above it are. A body in chunks, without
    Content-Length, is measured the same; that a server must take chunks is HTTP's rule."""
    _accepted_small(lab)
    chunked = _in_chunks(lab, _envelope(lab, min(_limit(lab) // 4, 2 * CHUNK)))
    taken = lab.expect(
        chunked.status == 202,
        "a body in chunks below the limit is taken",
        expected="202, as for the same kind of body with Content-Length",
        got=chunked,
    )
    if not taken:
        return
    limit = _within_reach(lab)
    below = _post(lab, _envelope(lab, limit - 1, "é"))
    lab.expect(
        below.status != 413,
        "two octets a character just below the limit are not answered 413",
        expected=f"any answer but 413 to {limit - 1} octets",
        got=below,
    )
    try:
        enforced = _post(lab, _envelope(lab, limit + 2)).status == 413
        if enforced:
            above = _post(lab, _envelope(lab, limit + 2, "é"))
            lab.expect(
                above.status == 413,
                "two octets a character just above the limit are answered 413",
                expected=f"413 to {limit + 2} octets in fewer characters",
                got=above,
            )
            long = _in_chunks(lab, _envelope(lab, limit + 2))
            lab.expect(long.status == 413, "a body in chunks above the limit is answered 413", got=long)
    except NoAnswer:
        pass  # a connection that is cut instead of a 413 is tolerated


def _in_chunks(lab: Lab, body: bytes) -> Answer:
    """POST a body with Transfer-Encoding: chunked and without Content-Length (RFC 9112, 7.1)."""
    session = lab.reader
    headers = [("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), ("Accept", TAXII), ("Content-Type", TAXII)]
    if session.actor.authorization is not None:
        headers.append(("Authorization", placeholder(session.actor)))
    headers.append(("Transfer-Encoding", "chunked"))
    return session.send("POST", f"{lab.workspace}objects/", tuple(headers), framed(body))
