"""Plausible slips in the policy of the reference, each put in by replacing one function or constant of it.

Whoever changes the policy so that one of these can no longer be put in writes another in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from isao_reference.policy import audience, decide, handling, marking, tlp
from isao_reference.policy.audience import Audience
from isao_reference.policy.handling import Handling
from isao_reference.policy.principal import Principal

Fault = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, Fault] = {}

_restriction_of, _of_marking, _together = marking.restriction_of, handling.of_marking, handling.together
_joined = marking.joined
_given_to, _limited, _audience_of = audience.given_to, audience.limited, audience.audience_of
_may_read, _atoms_of = decide.may_read, decide.atoms_of


def fault(put_in: Fault) -> Fault:
    FAULTS[put_in.__name__] = put_in
    return put_in


# Which label


@fault
def granular_markings_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marking, "restriction_of", lambda on, _, *rest: _restriction_of(on, (), *rest))


@fault
def the_label_of_the_collection_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marking, "restriction_of", lambda *first: _restriction_of(*first[:4]))


@fault
def what_something_is_derived_from_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marking, "joined", lambda own, _: own)


@fault
def of_what_something_is_derived_from_the_label_alone_counts(patch: pytest.MonkeyPatch) -> None:
    def joined(own: marking.Restriction, sources: Any) -> marking.Restriction:
        return marking.Restriction(_joined(own, sources).label, own.handling)

    patch.setattr(marking, "joined", joined)


@fault
def an_unknown_marking_counts_as_a_statement(patch: pytest.MonkeyPatch) -> None:
    def restriction_of(on: Any, within: Any, known: Mapping[str, Handling], *rest: Any) -> marking.Restriction:
        unknown = {m for m in (*on, *within) if tlp.tlp_label(m) is None and m not in known}
        return _restriction_of(on, within, {**known, **dict.fromkeys(unknown, handling.NONE)}, *rest)

    patch.setattr(marking, "restriction_of", restriction_of)


@fault
def a_statement_counts_as_an_unknown_marking(patch: pytest.MonkeyPatch) -> None:
    def restriction_of(on: Any, within: Any, known: Mapping[str, Handling], *rest: Any) -> marking.Restriction:
        return _restriction_of(on, within, {m: said for m, said in known.items() if said != handling.NONE}, *rest)

    patch.setattr(marking, "restriction_of", restriction_of)


@fault
def an_item_without_a_label_is_green(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marking, "restriction_of", lambda on, within, known, _, *rest: _restriction_of(
        on, within, known, tlp.GREEN, *rest))  # fmt: skip


@fault
def the_widest_label_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tlp, "most_restrictive", lambda labels: min(labels, key=tlp.ORDER.index))


@fault
def amber_strict_is_taken_for_amber(patch: pytest.MonkeyPatch) -> None:
    for name, label in list(tlp.TLP_2.items()):
        if label == tlp.AMBER_STRICT:
            patch.setitem(tlp.TLP_2, name, tlp.AMBER)


@fault
def white_is_an_unknown_marking(patch: pytest.MonkeyPatch) -> None:
    for name, label in list(tlp.TLP_1.items()):
        if label == tlp.CLEAR:
            patch.delitem(tlp.TLP_1, name)


# What is said besides


@fault
def an_unknown_property_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    def of_marking(value: Mapping[str, Any]) -> Handling | None:
        said = (value.get("extensions") or {}).get(handling.EXTENSION)
        if not isinstance(said, dict):
            return _of_marking(value)
        known = {name: one for name, one in said.items() if name != "note"}
        return _of_marking({**value, "extensions": {**value["extensions"], handling.EXTENSION: known}})

    patch.setattr(handling, "of_marking", of_marking)


@fault
def another_extension_beside_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    def of_marking(value: Mapping[str, Any]) -> Handling | None:
        extensions = value.get("extensions") or {}
        alone = {handling.EXTENSION: extensions[handling.EXTENSION]} if handling.EXTENSION in extensions else extensions
        return _of_marking({**value, "extensions": alone})

    patch.setattr(handling, "of_marking", of_marking)


@fault
def one_yes_outweighs_any_no(patch: pytest.MonkeyPatch) -> None:
    def together(several: Any) -> Handling:
        found = list(several)
        answers = {one.government for one in found}
        return replace(_together(found), government=True if True in answers else False if False in answers else None)

    patch.setattr(handling, "together", together)


@fault
def the_earliest_embargo_counts(patch: pytest.MonkeyPatch) -> None:
    def together(several: Any) -> Handling:
        found = list(several)
        return replace(_together(found), embargo=min((one.embargo for one in found if one.embargo), default=0))

    patch.setattr(handling, "together", together)


@fault
def several_addresses_add_up(patch: pytest.MonkeyPatch) -> None:
    def together(several: Any) -> Handling:
        found = list(several)
        lists = [one.addressed for one in found if one.addressed is not None]
        return replace(_together(found), addressed=frozenset().union(*lists) if lists else None)

    patch.setattr(handling, "together", together)


@fault
def an_address_that_names_nobody_is_no_address(patch: pytest.MonkeyPatch) -> None:
    def together(several: Any) -> Handling:
        said = _together(several)
        return replace(said, addressed=said.addressed or None)

    patch.setattr(handling, "together", together)


# To whom it goes


@fault
def the_address_is_ignored_for_red(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audience, "given_to", lambda label, relations, said: _given_to(
        label, relations, replace(said, addressed=None) if label == tlp.RED else said))  # fmt: skip


@fault
def red_goes_to_organizations(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audience, "ADDRESSABLE", tlp.TLP_LABELS)


@fault
def amber_strict_can_be_released_to_the_government(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audience, "RELEASABLE", audience.ADDRESSABLE)


@fault
def yes_releases_an_addressed_item_too(patch: pytest.MonkeyPatch) -> None:
    def given_to(label: str, relations: Any, said: Handling) -> Audience:
        released = {"government"} if said.government and label in audience.RELEASABLE else set()
        return _given_to(label, relations, said) | released

    patch.setattr(audience, "given_to", given_to)


@fault
def colleagues_read_red(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audience, "own_atoms", lambda _, contributor: frozenset(
        {f"account:{contributor.account}", f"organization:{contributor.organization}"}))  # fmt: skip


@fault
def the_public_keeps_what_refuses_a_purpose(patch: pytest.MonkeyPatch) -> None:
    def limited(given: Audience, said: Handling) -> Audience:
        return _limited(given, said) | (given & {"public"} if said.government is not False else frozenset())

    patch.setattr(audience, "limited", limited)


@fault
def the_public_keeps_what_is_not_for_the_government(patch: pytest.MonkeyPatch) -> None:
    def limited(given: Audience, said: Handling) -> Audience:
        return _limited(given, said) | (given & {"public"} if not said.refused else frozenset())

    patch.setattr(audience, "limited", limited)


@fault
def an_embargo_lifts_the_refused_purposes(patch: pytest.MonkeyPatch) -> None:
    def audience_of(label: str, contributor: Any, map_: Any, said: Handling, *, embargoed: bool) -> Audience:
        return _audience_of(
            label, contributor, map_, replace(said, refused=frozenset()) if embargoed else said, embargoed=embargoed
        )

    patch.setattr(audience, "audience_of", audience_of)


@fault
def what_is_withheld_refuses_no_purpose(patch: pytest.MonkeyPatch) -> None:
    def audience_of(label: str, *rest: Any, **more: Any) -> Audience:
        return _audience_of("no label" if label == tlp.WITHHELD else label, *rest, **more)

    patch.setattr(audience, "audience_of", audience_of)


# Who asks


@fault
def an_applicant_counts_as_a_recipient(patch: pytest.MonkeyPatch) -> None:
    def atoms_of(principal: Principal) -> Audience:
        groups = frozenset(f"group:{one}" for one in principal.groups)
        return _atoms_of(principal) | groups | {f"recipient:{principal.organization}", f"reader:{principal.account}"}

    patch.setattr(decide, "atoms_of", atoms_of)


@fault
def groups_are_looked_up_by_account(patch: pytest.MonkeyPatch) -> None:
    def atoms_of(principal: Principal) -> Audience:
        return _atoms_of(replace(principal, groups=principal.groups & {str(principal.account)}))

    patch.setattr(decide, "atoms_of", atoms_of)


@fault
def staff_are_not_asked_for_their_purpose(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "may_read", lambda who, readers: decide.is_staff(who) or _may_read(who, readers))


@fault
def every_account_of_the_exchange_is_staff(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "is_staff", lambda principal: principal.kind == "exchange")


@fault
def a_refused_purpose_takes_away_what_is_ones_own(patch: pytest.MonkeyPatch) -> None:
    def may_read(principal: Principal, readers: Audience) -> bool:
        return f"not-for:{principal.purpose}" not in readers and _may_read(principal, readers)

    patch.setattr(decide, "may_read", may_read)


@fault
def a_named_government_account_reads_what_is_not_for_the_government(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "may_read", lambda who, readers: _may_read(who, readers) or (
        f"reader:{who.account}" in readers and f"not-for:{who.purpose}" not in readers and who.kind != "applicant"
    ))  # fmt: skip


@fault
def a_list_for_staff_skips_the_purpose(patch: pytest.MonkeyPatch) -> None:
    listed = decide.readable_audiences
    patch.setattr(decide, "readable_audiences", lambda who, known: None if decide.is_staff(who) else listed(who, known))
