"""What is on record: everything that was done, once, with who did it; no content, no credential."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from isao_reference import limits, setup
from isao_reference.app import create_app
from isao_reference.functions import clock
from isao_reference.store import audit
from tests.support import functions as f
from tests.support.asgi import Client, basic
from tests.support.audit_log import everything, export, faults, head, key, lines
from tests.support.older_forms import take_back
from tests.support.world import DROPBOX, OPEN, PUBLIC, World, collection_url, indicator, object_url, objects_url, world

ROOT = Path(__file__).resolve().parents[2]


def new(exchange: World, done: Callable[[], Any]) -> list[dict[str, Any]]:
    """The entries that something leads to."""
    before = len(everything(exchange))
    done()
    return everything(exchange)[before:]


def only(exchange: World, done: Callable[[], Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry of one thing, and its details."""
    (found,) = new(exchange, done)
    return found["entry"], found["details"]


def brief(entry: dict[str, Any]) -> tuple[Any, ...]:
    names = ("log", "account", "action", "what", "outcome", "count")
    return tuple(entry.get(name) for name in names)


def test_a_contribution_is_on_record_with_what_was_taken_and_how_much_was_refused(exchange: World) -> None:
    good, bad = indicator(), {**indicator(), "pattern": 7}
    entry, details = only(exchange, lambda: exchange.as_("member-a").post(objects_url(), {"objects": [good, bad]}))
    assert brief(entry) == ("north", "member-a", "contribute", "objects", "done", 1)
    assert entry["refused"] == 1
    assert (details["collection"], details["ids"]) == (OPEN, [good["id"]])


def test_a_page_is_on_record_with_its_filters_and_a_large_one_by_digest(exchange: World) -> None:
    many = [indicator() for _ in range(limits.AUDIT_IDS + 1)]
    exchange.share("member-a", *many)
    query = "limit=2&match[type]=indicator&added_after=2020-01-01T00:00:00.000000Z"
    entry, details = only(exchange, lambda: exchange.as_("member-a").get(objects_url(), query=query))
    assert brief(entry) == ("north", "member-a", "read", "objects", "done", 2)
    assert details["query"] == dict(pair.split("=") for pair in query.split("&"))
    entry, details = only(exchange, lambda: exchange.seen("member-a"))
    assert entry["count"] == len(many)
    assert len(details["ids_sha256"]) == 64
    assert "ids" not in details


def test_a_deletion_a_single_object_and_versions_are_on_record(exchange: World) -> None:
    made = indicator()
    exchange.share("member-a", made)
    client = exchange.as_("member-a")
    found = new(
        exchange,
        lambda: [
            client.get(object_url(made["id"])),
            client.get(object_url(made["id"]) + "versions/"),
            client.get(collection_url() + "manifest/"),
            client.request("HEAD", objects_url()),
        ],
    )
    assert [brief(one["entry"])[2:] for one in found] == [
        ("read", "object", "done", 1),
        ("read", "versions", "done", 1),
        ("read", "manifest", "done", 1),
        ("read", "objects", "done", 0),
    ]
    entry, details = only(exchange, lambda: client.delete(object_url(made["id"])))
    assert brief(entry)[2:] == ("delete", "object", "done", 1)
    assert (details["object"], details["ids"]) == (made["id"], [made["id"]])


def test_refusals_are_on_record_with_their_class(exchange: World) -> None:
    member, absent = exchange.as_("member-b"), object_url(indicator()["id"])
    refused = {
        "absent": lambda: member.get(absent),
        "malformed": lambda: member.get(objects_url(), query="limit=none"),
        "not-permitted": lambda: member.get(objects_url(DROPBOX)),
        "not-acceptable": lambda: member.get(objects_url(), accept="text/html"),
        "method": lambda: member.request("PUT", objects_url()),
        "media-type": lambda: member.post(objects_url(), b"{}", content_type="text/html"),
        "invalid": lambda: f.create(exchange, "member-b", "submissions", {"title": 1}),
    }
    for why, ask in refused.items():
        entry, _ = only(exchange, ask)
        assert (entry["outcome"], entry["why"], entry["account"]) == ("refused", why, "member-b")
        assert "count" not in entry


def test_a_fault_of_the_exchange_is_on_record(exchange: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isao_reference.taxii.objects.get_objects", lambda call: 1 // 0)
    entry, _ = only(exchange, lambda: exchange.as_("member-a").get(objects_url()))
    assert (entry["outcome"], entry["status"], entry["why"]) == ("failed", 500, "fault")


def test_functions_exports_and_steps_of_the_clock_are_on_record(exchange: World) -> None:
    exchange.share("member-a", indicator(marks=["green"], pattern="[domain-name:value = 'example.com']"))
    found = new(exchange, lambda: exchange.as_("member-b").get("/functions/exports/indicators.csv", accept="text/csv"))
    assert [brief(one["entry"])[:6] for one in found] == [("south", "member-b", "export", "objects", "done", 1)]
    made: list[dict[str, Any]] = []
    entry, details = only(exchange, lambda: made.append(f.make(exchange, "analyst", "alerts", f.alert())))
    assert brief(entry) == ("exchange", "analyst", "create", "record", "done", 1)
    assert (details["resource"], details["ids"]) == ("alerts", [made[0]["id"]])
    entry, details = only(exchange, lambda: f.do(exchange, "analyst", "alerts", made[0]["id"], "issue"))
    assert (entry["action"], details["step"], details["record"]) == ("step", "issue", made[0]["id"])
    exchange.settings.clock.now = exchange.settings.clock.now.replace(year=2027)
    entry, details = only(exchange, lambda: clock.run_due(exchange.settings, exchange.store))
    assert (entry["account"], entry["action"], details["resource"]) == ("exchange itself", "step", "alerts")


def test_a_failed_sign_in_is_told_to_the_organization_whose_name_was_used(exchange: World) -> None:
    stranger = exchange.as_("stranger")
    entry, _ = only(exchange, lambda: stranger.as_(basic("member-a", "wrong")).get("/taxii2/"))
    assert brief(entry) == ("north", "member-a", "sign-in", "account", "refused", None)
    entry, _ = only(exchange, lambda: stranger.as_(basic("nobody-knows", "wrong")).get("/taxii2/"))
    assert (entry["log"], "account" in entry) == ("", False)
    entry, _ = only(exchange, lambda: exchange.as_("ex-member").get("/taxii2/"))
    assert (entry["log"], entry["account"], entry["outcome"]) == ("old", "ex-member", "refused")


def test_a_purpose_is_on_record_and_one_that_is_refused_too(exchange: World) -> None:
    asked = [("isao-purpose", "regulatory-enforcement")]
    entry, _ = only(exchange, lambda: exchange.as_("member-a").get(objects_url()))
    assert entry["purpose"] == "cybersecurity"
    for account, organization in (("member-a", "north"), ("member-a2", "north"), ("government", "office")):
        entry, _ = only(exchange, lambda name=account: exchange.as_(name).get(objects_url(), headers=asked))
        assert brief(entry)[:5] == (organization, account, "sign-in", "account", "refused")
        assert (entry["why"], entry["purpose"]) == ("purpose", "regulatory-enforcement")
    made_up = [("isao-purpose", "kqzxcanary")]
    entry, _ = only(exchange, lambda: exchange.as_("member-a").get(objects_url(), headers=made_up))
    assert (entry["why"], "purpose" in entry) == ("purpose", False)


def test_strangers_cannot_fill_the_log_as_fast_as_they_are_refused(exchange: World) -> None:
    stranger = exchange.as_("stranger")
    wrong = stranger.as_(basic("member-a", "wrong"))
    found = new(exchange, lambda: [(stranger.get(objects_url()), wrong.get(objects_url())) for _ in range(50)])
    assert [one["entry"]["times"] for one in found] == [50, 50]
    reads = new(exchange, lambda: [stranger.get(objects_url(PUBLIC)) for _ in range(3)])
    assert [brief(one["entry"])[4] for one in reads] == ["done"] * 3


def test_public_documents_leave_no_entry(exchange: World) -> None:
    assert new(exchange, lambda: exchange.as_("stranger").get("/.well-known/isao.json")) == []


def test_commands_of_the_operator_are_on_record_with_who_answers_for_a_label(exchange: World) -> None:
    store, raw = exchange.store, json.dumps(indicator()).encode()
    setup.create_organization(store, "west", "West", "member")
    setup.create_account(store, "west-1", "west", "member", secret="a secret that is given")
    setup.set_standing(store, "west", "suspended")
    setup.add_identity(store, "north", f"identity--{OPEN}")
    setup.create_api_root(store, "more", "More")
    setup.create_collection(store, "X", readers=["members"])
    setup.set_policy_document(store, "terms.txt", b"the terms")
    setup.set_security_txt(store, b"Contact: mailto:a@example.org")
    setup.ingest(store, OPEN, [raw], "operator", "green", reviewed_by="analyst")
    found = everything(exchange)[-9:]
    assert [one["entry"]["what"] for one in found] == [
        "add-organization",
        "add-account",
        "set-standing",
        "add-identity",
        "add-api-root",
        "add-collection",
        "publish",
        "publish",
        "load",
    ]
    assert {(one["entry"]["log"], one["entry"]["action"]) for one in found} == {("", "operate")}
    loaded = found[-1]
    assert (loaded["details"]["concerns"]["label"], loaded["details"]["concerns"]["reviewed_by"]) == (
        "green",
        "analyst",
    )
    assert loaded["entry"]["count"] == 1
    assert "a secret" not in json.dumps(found)
    before = len(everything(exchange))
    with pytest.raises(setup.SetupError):
        setup.create_organization(store, "west", "Again", "member")
    assert len(everything(exchange)) == before


WRITES: dict[str, Callable[[World], Any]] = {
    "POST objects": lambda x: x.as_("member-a").post(objects_url(), {"objects": [indicator()]}),
    "DELETE": lambda x: x.as_("member-a").delete(object_url(KEPT["id"])),
    "create": lambda x: f.create(x, "member-a", "submissions", f.words()),
    "step": lambda x: f.step(x, "analyst", "alerts", RECORD[0], "issue"),
    "first delivery": lambda x: x.as_("member-b").get(objects_url()),
}
KEPT = indicator(marks=["green"])
RECORD: list[str] = []


@pytest.mark.parametrize("name", WRITES)
def test_what_cannot_be_put_on_record_is_not_done(exchange: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    exchange.share("member-a", KEPT)
    RECORD[:] = [f.make(exchange, "analyst", "alerts", f.alert())["id"]]
    exchange.app.state.trail.flush()
    tables = ("items", "statuses", "records", "steps", "events", "deliveries")

    def state() -> list[tuple[Any, ...]]:
        with exchange.store.reading() as db:
            return [(one, *row) for one in tables for row in db.execute(f"SELECT * FROM {one}")]

    def failing(*_: Any) -> None:
        raise sqlite3.OperationalError("disk is full")

    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", failing)
        assert WRITES[name](exchange).status == 500
        assert state() == before
    assert WRITES[name](exchange).status < 300
    assert state() != before


def test_no_writer_goes_around_the_log() -> None:
    """A request writes through its own guarded store; what else writes does it with an entry, but for forgetting events
    and deleted versions that are past their time."""
    users = set()
    for path in (ROOT / "reference/isao_reference").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "writing" and not _is_guarded(node.value):
                users.add(path.relative_to(ROOT / "reference/isao_reference").as_posix())
    assert users == {"store/guarded.py", "audit/trail.py", "functions/clock.py", "deletions.py"}


def _is_guarded(value: ast.expr) -> bool:
    return ast.unparse(value) == "call.store"


def test_nothing_more_is_answered_when_the_log_cannot_be_written(
    exchange: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = indicator(marks=["green"])
    exchange.share("member-a", made)
    exchange.seen("member-b")
    monkeypatch.setattr(limits, "AUDIT_WAITING", 2)
    answers = [exchange.as_("member-b").get(objects_url()) for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 503]
    assert made["id"].encode() not in answers[2].body
    assert answers[2].header("retry-after") is not None
    exchange.app.state.trail.flush()
    assert exchange.as_("member-b").get(objects_url()).status == 200


def test_what_could_not_be_written_is_written_later(exchange: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise sqlite3.OperationalError("database is locked")

    before = len(everything(exchange))
    exchange.as_("member-a").get(objects_url())
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", failing)
        with pytest.raises(sqlite3.OperationalError):
            exchange.app.state.trail.flush()
        exchange.as_("member-b").get(objects_url())
    assert [one["entry"]["account"] for one in everything(exchange)[before:]] == ["member-a", "member-b"]


def test_the_background_writes_soon_and_the_stop_writes_the_rest(exchange: World) -> None:
    trail = exchange.app.state.trail
    trail.start()
    before = size(exchange)
    for _ in range(20):
        exchange.as_("member-a").get(objects_url())
    trail.stop()
    assert size(exchange) == before + 20


def size(exchange: World) -> int:
    with exchange.store.reading() as db:
        return audit.size_of(db, "*")


def test_entries_can_be_neither_changed_nor_removed(exchange: World) -> None:
    for change in ("UPDATE audit SET account = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"), exchange.store.writing() as db:
            db.execute(change)
    assert len(everything(exchange)) > 0


def test_no_content_and_no_credential_comes_into_the_log(exchange: World) -> None:
    canary = "kqzxcanary"
    marked = indicator(name=canary, x_note=canary, labels=[canary], marks=["red"])
    member, stranger = exchange.as_("member-a"), exchange.as_("stranger")
    exchange.share("member-a", marked)
    member.get(object_url(marked["id"]))
    member.get(objects_url(), query=f"next={canary}&{canary}=1&limit={canary}")
    for query in (f"match[{canary}]=1", f"limit={canary}", f"added_after={canary}"):
        member.get(objects_url(), query=query)
    for path in (f"/exchange/collections/{canary}/objects/", object_url(canary), f"/functions/{canary}/{canary}/"):
        member.get(path)
        member.post(path, {"objects": [canary]})
    for header in (f"Bearer {canary}", basic(canary, canary), basic("member-a", canary), canary, f"Basic {canary}"):
        stranger.as_(header).get(objects_url())
    plain = f"/functions/submissions/?title={canary}&marking=green&attribution=attributed"
    sent = member.request("POST", plain.partition("?")[0], query=plain.partition("?")[2], body=canary.encode(),
                          content_type="text/plain", accept="application/json")  # fmt: skip
    assert sent.status == 201
    f.make(exchange, "member-a", "submissions", f.words(canary))
    setup.create_account(exchange.store, "extra", "north", "member", secret=canary)
    told = json.dumps(everything(exchange), ensure_ascii=False)
    assert len(everything(exchange)) > 20
    assert canary not in told
    assert all(secret not in told for secret in exchange.secrets.values())


def test_totals_agree_under_mixed_load(exchange: World) -> None:
    """As many objects as contributions say were taken, less what deletions say went; as many entries as requests."""
    live: list[str] = []
    asked = 0
    for number in range(120):
        account = ("member-a", "peer")[number % 2]
        made = [indicator(marks=["green"]) for _ in range(number % 4)]
        exchange.as_(account).post(objects_url(), {"objects": [*made, {"type": "nothing"}]})
        live += [one["id"] for one in made]
        exchange.as_("member-b").get(objects_url(), query=f"limit={1 + number % 7}")
        asked += 2
        if number % 3 == 0 and live:
            exchange.as_("operator").delete(object_url(live.pop(0)))
            asked += 1
        if number % 40 == 39:
            told = [one["entry"] for one in everything(exchange) if one["entry"]["action"] != "operate"]
            count = {kind: sum(one.get("count", 0) for one in told if one["action"] == kind) for kind in ACTIONS}
            held = exchange.seen("operator", "limit=1000&match[version]=all")
            assert count["contribute"] - count["delete"] == len(held) == len(live)
            asked += 1
            assert len(told) == asked - 1
            statuses = [one for one in told if one["action"] == "contribute"]
            with exchange.store.reading() as db:
                assert db.execute("SELECT count(*) FROM statuses").fetchone()[0] == len(statuses)


ACTIONS = ("read", "contribute", "delete")


def test_a_database_of_the_third_form_gets_a_log_and_a_key(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.share("member-a", indicator(marks=["green"]))
        made.store.close()
        with closing(sqlite3.connect(made.settings.database)) as db:
            db.execute("DELETE FROM meta WHERE name = 'audit_key'")
            take_back(db, 3)
        made.app = create_app(made.settings)
        member = Client(made.app, made.clients["member-b"].authorization)
        assert len(member.get(objects_url()).json["objects"]) == 1
        assert [brief(one["entry"])[:4] for one in everything(made)] == [("south", "member-b", "read", "objects")]
        assert faults(export(made), [head(made)], [key(made)]) == []
        setup.create_organization(made.store, "west", "West", "member")
        assert len(everything(made)) == 2
        again = setup.open_store(made.settings.database)
        assert again.audit_key == made.store.audit_key
        again.close()
        member.close()


def test_reading_the_log_is_on_record_too(exchange: World) -> None:
    lines(exchange, "member-a")
    assert [brief(one["entry"])[2:5] for one in lines(exchange, "member-a")] == [("read", "audit", "done")]
