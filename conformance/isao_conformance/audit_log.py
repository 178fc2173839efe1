"""The audit log of a target, as one actor reads and checks it (schemas audit-line and audit-head).

Addresses follow from `services.audit.root` of the capability document: entries with proofs at the root, the signed head
at `head/`, consistency proofs at `consistency/`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.merkle import NoProof, canonical, leaf, root_by, roots_by
from isao_conformance.schemas import faults
from isao_conformance.session import Session

JSON = "application/json"
ZEROS = "0" * 64
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """An entry with what was listed beside it, and the head of its page."""

    entry: Json
    details: Json
    proof: tuple[str, ...]
    place: int
    head: Json

    @property
    def leaf(self) -> bytes:
        """Its leaf hash."""
        return leaf(canonical(self.entry))

    @property
    def ids(self) -> list[str]:
        """The objects or records that its details list one by one."""
        return [str(one) for one in self.details.get("ids", ())]


@dataclass(frozen=True)
class AuditLog:
    """The log for one actor of a probe."""

    root: str
    session: Session

    def head(self) -> Json:
        """The signed head as it is now. Untestable when it is none."""
        answer = self.session.get(self.root + "head/", accept=JSON)
        return _head(answer.resource, answer)

    def page(self, **query: Any) -> Answer:
        """A page of entries, as it is answered."""
        return self.session.get(self.root, query, accept=JSON)

    def after(self, number: int) -> list[Line]:
        """Every entry after that number, up to the size that the first page names. Untestable when a page is none, or
        when the walk does not end."""
        found: list[Line] = []
        size: int | None = None
        for _ in range(LIMITS.walk_pages):
            page = self.page(after=number, size=size)
            lines = lines_of(page)
            head = _head(page.resource.get("head"), page)
            size = int(head["size"]) if size is None else size
            found += lines
            if not lines or lines[-1].place >= size:
                return found
            if lines[-1].place <= number:
                raise Untestable("the pages of the audit log do not go on")
            number = lines[-1].place
        raise Untestable("the audit log does not end")

    def grown(self, first: int, second: int) -> tuple[str, ...]:
        """The consistency proof between two sizes, as hexadecimal texts. Untestable when there is none."""
        answer = self.session.get(self.root + "consistency/", {"first": first, "second": second}, accept=JSON)
        proof = answer.resource.get("proof")
        if answer.status != 200 or not isinstance(proof, list):
            raise Untestable(f"the target gives no consistency proof: {answer.brief()}")
        return tuple(str(one) for one in proof)


def audit_of(lab: Lab, actor: str) -> AuditLog:
    """The log as an actor reads it. Untestable when the capability document names none, or the actor is not lent."""
    root = lab.survey.capability_document.get("services", {}).get("audit", {}).get("root", "")
    if not root:
        raise Untestable("the capability document names no services.audit", blocked_by="capability audit-log")
    return AuditLog(str(root).rstrip("/") + "/", lab.as_(actor))


def published_keys(lab: Lab) -> list[Json]:
    """The keys of the capability document."""
    return list(lab.survey.capability_document.get("keys", {}).get("keys", ()))


def lines_of(page: Answer) -> list[Line]:
    """The entries of a page. Untestable when it is no page, or an entry on it breaks the schema."""
    head = _head(page.resource.get("head"), page)
    found = []
    for number, one in enumerate(page.list_of("entries"), 1):
        wrong = faults("audit-line", one)
        if wrong:
            raise Untestable(f"entry {number} of the page is none: {wrong[0]}")
        entry = one["entry"]
        place = int(one.get("place", entry["number"]))
        found.append(Line(entry, one.get("details", {}), tuple(one.get("proof", ())), place, head))
    return found


def _head(value: Any, answer: Answer) -> Json:
    wrong = faults("audit-head", value)
    if answer.status != 200 or wrong:
        raise Untestable(f"the target gives no head of its audit log: {(wrong or [answer.brief()])[0]}")
    return dict(value)


# --- judging ---------------------------------------------------------------------------------------


def is_signed(head: Json, keys: Iterable[Json]) -> bool:
    """Whether one of these keys, under its thumbprint (RFC 7638), signed the head."""
    said = canonical({name: value for name, value in head.items() if name != "signature"})
    for key in keys:
        x = key.get("x")
        if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or not isinstance(x, str):
            continue
        if _thumbprint(x) != head["key"]:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(_octets(x)).verify(bytes.fromhex(head["signature"]), said)
        except (InvalidSignature, ValueError, binascii.Error):
            continue
        return True
    return False


def is_in(line: Line, head: Json | None = None) -> bool:
    """Whether the proof beside an entry shows it in the log of a head (else of its page's)."""
    against = line.head if head is None else head
    return _holds(
        lambda: root_by(line.leaf, line.place - 1, int(against["size"]), _hashes(line.proof)).hex() == against["root"]
    )


def continues(first: Json, second: Json, proof: Sequence[str]) -> bool:
    """Whether a proof shows that the log of the first head is the beginning of that of the second."""
    older, newer = int(first["size"]), int(second["size"])
    if older == 0:
        return True
    expected = (bytes.fromhex(first["root"]), bytes.fromhex(second["root"]))
    return _holds(lambda: roots_by(older, newer, expected[0], _hashes(proof)) == expected)


def follows(line: Line, previous: Line | None) -> bool:
    """Whether an entry names the one before it in its log; None is none."""
    return bool(line.entry["previous"] == (ZEROS if previous is None else previous.leaf.hex()))


def has_its_details(line: Line) -> bool:
    """Whether the details listed beside an entry are those whose digest it holds; none are."""
    return not line.details or hashlib.sha256(canonical(line.details)).hexdigest() == line.entry["details"]


def _holds(shown: Callable[[], bool]) -> bool:
    try:
        return shown()
    except (NoProof, ValueError):
        return False


def _hashes(proof: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in proof]


def _thumbprint(x: str) -> str:
    said = canonical({"crv": "Ed25519", "kty": "OKP", "x": x})
    return base64.urlsafe_b64encode(hashlib.sha256(said).digest()).rstrip(b"=").decode("ascii")


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
