"""Our validator against stix2-validator 3.2.0: it differs only where it catches more, or where a ruling says why.

Both judge all published vectors and real threat data: all objects of a file with up to WHOLE of them, a drawn
sample of SAMPLE of a larger one, as the oracle takes about 10 ms an object. Objects of STIX 2.0, which say no
version, are put to the oracle as STIX 2.0. Every difference stands in adjudications.yaml with its clause; a new
or a vanished one fails the test. A crash of the oracle is a rejection.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from isao_reference import content
from isao_spec.stix import rules
from tests.conftest import real_files
from tests.oracle import stix2_validator
from tests.oracle.stix2_validator import Verdict
from tests.support.real_data import objects_of
from tests.support.stix_vectors import Vector, vectors

RULINGS = yaml.safe_load((Path(__file__).parent / "adjudications.yaml").read_text("utf-8"))["stix2-validator-3.2.0"]
WHOLE, SAMPLE, SEED = 3_000, 4_000, 20261122


def broken_musts(objects: list[Any]) -> set[str]:
    return {f.rule for f in content.validate_objects(objects) if f.level.binding}


def says_20(item: Any) -> bool:
    """Whether an object says by its silence that it is STIX 2.0: it is versioned and names no version."""
    return isinstance(item, dict) and "spec_version" not in item and "created" in item


def judged_by_oracle(items: list[Any], *, silent_are_20: bool) -> list[Verdict]:
    found: dict[int, Verdict] = {}
    for version in (None, "2.0"):
        chosen = [n for n, item in enumerate(items) if (silent_are_20 and says_20(item)) is (version == "2.0")]
        found |= dict(zip(chosen, stix2_validator.verdicts([items[n] for n in chosen], version), strict=True))
    return [found[n] for n in range(len(items))]


def oracle_on_vectors() -> list[tuple[Vector, list[Verdict]]]:
    """The oracle's verdict on every object of every vector; the vectors about STIX 2.0 as STIX 2.0."""
    table: list[tuple[Vector, list[Verdict]]] = []
    for of_20 in (False, True):
        chosen = [v for v in vectors() if v.rule.startswith("S-20-") is of_20]
        said = iter(judged_by_oracle([item for v in chosen for item in v.objects], silent_are_20=of_20))
        table += [(v, [next(said) for _ in v.objects]) for v in chosen]
    return table


@pytest.mark.full
def test_on_the_vectors_every_difference_is_ruled_on() -> None:
    only_ours: dict[str, list[str]] = defaultdict(list)
    only_theirs: set[str] = set()
    for vector, said in oracle_on_vectors():
        ours = broken_musts(list(vector.objects))
        accepted = all(verdict.accepted for verdict in said)
        if ours and accepted:
            only_ours[vector.rule].append(vector.name)
        elif not ours and not accepted:
            only_theirs.add(vector.label)
    ruled = RULINGS["vectors"]
    assert dict(only_ours) == {rule: entry["vectors"] for rule, entry in ruled["caught_only_by_us"].items()}
    assert only_theirs == set(ruled["refused_only_by_the_oracle"])


def sample_of(path: Path) -> list[Any]:
    items = objects_of(path)
    return items if len(items) <= WHOLE else random.Random(SEED).sample(items, SAMPLE)


@pytest.mark.full
@pytest.mark.parametrize("name", [path.name for path in real_files()] or ["none"])
def test_on_real_data_every_difference_is_ruled_on(real_data: Path, name: str) -> None:
    items = sample_of(real_data / name)
    only_ours: set[str] = set()
    only_theirs: set[str] = set()
    unruled: list[tuple[str, str]] = []
    ruled = RULINGS["real_data"].get(name, {})
    refusals = ruled.get("refused_only_by_the_oracle", {})
    for item, said in zip(items, judged_by_oracle(items, silent_are_20=True), strict=True):
        ours = {f.rule for f in content.validate_object(item) if f.level.binding}
        if ours and said.accepted:
            only_ours |= ours
        elif not ours and not said.accepted:
            for message in said.messages:
                known = [words for words in refusals if re.search(words, message)]
                only_theirs |= set(known)
                unruled += [] if known else [(item["id"], message)]
    assert unruled == []
    assert only_ours == set(ruled.get("caught_only_by_us", {}))
    assert only_theirs == set(refusals)


def test_every_ruling_cites_a_clause_and_says_why() -> None:
    for rule, entry in RULINGS["vectors"]["caught_only_by_us"].items():
        assert entry["clause"] == rules()[rule].clause
    tables = [RULINGS["vectors"]["refused_only_by_the_oracle"]]
    for file in RULINGS["real_data"].values():
        tables.append(file.get("refused_only_by_the_oracle", {}))
        for rule, entry in file.get("caught_only_by_us", {}).items():
            assert entry["clause"] == rules()[rule].clause
            assert len(entry["why"]) > 30
    for entry in (entry for table in tables for entry in table.values()):
        assert entry["ruling"] in ("fault of the oracle", "our reading, said in the rule")
        assert entry["clause"].strip()
        assert len(entry["why"]) > 30


@pytest.mark.full
def test_the_oracle_accepts_refuses_and_crashes_as_known() -> None:
    """That the comparison compares: an accepted object, a refused one, and one that it cannot read."""
    by_label = {vector.label: vector for vector in vectors()}
    chosen = [
        "S-ID-4/valid/prefix-is-the-type",
        "S-ID-4/invalid/prefix-of-another-type",
        "S-KC-1/invalid/phase-not-named",
    ]
    said = stix2_validator.verdicts(by_label[label].objects[0] for label in chosen)
    assert [(verdict.accepted, verdict.crashed) for verdict in said] == [(True, False), (False, False), (False, True)]
