"""Who learns what from the log: one's own organization's entries, one's own details, nothing of anybody else."""

from __future__ import annotations

from typing import Any

import pytest

from isao_reference.audit import chain, heads, tree
from isao_reference.audit.chain import canonical
from tests.support.audit_log import ask, everything, head, key, lines
from tests.support.world import World, indicator, object_url, objects_url


def busy(exchange: World) -> None:
    """Things that several organizations do."""
    exchange.share("member-a", indicator(marks=["red"]))
    exchange.share("peer", indicator(marks=["green"]))
    for account in ("member-a", "member-a2", "member-b", "peer", "operator"):
        exchange.as_(account).get(objects_url())


def test_a_member_reads_its_organizations_log_and_no_other(exchange: World) -> None:
    busy(exchange)
    mine = lines(exchange, "member-a")
    assert {one["entry"]["log"] for one in mine} == {"north"}
    assert {one["entry"]["account"] for one in mine} == {"member-a", "member-a2"}
    assert [one["entry"]["number"] for one in mine] == list(range(1, len(mine) + 1))
    other, none = (ask(exchange, "member-a", f"log={name}") for name in ("south", "nowhere"))
    assert other.status == 404
    assert other == none == ask(exchange, "member-a", "log=*")
    assert ask(exchange, "member-a", "log=north").status == 200
    for place in ("", "head/", "consistency/"):
        assert ask(exchange, "member-a", "log=south&first=0", place).status in (400, 404)
        assert ask(exchange, "stranger", "first=0", place).status == 401


def test_what_others_do_changes_nothing_in_ones_own_log(exchange: World) -> None:
    exchange.as_("member-b").get(objects_url())
    before = ask(exchange, "member-b", "size=1").json
    busy(exchange)
    exchange.as_("ex-member").get(objects_url())
    after = ask(exchange, "member-b", "size=1").json
    assert before["entries"] == after["entries"]
    assert (before["head"]["size"], before["head"]["root"]) == (after["head"]["size"], after["head"]["root"])
    # Two pages were read and one collection: three requests of its own, whatever others did meanwhile.
    assert ask(exchange, "member-b", "", "head/").json["size"] == 4


def test_a_colleague_sees_that_something_was_done_and_not_with_what(exchange: World) -> None:
    secret = indicator(marks=["red"])
    exchange.share("member-a", secret)
    exchange.as_("member-a").get(object_url(secret["id"]))
    assert secret["id"].encode() in ask(exchange, "member-a").body
    colleague = ask(exchange, "member-a2")
    assert secret["id"].encode() not in colleague.body
    theirs = [one for one in colleague.json["entries"] if one["entry"]["account"] == "member-a"]
    assert [one["entry"]["action"] for one in theirs[:2]] == ["contribute", "read"]
    assert all("details" not in one for one in theirs)
    own = [one for one in ask(exchange, "member-a2").json["entries"] if one["entry"]["account"] == "member-a2"]
    assert own
    assert all("details" in one for one in own)


def test_details_cannot_be_guessed_from_their_digests(exchange: World) -> None:
    for _ in range(2):
        exchange.as_("member-a").get(objects_url())
    told = [one for one in everything(exchange) if one["entry"]["action"] == "read"]
    assert len({one["entry"]["details"] for one in told}) == len({one["details"]["salt"] for one in told}) == 2
    without = {name: value for name, value in told[0]["details"].items() if name != "salt"}
    assert chain.digest(canonical(told[0]["details"])) == told[0]["entry"]["details"]
    assert chain.digest(canonical(without)) != told[0]["entry"]["details"]


def test_staff_read_everything_and_any_one_log(exchange: World) -> None:
    busy(exchange)
    everybodys = lines(exchange, "operator")
    assert {"", "north", "south", "lakeside", "exchange"} == {one["entry"]["log"] for one in everybodys}
    assert [one["place"] for one in everybodys] == list(range(1, len(everybodys) + 1))
    assert all("details" in one for one in everybodys)
    assert {one["entry"]["log"] for one in lines(exchange, "analyst", "log=north")} == {"north"}


@pytest.mark.parametrize("account", ["member-a", "operator"])
def test_every_entry_has_a_proof_against_the_signed_head(exchange: World, account: str) -> None:
    for _ in range(20):
        busy(exchange)
    page = ask(exchange, account, "limit=200").json
    assert heads.fault_of(page["head"], [key(exchange)]) == ""
    size, root = page["head"]["size"], bytes.fromhex(page["head"]["root"])
    assert len(page["entries"]) == min(size, 200)
    for one in page["entries"]:
        leaf = tree.leaf_hash(canonical(one["entry"]))
        path = [bytes.fromhex(step) for step in one["proof"]]
        place = one.get("place", one["entry"]["number"])
        assert tree.includes(leaf, place - 1, size, path, root)
        assert not tree.includes(leaf, place, size, path, root)


def test_a_later_head_is_shown_to_continue_an_earlier_one(exchange: World) -> None:
    seen: list[dict[str, Any]] = []
    for _ in range(8):
        busy(exchange)
        seen.append(ask(exchange, "member-a", "", "head/").json)
    for first in seen:
        for second in seen:
            query = f"first={first['size']}&second={second['size']}"
            answer = ask(exchange, "member-a", query, "consistency/")
            if first["size"] > second["size"]:
                assert answer.status == 400
                continue
            path = [bytes.fromhex(step) for step in answer.json["proof"]]
            roots = (bytes.fromhex(one["root"]) for one in (first, second))
            assert tree.grew(first["size"], next(roots), second["size"], next(roots), path)


def test_pages_are_followed_to_the_size_of_the_first(exchange: World) -> None:
    for _ in range(7):
        exchange.as_("member-b").get(objects_url())
    found: list[int] = []
    answer = ask(exchange, "member-b", "limit=2&after=1")
    size = answer.json["head"]["size"]
    while True:
        found += [one["entry"]["number"] for one in answer.json["entries"]]
        assert answer.json["head"]["size"] == size == 7
        link = answer.header("link")
        if link is None:
            break
        answer = ask(exchange, "member-b", link.partition("?")[2].partition(">")[0])
    assert found == [2, 3, 4, 5, 6, 7]
    assert ask(exchange, "member-b", "after=999").json["entries"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "after=-1", "size=99999", "after=1e3", "limit=1&limit=2", "what=1", "size=٣"]
)
def test_queries_that_mean_nothing_are_refused(exchange: World, query: str) -> None:
    answer = ask(exchange, "member-a", query)
    assert (answer.status, answer.header("content-type")) == (400, "application/problem+json")


def test_an_empty_log_has_a_head_and_no_entries(exchange: World) -> None:
    page = ask(exchange, "government").json
    assert (page["entries"], page["head"]["size"], page["head"]["root"]) == ([], 0, tree.EMPTY.hex())
    assert heads.fault_of(page["head"], [key(exchange)]) == ""


def test_an_applicant_reads_its_own_log(exchange: World) -> None:
    exchange.add_applicant()
    exchange.as_("applicant").get("/taxii2/")
    assert {one["entry"]["log"] for one in lines(exchange, "applicant")} == {"newcomer"}
    assert head(exchange, "newcomer")["size"] > 0
