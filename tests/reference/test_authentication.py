"""Who is let in: credentials, standing, and what a stranger sees."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from isao_reference import auth, setup
from isao_reference.auth import Verifications
from tests.support.asgi import TAXII, basic
from tests.support.world import (
    DROPBOX,
    OPEN,
    PUBLIC,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    prepare,
)


def bad_credentials(exchange: World) -> list[str]:
    secret = exchange.secrets["member-a"]
    bearer = exchange.secrets["member-a2"]
    return [
        basic("member-a", "wrong"),
        basic("member-a", ""),
        basic("nobody", secret),
        basic("member-a2", bearer),
        f"Bearer {secret}",
        f"Bearer {bearer}x",
        f"Bearer {bearer} {bearer}",
        f"Bearer {auth.hash_secret('api-key', bearer)}",
        "Bearer",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + "A" * 100_000,
        "Digest username=member-a",
        "",
        "\xff\xfe",
        basic("ex-member", exchange.secrets["ex-member"]),
        basic("member-a", secret + "\x00"),
    ]


def test_wrong_credentials_are_401_everywhere_even_on_public_things(exchange: World) -> None:
    paths = ["/taxii2/", "/exchange/", "/exchange/collections/", collection_url(PUBLIC), objects_url(PUBLIC)]
    paths += [objects_url(), object_url(indicator()["id"]), "/exchange/status/x/", "/exchange/nothing/"]
    for header in bad_credentials(exchange):
        client = exchange.as_("stranger").as_(header)
        for path in paths:
            answer = client.get(path)
            assert answer.status == 401, (header[:60], path)
            assert answer.header("content-type") == TAXII
            challenges = answer.all_of("www-authenticate")
            assert [one.split()[0] for one in challenges] == ["Basic", "Bearer"]
        assert client.post(objects_url(), {"objects": [indicator()]}).status == 401
        assert client.delete(object_url(indicator()["id"])).status == 401
    assert exchange.seen("operator") == []


def test_the_right_credentials_work_both_ways(exchange: World) -> None:
    for account in ("member-a", "member-a2", "peer", "operator"):
        assert exchange.as_(account).get("/taxii2/").status == 200
    pair = base64.b64encode(f"member-a:{exchange.secrets['member-a']}".encode()).decode()
    assert exchange.as_("stranger").as_(f"bAsIc   {pair} ").get("/taxii2/").status == 200
    twice = exchange.as_("member-a").get("/taxii2/", headers=[("authorization", "Basic x")])
    assert twice.status == 401


def test_standing_counts_from_the_next_request_on(exchange: World) -> None:
    client = exchange.as_("member-a")
    bearer = exchange.as_("member-a2")
    exchange.share("member-a", indicator(), indicator())
    token = client.get(objects_url(), query="limit=1").json["next"]
    for standing in ("suspended", "former"):
        setup.set_standing(exchange.store, "north", standing)
        assert client.get(objects_url(), query=f"limit=1&next={token}").status == 401
        assert bearer.get("/taxii2/").status == 401
        assert client.post(objects_url(), {"objects": [indicator()]}).status == 401
        setup.set_standing(exchange.store, "north", "good")
        assert client.get(objects_url(), query=f"limit=1&next={token}").status == 200
        assert bearer.get("/taxii2/").status == 200


def test_a_stranger_sees_what_is_public_and_cannot_tell_the_rest_from_nothing(exchange: World) -> None:
    clear, amber = indicator(marks=["clear"]), indicator(marks=["amber"])
    exchange.share("member-a", clear, amber, collection=PUBLIC)
    exchange.share("member-a", clear)
    stranger = exchange.as_("stranger")
    assert stranger.get("/taxii2/").status == 200
    assert stranger.get("/exchange/").status == 200
    assert [one["id"] for one in stranger.get(objects_url(PUBLIC)).json["objects"]] == [clear["id"]]
    assert stranger.get(object_url(clear["id"], PUBLIC)).status == 200
    hidden = stranger.get(object_url(amber["id"], PUBLIC))
    absent = stranger.get(object_url(indicator()["id"], PUBLIC))
    assert (hidden.status, hidden.headers, hidden.body) == (absent.status, absent.headers, absent.body)
    assert hidden.status == 404
    gone = "12345678-1234-4234-8234-123456789012"
    answers = [stranger.get(objects_url(name)) for name in (OPEN, DROPBOX, gone, "open")]
    answers += [stranger.get(collection_url(OPEN)), stranger.get("/exchange/status/x/")]
    answers += [stranger.get("/exchange/nothing/"), stranger.request("PUT", objects_url(PUBLIC))]
    answers += [stranger.post(objects_url(PUBLIC), {"objects": [indicator()]})]
    answers += [stranger.post(objects_url(gone), b"nonsense"), stranger.delete(object_url(clear["id"], PUBLIC))]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


def test_nothing_public_means_nothing_for_strangers(tmp_path: Path) -> None:
    from isao_reference.app import create_app
    from isao_reference.settings import Settings
    from tests.support.asgi import Client

    store = setup.open_store(tmp_path / "x.sqlite")
    setup.create_organization(store, "north", "North", "member")
    setup.create_collection(store, "Closed", readers=["members"])
    store.close()
    with Client(create_app(Settings(tmp_path / "x.sqlite"))) as client:
        for path in ("/taxii2/", "/exchange/", "/exchange/collections/"):
            assert client.get(path).status == 401


def test_a_verified_secret_is_remembered_for_a_minute_and_never_another_one() -> None:
    now = [0.0]
    seen: list[str] = []
    hashed = auth.hash_secret("password", "right")
    verifications = Verifications(monotonic=lambda: now[0])
    original = auth.matches

    def counting(stored: str, secret: str) -> bool:
        seen.append(secret)
        return original(stored, secret)

    auth.matches = counting
    try:
        assert [verifications.verify(hashed, "right") for _ in range(5)] == [True] * 5
        assert seen == ["right"]
        assert not verifications.verify(hashed, "wrong")
        assert not verifications.verify(hashed, "wrong")
        assert seen == ["right", "wrong", "wrong"]
        other = auth.hash_secret("password", "new")
        assert not verifications.verify(other, "right")
        now[0] = 60.0
        assert verifications.verify(hashed, "right")
        assert seen[-1] == "right"
        assert len(seen) == 5
    finally:
        auth.matches = original


def test_the_store_keeps_no_secret(tmp_path: Path) -> None:
    database = tmp_path / "exchange.sqlite"
    secrets = prepare(database)
    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    for secret in secrets.values():
        assert len(secret) >= 40
        assert secret.encode() not in kept


@pytest.mark.parametrize("agent", [(), (("user-agent", "x/1"),)])
def test_a_request_needs_no_user_agent(exchange: World, agent: tuple[tuple[str, str], ...]) -> None:
    assert exchange.as_("member-a").get("/taxii2/", headers=agent).status == 200
