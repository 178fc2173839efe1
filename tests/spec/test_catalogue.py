"""The shipped specification holds together: it loads, its ids are unique, its profiles say what they need."""

from __future__ import annotations

import subprocess
import sys

import pytest

import isao_spec
from isao_spec import stix
from isao_spec.loader import digest_of, load_from
from isao_spec.model import Party, Requirement, Status, VerifiedBy

CATALOGUE = isao_spec.load()
ROWS = tuple(CATALOGUE.requirements.values())
STEMS = [group.stem for group in CATALOGUE.groups]


def test_the_protocol_stands_before_what_an_isao_does_with_it() -> None:
    protocol = [stem.startswith("taxii_") for stem in STEMS]
    assert protocol == sorted(protocol, reverse=True)
    assert {True, False} == set(protocol)


def test_rows_are_in_the_order_of_their_groups() -> None:
    order = [STEMS.index(row.function) for row in ROWS]
    assert order == sorted(order)


def test_ids_are_unique_and_none_is_retired() -> None:
    assert len({row.id.casefold() for row in ROWS}) == len(ROWS)
    assert not set(CATALOGUE.retired) & set(CATALOGUE.requirements)


def test_loading_is_cached_and_the_digest_is_stable() -> None:
    assert isao_spec.load() is isao_spec.load()
    assert load_from(isao_spec.FOLDER).digest == CATALOGUE.digest == digest_of(isao_spec.FOLDER)


def test_every_source_and_profile_is_used() -> None:
    cited = {reference.source for row in ROWS for reference in row.sources}
    cited |= {rule.source for rule in stix.rules().values()}
    assert cited == set(CATALOGUE.sources)
    assert {name for row in ROWS for name in row.profiles} == set(CATALOGUE.profiles)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_binding_isao_row_is_a_stated_choice_or_has_its_level_from_its_source(row: Requirement) -> None:
    from_its_source = {"ISAO-SEC-014"}
    if row.id.startswith("ISAO-"):
        assert row.design_choice is (row.id not in from_its_source)
        assert set(row.profiles) <= {"foundational", "exchange"}
    else:
        assert row.profiles in (("taxii-server",), ())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_approved_and_is_judged_or_says_why_not(row: Requirement) -> None:
    assert row.status is Status.APPROVED
    assert row.checked is not None
    if row.verification.by is VerifiedBy.NONE:
        assert row.verification.reason
        assert row.party is Party.CLIENT or not row.may_fail, "a MUST of servers that nothing judges"
        return
    assert row.party is Party.SERVER
    assert row.verification.by.automatic
    assert row.verification.by is VerifiedBy.WATCHER or row.verification.control


def test_a_profile_does_not_let_rows_rest_on_what_it_demands() -> None:
    for profile in CATALOGUE.profiles.values():
        for row in CATALOGUE.in_profiles((profile.id,)):
            assert not set(row.applies_if) & set(profile.may_not_be_absent), row.id


def test_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(KeyError):
        CATALOGUE.in_profiles(("exchange", "no-such-profile"))


def test_importing_the_package_loads_neither_yaml_nor_schemas() -> None:
    code = "import isao_spec, sys; print(*sorted({'yaml', 'jsonschema_rs'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
