"""Records of one contract on a target, as a probe makes them, reads them, takes their steps and ends them.

What may be done with them is decided in `function_paths`, what is sent in `function_documents`; here it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from isao_conformance import distribution, function_documents, function_paths
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_api import Functions, functions_of, offered
from isao_conformance.function_paths import Cast, Move, People
from isao_conformance.lab import Lab
from isao_conformance.readers import REFUSALS, reads
from isao_conformance.target import Actor
from isao_spec import load
from isao_spec.contract import Contract, State, Step

LABEL = "green"
APPLICANT = "applicant"
PAGE = 200
"""Records asked for on one page of a list: the most that the contract of the API promises."""


@dataclass
class Record:
    """A record that the run made. `state` and `shown` are as its keeper was last shown them; `taken` are the steps that
    the run took; `spoiled` says that something was done to it that nobody may do."""

    id: str
    state: str
    shown: Mapping[str, Any]
    taken: list[Move] = field(default_factory=list)
    spoiled: bool = False

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """What was done with it, as its keeper was last shown."""
        told = self.shown.get("history")
        return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


@dataclass(frozen=True)
class Sent:
    """A step as it was requested, and the answer."""

    answer: Answer
    document: Any
    tag: str | None
    key: str | None


class Bench:
    """One contract of a target in the hands of a probe."""

    def __init__(self, lab: Lab, contract: Contract, people: People) -> None:
        self.lab = lab
        self.contract = contract
        self.people = people
        self.moves = people.moves()
        self.keeper = (*people.staff, people.cast.creator)[0]
        self._subject = ""

    @property
    def resource(self) -> str:
        """The contract's name in addresses and in the names of checks."""
        return self.contract.resource

    def api(self, actor: str) -> Functions:
        """The function API as an account uses it."""
        return functions_of(self.lab, actor)

    def state(self, record: Record) -> State:
        """Where a record stands, by the contract."""
        return self.contract.states[record.state]

    # --- documents ------------------------------------------------------------------------------

    def documents(self, schema: str, record: Record | None = None, fresh: bool = False) -> list[dict[str, Any]]:
        """The valid documents that the schema's examples give; `fresh` ones are about an item of their own."""
        values = {"run": f"{self.lab.run}-{self.lab.token(8)}", "uuid": self.lab.uuid(), "object": "", "sha256": ""}
        if function_documents.needs_object(schema):
            values["object"] = self._item(fresh)
        if record is not None:
            told = record.shown.get("facts")
            values["sha256"] = str(record.shown.get("sha256", told.get("sha256") if isinstance(told, Mapping) else ""))
        return function_documents.examples(schema, self.lab.now(), values)

    def valid(self, word: str, variant: int = 0, fresh: bool = False) -> dict[str, Any]:
        """A valid document for a new record, with a word in it by which it is known again."""
        document = self.documents(self.contract.document, fresh=fresh)[variant]
        return function_documents.marked(self.contract.document, document, word)

    def document(self, step: Step, record: Record) -> Any:
        """A valid document for a step; None for a step that takes none."""
        return self.documents(step.takes, record)[0] if step.takes else None

    @property
    def variants(self) -> range:
        """Numbers of the valid documents that a record can be made from."""
        return range(len(function_documents.examples_of(self.contract.document)))

    def _item(self, fresh: bool) -> str:
        """The id of an item that records are about, shared and shown to whom the contract needs it to be shown."""
        if not self._subject or (fresh and function_paths.OF_ONES_OWN in self.contract.create.effects):
            cast = self.people.cast
            stix = self.lab.share(LABEL, by=cast.subject_by)
            for name in dict.fromkeys((*cast.given_to, cast.creator)):
                if name != cast.subject_by and reads(self.lab, name, self.lab.workspace, stix["id"]) is None:
                    raise Untestable(f"{name} is not shown the item that {self.resource} are to be about")
            self._subject = str(stix["id"])
        return self._subject

    # --- records --------------------------------------------------------------------------------

    def make(self, variant: int = 0, key: str | None = None) -> Record:
        """Make a record. Untestable when the target refuses it: the row that the creation serves says so."""
        answer = self.api(self.people.cast.creator).create(
            self.resource, self.valid(self.lab.token(8), variant, fresh=True), key=key
        )
        return self.made(answer)

    def made(self, answer: Answer) -> Record:
        """The record that an answer to a creation names. Untestable when there is none."""
        identifier = answer.resource.get("id")
        if not 200 <= answer.status < 300 or not isinstance(identifier, str):
            creator, row = self.people.cast.creator, self.contract.create.serves
            raise Untestable(f"{creator} could not make one of the {self.resource}: {answer.brief()}", row)
        record = Record(identifier, "", {})
        self.read(record)
        return record

    def read(self, record: Record) -> Answer:
        """Look the record up as its keeper. Untestable when that fails or shows no state of the contract."""
        answer = self.api(self.keeper).get(self.resource, record.id)
        state = answer.resource.get("state")
        if answer.status != 200 or state not in self.contract.states:
            raise Untestable(
                f"{self.keeper} is not shown a record of {self.resource}: {answer.brief()}", "ISAO-API-004"
            )
        record.state, record.shown = str(state), answer.resource
        return answer

    def unchanged(self, record: Record) -> bool:
        """Whether the record still reads as when it was last looked up; if not, it is spoiled."""
        before = _substance(record.shown)
        self.read(record)
        record.spoiled = record.spoiled or _substance(record.shown) != before
        return not record.spoiled

    def tag(self, record: Record, actor: str) -> str | None:
        """The entity tag of the record as this account is shown it."""
        return self.api(actor).get(self.resource, record.id).header("etag")

    def take(
        self,
        record: Record,
        move: Move,
        key: str | None = None,
        document: Any = ...,
        tag: Any = ...,
    ) -> Sent:
        """Request a step, with a valid document and, where it replaces the record's, with the current entity tag,
        unless others are given."""
        if document is ...:
            document = self.document(move.step, record)
        if tag is ...:
            tag = self.tag(record, move.actor) if move.step.replaces else None
        answer = self.api(move.actor).step(self.resource, record.id, move.step.name, document, tag=tag, key=key)
        return Sent(answer, document, tag, key)

    def move(self, record: Record, move: Move, key: str | None = None) -> Sent:
        """Take a step that the contract allows. Untestable when it is refused: the row that it serves says so."""
        sent = self.take(record, move, key)
        if not 200 <= sent.answer.status < 300:
            where = f"{self.resource}/{move.step.name} by {move.actor} in {record.state}"
            raise Untestable(f"{where} is refused: {sent.answer.brief()}", move.step.serves)
        record.taken.append(move)
        self.read(record)
        return sent

    def has_taken(self, record: Record, step: Step, name: str) -> bool:
        """Whether the account's organization has taken the step of this record."""
        return any(m.step == step and self.people.same_organization(m.actor, name) for m in record.taken)

    def end(self, record: Record) -> None:
        """Bring a record to the end of its life where the contract has one, so that it stands in nobody's way."""
        try:
            if record.spoiled:
                self.read(record)
            last = function_paths.closing(self.contract, record.state, self.moves)
            if last is not None:
                self.take(record, last)
        except Untestable:
            pass  # it stands in the report as left over

    def with_word(self, word: str) -> list[str]:
        """The ids of the records, among all that the keeper is listed, in which a word occurs."""
        found = []
        for page in self.pages(self.keeper):
            found += [str(one.get("id")) for one in page if word in json.dumps(one, ensure_ascii=False)]
        return found

    def pages(self, actor: str) -> Iterator[list[Mapping[str, Any]]]:
        """The list of records that an account is shown, page by page."""
        yield from self.api(actor).pages(self.resource, limit=PAGE)


Before = Callable[[Record, bool, Move | None], None]
After = Callable[[Record, Move, Sent], None]


def tour(bench: Bench, before: Before, after: After = lambda _r, _m, _s: None, keyed: bool = False) -> list[Move]:
    """Bring records through every state and every step that the run's accounts can take; the moves done, in order.

    `before(record, first, move)` is called in each state, with whether it is the first visit there and the next move
    when it was not taken before; `after` when it was taken. A record that is spoiled is left. Each record is ended.
    """
    done: dict[Move, None] = {}
    visited: set[str] = set()
    for variant in bench.variants:
        start = ""
        while not start or function_paths.toward_new(start, bench.moves, done, visited):
            record = bench.make(variant)
            start = record.state
            try:
                _walk(bench, record, done, visited, before, after, keyed)
            finally:
                bench.end(record)
            if record.spoiled:
                break
    return list(done)


def _walk(
    bench: Bench, record: Record, done: dict[Move, None], visited: set[str], before: Before, after: After, keyed: bool
) -> None:
    while True:
        first = record.state not in visited
        visited.add(record.state)
        way = function_paths.toward_new(record.state, bench.moves, done, visited)
        before(record, first, way[0] if way and way[0] not in done else None)
        if record.spoiled or not way:
            return
        sent = bench.move(record, way[0], bench.lab.token(32) if keyed else None)
        done[way[0]] = None
        after(record, way[0], sent)
        if record.spoiled:
            return


def benches(lab: Lab, singular: bool) -> Iterator[Bench]:
    """A bench for each contract of the offered functions whose records the lent accounts can make: those whose records
    stand in each other's way, or the others. The former need a target that says may_decide."""
    if singular and not lab.target.may_decide:
        return
    functions, actors = offered(lab), _as_they_were_lent(lab)
    for contract in load().contracts.values():
        if contract.function not in functions or function_paths.singular(contract) is not singular:
            continue
        cast = function_paths.cast_of(contract, actors)
        if cast is not None:
            yield Bench(lab, contract, _people(lab, contract, cast, actors))


def _as_they_were_lent(lab: Lab) -> dict[str, Actor]:
    """The lent accounts, without an applicant that belongs by now, or was cut off: it is not what it was lent as."""
    actors = dict(lab.target.actors)
    if APPLICANT in actors and "memberships" in load().contracts:
        own = functions_of(lab, APPLICANT).list("memberships")
        belongs = any(isinstance(one, dict) and one.get("state") == "active" for one in own.list_of("records"))
        if belongs or own.status in REFUSALS:
            del actors[APPLICANT]
    return actors


def _people(lab: Lab, contract: Contract, cast: Cast, actors: Mapping[str, Actor]) -> People:
    people = People(contract, actors, cast, may_decide=lab.target.may_decide)
    if not contract.marking:
        return people
    try:
        declared = distribution.declared(lab.survey.capability_document)
    except ValueError:
        return people
    return replace(people, distribution=declared, label=LABEL)


def _substance(shown: Mapping[str, Any]) -> tuple[Any, ...]:
    return shown.get("state"), shown.get("document"), shown.get("history")
