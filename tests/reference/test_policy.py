"""The policy against a table written out by hand from the text of TLP 2.0 and the distribution map."""

from __future__ import annotations

from itertools import combinations

import pytest

from isao_reference.policy import audience, decide, handling, marking
from isao_reference.policy.audience import Contributor
from isao_reference.policy.marking import Restriction
from isao_reference.policy.principal import ANONYMOUS, Principal

M = "marking-definition--"
MARKINGS = {
    M + "94868c89-83c2-464b-929b-a1a8aa3c8487": 0,
    M + "613f2e26-407d-48c7-9eca-b8e91df99dc9": 0,
    M + "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": 1,
    M + "34098fce-860f-48ae-8e50-ebd3cc5e41da": 1,
    M + "55d920b0-5e8b-4f79-9ee9-91f868d9b421": 2,
    M + "f88d31f6-486f-44da-b317-01333bde0b82": 2,
    M + "939a9414-2ddd-4d32-a0cd-375ea402b003": 3,
    M + "e828b379-4e03-4974-9ac4-e53a884c97c1": 4,
    M + "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": 4,
    M + "00000000-0000-4000-8000-000000000000": 5,
    M + "11111111-1111-4111-8111-111111111111": None,
}
STATEMENTS = {M + "11111111-1111-4111-8111-111111111111": handling.NONE}
NAMES = ["clear", "green", "amber", "amber+strict", "red", "withheld"]

ORGANIZATIONS = {"exchange": "exchange", "north": "member", "south": "member", "lakeside": "peer", "dockside": "peer"}
ORGANIZATIONS |= {"office": "government", "agency": "government"}

# Readers by name: account, organization, role.
READERS = {
    f"{organization}-{number}": Principal(f"{organization}-{number}", organization, kind, "member")
    for organization, kind in ORGANIZATIONS.items()
    for number in (1, 2)
}
STAFF = {
    "operator": Principal("operator", "exchange", "exchange", "operator"),
    "analyst": Principal("analyst", "exchange", "exchange", "analyst"),
}
# Nobody becomes staff by claiming a role outside the exchange organization.
IMPOSTORS = {
    "false operator": Principal("x", "south", "member", "operator"),
    "false analyst": Principal("y", "office", "government", "analyst"),
}


def relation(reader: Principal, contributor: Contributor) -> str:
    """How a reader stands to a contributor; the nearest relation that fits."""
    if reader.account == contributor.account:
        return "self"
    if reader.organization == contributor.organization:
        return "colleague"
    return {"member": "member", "peer": "peer", "government": "government"}.get(reader.kind or "", "other")


# label: relations that may read it; the anonymous stranger is "stranger".
TABLE = {
    "clear": {"self", "colleague", "member", "peer", "government", "other", "stranger"},
    "green": {"self", "colleague", "member", "peer"},
    "amber": {"self", "colleague", "member"},
    "amber+strict": {"self", "colleague"},
    "red": {"self"},
    "withheld": {"self"},
}


def marking_sets() -> list[tuple[str, ...]]:
    """All sets of up to three markings."""
    return [chosen for size in range(4) for chosen in combinations(MARKINGS, size)]


def expected_label(markings: tuple[str, ...], default: str) -> str:
    """The strictest rank in the hand-written table."""
    ranks = [rank for rank in (MARKINGS[marking] for marking in markings) if rank is not None]
    return NAMES[max(ranks)] if ranks else default


@pytest.mark.parametrize("default", ["amber", "red", "clear"])
def test_the_label_of_every_set_of_markings_wherever_they_stand(default: str) -> None:
    for chosen in marking_sets():
        wanted = expected_label(chosen, default)
        for cut in range(len(chosen) + 1):
            found = marking.restriction_of(chosen[:cut], chosen[cut:], STATEMENTS, default)
            assert found == Restriction(wanted), (chosen, cut)


@pytest.mark.parametrize("organization", ORGANIZATIONS)
@pytest.mark.parametrize("label", NAMES)
def test_who_reads_what_over_the_whole_lattice(label: str, organization: str) -> None:
    contributor = Contributor(f"{organization}-1", organization, ORGANIZATIONS[organization])
    readers = audience.audience_of(label, contributor, audience.DEFAULT_DISTRIBUTION)
    for name, reader in (READERS | IMPOSTORS).items():
        allowed = relation(reader, contributor) in TABLE[label]
        assert decide.may_read(reader, readers) is allowed, (name, sorted(readers))
    assert decide.may_read(ANONYMOUS, readers) is ("stranger" in TABLE[label])
    for reader in STAFF.values():
        assert decide.may_read(reader, readers)


def test_what_is_not_in_the_map_stays_with_the_contributing_account() -> None:
    contributor = Contributor("north-1", "north", "member")
    for label in NAMES:
        readers = audience.audience_of(label, contributor, {})
        assert {one for one in readers if not one.startswith("not-for:")} == {"account:north-1"}
        assert (len(readers) > 1) is (label == "withheld"), "what it refuses is not known, so that it refuses all"


def test_a_narrower_map_is_followed() -> None:
    contributor = Contributor("north-1", "north", "member")
    strict = {**audience.DEFAULT_DISTRIBUTION, "amber": ("contributing-organization",), "clear": ("members",)}
    amber = audience.audience_of("amber", contributor, strict)
    clear = audience.audience_of("clear", contributor, strict)
    assert decide.may_read(READERS["north-2"], amber)
    assert not decide.may_read(READERS["south-1"], amber)
    assert decide.may_read(READERS["south-1"], clear)
    assert not decide.may_read(ANONYMOUS, clear)
    assert not decide.may_read(READERS["lakeside-1"], clear)


@pytest.mark.parametrize(
    ("label", "relation"),
    [
        ("green", "public"),
        ("green", "government"),
        ("amber", "peers"),
        ("amber", "public"),
        ("amber+strict", "peers"),
        ("red", "contributing-organization"),
        ("red", "members"),
        ("clear", "strangers"),
        ("withheld", "members"),
        ("white", "members"),
    ],
)
def test_a_map_wider_than_tlp_is_refused(label: str, relation: str) -> None:
    with pytest.raises(ValueError, match="distribution"):
        audience.check_distribution({label: [relation]})


def test_the_default_map_is_lawful() -> None:
    audience.check_distribution(audience.DEFAULT_DISTRIBUTION)


@pytest.mark.parametrize("organization", ORGANIZATIONS)
def test_what_only_the_account_may_read_is_the_accounts_own_version(organization: str) -> None:
    kind = ORGANIZATIONS[organization]
    one = Contributor(f"{organization}-1", organization, kind)
    two = Contributor(f"{organization}-2", organization, kind)
    for label in NAMES:
        same = audience.identity_of(label, one, audience.DEFAULT_DISTRIBUTION) == audience.identity_of(
            label, two, audience.DEFAULT_DISTRIBUTION
        )
        assert same is (label not in ("red", "withheld"))


def test_the_number_of_audiences_does_not_grow_with_members_for_shared_labels() -> None:
    found = {
        audience.audience_of(label, Contributor(f"m{n}-1", f"m{n}", "member"), audience.DEFAULT_DISTRIBUTION)
        for label in ("clear", "green", "amber")
        for n in range(50)
    }
    assert len(found) == 3


GRANTS = [
    (["public"], {"stranger", "member", "peer", "government", "other", "staff"}),
    (["members"], {"member", "staff"}),
    (["peers"], {"peer", "staff"}),
    (["government"], {"government", "staff"}),
    (["analysts"], {"staff"}),
    ([], {"staff"}),
]
KINDS = {
    "stranger": ANONYMOUS,
    "member": READERS["north-1"],
    "peer": READERS["lakeside-1"],
    "government": READERS["office-1"],
    "other": READERS["exchange-1"],
    "staff": STAFF["analyst"],
}


@pytest.mark.parametrize(("grant", "who"), GRANTS)
def test_collection_grants(grant: list[str], who: set[str]) -> None:
    for name, principal in KINDS.items():
        assert decide.can_read(principal, grant) is (name in who)
        if grant != ["public"]:
            assert decide.can_write(principal, grant) is (name in who)
    assert not decide.can_write(ANONYMOUS, ["public", "members", "peers", "government", "analysts"])


def test_who_deletes() -> None:
    for reader in [*READERS.values(), *IMPOSTORS.values(), STAFF["analyst"]]:
        for organization in ORGANIZATIONS:
            assert decide.may_delete(reader, organization) is (reader.organization == organization)
    assert all(decide.may_delete(STAFF["operator"], organization) for organization in ORGANIZATIONS)
    assert not decide.may_delete(ANONYMOUS, "north")


def test_a_status_is_its_own_accounts() -> None:
    assert decide.may_see_status(READERS["north-1"], "north-1")
    assert not decide.may_see_status(READERS["north-2"], "north-1")
    assert not decide.may_see_status(STAFF["operator"], "north-1")
    assert not decide.may_see_status(ANONYMOUS, "")
