"""The one application of a run, from filing to the decision: what is seen at each stage, for several rows at once.

An applicant can be let in only once, so this is a fixture (`lab.fixture(vetting_of_the_applicant)`): probes judge what
it saw. It decides over the organization that the operator lent for it as `applicant`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isao_conformance.drills import application_of_the_applicant, record
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_api import functions_of
from isao_conformance.lab import Lab
from isao_conformance.readers import CONTRIBUTOR, reads

SEEN = "Conformance drill: the operator of the run lent this applicant to be let in."


@dataclass(frozen=True)
class Glimpse:
    """What the applicant is shown by the requests that show a member's item to a member, each by a name."""

    item: str
    answers: Mapping[str, Answer]
    listed: frozenset[str]
    for_strangers: frozenset[str]

    @property
    def gives(self) -> list[str]:
        """The names of those requests that gave the applicant the item."""
        return [name for name, answer in self.answers.items() if answer.status == 200 and shows(answer, self.item)]

    @property
    def beyond(self) -> frozenset[str]:
        """Collections that are listed to the applicant and not to strangers."""
        return self.listed - self.for_strangers


@dataclass(frozen=True)
class Vetting:
    """The story of one application. `left_out` and `denied` are answers to approvals that had to be refused;
    `waiting` is what the applicant saw before them, `still` after them; `approved` the answer to the right one."""

    application: str
    own: Answer
    waiting: Glimpse
    posted: Answer
    kept: bool
    left_out: Answer
    denied: Answer
    between: Answer
    still: Glimpse
    approved: Answer
    operator_sees: Answer


def vetting_of_the_applicant(lab: Lab) -> Vetting:
    """A fixture: files the application, has a look around as the applicant, then the three decisions of the operator.

    Untestable where there are no published criteria, or no application that waits.
    """
    criteria = published_criteria(lab)
    identifier = lab.fixture(application_of_the_applicant)
    applicant, operator = functions_of(lab, "applicant"), functions_of(lab, "operator")
    own = applicant.get("memberships", identifier)
    if record(own, "the applicant's own application").get("state") != "applied":
        raise Untestable(f"the application is decided already: {own.brief()}", blocked_by="actor applicant")
    item = lab.share("green", by=CONTRIBUTOR)["id"]
    where = lab.workspace
    if reads(lab, "member-b", where, item) is None:
        raise Untestable("a member is not shown the item of another member")
    waiting = _glimpse(lab, where, item)
    attempt = lab.indicator("green")
    lab.created(where, [attempt["id"]], by="applicant")
    posted = lab.as_("applicant").add(where, [attempt])
    kept = attempt["id"] in lab.as_(CONTRIBUTOR).objects(where, match_id=attempt["id"]).ids

    def approve(judged: list[dict[str, Any]]) -> Answer:
        return operator.step("memberships", identifier, "approve", {"criteria": judged})

    every = [{"criterion": name, "met": True, "seen": SEEN} for name in criteria]
    left_out = approve(every[:-1] or [{"criterion": "none-of-the-published", "met": True, "seen": SEEN}])
    denied = approve([*every[:-1], {**every[-1], "met": False}])
    between = operator.get("memberships", identifier)
    still = _glimpse(lab, where, item)
    approved = approve(every)
    return Vetting(
        identifier,
        own,
        waiting,
        posted,
        kept,
        left_out,
        denied,
        between,
        still,
        approved,
        operator.get("memberships", identifier),
    )


def published_criteria(lab: Lab) -> list[str]:
    """The names of the criteria in the capability document. Untestable when it publishes none."""
    listed = lab.survey.capability_document.get("membership", {}).get("criteria", ())
    names = [str(one["name"]) for one in listed]
    if not names:
        raise Untestable("the capability document publishes no membership.criteria", blocked_by="ISAO-GOV-001")
    return names


def shows(answer: Answer, item: str) -> bool:
    """Whether an answer lists the item or holds its id anywhere."""
    return item in answer.ids or item.encode() in answer.body


def _glimpse(lab: Lab, where: str, item: str) -> Glimpse:
    member, applicant, stranger = lab.as_("member-b"), lab.as_("applicant"), lab.outsider
    asked = {
        "the objects": (member.objects(where, match_id=item), applicant.objects(where, match_id=item)),
        "the manifest": (member.manifest(where, match_id=item), applicant.manifest(where, match_id=item)),
        "its id": (member.object(where, item), applicant.object(where, item)),
    }
    root = lab.survey.api_root
    listed, for_strangers = (
        frozenset(str(c.get("id")) for c in session.collections(root).list_of("collections") if isinstance(c, dict))
        if root
        else frozenset()
        for session in (applicant, stranger)
    )
    answers = {name: theirs for name, (ours, theirs) in asked.items() if shows(ours, item)}
    return Glimpse(item, answers, listed, for_strangers)
