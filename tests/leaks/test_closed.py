"""Ways to infer something hidden that these trials found, each closed and held closed."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from isao_reference.policy import tlp
from isao_reference.policy.audience import DEFAULT_DISTRIBUTION, Contributor, audience_of
from isao_reference.policy.decide import may_read
from isao_reference.policy.handling import Handling
from isao_reference.policy.principal import Principal
from tests.leaks.programmes import items
from tests.support.functions import bodies, events, make, table, words
from tests.support.world import World, collection_url, indicator, world

PATTERN = "[domain-name:value = 'lurking.example']"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_a_cursor_of_records_holds_the_last_one_shown_and_counts_nobody_elses(exchange: World) -> None:
    for _ in range(7):
        make(exchange, "member-a", "submissions", words())
    mine = [make(exchange, "member-b", "submissions", words())["id"] for _ in range(3)]
    page = exchange.as_("member-b").get("/functions/submissions/", query="limit=1").json
    assert base64.urlsafe_b64decode(page["next"])[:16].hex() == mine[0].replace("-", "")
    rest = exchange.as_("member-b").get("/functions/submissions/", query=f"next={page['next']}").json
    assert [one["id"] for one in rest["records"]] == mine[1:]


def test_what_is_known_of_a_submission_names_nothing_that_a_colleague_may_not_see(exchange: World) -> None:
    exchange.add("named", "east")
    hidden = [one for kind in ("red", "to a person") for one in items(Random(kind), kind, same=[])]
    shown = items(Random("amber+strict"), "amber+strict", same=[])
    for one in (*hidden, *shown):
        exchange.share("member-a", one | ({"pattern": PATTERN} if one["type"] == "indicator" else {}))
    made = make(exchange, "member-a", "submissions", table(("domain-name", "lurking.example"), marking="amber"))
    known = {one["id"] for one in made["facts"]["known"]}
    assert known == {one["id"] for one in shown if one["type"] == "indicator"}
    read = exchange.as_("member-a2").get(f"/functions/submissions/{made['id']}/")
    assert not any(one["id"].encode() in read.body for one in hidden)


def test_an_event_happened_when_the_first_thing_came_that_its_reader_may_see(exchange: World) -> None:
    exchange.share("member-a", *[indicator(marks=[mark]) for mark in ("amber", "green", "green", "clear")])
    for account in ("member-b", "peer", "government"):
        records = exchange.as_(account).get(collection_url() + "manifest/").json["objects"]
        dates = {one["date_added"] for one in records}
        assert {one["time"] for one in events(exchange, account)} <= dates


def test_an_identity_that_the_exchange_makes_does_not_tell_of_an_earlier_one(exchange: World) -> None:
    made = []
    for label in ("amber", "green"):
        make(exchange, "member-a", "submissions", table(("domain-name", f"{label}.example"), marking=label))
        made.append([one for one in bodies(exchange, "peer") if one["type"] == "identity"])
    without, (identity,) = made
    assert without == []
    assert identity["created"] < "2021"
    assert identity["modified"] > "2026"


READERS = [
    *(
        Principal(one, one, kind, "member")
        for one, kind in (("m", "member"), ("n", "member"), ("p", "peer"), ("g", "government"))
    ),
    Principal("n2", "n", "member", "member", groups=frozenset({"x"})),
    Principal("p2", "p2", "peer", "member", purpose="public-records"),
    Principal(),
]


def test_more_atoms_take_an_item_from_nobody() -> None:
    """For all pairs of what can be said, but for what says who is left out."""
    author = Contributor("m", "m", "member")
    addresses = [
        None,
        *map(frozenset, ({"peers"}, {"members"}, {"organization:n"}, {"group:x"}, {"account:p"}, {"public"})),
    ]
    said = [
        Handling(address, government, 0, refused)
        for address in addresses
        for government in (None, True, False)
        for refused in (frozenset[str](), frozenset({"public-records"}))
    ]
    audiences = {audience_of(label, author, DEFAULT_DISTRIBUTION, one) for label in tlp.ORDER for one in said}
    assert len(audiences) > 40
    for one, other in itertools.permutations(audiences, 2):
        if one < other and not any(atom.startswith("not-") for atom in other):
            assert all(may_read(who, other) for who in READERS if may_read(who, one))
