"""What a probe has in its hands: actors, content, and the words to say what it saw.

Everything that could differ between two runs comes from here: ids and choices are drawn from
HMAC(seed, probe), the clock is a recorded input. So a replay repeats a probe exactly.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

from isao_conformance import content
from isao_conformance.creations import PUBLICATION, RECORD, Creations
from isao_conformance.errors import Untestable
from isao_conformance.evidence import Conduit
from isao_conformance.exchange import Answer, Key
from isao_conformance.limits import LIMITS
from isao_conformance.session import READ_ONLY, Session
from isao_conformance.survey import Survey
from isao_conformance.target import OUTSIDER, Actor, Target, basic_actor, bearer_actor
from isao_conformance.verdict import Outcome

T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One named observation. `met` None means that it could not be made; `soft` can only warn."""

    name: str
    met: bool | None
    expected: str = ""
    got: str = ""
    exchanges: tuple[str, ...] = ()
    blocked_by: str = ""
    soft: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True)
class World:
    """What all labs of a run share."""

    target: Target
    conduit: Conduit
    seed: str
    survey: Survey
    creations: Creations
    read_only: bool
    fixture: Callable[[Callable[[Lab], Any]], Any]
    surveyors: Mapping[str, Session] = field(default_factory=dict)
    measures: dict[str, Any] = field(default_factory=dict)
    benches: list[Lab] = field(default_factory=list)
    """The labs of the shared fixtures: what a fixture was answered is evidence of the probes that judge it."""


class Lab:
    """The bench of one probe. Not shared between threads."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.name = name
        self.target = world.target
        self.survey = world.survey
        self.run = run_mark(world.seed)
        self.checks: list[Check] = []
        self._drawn = 0
        self._clock = 0
        self._ordinals = count(1)
        self._sessions: dict[str, Session] = {}

    # --- actors ---------------------------------------------------------------------------

    def as_(self, actor: str) -> Session:
        """The session of an actor. Raises Untestable, blocked by that actor, when the operator lent none."""
        if actor not in self.target.actors:
            raise Untestable(f"the target file has no [actors.{actor}]", blocked_by=f"actor {actor}")
        return self._session(self.target.actors[actor])

    @property
    def reader(self) -> Session:
        """The session of the primary actor, who reads and writes when one account is enough."""
        return self.as_(self.survey.primary)

    @property
    def outsider(self) -> Session:
        """A session without credentials."""
        return self.as_(OUTSIDER)

    def wrong_credentials(self, of: str | None = None) -> Session:
        """A session with a made-up user and secret in the scheme that works for `of` (default: the primary actor).

        A made-up key where that is a certificate: a made-up certificate would not pass the handshake.
        """
        like = self.target.actors[of or self.survey.primary]
        if not like.signs_in:
            raise Untestable("no account with credentials is lent", blocked_by="capability authentication")
        name = f"nobody-instead-of-{like.name}"
        made_up = self.token(32)
        actor = (
            bearer_actor(name, made_up)
            if like.scheme != "basic"
            else basic_actor(name, f"nobody-{self.token(8)}", made_up)
        )
        # Made up, so not a secret: evidence shows it and a reproduction sends the very same.
        return self._session(Actor(name, actor.scheme, actor.authorization))

    def wrong_secret(self, of: str) -> Session:
        """A session with the user name of an actor and a made-up password. Untestable for other schemes than Basic."""
        like = self.target.actors[of]
        if like.scheme != "basic" or like.authorization is None:
            raise Untestable(f"{of} does not sign in with a password", blocked_by="capability authentication")
        # Evidence shows a placeholder, since user names are nobody's business.
        return self._session(basic_actor(f"{of}-with-a-wrong-secret", like.username, self.token(32)))

    def _session(self, actor: Actor) -> Session:
        if actor.name not in self._sessions:
            self._sessions[actor.name] = Session(
                self._world.conduit,
                self.name,
                actor,
                self.target.origins,
                self._ordinals,
                self._world.read_only,
            )
        return self._sessions[actor.name]

    # --- the same in a replay ---------------------------------------------------------------

    def _draw(self) -> bytes:
        self._drawn += 1
        return hmac.digest(self._world.seed.encode(), f"{self.name}\n{self._drawn}".encode(), hashlib.sha256)

    def uuid(self) -> str:
        """A version 4 UUID drawn from the seed."""
        return str(UUID(bytes=self._draw()[:16], version=4))

    def token(self, length: int = 16) -> str:
        """A random lower-case hexadecimal word of up to 64 characters."""
        return self._draw().hex()[:length]

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int.from_bytes(self._draw()[:8]) % len(items)]

    def now(self) -> datetime:
        """The time in UTC: an input, recorded for replays."""
        self._clock += 1
        stamp = self._world.conduit.value(self.name, "now", self._clock, lambda: datetime.now(UTC).timestamp())
        return datetime.fromtimestamp(float(stamp), UTC)

    def username_of(self, session: Session) -> str:
        """The user name that an account signs in with, "" for other schemes than Basic: an input, recorded for replays,
        since what names an account tells its name anyway."""
        actor = session.actor
        told = self._world.conduit.value(
            self.name, f"username of {actor.name}", 1, lambda: actor.username if actor.scheme == "basic" else ""
        )
        return str(told)

    def wait(self, seconds: float) -> None:
        """Pause politely (live runs only)."""
        self._world.conduit.pause(seconds)

    def poll(self, ask: Callable[[], T | None], seconds: float = LIMITS.poll_seconds) -> T | None:
        """Call `ask` until it returns something other than None, at most for `seconds`."""
        started = self.now()
        while (found := ask()) is None:
            if (self.now() - started).total_seconds() > seconds:
                return None
            self.wait(LIMITS.poll_interval_seconds)
        return found

    # --- content ----------------------------------------------------------------------------

    @property
    def workspace(self) -> str:
        """URL of the collection that the operator allows the run to write to. Untestable when there is none."""
        if self._world.read_only:
            raise READ_ONLY
        if not self.target.write:
            raise Untestable("the target file names no collection under [taxii] write", blocked_by="capability write")
        return self.target.write[0]

    def indicator(self, label: str | None = None, **properties: Any) -> dict[str, Any]:
        """A new indicator with the run's mark; see `content.indicator`."""
        return content.indicator(self.uuid(), self.run, label, **properties)

    def new(self, make: Callable[..., dict[str, Any]], *args: Any, **properties: Any) -> dict[str, Any]:
        """A new object by one of the makers of `content`: `lab.new(content.sighting, indicator_id)`."""
        return make(self.uuid(), self.run, *args, **properties)

    def publish(
        self,
        objects: Iterable[Mapping[str, Any]],
        by: str | None = None,
        collection: str | None = None,
    ) -> Answer:
        """Add objects and wait until the status is complete; returns the answer to the POST.

        They are written down for clean-up first. Raises Untestable when the target refuses them or keeps them
        pending: an object that was not accepted is no fixture (a server may refuse or hold content).
        """
        if self._world.read_only:
            raise READ_ONLY
        listed = [dict(stix) for stix in objects]
        session = self.as_(by) if by else self.reader
        where = collection or self.workspace
        self._world.creations.add(where, session.actor.name, [stix["id"] for stix in listed])
        answer = session.add(where, listed)
        if answer.status != 202:
            raise Untestable(f"the target did not take the objects this probe needs: {answer.brief()}")
        final = self.completed(session, answer)
        refused = final.list_of("failures")
        if refused or final.resource.get("failure_count"):
            raise Untestable(f"the target refused objects this probe needs: {str(refused)[:300]}")
        return answer

    def created(self, collection: str, ids: Iterable[str], by: str | None = None) -> None:
        """Write down for clean-up what a probe is about to create without `publish`."""
        if self._world.read_only:
            raise READ_ONLY
        self._world.creations.add(collection, by or self.survey.primary, list(ids))

    def recorded(self, url: str, actor: str, record: str) -> None:
        """Write down a record of the function API at `url` that the target says it made."""
        self._world.creations.add(url, actor, [record], RECORD)

    def published(self, url: str, actor: str, ids: Iterable[str]) -> None:
        """Write down STIX objects that the target says it published for a record of the function API at `url`."""
        self._world.creations.add(url, actor, list(ids), PUBLICATION)

    def completed(self, session: Session, answer: Answer) -> Answer:
        """Poll the status resource of a 202 answer until it is complete. Untestable while it stays pending."""
        if answer.resource.get("status") != "pending":
            return answer
        status_id = str(answer.resource.get("id"))

        def ask() -> Answer | None:
            now = session.status(self.survey.api_root, status_id)
            return now if now.resource.get("status") == "complete" else None

        final = self.poll(ask)
        if final is None:
            raise Untestable(f"the status {status_id} is still pending after {LIMITS.poll_seconds:.0f} s")
        return final

    def share(
        self,
        label: str | None = None,
        by: str | None = None,
        collection: str | None = None,
        **properties: Any,
    ) -> dict[str, Any]:
        """Publish one new indicator with a TLP 2.0 label and return it."""
        stix = self.indicator(label, **properties)
        self.publish([stix], by=by, collection=collection)
        return stix

    def walk(self, fetch: Callable[..., Answer], *args: Any, **query: Any) -> list[Answer]:
        """All pages of a query, following `next`, or added_after where `more` comes without `next` (3.5).

        `fetch` is a bound method such as `session.objects`. The list ends with the last page, or with the first
        answer that is not 200. Raises Untestable when the walk does not end or repeats a cursor.
        """
        pages: list[Answer] = []
        seen: set[str] = set()
        position: dict[str, Any] = {}
        while True:
            page = fetch(*args, **{**query, **position})
            pages.append(page)
            if page.status != 200 or not page.more:
                return pages
            cursor = page.next or page.header("x-taxii-date-added-last") or ""
            if not cursor or cursor in seen or len(pages) >= LIMITS.walk_pages:
                raise Untestable(
                    f"the walk stopped after {len(pages)} pages: "
                    + ("the cursor repeats" if cursor in seen else "no way to go on, or too many pages")
                )
            seen.add(cursor)
            position = {"next": page.next} if page.next else {"added_after": cursor}

    def fixture(self, make: Callable[[Lab], T]) -> T:
        """The shared read-only result of a fixture function, made once a run. Its failures reach every user."""
        result: T = self._world.fixture(make)
        return result

    # --- saying what was seen -----------------------------------------------------------------

    def expect(
        self,
        met: bool,
        name: str,
        *,
        expected: str = "",
        got: Any = "",
        soft: bool = False,
        seen: Iterable[Answer] = (),
        place: str = "",
    ) -> bool:
        """Record a check of this probe's own clause and return `met`. `name` is a sentence and public API; it stands
        below the probe's name or, for checks derived from a contract, below their `place` there (alerts/issue).

        Its evidence is the answers in `seen`, or the one given as `got`; without either, the last exchange of each
        session; for a probe that asked nothing itself, the capability document. A `soft` check can only warn.
        """
        told = got.brief() if isinstance(got, Answer) else str(got)
        answers = [*seen] or [got] if isinstance(got, Answer) else [*seen]
        evidence = tuple(str(key) for key in self._evidence(answers))
        check = Check(
            f"{place or self.name}/{slug(name)}", bool(met), expected or name, told[:600], evidence, soft=soft
        )
        self.checks.append(check)
        return bool(met)

    def _evidence(self, answers: list[Answer]) -> list[Key]:
        last = [session.last.key for session in self._sessions.values() if session.last is not None]
        if not answers and not last and self.survey.capability is not None:
            answers = [self.survey.capability]
        shared = [session for lab in list(self._world.benches) for session in lab._sessions.values()]
        sessions = [*self._sessions.values(), *self._world.surveyors.values(), *shared]
        keys = (session.key_of(answer) for answer in answers for session in sessions)
        return [key for key in keys if key is not None] or last

    def control(self, met: bool, because: str, blocked_by: str = "") -> None:
        """The twin that must succeed. If it does not, nothing is judged: raises Untestable saying why."""
        if not met:
            raise Untestable(f"the control did not hold: {because}", blocked_by)

    def no_verdict(self, why: str, blocked_by: str = "") -> None:
        """End the probe without a verdict."""
        raise Untestable(why, blocked_by)

    def measure(self, name: str, value: float, unit: str, of: str = "") -> None:
        """Report a number beside the verdicts; it never decides one. `of` is the measure of a function contract that
        it is a sample of: its threshold stands beside it in the report."""
        told = {"value": round(value, 4), "unit": unit, "probe": self.name}
        self._world.measures[name] = {**told, "of": of} if of else told

    def measure_all(self, name: str, seconds: Sequence[float], of: str = "") -> None:
        """Report p50, p95 and the longest of some durations (nearest rank: each is one of them)."""
        ordered = sorted(seconds)
        for word, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0)):
            self.measure(f"{name}, {word}", ordered[max(0, ceil(share * len(ordered)) - 1)], "s", of)


def run_mark(seed: str) -> str:
    """The mark that everything created by a run carries."""
    return f"run-{hmac.digest(seed.encode(), b'run', hashlib.sha256).hex()[:12]}"


def slug(sentence: str) -> str:
    """A sentence as a slug: lower case, words joined by underscores."""
    return "_".join("".join(c if c.isalnum() else " " for c in sentence.lower()).split())
