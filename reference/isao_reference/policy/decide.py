"""May this principal read, write, delete? The only place that answers; deny by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isao_reference.policy import handling
from isao_reference.policy.audience import Audience
from isao_reference.policy.principal import CLASS_OF_KIND, Principal


def is_staff(principal: Principal) -> bool:
    """Operators and analysts of the exchange organization itself."""
    return principal.kind == "exchange" and principal.role in ("operator", "analyst")


def reads_all(principal: Principal) -> bool:
    """Who reads every item: the exchange's staff (declared as operators_read_all)."""
    return is_staff(principal)


def classes_of(principal: Principal) -> frozenset[str]:
    """The reader classes a principal belongs to; everyone, even the anonymous reader, is public."""
    classes = {"public"}
    if not principal.anonymous:
        if principal.kind in CLASS_OF_KIND:
            classes.add(CLASS_OF_KIND[principal.kind])
        if is_staff(principal):
            classes.add("analysts")
    return frozenset(classes)


def own_atoms(principal: Principal) -> frozenset[str]:
    """The atoms of what is a principal's own."""
    if principal.anonymous:
        return frozenset()
    return frozenset({f"organization:{principal.organization}", f"account:{principal.account}"})


def atoms_of(principal: Principal) -> frozenset[str]:
    """The audience atoms a principal answers to."""
    atoms = set(classes_of(principal))
    if not principal.anonymous:
        atoms.add(f"organization:{principal.organization}")
        if principal.kind != "applicant":
            atoms.add(f"recipient:{principal.organization}")
            atoms |= {f"group:{one}" for one in principal.groups}
            atoms.add(f"reader:{principal.account}")
        atoms.add(f"account:{principal.account}")
    return frozenset(atoms)


def may_read(principal: Principal, audience: Audience) -> bool:
    """Whether a principal is in an item's audience: those whose it is always, all others for no purpose that the item
    refuses, staff then, and of the rest whoever is named and not kept out."""
    if not own_atoms(principal).isdisjoint(audience):
        return True
    if f"not-for:{principal.purpose}" in audience:
        return False
    if reads_all(principal):
        return True
    if principal.government and "not-to:government" in audience:
        return False
    return not atoms_of(principal).isdisjoint(audience)


def readable_audiences(principal: Principal, audiences: Mapping[int, Audience]) -> tuple[int, ...] | None:
    """The numbers of all audiences a principal belongs to, ascending; None means no filter."""
    if reads_all(principal) and principal.purpose not in handling.REFUSABLE:
        return None
    return tuple(sorted(key for key, audience in audiences.items() if may_read(principal, audience)))


def can_read(principal: Principal, readers: Iterable[str]) -> bool:
    """Whether a principal may read a collection whose grant names `readers` (reader classes)."""
    return is_staff(principal) or not classes_of(principal).isdisjoint(readers)


def can_write(principal: Principal, writers: Iterable[str]) -> bool:
    """Whether a principal may add to a collection; never without an account or with a credential for reading only."""
    if principal.anonymous or principal.read_only:
        return False
    return is_staff(principal) or not classes_of(principal).isdisjoint(writers)


def may_delete(principal: Principal, organization: str) -> bool:
    """Whether a principal may delete a visible item that `organization` contributed: its own
    organization's, or any for an operator."""
    if principal.anonymous:
        return False
    if is_staff(principal) and principal.role == "operator":
        return True
    return principal.organization == organization


def may_see_status(principal: Principal, account: str) -> bool:
    """Whether a principal may read the status of a request made by `account`: only its own."""
    return not principal.anonymous and principal.account == account
