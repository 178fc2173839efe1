"""Error answers and failed authentication (TAXII 2.1, 1.6.9, 3.1, 3.6, 5.1, 5.4, 5.5).

Rows: spec requirements/taxii_errors.yaml. A server may drop unauthorised requests (8.2.2); that ends a probe without
a verdict before it gets here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from isao_conformance.errors import NoAnswer, Untestable
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL, reading_place
from isao_conformance.lab import Lab
from isao_conformance.listings import served
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import failed, kind_of
from isao_conformance.session import Session

IN_TABLES = (400, 401, 403, 404, 406)
"""Codes in the failure tables of all GET endpoints of section 5."""

IN_TABLE_OF_POST = (*IN_TABLES, 413, 415, 422)
"""Codes in the failure table of Add Objects (5.5)."""

MADE_UP = "nobody-instead-of-"
"""How the harness names sessions with made-up credentials."""

STRINGS = ("description", "error_id", "error_code", "http_status", "external_details")
"""Properties of an error message that are strings (3.6.1)."""


def _provoked(lab: Lab) -> dict[str, tuple[Answer, tuple[int, ...]]]:
    """Error answers by how they were provoked, each with the codes in its endpoint's table."""
    reader, where = lab.reader, reading_place(lab)
    collections = f"{lab.survey.api_root}collections/"
    found: dict[str, tuple[Answer, tuple[int, ...]]] = {
        "objects with limit=abc": (reader.objects(where, limit="abc"), IN_TABLES),
        "manifest with limit=abc": (reader.manifest(where, limit="abc"), IN_TABLES),
        "a collection that does not exist": (reader.collection(f"{collections}{lab.uuid()}/"), IN_TABLES),
        "objects of a collection that does not exist": (reader.objects(f"{collections}{lab.uuid()}/"), IN_TABLES),
        "collections as image/png": (reader.get(collections, accept="image/png"), IN_TABLES),
    }
    if reader.actor.signs_in:
        try:
            wrong = lab.wrong_credentials()
            found["collections with wrong credentials"] = (wrong.get(collections), IN_TABLES)
        except NoAnswer:
            pass  # a server may ignore those who do not authenticate
    try:
        broken = reader.add_raw(lab.workspace, b'{"objects": [')
        found["a POST that is no JSON"] = (broken, IN_TABLE_OF_POST)
    except Untestable:
        pass  # nothing may be written in this run
    return found


@probe("TAXII-3.1-7", statement="b1fb413a")
def errors_name_the_taxii_media_type(lab: Lab) -> None:
    """3.1 with the failure tables of section 5: an error with a body has the same Content-Type as a success. Only codes
    that the endpoint's own table lists are judged; errors without body, 405 and 5xx say nothing here."""
    control = lab.reader.collections(lab.survey.api_root)
    lab.control(control.status == 200, f"GET collections gave {control.brief()}")
    judged = 0
    for name, (answer, listed) in _provoked(lab).items():
        if answer.status not in listed:
            continue
        kind, parameters = answer.media_type
        right = kind == "application/taxii+json" and parameters.get("version") == "2.1"
        judged += 1
        lab.expect(
            right or not answer.body,
            f"{name}: the error is labelled application/taxii+json with its version",
            expected="Content-Type: application/taxii+json;version=2.1",
            got=answer,
        )
    if not judged:
        lab.no_verdict("no code of a failure table could be provoked")


@watcher("TAXII-3.6.1-1", statement="458aa129")
def error_messages_have_a_title(exchange: Exchange) -> Looked:
    """3.6.1: title is required and a string. Errors without body are lawful; other labels are another row."""
    message = _message(exchange)
    if message is None:
        return False
    if not message.is_taxii or not message.body or isinstance(message.resource.get("title"), str):
        return True
    return Finding("a JSON object with a string title", message.brief())


@watcher("TAXII-3.6.1-2", statement="fca2e282")
def error_messages_name_their_own_status(exchange: Exchange) -> Looked:
    """3.6.1: http_status is the status of this very answer. That it is a string is a row of its own."""
    message = _message(exchange)
    if message is None:
        return False
    if not message.is_taxii or "http_status" not in message.resource:
        return True
    told = message.resource["http_status"]
    if not isinstance(told, bool) and str(told).strip() == str(message.status):
        return True
    return Finding(f"http_status {message.status}", f"http_status {str(told)[:40]!r} in an answer {message.status}")


@watcher("TAXII-3.6.1-3", statement="62ea8891")
def properties_of_error_messages_have_their_types(exchange: Exchange) -> Looked:
    """3.6.1: five properties are strings, details is an object."""
    message = _message(exchange)
    if message is None:
        return False
    if not message.is_taxii:
        return True
    body = message.resource
    wrong = [name for name in STRINGS if name in body and not isinstance(body[name], str)]
    wrong += ["details"] if "details" in body and not isinstance(body["details"], dict) else []
    if wrong:
        return Finding("strings, and an object as details", f"{wrong[0]} is {str(body[wrong[0]])[:80]!r}")
    return True


def _message(exchange: Exchange) -> Answer | None:
    return exchange.answer if failed(exchange) else None


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'{_TOKEN}[ \t]*=[ \t]*(?:{_TOKEN}|"(?:[^"\\]|\\.)*")', re.DOTALL)
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]+(.*))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@watcher("TAXII-5-401", statement="63079c61")
def a_401_carries_a_challenge(exchange: Exchange) -> Looked:
    """1.6.9 with RFC 7235, 3.1 and 4.1: WWW-Authenticate with at least one challenge that parses."""
    answer = exchange.answer
    if answer is None or not (kind_of(exchange) or answer.is_taxii):
        return False
    if answer.status != 401:
        return answer.status == 404 and exchange.key.actor.startswith(MADE_UP)
    value = ", ".join(answer.header_all("www-authenticate"))
    if is_challenge(value):
        return True
    return Finding("WWW-Authenticate with a challenge", f"WWW-Authenticate: {value[:120]}" if value else "none")


def is_challenge(value: str) -> bool:
    """True when the value is one or more challenges: schemes, each with parameters, a token, or nothing."""
    elements = [element.strip() for element in _split_at_commas(value) if element.strip()]
    if not elements:
        return False
    for place, element in enumerate(elements):
        if place and _PARAMETER.fullmatch(element):
            continue
        scheme = _SCHEME.fullmatch(element)
        rest = (scheme.group(2) or "").strip() if scheme else "not a scheme"
        if scheme is None or (rest and not _PARAMETER.fullmatch(rest) and not _TOKEN68.fullmatch(rest)):
            return False
    return True


def _split_at_commas(value: str) -> list[str]:
    """Split where a comma stands outside quotation marks; in one pass, since the value can be hostile."""
    elements, start, quoted, escaped = [], 0, False, False
    for place, letter in enumerate(value):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter == ",":
            elements.append(value[start:place])
            start = place + 1
    return [*elements, value[start:]]


def _judge_refusal(lab: Lab, answer: Answer, name: str) -> None:
    """401 or 404 meets the row; success, redirect and 403 break it; other codes are a warning."""
    lab.expect(
        answer.status in (401, 404),
        name,
        expected="401 or 404",
        got=answer,
        soft=not (answer.status < 400 or answer.status == 403),
    )


def _for_the_record(session: Session, url: str) -> None:
    """The same request without any credentials: recorded, never judged."""
    try:
        session.get(url)
    except NoAnswer:
        return


@probe("TAXII-5.1-auth", statement="3b3d41cc")
def collections_are_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.1: a client that fails authentication MUST get 401 or 404: a made-up user, and a real one with a wrong secret.
    The lent credentials open the same URL."""
    url = f"{lab.survey.api_root}collections/"
    wrong = lab.wrong_credentials()
    control = lab.reader.get(url)
    lab.control(control.status == 200, f"GET collections with the lent credentials gave {control.brief()}")
    _judge_refusal(lab, wrong.get(url), "GET collections with made-up credentials is answered 401 or 404")
    _judge_mistyped(lab, lambda mistyped: mistyped.get(url), "GET collections")
    _for_the_record(lab.outsider, url)


@probe("TAXII-5.4-auth", statement="96a23ae7")
def objects_are_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.4: a client that fails authentication MUST get 401 or 404: a made-up user, and a real one with a wrong secret.
    A collection that strangers may read is passed over, since there nothing is authenticated."""
    wrong = lab.wrong_credentials()
    where = _not_public(lab)
    control = lab.reader.objects(where)
    lab.control(control.status == 200, f"GET objects with the lent credentials gave {control.brief()}")
    _judge_refusal(lab, wrong.objects(where), "GET objects with made-up credentials is answered 401 or 404")
    _judge_mistyped(lab, lambda mistyped: mistyped.objects(where), "GET objects")


def _judge_mistyped(lab: Lab, ask: Callable[[Session], Answer], what: str) -> None:
    try:
        mistyped = lab.wrong_secret(lab.reader.actor.name)
    except Untestable:
        return  # keys have no user name that could be right
    _judge_refusal(lab, ask(mistyped), f"{what} with a wrong secret is answered 401 or 404")


def _not_public(lab: Lab) -> str:
    reading_place(lab)
    for url in lab.survey.readable:
        try:
            if lab.outsider.objects(url, limit=1).status != 200:
                return url
        except NoAnswer:
            return url
    raise Untestable("every readable collection is open to strangers")


@probe("TAXII-5.5-auth", statement="2e780fd4")
def posts_are_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.5: a client that fails authentication MUST get 401 or 404, and stores nothing. An envelope like it is accepted
    from the lent account; where the run may write nowhere in particular, an empty envelope is sent, which stores
    nothing even if it is taken."""
    wrong = lab.wrong_credentials()
    try:
        where = lab.workspace
    except Untestable as fault:
        if fault.blocked_by != "capability write":
            raise
        where = reading_place(lab)
        control = lab.reader.collection(where)
        lab.control(control.status == 200, f"GET of the collection gave {control.brief()}")
        _judge_refusal(lab, wrong.add_raw(where, b"{}"), "POST with made-up credentials is answered 401 or 404")
        return
    lab.share(LABEL)
    stix = lab.indicator(LABEL)
    lab.created(where, [stix["id"]])
    answer = wrong.add(where, [stix])
    _judge_refusal(lab, answer, "POST with made-up credentials is answered 401 or 404")
    after = lab.reader.object(where, stix["id"])
    lab.expect(
        not served(after, stix["id"]), "what was posted is not stored", expected="no object of that id", got=after
    )
