"""That every endpoint is where the standard puts it, and what errors, other methods and bare requests get (TAXII 2.1,
3.1 and 8.2.1). Rows: spec requirements/taxii_endpoints.yaml."""

from __future__ import annotations

import json

from isao_conformance.addresses import get_endpoints
from isao_conformance.errors import Untestable
from isao_conformance.evidence import placeholder
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL
from isao_conformance.lab import Lab
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import failed
from isao_conformance.session import TAXII, Session

NOT_THERE = (404, 405, 410, 501)
"""Refusals that deny the address; others have causes and rows of their own."""

COLLECTIONS_TRIED = 4
"""In how many readable collections the addresses are tried."""


@watcher("TAXII-3.1-3", statement="a3f24a47")
def errors_labelled_as_taxii_hold_an_error_message_or_nothing(exchange: Exchange) -> Looked:
    """3.1: an error MAY contain an error message, which is a JSON object (3.6.1). Its properties are other rows; a body
    under another label is TAXII-3.1-7."""
    answer = exchange.answer
    if answer is None or not failed(exchange) or exchange.request.method == "HEAD":
        return False
    if not answer.is_taxii or not answer.body or isinstance(answer.data, dict):
        return True
    return Finding("no body, or a JSON object", answer.brief())


@probe("TAXII-3.1-18", statement="ac437b37")
def every_endpoint_answers_200_where_the_standard_puts_it(lab: Lab) -> None:
    """3.1: the endpoint tables are normative: each address exists, and success is 200. Only what this account may use,
    as the collection says; what is refused for other reasons (401, 403, 406, 5xx) says nothing about the address. The
    endpoints whose success has a row of its own are left to that row."""
    judged = 0
    for number, where in enumerate(lab.survey.readable[:COLLECTIONS_TRIED], 1):
        for name, url in (("collection", where), ("manifest", f"{where}manifest/")):
            answer = lab.reader.get(url)
            if answer.status >= 400 and answer.status not in NOT_THERE:
                continue
            judged += 1
            lab.expect(answer.status == 200, f"GET {name} {number} is answered 200", expected="200", got=answer)
    if not judged:
        lab.no_verdict("no endpoint is answered in a way that says anything about its address")


@probe("TAXII-3.1-20", statement="52544747", needs=["writable"])
def other_methods_do_not_bring_taxii_resources(lab: Lab) -> None:
    """3.1 with 8.2.1: the table gives each URL its methods; others may be extensions, but a PUT that is answered like a
    GET is not looked at. The body is no JSON, so that nothing can be replaced by it; GET works at the same URLs."""
    endpoints = lab.fixture(get_endpoints)
    for method in ("PUT", "PATCH"):
        for name in ("objects", "collections", "manifest", "collection"):
            url = endpoints.get(name)
            if url is None or (method == "PATCH" and name != "objects"):
                continue
            answer = lab.reader.request(method, url, content_type=TAXII, body=b'{"objects": [')
            lab.expect(
                not (200 <= answer.status < 300 and answer.is_taxii and bool(answer.resource)),
                f"{method} of {name} does not bring a TAXII resource",
                expected="405, or another refusal",
                got=answer,
            )
    lab.control(bool(lab.checks), "no address is known")


def _anonymous_client(session: Session, method: str, url: str, body: bytes = b"") -> Answer:
    """A request without User-Agent, else as usual."""
    headers = [("Accept-Encoding", "identity"), ("Accept", TAXII)]
    if session.actor.authorization is not None:
        headers.append(("Authorization", placeholder(session.actor)))
    if method == "POST":
        headers += [("Content-Type", TAXII), ("Content-Length", str(len(body)))]
    return session.send(method, url, tuple(headers), body)


@probe("TAXII-8.2.1-4", statement="3801e2e4")
def a_request_without_user_agent_is_not_refused(lab: Lab) -> None:
    """8.2.1: a valid request SHOULD NOT be rejected for lacking User-Agent. The same request with it is answered with
    success just before, so only the header can be the reason. A contribution is tried where the run may write."""
    endpoints = lab.fixture(get_endpoints)
    for name in ("discovery", "API root", "collections", "manifest", "objects", "object"):
        url = endpoints.get(name)
        if url is None or lab.reader.get(url).status != 200:
            continue
        answer = _anonymous_client(lab.reader, "GET", url)
        lab.expect(
            answer.status < 400,
            f"GET {name} without User-Agent is not refused",
            expected="success, as with User-Agent",
            got=answer,
        )
    try:
        lab.share(LABEL)
    except Untestable:
        lab.control(bool(lab.checks), "no endpoint answers the usual request with 200")
        return
    stix = lab.indicator(LABEL)
    lab.created(lab.workspace, [stix["id"]])
    body = json.dumps({"objects": [stix]}).encode()
    answer = _anonymous_client(lab.reader, "POST", f"{lab.workspace}objects/", body)
    lab.expect(
        answer.status < 400,
        "POST without User-Agent is not refused",
        expected="success, as with User-Agent",
        got=answer,
    )
