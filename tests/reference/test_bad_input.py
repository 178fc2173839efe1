"""Every writing address against every hard text in every place: a clear 4xx, never a 5xx, and no row changed. What may
be taken is taken as it is, and read back equal.

The addresses come from the OpenAPI document, so a new one is covered by itself, and fails here until it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.routing import Route

from isao_reference import limits
from isao_reference.funnel import Funnel
from isao_spec import load
from tests.support import broken_json, writes
from tests.support.asgi import TAXII, Response
from tests.support.broken_json import HARD_DOZEN, Case, bounds, families, whole
from tests.support.world import collection_url, indicator, object_url, objects_url
from tests.support.writes import POST_OBJECTS, READING, Stage, Write, documented, names, route_of, routed

BODIES = [name for name in names() if not name.startswith("DELETE ")]
CREATE_SUBMISSION = "POST /functions/submissions/"
HOSTILE = {
    "U+0000": b"%00",
    "U+0000 within": b"a%00b",
    "an encoded surrogate": b"%ED%A0%80",
    "swapped surrogates": b"%ED%B0%80%ED%A0%80",
    "an overlong slash": b"%C0%AF",
    "a byte order mark": b"%EF%BB%BF",
    "UTF-16": b"%FE%FFa%00",
    "Latin-1": b"caf%E9",
    "half an escape": b"%",
    "a bad escape": b"%zz",
    "5,000 digits": b"7" * 5000,
    "2^53+1": b"9007199254740993",
    "2^64": b"18446744073709551616",
    "minus 5,000 digits": b"-" + b"7" * 5000,
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "1e400": b"1e400",
    "depth 10,000": b"[" * 10_000,
    "a document": b"%7B%22a%22:1,%22a%22:2%7D",
    "SQL": b"'%20OR%201=1--",
    "a line break": b"a%0D%0AX-More:%20b",
    "a terminal escape": b"%1B[2J",
    "right to left": b"%E2%80%AE",
    "dots": b"..%2F..%2Fetc",
    "a wildcard": b"%25",
    "20,000 letters": b"x" * 20_000,
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with writes.stage(tmp_path_factory.mktemp("writes")) as made:
        yield made


def judge(stage: Stage, write: Write, answer: Response, told: object, refused: bool) -> bool:
    """Whether the request was taken. Fails for a 5xx, for an error in a form of its own, for what must be refused."""
    assert answer.status < 500, (write.name, told, answer.body[:300])
    if answer.status < 300:
        assert not refused, (write.name, told, "was taken", answer.body[:300])
        return True
    assert answer.status >= 400
    assert stage.is_refusal(answer), (write.name, told, answer.headers, answer.body[:300])
    assert b"Traceback" not in answer.body
    return False


# --- which addresses there are ------------------------------------------------------------------------


def test_every_writing_address_is_driven_and_a_further_one_would_be_missed(stage: Stage) -> None:
    app = stage.exchange.app
    driven = {route_of(method, template) for method, template in documented()}
    assert driven == routed(app)
    assert len(documented()) >= 31
    funnel = next(route.endpoint for route in app.routes if isinstance(route, Route) and "{step}" in route.path)
    assert isinstance(funnel, Funnel)
    app.router.routes.append(Route("/functions/{resource}/{record}/{step}/more/", funnel))
    try:
        assert driven != routed(app)
    finally:
        app.router.routes.pop()


def test_every_step_that_a_request_can_take_is_among_them() -> None:
    told = {template for _, template in documented()}
    for contract in load().contracts.values():
        made = not {str(role) for role in contract.create.by} <= {"clock", "exchange"}
        assert (f"/functions/{contract.resource}/" in told) is made
        for step in contract.steps.values():
            asked_for = not {str(role) for role in step.by} <= {"clock", "exchange"}
            assert (f"/functions/{contract.resource}/{{record}}/{step.name}/" in told) is asked_for


@pytest.mark.parametrize("name", names())
def test_the_request_without_a_fault_is_taken_and_changes_something(stage: Stage, name: str) -> None:
    before = stage.rows()
    answer = stage.send(stage.writes[name])
    assert 200 <= answer.status < 300, answer.body
    assert stage.rows() != before
    stage.reset()
    assert stage.rows() == before


# --- bodies -------------------------------------------------------------------------------------------


def spliced(document: Any, member: str, text: bytes) -> bytes:
    """The document with a text, as it is, as the value of a member."""
    return json.dumps({**document, member: "@@"}).encode().replace(b'"@@"', text, 1)


def in_an_object(text: bytes) -> bytes:
    """An envelope with an object that holds the text as a custom property."""
    return b'{"objects":[' + spliced(indicator(marks=["green"]), "x_inside", text) + b"]}"


def bodies_of(write: Write, text: bytes) -> Iterator[bytes]:
    """A text as the whole body, as a member of the document, in place of one, and deep in it."""
    yield text
    document = write.document if isinstance(write.document, dict) else {}
    yield spliced(document, "x_more", text)
    if document:
        yield spliced(document, next(iter(document)), text)
    if write.template == POST_OBJECTS:
        yield in_an_object(text)


def try_all(stage: Stage, write: Write, cases: Iterable[Case]) -> int:
    """Sends every case in every place of a body; how many requests that were. No row may differ in the end."""
    before, count = stage.rows(), 0
    for case in cases:
        blank = not case.text.strip() and write.template != POST_OBJECTS
        for number, body in enumerate(bodies_of(write, case.text)):
            # An address that takes no document takes no body as well: nothing but white space is nothing.
            refused = case.refused and not (blank and number == 0 and write.document is None)
            if judge(stage, write, stage.send(write, body), (case.name, number), refused):
                stage.reset()
            count += 1
    assert stage.rows() == before, write.name
    return count


@pytest.mark.parametrize("name", BODIES)
def test_the_hard_dozen_is_refused_at_every_address_in_every_place_of_the_body(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    document = write.document if write.document is not None else {}
    assert try_all(stage, write, HARD_DOZEN) >= 60
    before = stage.rows()
    for case in whole(document):
        judge(stage, write, stage.send(write, case.text), case.name, case.refused)
    assert stage.rows() == before


@pytest.mark.parametrize("name", ["POST " + POST_OBJECTS, CREATE_SUBMISSION])
def test_every_family_of_broken_texts_is_refused(stage: Stage, name: str) -> None:
    assert try_all(stage, stage.writes[name], (one for one in families() if one.refused)) > 1400


@pytest.mark.full
@pytest.mark.parametrize("name", BODIES)
def test_every_family_of_texts_is_refused_or_taken_at_every_address(stage: Stage, name: str) -> None:
    count = try_all(stage, stage.writes[name], families())
    print(f"{count} requests with {len(families())} texts at {name}, none answered 5xx, no row changed")
    assert count > 1000


def test_there_are_enough_families_and_a_plain_parser_agrees_on_them() -> None:
    refused = [one for one in families() if one.refused]
    assert len(refused) >= 318
    assert len(families()) - len(refused) >= 35
    lenient = {one.name for one in families() if _python_takes(one.text)}
    ours = {one.name for one in families() if not one.refused or one.name.startswith("strict: ")}
    constants = {f"number: word {word}" for word in ("NaN", "Infinity", "-Infinity")}
    # Python guesses UTF-16 and UTF-32, skips a byte order mark, and lets surrogates through that are encoded as octets.
    encodings = {name for name in lenient if name.startswith("encoding: ")} | {"structure: text '\\ufeff{}'"}
    assert lenient - constants - encodings <= ours
    assert {one.name for one in families() if not one.refused} <= lenient


def _python_takes(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# --- what may be taken is read back -------------------------------------------------------------------


def test_what_an_object_may_hold_is_given_back_octet_for_octet(stage: Stage) -> None:
    write = stage.writes["POST " + POST_OBJECTS]
    taken = 0
    for case in (*(one for one in families() if not one.refused), *bounds()):
        body = in_an_object(case.text)
        answer = stage.send(write, body)
        if not judge(stage, write, answer, case.name, refused=False):
            continue
        if answer.json["failure_count"]:  # STIX itself has no empty lists and no nulls
            assert answer.json["failures"][0]["message"], case.name
            continue
        found = stage.exchange.as_(write.account).get(object_url(answer.json["successes"][0]["id"]))
        assert found.status == 200
        assert body[len(b'{"objects":[') : -2] in found.body, case.name
        taken += 1
    stage.reset()
    assert taken > 60


def _shown(answer: Response, member: str) -> Any:
    """What a record says of a member of the document that it was given last."""
    history = [one["document"] for one in answer.json["history"] if "document" in one]
    return next(one[member] for one in (*reversed(history), answer.json["document"]) if member in one)


def check_a_record_gives_back(stage: Stage, write: Write, cases: Iterable[Case]) -> None:
    lawful = list(cases)
    for member in write.document or ():
        for case in lawful:
            answer = stage.send(write, spliced(write.document, member, case.text))
            if not judge(stage, write, answer, (member, case.name), refused=False):
                continue
            assert _shown(answer, member) == json.loads(case.text), (member, case.name)
            path = answer.header("location") or write.path.rsplit("/", 2)[0] + "/"
            again = stage.exchange.as_(write.account).get(path, accept="application/json")
            if again.status == 200:  # an account can lose its access by the step
                assert _shown(again, member) == json.loads(case.text)
            stage.reset()
    assert stage.send(write).status < 300
    stage.reset()


STRINGS = [one for one in families() if not one.refused and one.text[:1] == b'"']
RECORDS = [name for name in BODIES if "/functions/" in name]


@pytest.mark.parametrize("name", RECORDS)
def test_what_a_record_may_hold_is_given_back_equal(stage: Stage, name: str) -> None:
    check_a_record_gives_back(stage, stage.writes[name], STRINGS[RECORDS.index(name) % 9 :: 9])


@pytest.mark.full
@pytest.mark.parametrize("name", RECORDS)
def test_whatever_a_record_may_hold_is_given_back_equal(stage: Stage, name: str) -> None:
    check_a_record_gives_back(stage, stage.writes[name], [*STRINGS, *bounds()[2:]])


def check_large_bodies(stage: Stage, write: Write) -> None:
    for case in bounds():
        for body in bodies_of(write, case.text):
            answer = stage.send(write, body)
            if judge(stage, write, answer, case.name, refused=False):
                stage.reset()
            else:
                assert len(answer.body) < 200_000, (case.name, len(answer.body))


def test_large_bodies_are_taken_or_refused_with_a_short_answer(stage: Stage) -> None:
    check_large_bodies(stage, stage.writes[CREATE_SUBMISSION])


@pytest.mark.full
@pytest.mark.parametrize("name", BODIES)
def test_large_bodies_are_at_every_address(stage: Stage, name: str) -> None:
    check_large_bodies(stage, stage.writes[name])


def envelope_of(count: int) -> bytes:
    return b'{"objects":[' + b",".join([b"{}"] * count) + b"]}"


@pytest.mark.full
def test_as_many_objects_as_an_envelope_may_hold_are_each_answered_for(stage: Stage) -> None:
    write, most = stage.writes["POST " + POST_OBJECTS], limits.MAX_ENVELOPE_OBJECTS
    answer = stage.send(write, envelope_of(most))
    assert answer.json["failure_count"] == len(answer.json["failures"]) == most
    stage.reset()


@pytest.mark.full
def test_a_hundred_thousand_objects_are_refused_together(stage: Stage) -> None:
    write, before = stage.writes["POST " + POST_OBJECTS], stage.rows()
    answer = stage.send(write, envelope_of(broken_json.MANY))
    assert answer.status == 422, answer.body
    assert "10000 objects" in answer.json["description"]
    assert stage.rows() == before


# --- queries, headers and paths -----------------------------------------------------------------------

PARAMETERS = (b"match[version]", b"match[spec_version]", b"limit", b"next", b"title")
QUERIES = [b"&".join(b"k%d=%d" % (number, number) for number in range(broken_json.MANY)), b"\xff\xfe"]
QUERIES += [b"&" * 10_000, b"=" * 1000, b"a=1&a=2", b"match[version]=all&match[version]=all"]
QUERIES += [value + b"=1" for value in HOSTILE.values()]
QUERIES += [name + b"=" + value for name in PARAMETERS for value in HOSTILE.values()]
HEADERS = ("accept", "authorization", "content-type", "content-encoding", "content-length", "expect", "if-match")
HEADERS += ("idempotency-key", "last-event-id", "range", "transfer-encoding", "host", "cookie", "x-any")
SENT = [(header, value.decode("latin-1")) for header in HEADERS for value in HOSTILE.values()]
SENT += [(header, unquote(value, "latin-1")) for header, value in SENT if "%" in value]


def share(cases: list[Any], name: str) -> list[Any]:
    """Some of the cases, others for each address, so that all addresses together try all of them."""
    return cases[names().index(name) :: len(names())]


def check_queries(stage: Stage, write: Write, queries: Iterable[bytes]) -> None:
    for query in queries:
        selects = write.method == "DELETE" and query.startswith((b"match[version]", b"match[spec_version]"))
        answer = stage.send(write, query=query.decode("latin-1"))
        if judge(stage, write, answer, query[:80], refused=selects):
            stage.reset()


def check_headers(stage: Stage, write: Write, sent: Iterable[tuple[str, str]]) -> None:
    before = stage.rows()
    for header, value in sent:
        must = header == "authorization" or (write.takes_body and header in ("content-type", "content-encoding"))
        more: dict[str, Any] = {"content-type": {"content_type": None}, "accept": {"accept": None}}.get(header, {})
        for headers in ([(header, value)], [(header, value)] * 2):
            answer = stage.send(write, headers=headers, length=header != "content-length", **more)
            if judge(stage, write, answer, (header, value[:60]), must):
                stage.reset()
    assert stage.rows() == before


@pytest.mark.parametrize("name", names())
def test_hostile_queries_and_headers_are_refused_or_change_nothing(stage: Stage, name: str) -> None:
    check_queries(stage, stage.writes[name], share(QUERIES, name))
    check_headers(stage, stage.writes[name], share(SENT, name))


@pytest.mark.full
@pytest.mark.parametrize("name", names())
def test_all_hostile_queries_and_headers_are_at_every_address(stage: Stage, name: str) -> None:
    check_queries(stage, stage.writes[name], QUERIES)
    check_headers(stage, stage.writes[name], SENT)
    print(f"{len(QUERIES)} queries and {2 * len(SENT)} headers at {name}, none answered 5xx")


def test_no_version_that_is_none_deletes_anything(stage: Stage) -> None:
    write = stage.writes["DELETE " + writes.DELETE_OBJECT]
    before = stage.rows()
    check_queries(stage, write, [query for query in QUERIES if query.startswith(b"match[")])
    assert stage.rows() == before


@pytest.mark.parametrize("name", names())
def test_hostile_paths_are_refused(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    parts = write.path.strip("/").split("/")
    before = stage.rows()
    for place in range(1 if write.template.startswith("/functions/") else 0, len(parts)):
        for value in HOSTILE.values():
            changed = [*parts[:place], unquote(value.decode()), *parts[place + 1 :]]
            for path in ("/" + "/".join(changed) + "/", "/" + "/".join(changed)):
                judge(stage, write, stage.send(write, path=path), path[:80], refused=True)
    for path in (write.path + "more/", write.path + "/", "/" + write.path, write.path.upper(), write.path + "%2e%2e/"):
        judge(stage, write, stage.send(write, path=path), path, refused=True)
    assert stage.rows() == before


# --- documents that are no JSON -----------------------------------------------------------------------

PLAIN = [(one.resource, kind) for one in load().contracts.values() for kind in one.plain]


@pytest.mark.parametrize(("resource", "kind"), PLAIN)
def test_plain_texts_are_held_to_the_same_rules(stage: Stage, resource: str, kind: str) -> None:
    write = replace(stage.writes[f"POST /functions/{resource}/"], media_type=kind)
    text = "type,value\ndomain-name,sub.example.com\n" if kind == "text/csv" else "Something was seen."
    query = "title=Seen&marking=green&attribution=attributed"
    assert judge(stage, write, stage.send(write, text.encode(), query=query), "control", refused=False)
    stage.reset()
    before = stage.rows()
    bad = [text.encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")]
    bad += [text.encode() + octets for octets in (b"\x00", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff", b"\xe9")]
    for body in (*bad, b"x" * broken_json.MEGABYTES_10 + b"x"):
        judge(stage, write, stage.send(write, body, query=query), body[:40], refused=True)
    for value in ("%00", "a%00b", "%ED%A0%80", "%C0%AF", "caf%E9", "%FF", "x" * 20_000):
        changed = query.replace("Seen", value)
        judge(stage, write, stage.send(write, text.encode(), query=changed), value[:40], refused=True)
    assert stage.rows() == before


def test_a_query_that_selects_lines_of_an_export_is_held_to_them_too(stage: Stage) -> None:
    client = stage.exchange.as_("member-b")
    for value in ("0" * 5000, "1" * 5000, "1000", "0100000", "-1", "1e2", "٣", "NaN"):
        for name in ("indicators.csv", "blocklist.txt"):
            assert client.get(f"/functions/exports/{name}", query={"confidence": value}).status == 400, value
    for value in ("0" * 5000, "-1", "1e2", "٣", "NaN", "0", "1.5", " 1"):
        assert client.get("/functions/alerts/", query={"limit": value}).status == 400, value
    for path in (objects_url(), collection_url() + "manifest/"):
        assert client.get(path, query="limit=" + "7" * 5000).status == 400
    assert client.get("/functions/exports/indicators.csv", query="confidence=100").status == 200


def test_numbers_are_not_rounded(stage: Stage) -> None:
    write = stage.writes["POST " + POST_OBJECTS]
    answer = stage.send(write, in_an_object(b"[9007199254740991,-9007199254740991,0.1,1e308]"))
    assert answer.json["success_count"] == 1
    found = stage.exchange.as_(write.account).get(object_url(answer.json["successes"][0]["id"]), accept=TAXII)
    values = found.json["objects"][0]["x_inside"]
    assert values[:2] == [2**53 - 1, 1 - 2**53]
    assert all(math.isfinite(one) for one in values)
    stage.reset()


def test_reading_methods_are_not_counted_as_writing(stage: Stage) -> None:
    assert not {method for method, _ in routed(stage.exchange.app)} & set(READING)
