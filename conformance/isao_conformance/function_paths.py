"""From a contract and the lent accounts: who may do what with a record, and the way through its states.

Pure: no I/O, no lab. What depends on the server (in which state a new record stands, who was given an item) comes in
as arguments. Where the contract leaves it to the server whether an account is named, nothing is said of it: None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from isao_conformance.distribution import ACCOUNT, ORGANIZATION, Distribution, relation_of
from isao_conformance.target import OUTSIDER, Actor
from isao_spec.contract import Contract, Readers, Role, State, Step

ROLE_OF: Mapping[str, Role] = {
    "operator": Role.OPERATOR,
    "analyst": Role.ANALYST,
    "member-a": Role.MEMBER,
    "member-b": Role.MEMBER,
    "member-a2": Role.MEMBER,
    "peer": Role.PEER,
    "government": Role.GOVERNMENT,
    "applicant": Role.APPLICANT,
}
"""What each lent account is, in the order in which accounts are preferred. The ex-member is judged by ISAO-MEM-005."""

STAFF = ("operator", "analyst")
UNMANNED = frozenset({Role.CLOCK, Role.EXCHANGE})
LETS_IN = "standing-"
"""Effects that change what a lent account is, for longer than the run, begin so."""
SINGULAR = frozenset({"one-for-each-organization", "take-the-place-of-the-last"})
"""Effects by which one record of a contract stands in the way of another."""
OF_ANOTHER, OF_ONES_OWN = "route-to-originator", "the-item-is-the-callers-to-recall"
"""Effects that say whose the item is that a record is about."""


@dataclass(frozen=True)
class Cast:
    """Who makes the records of a contract. `subject_by` shares the item that it is about ("" for none), `given_to`
    are the accounts whose organizations the record will name."""

    creator: str
    subject_by: str = ""
    given_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A step and the account that takes it."""

    step: Step
    actor: str


@dataclass(frozen=True)
class People:
    """The lent accounts as they stand to the records of one contract. `label` is the TLP label of its documents."""

    contract: Contract
    actors: Mapping[str, Actor]
    cast: Cast
    distribution: Distribution | None = None
    label: str = ""
    may_decide: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The lent accounts in order, the outsider last."""
        return (*(name for name in ROLE_OF if name in self.actors), OUTSIDER)

    @property
    def staff(self) -> tuple[str, ...]:
        """The exchange's own accounts among them."""
        return tuple(name for name in STAFF if name in self.actors)

    def same_organization(self, one: str, other: str) -> bool:
        """Whether two lent accounts belong to one organization."""
        if one in STAFF or other in STAFF:
            return one in STAFF and other in STAFF
        if OUTSIDER in (one, other):
            return one == other
        return relation_of(self.actors[one], self.actors[other]) in (ACCOUNT, ORGANIZATION)

    def reads(self, name: str, state: State) -> bool | None:
        """Whether the contract gives an account to read a record in a state; None where that is the server's own."""
        if name == OUTSIDER and state.readers is not Readers.MARKING:
            return False
        if name in STAFF or self.same_organization(name, self.cast.creator):
            return True
        if state.readers is Readers.ORGANIZATIONS:
            return True
        if state.readers is Readers.PARTIES:
            return any(self.same_organization(name, one) for one in self.cast.given_to)
        if self.distribution is None or self.label == "":
            return None
        relation = relation_of(self.actors[name], self.actors[self.cast.creator])
        return self.distribution.promises(self.label, relation)

    def names_in(self, name: str, step: Step, state: State | None) -> bool | None:
        """Whether a step names an account, in a state (None: the making); None where nobody can tell from outside."""
        role = ROLE_OF.get(name)
        if role is None:
            return False
        if role in step.by:
            return True
        if state is None:
            return False
        own = self.same_organization(name, self.cast.creator)
        if Role.CONTRIBUTOR in step.by and own:
            return True
        if Role.RECIPIENT in step.by and not own and name not in STAFF:
            return self.reads(name, state)
        return False

    def able(self, step: Step, state: State) -> Iterator[str]:
        """The accounts that a step names and that can read the record in the state, in order of preference."""
        for name in self.names:
            if self.names_in(name, step, state) and self.reads(name, state):
                yield name

    def unnamed(self, step: Step, state: State | None) -> list[str]:
        """The accounts that a step surely does not name; None: for the making of a record."""
        return [name for name in self.names if self.names_in(name, step, state) is False]

    def moves(self) -> list[Move]:
        """The steps that the run may take and come to, each with the account that takes it, in the contract's order."""
        found = []
        for step in self.contract.steps.values():
            actor = next((n for source in step.sources for n in self.able(step, self.contract.states[source])), None)
            if actor is not None and not costly(step) and (self.may_decide or not decides(self.contract, step)):
                found.append(Move(step, actor))
        reached, size = {self.contract.create.to}, 0
        by_itself = [step for step in self.contract.steps.values() if UNMANNED & set(step.by)]
        while size != len(reached):
            size = len(reached)
            for step in (*by_itself, *(move.step for move in found)):
                if reached & set(step.sources):
                    reached.add(step.to)
        return [move for move in found if reached & set(move.step.sources)]


def cast_of(contract: Contract, actors: Mapping[str, Actor]) -> Cast | None:
    """Who makes the records of a contract among the lent accounts; None when none of them may."""
    people = People(contract, actors, Cast(OUTSIDER))
    able = [name for name in people.names if ROLE_OF.get(name) in contract.create.by]
    members = [name for name in people.names if ROLE_OF.get(name) is Role.MEMBER]
    if OF_ANOTHER in contract.create.effects:
        pairs = [(one, owner) for owner in members for one in able if not people.same_organization(one, owner)]
        # A member's feedback to a member first: staff and partners may be named by other steps too.
        pairs.sort(key=lambda pair: ROLE_OF[pair[0]] is not Role.MEMBER)
        return next((Cast(creator, owner, (owner,)) for creator, owner in pairs), None)
    if not able:
        return None
    # Roles stand in a contract in the order in which it is mostly done.
    creator = min(able, key=lambda name: contract.create.by.index(ROLE_OF[name]))
    if OF_ONES_OWN in contract.create.effects:
        others = [name for name in members if not people.same_organization(name, creator)]
        return Cast(creator, creator, tuple(others[:1]))
    return Cast(creator)


def singular(contract: Contract) -> bool:
    """Whether a record of the contract stands in the way of another: such records are made one after the other."""
    return any(SINGULAR & set(step.effects) for step in contract.all_steps)


def decides(contract: Contract, step: Step) -> bool:
    """Whether a step brings a record before more than its parties. Only a target that says may_decide is asked for
    it."""
    hidden = any(contract.states[source].readers is Readers.PARTIES for source in step.sources)
    return hidden and contract.states[step.to].readers is not Readers.PARTIES


def costly(step: Step) -> bool:
    """Whether a step lets a lent account in or out: no run takes it."""
    return any(effect.startswith(LETS_IN) for effect in step.effects)


def toward_new(state: str, moves: Sequence[Move], done: Iterable[Move], visited: Iterable[str]) -> list[Move]:
    """The shortest way from a state whose last move is new: not done yet, or into a state not visited yet. Steps that
    leave the record where it is come first; empty when nothing new can be reached."""
    known, seen = set(done), set(visited)
    ways: list[tuple[str, list[Move]]] = [(state, [])]
    reached = {state}
    while ways:
        here, way = ways.pop(0)
        steps = [move for move in moves if here in move.step.sources]
        steps.sort(key=lambda move: move.step.to != here)
        for move in steps:
            if move not in known or move.step.to not in seen:
                return [*way, move]
        for move in steps:
            if move.step.to not in reached:
                reached.add(move.step.to)
                ways.append((move.step.to, [*way, move]))
    return []


def closing(contract: Contract, state: str, moves: Iterable[Move]) -> Move | None:
    """A step that ends a record's life from a state, where one of the moves does."""
    if state in contract.final:
        return None
    ends = (move for move in moves if state in move.step.sources and move.step.to in contract.final)
    return next((move for move in ends if move.step.to != state), None)


def illegal(
    people: People, state: State, taken_by: Callable[[Step, str], bool] = lambda _step, _name: False
) -> list[Move]:
    """The steps that the contract does not allow from a state, each with an account that it names and that can read
    the record there. `taken_by(step, account)` says whether the account's organization has taken it before: what each
    may do once changes nothing the second time, in whatever state."""
    found = []
    for step in people.contract.steps.values():
        if state.name in step.sources:
            continue
        able = [n for n in people.able(step, state) if not (step.once_per and taken_by(step, n))]
        found += [Move(step, name) for name in able[:1]]
    return found
