"""A lawful server is never accused for being unusual."""

from __future__ import annotations

import pytest

from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.eccentrics.more_variants import more_variants
from tests.eccentrics.variant import Variant
from tests.eccentrics.variants import variants
from tests.support.mutation import Fault, run_plan

UNDECIDED = {
    # What a variant takes away cannot be judged; each line says why that is no accusation.
    "errors_without_a_body": {"TAXII-3.6.1-1", "TAXII-3.6.1-2", "TAXII-3.6.1-3"},
    "status_forgotten": {"TAXII-4.3-2", "TAXII-4.3-3", "TAXII-4.3-4", "TAXII-4.3-5"},
    "talkative_errors": {"TAXII-5-hidden"},
    "no_delete": {
        *(f"TAXII-5.7-{number}" for number in (1, 2, 3, 4, 5, 9, 11, 12, 13, 14)),
        "TAXII-5.7-auth",
        "TAXII-3.1-24",
        "TAXII-3.5-6",
    },
}
ADVISED_AGAINST = {
    # A warning on a SHOULD is no accusation: the variant takes the choice that the standard advises against.
    "status_forgotten": {"TAXII-5.5-12"},
}


@pytest.mark.full
@pytest.mark.parametrize("variant", [*variants(), *more_variants()], ids=lambda v: v.name)
def test_a_lawful_variant_stays_green(variant: Variant) -> None:
    changes = Fault(layers=[*variant.make(variant)], targets=[variant.declare], page_limit=variant.page_limit)
    rows = load().in_profiles(("taxii-server", "exchange", "foundational"))
    run, _ = run_plan(None, [row.id for row in rows], changes)
    green = {Outcome.PASS, Outcome.INAPPLICABLE}
    allowed = UNDECIDED.get(variant.name, set())
    advised = ADVISED_AGAINST.get(variant.name, set())
    odd = {
        j.row.id: (str(j.outcome), j.reason, [(c.name, c.got) for c in j.checks if c.outcome is not Outcome.PASS])
        for j in run.judged
        if j.outcome not in green
        and not (j.outcome is Outcome.UNTESTABLE and j.row.id in allowed)
        and not (j.outcome is Outcome.WARN and j.row.id in advised)
    }
    assert odd == {}, odd
    assert variant.met >= variant.at_least
    passed = {j.row.id for j in run.judged if j.outcome is Outcome.PASS}
    assert passed >= set(variant.has_to_pass)
    assert len(passed) >= 80
