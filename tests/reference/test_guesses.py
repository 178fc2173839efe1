"""Wrong credentials slow down whoever sends them; right ones of others always count."""

from __future__ import annotations

from typing import Any

import pytest

from isao_reference import auth, guesses, identity, limits
from isao_reference.auth import Door, Shown
from isao_reference.errors import Refusal
from isao_reference.guesses import OF_ADDRESS, OF_NAME, Allowance, Guesses, network
from isao_reference.policy.principal import Principal
from tests.support.asgi import TAXII, basic
from tests.support.world import World, indicator, objects_url


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def few(monkeypatch: Any) -> None:
    """Three guesses of an address at once, two of a name, and then one a second."""
    monkeypatch.setattr(guesses, "OF_ADDRESS", Allowance(3, 1.0))
    monkeypatch.setattr(guesses, "OF_NAME", Allowance(2, 1.0))


def test_guesses_are_counted_by_address_and_by_name_and_forgotten_with_time(few: None) -> None:
    time = Time()
    kept = Guesses(time)
    for _ in range(2):
        assert kept.wait("192.0.2.1", "anna") == 0
        kept.wrong("192.0.2.1", "anna")
    assert kept.wait("192.0.2.1", "anna") == kept.wait("192.0.2.2", "anna") == 1
    assert kept.wait("192.0.2.1", "berta") == kept.wait("192.0.2.1", "") == 0
    kept.wrong("192.0.2.1", "berta")
    assert kept.wait("192.0.2.1", "berta") == kept.wait("192.0.2.1", "") == 1
    assert kept.wait("192.0.2.2", "berta") == 0
    time.now = 0.5
    assert kept.wait("192.0.2.1", "anna") == 1
    time.now = 1.0
    assert kept.wait("192.0.2.1", "anna") == 0
    time.now = 1000.0
    for _ in range(2):
        assert kept.wait("192.0.2.1", "anna") == 0
        kept.wrong("192.0.2.1", "anna")
    assert kept.wait("192.0.2.1", "anna") == 1


def test_what_is_kept_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "GUESSES_KEPT", 50)
    kept = Guesses(Time())
    for number in range(200):
        kept.wrong(f"192.0.2.{number}", "n" * 4000 + str(number))
    assert len(kept) == 50
    assert all(len(place) == 16 for place in kept._levels._levels)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "", True),
        ("not an address", "neither", False),
    ],
)
def test_which_addresses_are_one_client(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same


def test_a_run_of_the_harness_is_far_from_the_ceilings() -> None:
    """Counted on the demonstration: 47 wrong credentials in a run of both profiles, 15 of them for member-a."""
    assert OF_ADDRESS.at_once >= 5 * 47
    assert OF_NAME.at_once >= 5 * 15


def test_too_many_are_told_when_to_come_back_and_their_secrets_are_not_compared(
    exchange: World, few: None, monkeypatch: Any
) -> None:
    compared: list[str] = []
    original = auth.matches

    def counting(hashed: str, secret: str) -> bool:
        compared.append(secret)
        return original(hashed, secret)

    monkeypatch.setattr(auth, "matches", counting)
    stranger = exchange.as_("stranger")
    answers = [stranger.as_(basic("member-b", f"guess {number}")).get("/taxii2/") for number in range(4)]
    assert [one.status for one in answers] == [401, 401, 429, 429]
    assert len(compared) == 2 * limits.PASSWORDS
    last = answers[-1]
    assert last.header("content-type") == TAXII
    assert last.json["http_status"] == "429"
    assert last.header("retry-after") == "1"
    problem = stranger.as_(basic("member-b", "guess")).get("/functions/alerts/")
    assert (problem.status, problem.header("content-type")) == (429, "application/problem+json")
    for wrong in ("Bearer nonsense", "Digest x", basic("nobody", "x"), "Basic !!!"):
        stranger.as_(wrong).get("/taxii2/")
        assert stranger.as_(wrong).get("/taxii2/").status == 429, wrong
    assert stranger.get("/taxii2/").status == 200, "who shows nothing guesses nothing"


def test_a_flood_of_guesses_keeps_nobody_out_who_was_there_before(exchange: World, few: None) -> None:
    """From the same address, as behind one proxy, for the same name and for others, and for machines at any time."""
    asked = [exchange.as_(name) for name in ("member-a", "member-a2", "operator", "peer")]
    assert [one.get("/taxii2/").status for one in asked[:1]] == [200]
    for number in range(20):
        exchange.as_("stranger").as_(basic("member-a", f"guess {number}")).get("/taxii2/")
        exchange.as_("stranger").as_(f"Bearer guess{number}").get("/taxii2/")
    assert [one.get("/taxii2/").status for one in asked] == [200, 200, 429, 200], "a first login has to wait"
    assert asked[0].post(objects_url(), {"objects": [indicator()]}).status == 202
    assert exchange.as_("stranger").as_(basic("member-a", "guess")).get("/taxii2/").status == 429


def _ask(exchange: World, door: Door, header: str, address: str) -> Principal:
    return auth.authenticate(exchange.store, door, Shown((header,), address=address), exchange.settings.clock)


def test_others_elsewhere_notice_nothing(exchange: World, few: None) -> None:
    door = Door()
    for number in range(9):
        with pytest.raises(Refusal):
            _ask(exchange, door, basic("nobody", f"guess {number}"), "192.0.2.66")
    for name in ("member-a", "operator"):
        right = basic(name, exchange.secrets[name])
        assert _ask(exchange, door, right, "192.0.2.7").account == name


def test_who_is_known_stays_known_for_a_day_and_only_with_the_same_password(exchange: World, few: None) -> None:
    time = Time()
    door = Door(auth.Verifications(time), Guesses(lambda: 0.0))
    right = basic("member-a", exchange.secrets["member-a"])
    assert _ask(exchange, door, right, "192.0.2.7").account == "member-a"
    for number in range(5):
        with pytest.raises(Refusal):
            _ask(exchange, door, basic("member-a", f"guess {number}"), "192.0.2.66")
    time.now = limits.KNOWN_SECONDS - 1
    assert _ask(exchange, door, right, "192.0.2.8").account == "member-a", "and it is compared anew"
    time.now += limits.KNOWN_SECONDS
    with pytest.raises(Refusal) as caught:
        _ask(exchange, door, right, "192.0.2.8")
    assert caught.value.status == 429
    (old,) = [one for one, _ in identity.list_credentials(exchange.store) if one.account == "member-a"]
    identity.revoke(exchange.store, old.id)
    with pytest.raises(Refusal):
        _ask(exchange, door, right, "192.0.2.8")
