"""Exports for those without automation: what they may read, as tables and lists that do no harm."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from isao_reference.functions import exports
from tests.support.functions import make, table
from tests.support.world import DROPBOX, LIBRARY, TLP, Clock, World, indicator, marking, stamp, world

TABLE, LIST = "/functions/exports/indicators.csv", "/functions/exports/blocklist.txt"


def domain(value: str, *marks: str, **more: Any) -> dict[str, Any]:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return indicator(marks=marks or ("green",), pattern=f"[domain-name:value = '{quoted}']", **more)


def rows(exchange: World, account: str, query: str = "") -> list[dict[str, str]]:
    answer = exchange.as_(account).get(TABLE, query=query)
    assert answer.status == 200, answer.body
    assert answer.header("content-type") == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def values(exchange: World, account: str, query: str = "") -> list[str]:
    answer = exchange.as_(account).get(LIST, query=query)
    assert answer.status == 200, answer.body
    return [line for line in answer.body.decode().splitlines() if not line.startswith("#")]


def test_an_export_holds_what_its_reader_may_see_and_nothing_else(exchange: World) -> None:
    exchange.share("member-a", domain("green.example"), domain("amber.example", "amber"), domain("red.example", "red"))
    exchange.share("operator", domain("library.example"), collection=LIBRARY)
    exchange.share("member-a", domain("dropped.example"), collection=DROPBOX)
    expected = {
        "member-a": {"green.example", "amber.example", "red.example", "library.example"},
        "member-b": {"green.example", "amber.example", "library.example"},
        "peer": {"green.example"},
        "government": set(),
    }
    for account, wanted in expected.items():
        assert {one["value"] for one in rows(exchange, account)} == wanted
        assert set(values(exchange, account)) == wanted
    for path in (TABLE, LIST):
        assert exchange.as_("stranger").get(path).status == 401
        assert exchange.as_("ex-member").get(path).status == 401


def test_every_line_carries_its_label_and_a_list_the_strictest(exchange: World) -> None:
    exchange.share("member-a", domain("a.example"), domain("b.example", "amber"))
    assert {one["value"]: one["tlp"] for one in rows(exchange, "member-b")} == {
        "a.example": "green",
        "b.example": "amber",
    }
    assert exchange.as_("member-b").get(LIST).body.startswith(b"# TLP:AMBER\n# 2 values\n")
    assert exchange.as_("peer").get(LIST).body.startswith(b"# TLP:GREEN\n# 1 values\n")
    assert exchange.as_("government").get(LIST).body == b"# TLP:CLEAR\n# 0 values\n"


def test_conditions_go_with_a_value_into_the_table_and_into_the_list(exchange: World) -> None:
    conditions = {
        "addressed_to": ["organization:south", "peers"],
        "government": "no",
        "refused_purposes": ["public-records", "civil-litigation"],
        "legal_basis": "a law\nevil.example\u2028of a state",
    }
    definition = {**marking(**conditions), "object_marking_refs": [TLP["green"]]}
    exchange.share(
        "member-a", definition, domain("bound.example", "green", definition["id"]), domain("free.example", "amber")
    )
    told = (
        "only for organization:south, peers; not for the government; not for civil-litigation, public-records; "
        "protected by a law evil.example of a state"
    )
    assert {one["value"]: one["conditions"] for one in rows(exchange, "peer")} == {"bound.example": told}
    shown = exchange.as_("peer").get(LIST).body.decode()
    assert shown == f"# TLP:GREEN\n# 1 values\n# some are {told}\nbound.example\n"
    assert {one["value"]: one["conditions"] for one in rows(exchange, "member-a")}["free.example"] == ""


def test_what_is_revoked_expired_or_says_more_than_one_value_is_left_out(tmp_path: Path) -> None:
    clock = Clock()
    with world(tmp_path, clock=clock) as exchange:
        gone = domain("gone.example")
        exchange.share("member-a", gone)
        exchange.share("member-a", {**gone, "revoked": True, "modified": stamp(3)})
        exchange.share("member-a", domain("old.example", valid_until="2025-12-31T00:00:00Z"))
        exchange.share("member-a", domain("soon.example", valid_until="2026-02-01T00:00:00Z"))
        both = "[domain-name:value = 'x.example' AND domain-name:value = 'y.example']"
        exchange.share("member-a", indicator(marks=["green"], pattern=both))
        assert values(exchange, "member-b") == ["soon.example"]
        clock.now = clock.now.replace(month=3)
        assert values(exchange, "member-b") == []
        assert rows(exchange, "member-b") == []


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=cmd|"/C calc"!A0'])
def test_no_cell_is_taken_for_a_formula(exchange: World, value: str) -> None:
    pattern = "[file:name = '" + value.replace("'", "\\'") + "']"
    exchange.share("member-a", indicator(marks=["green"], pattern=pattern, name=value))
    text = exchange.as_("member-b").get(TABLE).body.decode()
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    if value.isprintable():
        assert f"'{value}" in cells


def test_a_value_with_a_line_break_adds_no_line_to_anybodys_list(exchange: World) -> None:
    exchange.share("member-a", domain("a.example\n0.0.0.0/0"), domain("good.example"))
    assert values(exchange, "member-b") == ["good.example"]
    assert [one["value"] for one in rows(exchange, "member-b")] == ["good.example"]


def test_a_value_comes_out_as_it_was_handed_in(exchange: World) -> None:
    names = ["it's.exe", "a\\b.dll", 'with "quotes", and comma.txt']
    content = io.StringIO()
    csv.writer(content).writerows([["type", "value"], *(["file-name", name] for name in names)])
    make(exchange, "member-a", "submissions", table() | {"content": content.getvalue()})
    assert [one["value"] for one in rows(exchange, "member-b")] == sorted(names)
    assert values(exchange, "member-b") == sorted(names)


def test_what_was_exported_can_be_handed_in_again(exchange: World) -> None:
    make(exchange, "member-a", "submissions", table(("domain-name", "a.example"), ("ipv4-addr", "198.51.100.9")))
    made = make(
        exchange, "member-b", "submissions", table() | {"content": exchange.as_("member-b").get(TABLE).body.decode()}
    )
    assert made["state"] == "published"
    assert len(made["facts"]["known"]) == 2


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("type=domain-name", {"low.example", "high.example"}),
        ("confidence=50", {"high.example"}),
        ("confidence=100&type=ipv4-addr", set()),
        ("type=ipv4-addr", {"198.51.100.7"}),
    ],
)
def test_an_export_is_narrowed_by_type_and_confidence(exchange: World, query: str, wanted: set[str]) -> None:
    exchange.share("member-a", domain("low.example", confidence=10), domain("high.example", confidence=90))
    exchange.share("member-a", indicator(marks=["green"]))
    assert {one["value"] for one in rows(exchange, "member-b", query)} == wanted
    assert set(values(exchange, "member-b", query)) == wanted


@pytest.mark.parametrize(
    "query",
    [
        "type=shoe",
        "confidence=101",
        "confidence=-1",
        "confidence=",
        "confidence=1e2",
        "confidence=99999999999999999999",
        "confidence=1&confidence=2",
        "limit=1",
        "&".join(f"x{n}=1" for n in range(80)),
        "%ff=%00",
    ],
)
def test_a_query_that_is_not_known_is_400(exchange: World, query: str) -> None:
    for path in (TABLE, LIST):
        assert exchange.as_("member-b").get(path, query=query).status == 400


def test_there_are_no_other_exports(exchange: World) -> None:
    for name in ("indicators.json", "..", "indicators.csv/", "%2e%2e"):
        assert exchange.as_("member-b").get(f"/functions/exports/{name}").status in (404, 405)


def test_an_export_is_whole_or_refused_and_never_cut(exchange: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    monkeypatch.setattr(exports, "MOST", 5)
    wanted = [f"{number}.example" for number in range(5)]
    exchange.share("member-a", *(domain(one) for one in wanted))
    assert values(exchange, "member-b") == wanted
    exchange.share("member-a", domain("one-more.example", confidence=80))
    for path in (TABLE, LIST):
        answer = exchange.as_("member-b").get(path)
        assert answer.status == 400
        assert "ask by type or confidence" in answer.body.decode()
    assert values(exchange, "member-b", "confidence=50") == ["one-more.example"]
