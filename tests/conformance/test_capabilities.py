"""A capability declared absent and seen at work is found out."""

from __future__ import annotations

import pytest

from isao_conformance.capabilities import SHOWN_BY_ONE, contradiction
from isao_conformance.exchange import Answer, Exchange, Key, Request
from isao_spec import load

URL = "https://host/api/collections/c/"
AUTH = (("Authorization", "{{member-a}}"),)


def exchange(
    status: int, body: str = "", method: str = "GET", path: str = "", actor: str = "member-a", kind: str = ""
) -> Exchange:
    headers = (("WWW-Authenticate", "Basic"),) if status == 401 else ()
    headers += (("Content-Type", kind),) if kind else ()
    auth = () if actor == "outsider" else AUTH
    return Exchange(Key("p", actor, 1), Request(method, URL + path, auth), Answer(status, headers, body.encode()))


SHOWN = {
    "authentication": exchange(401),
    "write": exchange(202, method="POST", path="objects/"),
    "next-cursor": exchange(200, '{"more": true, "next": "x"}'),
    "delete": exchange(200, method="DELETE"),
    "versions-endpoint": exchange(200, '{"versions": ["a"]}', path="objects/x/versions/"),
    "old-versions": exchange(200, '{"versions": ["a", "b"]}', path="objects/x/versions/"),
    "several-collections": exchange(200, '{"collections": [{"id": "a"}, {"id": "b"}]}'),
    "read-only-collection": exchange(200, '{"collections": [{"can_read": true, "can_write": false}]}'),
    "write-only-collection": exchange(200, '{"collections": [{"can_read": false, "can_write": true}]}'),
    "public-collection": exchange(200, "{}", path="objects/", actor="outsider"),
    "tls": exchange(404),
    "function-api": exchange(200, '{"services": {"functions": {"root": "x"}}}', path=".well-known/isao.json"),
    "audit-log": exchange(200, '{"services": {"audit": {"root": "x"}}}', path=".well-known/isao.json"),
    "handling-extension": exchange(200, '{"distribution": {"handling": "x"}}', path=".well-known/isao.json"),
    "sharing-groups": exchange(200, '{"distribution": {"groups": true}}', path=".well-known/isao.json"),
    "privacy-review": exchange(
        200, '{"functions": [{"name": "privacy", "status": "offered"}]}', path=".well-known/isao.json"
    ),
    "event-stream": exchange(200, "retry: 1", path="events/", kind="text/event-stream"),
}


def test_every_capability_of_the_specification_can_be_contradicted() -> None:
    assert set(load().capabilities) == {*SHOWN_BY_ONE, "several-accounts"} == {*SHOWN, "several-accounts"}


@pytest.mark.parametrize("capability", sorted(set(SHOWN) - {"tls"}))
def test_only_the_exchange_that_shows_it_contradicts(capability: str) -> None:
    plain = exchange(200, '{"title": "x", "more": true}')
    assert contradiction(capability, [plain]) is None
    assert contradiction(capability, [plain, SHOWN[capability]]) is SHOWN[capability]


def test_a_second_account_contradicts_and_one_does_not() -> None:
    first, second = exchange(200), exchange(200, actor="member-b")
    assert contradiction("several-accounts", [first, first]) is None
    assert contradiction("several-accounts", [first, second]) is second


def test_who_signs_in_with_a_certificate_is_no_stranger_and_a_further_key_no_second_account() -> None:
    """A certificate is in no header, so the actor's name decides."""

    def asked(actor: str) -> Exchange:
        request = Request("GET", URL + "objects/")
        return Exchange(Key("p", actor, 1), request, Answer(200, (), b"{}"))

    assert contradiction("public-collection", [asked("member-b")]) is None
    assert contradiction("public-collection", [stranger := asked("outsider")]) is stranger
    assert contradiction("several-accounts", [asked("member-a"), asked("member-a-read-only")]) is None
    assert contradiction("several-accounts", [asked("government"), asked("regulator")]) is None
    assert contradiction("several-accounts", [asked("member-a"), other := asked("member-b")]) is other


def test_an_unknown_capability_is_an_error() -> None:
    with pytest.raises(KeyError):
        contradiction("teleportation", [])
