"""The rules of STIX content are complete, cite a source, and a faulty file is refused with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import isao_spec
from isao_spec import stix
from isao_spec.errors import SpecError
from isao_spec.model import Level

GOOD = """rules:
  - id: S-X-1
    level: MUST
    title: A title
    statement: A statement.
    clause: "2.9"
    scope: object
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_rules_cite_a_source_and_a_clause() -> None:
    sources = isao_spec.load().sources
    assert len(stix.rules()) >= 150
    for rule in stix.rules().values():
        assert rule.source in sources, rule.id
        if rule.source == "stix-2.1":
            assert re.fullmatch(r"\d+(\.\d+)*", rule.clause), rule.id
        assert rule.level is not Level.MAY


def test_levels_of_the_projects_own_are_never_errors_but_for_limits() -> None:
    binding = {rule.id for rule in stix.rules().values() if rule.design_choice and rule.level.binding}
    assert binding == {"S-IND-17", "S-LIM-1"}


def test_a_good_file_is_read(tmp_path: Path) -> None:
    assert stix.load_rules_from(written(tmp_path, GOOD))["S-X-1"].scope is stix.Scope.OBJECT


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("level: MUST", "level: MAY", "rules.yaml:3: "),
        ("level: MUST", "level: SHALL", "rules.yaml:3: "),
        ("scope: object", "scope: file", "rules.yaml:7: "),
        ("    title: A title\n", "", "rules.yaml:2: "),
        ("scope: object", "scope: object\n    colour: red", "rules.yaml:8: "),
        ("scope: object", "scope: object\n    design_choice: true", "without a note"),
        ("rules:\n", GOOD, "stands twice"),
    ],
)
def test_a_faulty_file_is_refused_at_its_place(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(SpecError) as caught:
        stix.load_rules_from(written(tmp_path, GOOD.replace(old, new)))
    assert fault in str(caught.value)


def test_the_published_schemas_are_there_with_their_licence() -> None:
    files = sorted(stix.SCHEMAS.rglob("*.json"))
    assert len(files) == 57
    assert "Copyright (c) [2016], OASIS Open" in (stix.SCHEMAS / "LICENSE").read_text("utf-8")
    for file in files:
        assert json.loads(file.read_bytes())["$schema"].endswith("2020-12/schema"), file.name
