"""Credentials: any number an account, each with its scope and its time; one that is good no more is a wrong one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from isao_reference import auth, identity, limits, setup
from isao_reference.app import FUNCTIONS, PUBLIC, TAXII, create_app
from isao_reference.auth import Verifications
from isao_reference.setup import SetupError
from isao_reference.store.credentials import Credential
from tests.support.asgi import Client, Response, basic
from tests.support.functions import JSON, alert, create, events, make, read, step
from tests.support.older_forms import take_back
from tests.support.world import DROPBOX, OPEN, World, collection_url, indicator, objects_url, world
from tests.support.world import PUBLIC as NEWS

DAY = timedelta(days=1)


def key(exchange: World, account: str = "member-a", **more: Any) -> tuple[str, Client]:
    """The id of a new API key, and a client that sends it."""
    handed = identity.add_credential(exchange.store, account, "api-key", clock=exchange.settings.clock, **more)
    return handed.id, exchange.as_("stranger").as_(f"Bearer {handed.secret}")


def password(exchange: World, account: str = "member-a", **more: Any) -> tuple[str, Client]:
    handed = identity.add_credential(exchange.store, account, "password", clock=exchange.settings.clock, **more)
    return handed.id, exchange.as_("stranger").as_(basic(account, str(handed.secret)))


def whole(answer: Response) -> tuple[int, Any, bytes]:
    return answer.status, answer.headers, answer.body


def test_an_account_has_any_number_of_keys_and_each_of_them_is_it(exchange: World) -> None:
    item = indicator(marks=["red"])
    exchange.share("member-a", item)
    for _ in range(5):
        _, client = key(exchange)
        assert [one["id"] for one in client.get(objects_url()).json["objects"]] == [item["id"]]
    assert exchange.as_("member-a").get(objects_url()).status == 200


def test_keys_made_here_can_be_recognised_and_are_stored_as_digests(exchange: World) -> None:
    handed = identity.add_credential(exchange.store, "member-a", "api-key")
    assert str(handed.secret).startswith(auth.KEY_PREFIX)
    assert len(str(handed.secret)) == len(auth.KEY_PREFIX) + 43, "256 bits in base64url"
    kept = b"".join(path.read_bytes() for path in exchange.settings.database.parent.iterdir())
    assert str(handed.secret).encode() not in kept
    assert auth.hash_secret("api-key", str(handed.secret)).encode() in kept


Spoil = Callable[[World, str], None]
SPOILT: dict[str, Spoil] = {
    "revoked": lambda exchange, one: identity.revoke(exchange.store, one, exchange.settings.clock),
    "expired": lambda exchange, _: move(exchange, timedelta(hours=2)),
    "not yet valid": lambda exchange, _: move(exchange, -timedelta(hours=2)),
    "of a removed account": lambda exchange, _: identity.remove_account(exchange.store, "member-a"),
    "of a suspended organization": lambda exchange, _: setup.set_standing(exchange.store, "north", "suspended"),
}


def move(exchange: World, by: timedelta) -> None:
    exchange.settings.clock.now += by


@pytest.mark.parametrize("make_one", [key, password])
@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_not_good_any_more_is_answered_like_a_wrong_one(
    exchange: World, make_one: Callable[..., tuple[str, Client]], spoil: str
) -> None:
    now = exchange.settings.clock()
    identifier, client = make_one(exchange, not_before=now - timedelta(hours=1), expires=now + timedelta(hours=1))
    assert client.get(objects_url()).status == 200
    SPOILT[spoil](exchange, identifier)
    wrong = exchange.as_("stranger").as_(basic("member-a", "wrong"))
    for path in ("/taxii2/", objects_url(), objects_url(NEWS), "/functions/alerts/", "/functions/events/"):
        answer = client.get(path)
        assert answer.status == 401
        assert whole(answer) == whole(wrong.get(path))
    assert client.post(objects_url(), {"objects": [indicator()]}).status == 401
    assert exchange.seen("operator") == []


def test_a_remembered_password_lets_nobody_in_once_it_is_revoked(exchange: World, monkeypatch: Any) -> None:
    identifier, client = password(exchange)
    assert client.get("/taxii2/").status == 200
    compared: list[str] = []
    monkeypatch.setattr(auth, "matches", lambda hashed, secret: compared.append(secret))
    assert client.get("/taxii2/").status == 200
    assert compared == [], "it was remembered"
    identity.revoke(exchange.store, identifier)
    assert client.get("/taxii2/").status == 401


def test_the_name_of_a_removed_account_is_never_given_again(exchange: World) -> None:
    identity.remove_account(exchange.store, "member-b")
    with pytest.raises(SetupError, match="or was one"):
        setup.create_account(exchange.store, "member-b", "north", "member")
    with pytest.raises(SetupError, match="no account"):
        identity.remove_account(exchange.store, "member-b")
    with pytest.raises(SetupError, match="no account"):
        identity.add_credential(exchange.store, "member-b", "api-key")
    assert "member-b" not in {one.name for one in setup.list_accounts(exchange.store)}
    assert "member-b" not in {one.account for one, _ in identity.list_credentials(exchange.store)}


def test_a_credential_for_reading_reads_what_its_twin_reads_and_writes_nothing(exchange: World) -> None:
    _, reader = key(exchange, scope="read")
    _, writer = key(exchange)
    issued = make(exchange, "analyst", "alerts", alert())["id"]
    assert step(exchange, "analyst", "alerts", issued, "issue").status == 200
    item = indicator(marks=["red"])
    assert writer.post(objects_url(), {"objects": [item]}).status == 202
    for path in ("/taxii2/", "/exchange/", objects_url(), f"/functions/alerts/{issued}/", "/functions/events/"):
        accept = JSON if path.startswith("/functions/") else "application/taxii+json;version=2.1"
        assert reader.get(path, accept=accept).status == writer.get(path, accept=accept).status == 200
    assert reader.get(objects_url()).body == writer.get(objects_url()).body
    assert reader.get(collection_url()).json["can_write"] is False
    assert writer.get(collection_url()).json["can_write"] is True
    assert reader.get(collection_url(DROPBOX)).status == 404, "it could only be written to"

    before = exchange.seen("operator")
    nowhere = "12345678-1234-4234-8234-123456789012"
    taxii = [reader.post(objects_url(where), {"objects": [indicator()]}) for where in (OPEN, DROPBOX, nowhere)]
    taxii += [reader.delete(f"{objects_url()}{item['id']}/"), reader.delete(f"{objects_url()}{indicator()['id']}/")]
    assert {(one.status, one.body) for one in taxii} == {(403, taxii[0].body)}
    assert taxii[0].json["http_status"] == "403"
    asked = [("alerts/", alert()), (f"alerts/{issued}/acknowledge/", None), (f"alerts/{nowhere}/acknowledge/", None)]
    for path, document in asked:
        answer = reader.post(
            f"/functions/{path}", b"" if document is None else document, content_type=JSON, accept=JSON
        )
        assert answer.status == 403
        assert answer.header("content-type") == "application/problem+json"
    assert exchange.seen("operator") == before
    shown = reader.get(f"/functions/alerts/{issued}/", accept=JSON).json
    assert shown["allowed"] == []
    assert "acknowledge" in writer.get(f"/functions/alerts/{issued}/", accept=JSON).json["allowed"]
    index = reader.get("/functions/", accept=JSON).json["resources"]
    assert not any(one["may_create"] for one in index)


def test_every_operation_that_is_no_get_is_a_write() -> None:
    """So that no address added later can be written to with a credential for reading."""
    for operations in (*TAXII.values(), *FUNCTIONS.values(), *PUBLIC.values()):
        for method, operation in operations.items():
            assert operation.writes == (method != "GET")


def test_rotation_overlaps_and_then_the_old_one_ends(exchange: World) -> None:
    clock = exchange.settings.clock
    identity.remove_account(exchange.store, "member-a")
    client = exchange.add("machine", "north")
    handed = identity.rotate(exchange.store, "machine", overlap=timedelta(hours=3), clock=clock)
    newer = client.as_(f"Bearer {handed.secret}")
    assert [one.get("/taxii2/").status for one in (client, newer)] == [200, 200]
    move(exchange, timedelta(hours=2, minutes=59))
    assert [one.get("/taxii2/").status for one in (client, newer)] == [200, 200]
    move(exchange, timedelta(minutes=2))
    assert [one.get("/taxii2/").status for one in (client, newer)] == [401, 200]


def test_the_new_one_is_as_good_as_the_old_one_and_lasts_as_long(exchange: World) -> None:
    clock = exchange.settings.clock
    exchange.add("machine", "north")
    (first,) = [one.id for one, _ in identity.list_credentials(exchange.store) if one.account == "machine"]
    old, _ = key(
        exchange, "machine", scope="read", purposes=["cybersecurity", "incident-response"], expires=clock() + 30 * DAY
    )
    with pytest.raises(SetupError, match=f"name one of .*{old}"):
        identity.rotate(exchange.store, "machine", clock=clock)
    move(exchange, 20 * DAY)
    new = identity.rotate(exchange.store, "machine", old, overlap=DAY, clock=clock).id
    listed = {one.id: one for one, _ in identity.list_credentials(exchange.store, clock)}
    assert listed[new].scope == "read"
    assert listed[new].purposes == ("cybersecurity", "incident-response")
    lasts = int(listed[new].expires or 0) - listed[new].created
    assert abs(lasts - 30 * 86_400_000_000) < 1_000_000, "as long as the old one was made to last"
    assert int(listed[old].expires or 0) < int(listed[new].expires or 0)
    assert listed[first].expires is None, "the other one is left alone"
    later = identity.rotate(exchange.store, "machine", new, overlap=40 * DAY, clock=clock)
    again = {one.id: one for one, _ in identity.list_credentials(exchange.store, clock)}
    assert again[new].expires == listed[new].expires, "an overlap never makes the old one last longer"
    assert again[later.id].expires is not None


def test_an_account_has_two_passwords_at_most_and_wrong_ones_cost_the_same(exchange: World, monkeypatch: Any) -> None:
    """What a guess costs must not tell whether a name is known, or has a second password for the time of a rotation."""
    clock = exchange.settings.clock
    identity.rotate(exchange.store, "member-a", clock=clock)
    for more in ({}, {"not_before": clock() + DAY}):
        with pytest.raises(SetupError, match="at most 2 passwords"):
            identity.add_credential(exchange.store, "member-a", "password", clock=clock, **more)
    with pytest.raises(SetupError, match="name one of"):
        identity.rotate(exchange.store, "member-a", clock=clock)
    compared: list[str] = []
    monkeypatch.setattr(auth, "matches", lambda hashed, secret: compared.append(secret))
    for name in ("member-a", "member-b", "member-a2", "nobody", "ex-member"):
        compared.clear()
        assert exchange.as_("stranger").as_(basic(name, "wrong")).get("/taxii2/").status == 401
        assert len(compared) == limits.PASSWORDS
    monkeypatch.undo()
    move(exchange, 2 * DAY)
    identity.add_credential(exchange.store, "member-a", "password", clock=clock)


BAD: dict[str, Callable[[World], Any]] = {
    "unknown way": lambda exchange: identity.add_credential(exchange.store, "member-a", "magic"),
    "unknown scope": lambda exchange: identity.add_credential(exchange.store, "member-a", "api-key", scope="write"),
    "no such account": lambda exchange: identity.add_credential(exchange.store, "nobody", "api-key"),
    "no certificate": lambda exchange: identity.add_credential(exchange.store, "member-a", "certificate"),
    "no purpose": lambda exchange: identity.add_credential(exchange.store, "member-a", "api-key", purposes=()),
    "empty purpose": lambda exchange: identity.add_credential(exchange.store, "member-a", "api-key", purposes=(" ",)),
    "key with a space": lambda exchange: identity.add_credential(exchange.store, "member-a", "api-key", secret="a b"),
    "known key": lambda exchange: identity.add_credential(
        exchange.store, "member-b", "api-key", secret=exchange.secrets["member-a2"]
    ),
    "ended before it began": lambda exchange: identity.add_credential(
        exchange.store, "member-a", "api-key", expires=exchange.settings.clock(), clock=exchange.settings.clock
    ),
    "rotation of nothing": lambda exchange: identity.rotate(exchange.store, "member-a", "no-such-id"),
    "rotation into the past": lambda exchange: identity.rotate(
        exchange.store, "member-a", expires=exchange.settings.clock() - DAY, clock=exchange.settings.clock
    ),
    "rotation of nobody's": lambda exchange: identity.rotate(exchange.store, "nobody"),
    "revocation of nothing": lambda exchange: identity.revoke(exchange.store, "no-such-id"),
    "role of nobody": lambda exchange: identity.set_role(exchange.store, "nobody", "member"),
    "operator of a member": lambda exchange: identity.set_role(exchange.store, "member-a", "operator"),
    "unknown role": lambda exchange: identity.set_role(exchange.store, "member-a", "root"),
}


@pytest.mark.parametrize("ask", BAD)
def test_what_cannot_be_is_refused_and_changes_nothing(exchange: World, ask: str) -> None:
    def dump() -> list[Any]:
        with closing(sqlite3.connect(exchange.settings.database)) as db:
            return list(db.iterdump())

    before = dump()
    with pytest.raises(SetupError) as caught:
        BAD[ask](exchange)
    assert len(str(caught.value)) > 10
    assert dump() == before


@pytest.mark.parametrize(
    ("credential", "now", "state"),
    [
        (Credential("x", "a", "api-key", ""), 10, "usable"),
        (Credential("x", "a", "api-key", "", not_before=10, expires=11), 10, "usable"),
        (Credential("x", "a", "api-key", "", not_before=11), 10, "not yet valid"),
        (Credential("x", "a", "api-key", "", expires=10), 10, "expired"),
        (Credential("x", "a", "api-key", "", revoked=99), 10, "revoked"),
        (Credential("x", "a", "api-key", "", not_before=11, expires=10, revoked=1), 10, "revoked"),
    ],
)
def test_the_state_of_a_credential(credential: Credential, now: int, state: str) -> None:
    assert credential.state(now) == state
    assert auth.is_usable(credential, now) == (state == "usable")


def test_a_change_between_authentication_and_answer_counts(exchange: World, monkeypatch: Any) -> None:
    """A request that was let in reads and writes nothing in a transaction that begins after its access ended."""
    identifier, client = key(exchange)
    original = auth.authenticate

    def and_then(change: Callable[[], None]) -> None:
        def authenticate(*given: Any) -> Any:
            found = original(*given)
            change()
            return found

        monkeypatch.setattr(auth, "authenticate", authenticate)

    asked: list[Callable[[], Response]] = [
        lambda: client.get(objects_url()),
        lambda: client.post(objects_url(), {"objects": [indicator()]}),
        lambda: client.get("/functions/alerts/", accept=JSON),
    ]
    for ask in asked:
        and_then(lambda: setup.set_standing(exchange.store, "north", "suspended"))
        assert ask().status == 401
        setup.set_standing(exchange.store, "north", "good")
    and_then(lambda: identity.set_role(exchange.store, "analyst", "operator"))
    answer = exchange.as_("analyst").get(objects_url())
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    and_then(lambda: None)
    assert exchange.as_("analyst").get(objects_url()).status == 200
    and_then(lambda: identity.revoke(exchange.store, identifier))
    assert asked[1]().status == 401
    assert exchange.seen("operator") == []


def test_who_leaves_by_a_request_is_told_so_and_then_nothing_more(exchange: World) -> None:
    client = exchange.add_applicant()
    application = {
        "name": "Newcomer",
        "sectors": ["water"],
        "eligibility": "Runs waterworks.",
        "security": "Has a desk.",
        "contacts": [
            {"name": "Desk", "role": "primary", "email": "desk@newcomer.example"},
            {"name": "Backup", "role": "backup", "email": "backup@newcomer.example"},
        ],
    }
    made = make(exchange, "applicant", "memberships", application)["id"]
    assert step(exchange, "applicant", "memberships", made, "withdraw").status == 200
    assert client.get("/taxii2/").status == 401
    assert read(exchange, "operator", "memberships", made).json["state"] == "ended"
    assert create(exchange, "applicant", "memberships", application).status == 401
    assert events(exchange, "operator") is not None


def test_a_database_of_the_third_form_keeps_its_accounts_and_their_secrets(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.share("member-a", indicator(marks=["green"]))
        made.store.close()
        with closing(sqlite3.connect(made.settings.database)) as db:
            take_back(db, 3)
            assert db.execute("SELECT count(*) FROM accounts WHERE secret != ''").fetchone() == (8,)
        made.app = create_app(made.settings)
        for account in ("member-a", "member-a2", "peer", "operator"):
            client = Client(made.app, made.clients[account].authorization)
            assert client.get(objects_url()).status == 200
            client.close()
        listed = identity.list_credentials(made.store)
        assert {(one.account, one.way) for one, _ in listed} >= {("member-a", "password"), ("member-a2", "api-key")}
        assert {state for _, state in listed} == {"usable"}
        assert len({one.id for one, _ in listed}) == len(listed) == 8
        ex_member = Client(made.app, made.clients["ex-member"].authorization)
        assert ex_member.get("/taxii2/").status == 401
        ex_member.close()


def test_verifications_of_one_password_are_no_verifications_of_another() -> None:
    verifications = Verifications()
    first, second = auth.hash_secret("password", "one"), auth.hash_secret("password", "two")
    assert verifications.verify(first, "one")
    assert not verifications.verify(second, "one")
    assert not verifications.verify(first, "two")
