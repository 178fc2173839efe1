"""The gate: proof that the run talks to something real. Without it no row is judged (design, section 6).

A server that answers 200 to everything, echoes, refuses everything or serves canned answers must earn
nothing, so each proof has a twin that such a server cannot satisfy together with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.session import Session
from isao_conformance.survey import CAPABILITY_PATH

REFUSALS = (401, 403, 404)
CAPABILITY_SCHEMA = "isao-capability/1"


@dataclass(frozen=True)
class Proof:
    """One proof: what had to be shown, whether it was, and why (not)."""

    proof: str
    ok: bool
    why: str


def public_gate(lab: Lab) -> list[Proof]:
    """Proof for what a stranger can read: a capability document that is not the answer to everything.

    It need not be valid here: whether it is valid is what ISAO-GOV-001 judges.
    """
    name = "a capability document, and another answer at a neighbouring path"
    document = lab.survey.capability
    if document is None or document.status != 200 or document.resource.get("schema") != CAPABILITY_SCHEMA:
        seen = "no answer" if document is None else document.brief()
        return [Proof(name, False, f"{CAPABILITY_PATH} holds no capability document: {seen}")]

    def neighbour() -> Proof:
        sibling = urljoin(lab.target.base_url, f"/.well-known/isao-{lab.token(8)}.json")
        answer = lab.outsider.get(sibling, accept="application/json")
        same = answer.status == 200 and answer.resource.get("schema") == CAPABILITY_SCHEMA
        why = "an invented neighbouring path gives a capability document too" if same else "both seen"
        return Proof(name, not same, why)

    return [_proved(name, neighbour)]


def exchange_gate(lab: Lab) -> list[Proof]:
    """Proofs for what needs an account: valid discovery, content read back, a wrong credential refused."""
    return [
        _discovery(lab),
        _proved("content read back", lambda: _read_back(lab)),
        _proved("a wrong credential refused", lambda: _wrong_credential(lab)),
    ]


def is_open(proofs: Iterable[Proof]) -> bool:
    """True when every proof was given, and there was at least one."""
    listed = list(proofs)
    return bool(listed) and all(proof.ok for proof in listed)


def _proved(name: str, prove: Callable[[], Proof]) -> Proof:
    try:
        return prove()
    except Untestable as fault:
        return Proof(name, False, fault.why)


def _discovery(lab: Lab) -> Proof:
    name = "valid discovery or capability document"
    answer = lab.survey.discovery
    if answer is not None and answer.status == 200 and isinstance(answer.resource.get("title"), str):
        return Proof(name, True, "the discovery resource has a title")
    if lab.survey.capability_document:
        return Proof(name, True, "the capability document is valid")
    seen = "no answer" if answer is None else answer.brief()
    return Proof(name, False, f"{lab.target.discovery} gave {seen}")


def _read_back(lab: Lab) -> Proof:
    """Random content that was only ever sent in a POST body comes back; else two objects are themselves."""
    name = "content read back"
    secret = f"read-back {lab.token(24)}"
    stix = lab.indicator(name=secret)
    try:
        where = lab.workspace
        lab.publish([stix])
    except Untestable:
        return _two_objects_are_themselves(lab, name)
    session = lab.reader

    def seen() -> bool | None:
        asks: list[Callable[[], Answer]] = [
            lambda: session.objects(where, match_id=stix["id"]),
            lambda: session.object(where, stix["id"]),
        ]
        return True if any(secret in str(a.objects) for a in _answers(asks)) else None

    if lab.poll(seen):
        return Proof(name, True, "a new object came back with its random name")
    if any(secret in str(page.objects) for page in lab.walk(session.objects, where)):
        return Proof(name, True, "a new object came back with its random name in the listing")
    return Proof(name, False, f"the object {stix['id']} was taken and is not served")


def _answers(asks: Iterable[Callable[[], Answer]]) -> list[Answer]:
    found = []
    for ask in asks:
        try:
            found.append(ask())
        except Untestable:
            continue
    return found


def _two_objects_are_themselves(lab: Lab, name: str) -> Proof:
    session = lab.reader
    for collection in lab.survey.readable:
        listed = {stix.get("id"): stix for stix in session.objects(collection, limit=20).objects}
        ids = [i for i in listed if isinstance(i, str)][:2]
        if len(ids) < 2:
            continue
        singly = [session.object(collection, i) for i in ids]
        # The twin: whoever builds an answer from the id in the path gives the invented one, too.
        invented = session.object(collection, f"{ids[0].partition('--')[0]}--{lab.uuid()}")
        if invented.status == 200 and invented.objects:
            return Proof(name, False, f"an invented id is answered like a known one: {invented.brief()}")
        if all(a.status == 200 and set(a.ids) == {i} for i, a in zip(ids, singly, strict=True)):
            return Proof(name, True, "two listed objects answer under their own ids, each as itself")
    return Proof(name, False, "no readable collection holds two objects that answer under their own ids")


def _wrong_credential(lab: Lab) -> Proof:
    name = "a wrong credential refused"
    url = _protected_url(lab)
    if "authentication" in lab.target.absent:
        return _unknown_refused(lab, name)
    right, wrong = lab.reader.get(url), lab.wrong_credentials().get(url)
    if right.status != 200:
        return Proof(name, False, f"the lent credentials do not work: {url} gave {right.brief()}")
    if wrong.status in REFUSALS:
        return Proof(name, True, f"made-up credentials gave {wrong.status} where the lent ones gave 200")
    return Proof(name, False, f"made-up credentials gave {wrong.brief()}")


def _protected_url(lab: Lab) -> str:
    if not lab.survey.api_root:
        raise Untestable("no API root was found")
    return f"{lab.survey.api_root}collections/"


def _unknown_refused(lab: Lab, name: str) -> Proof:
    """Without authentication, the target at least tells a collection that exists from one that does not."""
    session: Session = lab.reader
    known = lab.survey.collections
    if not known:
        return Proof(name, False, "no collection was found")
    there = session.get(known[0].url)
    absent = session.get(f"{lab.survey.api_root}collections/{lab.uuid()}/")
    if there.status == 200 and absent.status in REFUSALS:
        return Proof(name, True, "authentication is declared absent; an invented collection is refused")
    return Proof(name, False, f"an invented collection gave {absent.brief()}")
