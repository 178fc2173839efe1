"""No expression of the three packages can take exponential time, and one that could is seen."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import isao_conformance
import isao_reference
import isao_spec
from isao_reference.content import text_forms
from tests.meta import regexes
from tests.meta.test_rules import ROOT, tracked

PACKAGES = (isao_spec, isao_reference, isao_conformance)
SLOW = (r"(a+)+", r"(a*)*", r"(.*)*x", r"([a-z]+-?)*", r"(\w+\s*)+", r"(?:x+y*)*", r"(?:[^a]|\\.)*", r"(?i:(A+)+)")
QUICK = (r"[a-z0-9]+(-[a-z0-9]+)*", r"(\d+,)*", r"(?:[^'\\]|\\.)*", r"(?:a|b)*", r"(?>a+)+", r"(?:a++)+", r"(ab?)+")


def in_packages() -> dict[str, str]:
    return {
        name: text for name, text in tracked().items() if name.split("/")[0] in ("spec", "reference", "conformance")
    }


def test_no_expression_repeats_a_repetition_without_a_mark_between_them() -> None:
    assert regexes.slow_expressions(in_packages()) == []


def test_nor_does_one_that_is_put_together_when_its_module_is_imported() -> None:
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = dict(regexes.compiled())
    assert len(found) > 60
    slow = {name: regexes.ambiguous(one.pattern, one.flags & re.IGNORECASE) for name, one in found.items()}
    assert {name: faults for name, faults in slow.items() if faults} == {}


@pytest.mark.parametrize("pattern", SLOW)
def test_a_slow_expression_is_seen(pattern: str) -> None:
    assert regexes.ambiguous(pattern)
    assert regexes.slow_expressions({"x.py": f"import re\nX = re.compile({pattern!r})\n"})


@pytest.mark.parametrize("pattern", QUICK)
def test_a_quick_one_is_not_accused(pattern: str) -> None:
    assert regexes.ambiguous(pattern) == []


def test_an_expression_made_up_while_it_runs_is_seen() -> None:
    made = "import re\ndef f(a):\n    return re.search(a + '+', 'x')\n"
    assert regexes.slow_expressions({"x.py": made}) == ["x.py:3: the expression is made up while it runs: a + '+'"]
    quoted = "import re\ndef f(a):\n    return re.search(f'^{re.escape(a)}$', 'x')\n"
    assert regexes.slow_expressions({"x.py": quoted}) == []


def patterns_of(schema: Any) -> Iterator[str]:
    """Every expression in a JSON Schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), dict):
            yield from schema["patternProperties"]
        for value in schema.values():
            yield from patterns_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns_of(value)


def test_schemas_ask_for_nothing_that_needs_backtracking() -> None:
    files = sorted((ROOT / "spec/isao_spec/schemas").rglob("*.json"))
    found = {pattern for file in files for pattern in patterns_of(json.loads(file.read_bytes()))}
    assert len(found) > 50
    assert [pattern for pattern in found if regexes.needs_backtracking(pattern)] == []
    assert regexes.needs_backtracking(r"^(?=a)")
    assert regexes.needs_backtracking(r"(a)\1")
    assert not regexes.needs_backtracking(r"\\1(?:a)")


def test_tags_of_languages_are_what_they_were() -> None:
    for good in ("en", "de-CH", "zh-Hant-TW", "en-a-bbb-ccc-b-dd", "en-x-a-b", "x-abc", "en-a-bb-x-c"):
        assert text_forms._TAG.fullmatch(good), good
    for bad in ("e", "en-", "en-a", "en-a-b", "en-a-bb-c", "en-a-bbbbbbbbb", "en--a", "x", "en-x"):
        assert not text_forms._TAG.fullmatch(bad), bad
