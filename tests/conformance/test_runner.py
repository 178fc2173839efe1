"""The runner turns what probes do, and how they break, into the right outcome, and never into a pass by accident."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from isao_conformance import runner
from isao_conformance.creations import Creations
from isao_conformance.errors import NoAnswer, ReplayDivergence
from isao_conformance.exchange import Answer, Exchange, Key, Request
from isao_conformance.lab import Lab, slug
from isao_conformance.probe import Finding, Probe, Watcher
from isao_conformance.target import Actor, Target, basic_actor
from isao_conformance.verdict import Outcome
from isao_spec import load

ROW, SHOULD_ROW, WATCHED = "TAXII-3.4-2", "TAXII-8.2.2-3", "TAXII-2-4"
BASE = "http://host/"
COLLECTION = f"{BASE}api/collections/c1/"


class Scripted:
    """A conduit over a small honest exchange held in a dictionary: enough to open the gate."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.log: list[Exchange] = []

    def answer(self, request: Request, actor: Actor) -> Answer:
        if actor.name != "member-a":
            return Answer(401, (), b'{"title": "no"}')
        path = request.path.split("?")[0]
        told: dict[str, Any]
        if request.method == "POST":
            for stix in json.loads(request.body)["objects"]:
                self.stored[stix["id"]] = stix
            return Answer(202, (), b'{"status": "complete", "id": "s"}')
        if path == "/taxii2/":
            told = {"title": "t", "api_roots": ["/api/"]}
        elif path == "/api/collections/":
            told = {"collections": [{"id": "c1", "can_read": True, "can_write": True}]}
        elif "/objects/" in path:
            told = {"objects": list(self.stored.values())}
        else:
            return Answer(404, (), b'{"title": "no"}')
        return Answer(200, (), json.dumps(told).encode())

    def exchange(self, key: Key, request: Request, actor: Actor) -> Exchange:
        done = Exchange(key, request, self.answer(request, actor))
        self.log.append(done)
        return done

    def value(self, probe: str, name: str, ordinal: int, produce: Callable[[], Any]) -> Any:
        return produce()

    def pause(self, seconds: float) -> None:
        pass

    def all_exchanges(self) -> list[Exchange]:
        return sorted(self.log, key=lambda e: e.key)


class Shut(Scripted):
    """Lets everybody in: the third proof of the gate fails."""

    def answer(self, request: Request, actor: Actor) -> Answer:
        return super().answer(request, basic_actor("member-a", "a", "b"))


def target(**changes: Any) -> Target:
    actors = {"member-a": basic_actor("member-a", "a", "b"), "outsider": Actor("outsider")}
    told: dict[str, Any] = {"write": (COLLECTION,), "actors": actors, **changes}
    return Target("t", BASE, ("http://host",), ("taxii-server",), f"{BASE}taxii2/", **told)


def judge(
    monkeypatch: pytest.MonkeyPatch,
    *probes: Callable[[Lab], None],
    row: str = ROW,
    watchers: tuple[Watcher, ...] = (),
    conduit: Scripted | None = None,
    needs: tuple[str, ...] = (),
    read_only: bool = False,
    **changes: Any,
) -> runner.Judged:
    """Run nothing but these probes for one row and return its judgement."""
    made = {p.__name__: Probe(row, "", p, needs) for p in probes}
    monkeypatch.setattr(runner, "all_probes", lambda: made)
    monkeypatch.setattr(runner, "all_watchers", lambda: {w.name: w for w in watchers})
    catalogue = load()
    plan = runner.Plan(target(**changes), catalogue, (catalogue.requirements[row],), "seed", read_only)
    told: list[tuple[str, int]] = []
    done = runner.execute(plan, conduit or Scripted(), Creations(), lambda s, j: told.append((s, len(j))))
    assert told == [(catalogue.requirements[row].function, 1)], "each group is announced once"
    return done.judged[0]


def passes(lab: Lab) -> None:
    lab.expect(True, "it holds")


def breaks(lab: Lab) -> None:
    lab.expect(False, "it breaks", expected="this", got="that")


def softly(lab: Lab) -> None:
    lab.expect(False, "it is odd", soft=True)


def silent(lab: Lab) -> None:
    lab.reader.get(BASE)


def crashes(lab: Lab) -> None:
    lab.expect(True, "so far so good")
    raise KeyError("ours")


def unanswered(lab: Lab) -> None:
    lab.expect(True, "so far so good")
    raise NoAnswer("gone")


def uncontrolled(lab: Lab) -> None:
    lab.control(False, "the twin did not succeed", "TAXII-3.4-1")


def elsewhere(lab: Lab) -> None:
    lab.reader.get("http://169.254.169.254/latest/")


def diverges(lab: Lab) -> None:
    raise ReplayDivergence("not recorded")


@pytest.mark.parametrize(
    ("probes", "row", "outcome"),
    [
        ([passes], ROW, Outcome.PASS),
        ([breaks], ROW, Outcome.FAIL),
        ([breaks], SHOULD_ROW, Outcome.WARN),
        ([softly], ROW, Outcome.WARN),
        ([passes, breaks], ROW, Outcome.FAIL),
        ([silent], ROW, Outcome.ERROR),
        ([crashes], ROW, Outcome.ERROR),
        ([crashes, breaks], ROW, Outcome.ERROR),
        ([unanswered], ROW, Outcome.UNTESTABLE),
        ([unanswered, breaks], ROW, Outcome.FAIL),
        ([uncontrolled], ROW, Outcome.UNTESTABLE),
        ([elsewhere], ROW, Outcome.UNTESTABLE),
        ([diverges], ROW, Outcome.ERROR),
        ([], ROW, Outcome.ERROR),
    ],
)
def test_what_a_probe_does_decides_the_outcome(
    monkeypatch: pytest.MonkeyPatch, probes: list[Callable[[Lab], None]], row: str, outcome: Outcome
) -> None:
    assert judge(monkeypatch, *probes, row=row).outcome is outcome


def test_a_closed_gate_lets_nothing_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = judge(monkeypatch, passes, conduit=Shut())
    assert (judged.outcome, judged.blocked_by) == (Outcome.UNTESTABLE, "gate exchange")
    assert "a wrong credential refused" in judged.reason


@pytest.mark.parametrize(
    ("needs", "changes", "blocked_by"),
    [
        (("member-b",), {}, "actor member-b"),
        (("writable",), {"write": ()}, "capability write"),
        (("writable",), {"read_only": True}, "option --read-only"),
        (("deletable",), {}, "option may_delete"),
        (("tls",), {}, "an https base_url"),
        (("two-collections",), {}, "capability several-collections"),
        (("capability-document",), {}, "ISAO-GOV-001"),
    ],
)
def test_a_missing_need_blocks_and_names_itself(
    monkeypatch: pytest.MonkeyPatch, needs: tuple[str, ...], changes: dict[str, Any], blocked_by: str
) -> None:
    conduit = Scripted()
    conduit.stored = {f"x--{n}": {"id": f"x--{n}"} for n in range(2)}
    monkeypatch.setattr(runner.gate, "exchange_gate", lambda lab: [runner.gate.Proof("shown", True, "by the test")])
    judged = judge(monkeypatch, passes, needs=needs, conduit=conduit, **changes)
    assert (judged.outcome, judged.blocked_by) == (Outcome.UNTESTABLE, blocked_by)


def test_a_capability_declared_absent_makes_its_rows_inapplicable(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = judge(monkeypatch, breaks, row="TAXII-3.5-1", absent={"next-cursor": "we page by date"})
    assert judged.outcome is Outcome.INAPPLICABLE
    assert "we page by date" in judged.reason


def test_a_capability_declared_absent_and_seen_at_work_fails_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = judge(monkeypatch, passes, row="TAXII-4.3.1-1", absent={"write": "we take nothing"})
    assert judged.outcome is Outcome.FAIL
    assert judged.checks[0].name == "declared_absent_and_seen_at_work"


def looks_at_nothing(exchange: Exchange) -> bool:
    return False


def likes_everything(exchange: Exchange) -> bool:
    return True


def dislikes_discovery(exchange: Exchange) -> Finding | bool:
    return Finding("none", "one") if exchange.request.url.endswith("/taxii2/") else True


def raises(exchange: Exchange) -> bool:
    raise ValueError("ours")


@pytest.mark.parametrize(
    ("look", "outcome"),
    [
        (looks_at_nothing, Outcome.UNTESTABLE),
        (likes_everything, Outcome.PASS),
        (dislikes_discovery, Outcome.FAIL),
        (raises, Outcome.ERROR),
    ],
)
def test_a_watcher_judges_all_exchanges_once(
    monkeypatch: pytest.MonkeyPatch, look: Callable[[Exchange], Any], outcome: Outcome
) -> None:
    judged = judge(monkeypatch, row=WATCHED, watchers=(Watcher(WATCHED, "", look),))
    assert judged.outcome is outcome
    assert len(judged.checks) == 1


def test_a_fixture_is_made_once_and_its_failure_reaches_every_user(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def shared(lab: Lab) -> str:
        made.append(lab.name)
        lab.no_verdict("the fixture cannot be made")
        return ""

    def first(lab: Lab) -> None:
        lab.fixture(shared)

    def second(lab: Lab) -> None:
        lab.fixture(shared)

    judged = judge(monkeypatch, first, second)
    assert made == ["fixture_shared"]
    assert [c.got for c in judged.checks] == ["the fixture cannot be made"] * 2


def test_the_same_seed_draws_the_same_and_another_probe_draws_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, str, int]] = []

    def one(lab: Lab) -> None:
        drawn.append((lab.uuid(), lab.token(), lab.choice(range(10**6))))
        passes(lab)

    def two(lab: Lab) -> None:
        one(lab)

    judge(monkeypatch, one)
    judge(monkeypatch, one)
    judge(monkeypatch, two)
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][0][14] == "4"


def test_check_names_are_slugs() -> None:
    assert slug("The RESTRICTED object, v2.1, is not!") == "the_restricted_object_v2_1_is_not"
