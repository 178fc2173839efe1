"""What a member deletes is gone for everybody, and an operator can bring it back for some days."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isao_reference import deletions as done
from isao_reference import limits, setup
from isao_reference.cli.deletions import deletions
from isao_reference.store.deletions import Chosen
from isao_reference.taxii import embargoes
from isao_reference.wire import timestamps
from tests.support.functions import events, make
from tests.support.world import OPEN, PUBLIC, Clock, World, collection_url, indicator, marking, object_url, stamp

NORTH = Chosen("north")


def delete(exchange: World, account: str, *ids: str, collection: str = OPEN, query: str = "") -> None:
    for one in ids:
        answer = exchange.as_(account).delete(object_url(one, collection), query=query)
        assert answer.status == 200, answer.body


def undo(exchange: World, chosen: Chosen = NORTH) -> tuple[int, list[str]]:
    """How many versions came back, and the objects of which some did not."""
    found = done.undo(exchange.store, chosen, exchange.settings.clock)
    return found.restored, [name for name, _ in found.refused]


def run(exchange: World, *words: str) -> Result:
    return CliRunner().invoke(deletions, [words[0], "--database", str(exchange.settings.database), *words[1:]])


def clock_of(exchange: World) -> Clock:
    clock = exchange.settings.clock
    assert isinstance(clock, Clock)
    return clock


def everyones(exchange: World) -> dict[str, list[tuple[str, str]]]:
    return {
        one: sorted(exchange.seen(one, "match[version]=all")) for one in ("member-a", "member-a2", "member-b", "peer")
    }


def test_what_a_stolen_key_deleted_comes_back_for_whom_it_was_and_for_nobody_else(exchange: World) -> None:
    own = [indicator(marks=[label]) for label in ("clear", "green", "amber", "red") for _ in range(3)]
    exchange.share("member-a", *own)
    other = indicator(marks=["green"])
    exchange.share("member-b", other)
    before, content = everyones(exchange), exchange.as_("member-a").get(object_url(own[-1]["id"])).json["objects"]
    delete(exchange, "member-a", *(one["id"] for one in own))
    delete(exchange, "member-b", other["id"])
    assert set(everyones(exchange)) == set(before)
    assert not any(everyones(exchange).values())
    assert undo(exchange) == (len(own), [])
    after = everyones(exchange)
    assert after == {name: [one for one in seen if one[0] != other["id"]] for name, seen in before.items()}
    assert len({len(seen) for seen in after.values()}) > 1, "who sees what differs"
    assert exchange.as_("member-a").get(object_url(own[-1]["id"])).json["objects"] == content
    assert undo(exchange) == (0, [])


def test_what_comes_back_is_found_by_who_looks_for_what_is_new(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    manifest = collection_url() + "manifest/"
    (first,) = exchange.as_("member-b").get(manifest).json["objects"]
    delete(exchange, "member-a", item["id"])
    told = len(events(exchange, "member-b"))
    assert undo(exchange) == (1, [])
    (again,) = exchange.as_("member-b").get(manifest, query=f"added_after={first['date_added']}").json["objects"]
    assert again["version"] == first["version"]
    assert again["date_added"] > first["date_added"]
    assert len(events(exchange, "member-b")) == told + 1


def test_every_version_comes_back_and_a_revoked_object_stays_revoked(exchange: World) -> None:
    name = str(indicator()["id"])
    versions = [indicator(version, id=name, marks=["green"]) for version in range(3)]
    for one in [*versions, {**indicator(3, id=name, marks=["green"]), "revoked": True}]:
        exchange.share("member-a", one)
    before = everyones(exchange)
    delete(exchange, "member-a", name)
    assert undo(exchange) == (4, [])
    assert everyones(exchange) == before
    (newest,) = exchange.as_("member-b").get(object_url(name)).json["objects"]
    assert newest["revoked"] is True


def test_one_version_of_several_comes_back_among_them(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item, indicator(1, id=item["id"], marks=["green"]))
    before = everyones(exchange)
    delete(exchange, "member-a", item["id"], query=f"match[version]={stamp(0)}")
    assert everyones(exchange) != before
    assert undo(exchange) == (1, [])
    assert everyones(exchange) == before


def test_what_was_shared_anew_is_not_overwritten(exchange: World) -> None:
    changed = indicator(marks=["green"])
    exchange.share("member-a", changed)
    delete(exchange, "member-a", changed["id"])
    exchange.share("member-a", {**changed, "name": "as it should have been"})
    before = everyones(exchange)
    assert undo(exchange) == (0, [changed["id"]])
    assert everyones(exchange) == before
    (kept,) = exchange.as_("member-b").get(object_url(changed["id"])).json["objects"]
    assert kept["name"] == "as it should have been"
    assert [one.object_id for one in done.listed(exchange.store, Chosen())] == [changed["id"]]


def test_what_was_shared_anew_for_fewer_does_not_come_back_for_more(exchange: World) -> None:
    wide, plain = indicator(marks=["green"]), indicator(marks=["green"])
    exchange.share("member-a", wide, plain)
    delete(exchange, "member-a", wide["id"], plain["id"])
    exchange.share("member-a", indicator(1, id=wide["id"], marks=["red"]))
    assert undo(exchange) == (1, [wide["id"]]), "the other one comes back"
    assert [name for name, _ in exchange.seen("member-b", "match[version]=all")] == [plain["id"]]


def test_what_was_recalled_cannot_be_brought_back(exchange: World) -> None:
    item = indicator(marks=["green"])
    for place in (OPEN, PUBLIC):
        exchange.share("member-a", item, collection=place)
    delete(exchange, "member-a", item["id"])
    make(exchange, "member-a", "recalls", {"subject": item["id"], "reason": "A mistake."})
    assert undo(exchange) == (0, [])
    assert exchange.as_("member-b").get(object_url(item["id"])).status == 404


def test_what_is_under_embargo_comes_back_under_it(exchange: World) -> None:
    clock = clock_of(exchange)
    ends = clock.now + timedelta(days=1)
    said = marking(embargo_until=timestamps.format_micros(timestamps.micros(ends)))
    item = indicator(marks=["green", said["id"]])
    exchange.share("member-a", said, item)
    delete(exchange, "member-a", item["id"])
    assert undo(exchange) == (1, [])
    assert exchange.as_("member-b").get(object_url(item["id"])).status == 404
    assert exchange.as_("member-a").get(object_url(item["id"])).status == 200
    clock.now = ends
    assert embargoes.release_due(exchange.settings, exchange.store) == 2, "the item and its marking"
    assert exchange.as_("member-b").get(object_url(item["id"])).status == 200


def test_it_comes_back_for_who_is_entitled_now(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    assert exchange.as_("peer").get(object_url(item["id"])).status == 200
    delete(exchange, "member-a", item["id"])
    labels = {"clear": ["public"], "green": ["members"], "amber": ["members"], "amber+strict": [], "red": []}
    setup.set_capability_document(exchange.store, {"distribution": {"labels": labels, "default_label": "amber"}})
    assert undo(exchange) == (1, [])
    assert exchange.as_("member-b").get(object_url(item["id"])).status == 200
    assert exchange.as_("peer").get(object_url(item["id"])).status == 404


def test_who_speaks_for_itself_does_so_again(exchange: World) -> None:
    item = indicator(marks=["green"], created_by_ref="identity--11111111-2222-4333-8444-555555555555")
    exchange.share("member-a", item)
    delete(exchange, "member-a", item["id"])
    setup.add_identity(exchange.store, "north", str(item["created_by_ref"]))
    assert undo(exchange) == (1, [])
    with exchange.store.reading() as db:
        assert db.execute("SELECT hearsay FROM items WHERE object_id = ?", (item["id"],)).fetchall() == [(0,)]


@pytest.mark.parametrize(("seconds", "kept"), [(-60, 1), (60, 0)])
def test_it_can_be_brought_back_for_seven_days(exchange: World, seconds: int, kept: int) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    delete(exchange, "member-a", item["id"])
    clock = clock_of(exchange)
    clock.now += timedelta(seconds=limits.DELETED_SECONDS + seconds)
    done.forget_old(exchange.settings, exchange.store)
    assert len(done.listed(exchange.store, Chosen())) == kept
    assert undo(exchange) == (kept, [])


def test_the_guide_and_the_help_name_the_same_time() -> None:
    guide = (Path(__file__).parents[2] / "docs/run-the-reference.md").read_text("utf-8")
    assert limits.DELETED_SECONDS == 7 * 24 * 3600
    assert "for seven days" in guide
    assert "for seven days" in (deletions.help or "")


# --- the command ------------------------------------------------------------------------------------


def test_the_command_lists_undoes_and_forgets(exchange: World) -> None:
    one, two, three = (indicator(marks=["green"]) for _ in range(3))
    exchange.share("member-a", one, two)
    exchange.share("member-b", three)
    delete(exchange, "member-a2", one["id"])
    between = timestamps.format_micros(timestamps.micros(exchange.settings.clock()))
    delete(exchange, "member-a", two["id"])
    delete(exchange, "member-b", three["id"])
    shown = run(exchange, "list")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line.split()[1:4] for line in lines[:3]] == [
        ["north", "by", "member-a2"],
        ["north", "by", "member-a"],
        ["south", "by", "member-b"],
    ]
    assert re.fullmatch(rf"\S+Z  north  by member-a  Open  {two['id']}  1", lines[1])
    assert lines[3:] == ["3 deletions can be undone"]
    again = run(exchange, "undo", "--organization", "north", "--since", between)
    assert (again.exit_code, again.output) == (0, "1 versions are there again, 0 stay deleted\n")
    assert [name for name, _ in exchange.seen("member-b")] == [two["id"]]
    gone = run(exchange, "forget", one["id"], three["id"])
    assert (gone.exit_code, gone.output) == (0, "2 versions are gone for good\n")
    assert run(exchange, "list").output == "0 deletions can be undone\n"


def test_the_command_says_what_stays_deleted(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    delete(exchange, "member-a", item["id"])
    exchange.share("member-a", {**item, "name": "another"})
    told = run(exchange, "undo", item["id"])
    assert told.exit_code == 1
    assert f"stays deleted: {item['id']}: its contributor has shared it anew" in told.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["undo"], "say which"),
        (["forget"], "say which"),
        (["undo", "--since", "yesterday"], "is no moment like"),
        (["undo", "--organization", "north"], "nothing was deleted that fits"),
        (["forget", "indicator--1"], "nothing was deleted that fits"),
    ],
)
def test_the_command_wants_to_know_what_is_meant(exchange: World, words: list[str], why: str) -> None:
    told = run(exchange, *words)
    assert told.exit_code == 2
    assert why in told.output


def test_both_are_on_record(exchange: World) -> None:
    one, two = indicator(marks=["green"]), indicator(marks=["green"])
    exchange.share("member-a", one, two)
    delete(exchange, "member-a", one["id"], two["id"])
    run(exchange, "undo", one["id"])
    run(exchange, "forget", "--organization", "north")
    with exchange.store.reading() as db:
        kept = [bytes(row[0]).decode() for row in db.execute("SELECT details FROM audit ORDER BY key DESC LIMIT 2")]
    assert one["id"] in kept[1]
    assert '"organization":"north"' in kept[0]
    assert two["id"] in kept[0]
