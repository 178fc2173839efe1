"""STIX Patterning: what is read, what is refused under which rule, and that no pattern takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isao_reference.content import patterns

GOOD = [
    "[file:name = 'a']",
    "[file:name NOT = 'a' AND file:size >= -3]",
    "[(file:name = 'a' OR url:value = 'b') AND file:size < 1.5]",
    "[file:hashes.'SHA-256' IN ('a', 'b')]",
    "[network-traffic:protocols[*] = 'tcp' AND network-traffic:protocols[0] MATCHES '^t']",
    "[EXISTS file:name] OR [NOT EXISTS file:name]",
    "[file:name = 'it\\'s \\\\ here']",
    "[artifact:payload_bin = b'QUJD' OR artifact:payload_bin = h'0aFf']",
    "[file:ctime > t'2026-10-05T08:00:00.5Z' AND file:is_hidden = true]",
    "([file:name = 'a'] FOLLOWEDBY [file:name = 'b'] REPEATS 2 TIMES) WITHIN 0.5 SECONDS",
    "[file:name = 'a'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z' WITHIN 5 SECONDS",
    "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    "[x-drill:a_b.c.'d-e' = 1]",
    "[file:name='a'AND file:size=3]AND[file:and.or='b']",
    "[file:name = 'a'] /* a comment */ // another",
    "\u2003[file:name\u00a0=\n'a']",
]
BAD = [
    ("", "S-IND-4"),
    ("file:name = 'a'", "S-IND-4"),
    ("[]", "S-IND-4"),
    ("[file:name = 'a'", "S-IND-4"),
    ("[file:name = 'a']]", "S-IND-4"),
    ("[file:name = 'a'] AND", "S-IND-4"),
    ("[file:name = 'a' and file:size = 3]", "S-IND-4"),
    ('[file:name = "a"]', "S-IND-4"),
    ("[file:name = 'a\\n']", "S-IND-4"),
    ("[file:size = +3]", "S-IND-4"),
    ("[file:size = 03]", "S-IND-4"),
    ("[file:size = 1e5]", "S-IND-4"),
    ("[file:size > true]", "S-IND-4"),
    ("[file:name LIKE 3]", "S-IND-4"),
    ("[artifact:payload_bin = h'abc']", "S-IND-4"),
    ("[artifact:payload_bin = b'QUJ']", "S-IND-4"),
    ("[file:ctime > t'2026-02-30T08:00:00Z']", "S-IND-4"),
    ("[file:protocols[-1] = 'a']", "S-IND-4"),
    ("[File:name = 'a']", "S-IND-4"),
    ("[file:a = 'a']", "S-IND-4"),
    ("[NOT file:name = 'a']", "S-IND-4"),
    ("[file:name = 'a'] WITHIN -5 SECONDS", "S-IND-4"),
    ("[file:name = 'a'] START '2026-01-01T00:00:00Z' STOP '2026-02-01T00:00:00Z'", "S-IND-4"),
    ("[file:hashes.SHA-256 = 'a']", "S-IND-6"),
    ("[file:name = 'a'] START t'2026-02-01T00:00:00Z' STOP t'2026-01-01T00:00:00Z'", "S-IND-7"),
    ("[file:name = 'a'] WITHIN 0.0 SECONDS", "S-IND-8"),
    ("[file:name = 'a'] REPEATS 0 TIMES", "S-IND-12"),
    ("[file:name = 'a'] REPEATS 2 TIMES WITHIN 5 SECONDS REPEATS 2 TIMES", "S-IND-13"),
    ("[file:name = 'a' AND url:value = 'b']", "S-IND-14"),
    ("[(file:name = 'a' OR url:value = 'b') AND mutex:name = 'c']", "S-IND-14"),
    ("[file:name IN ('a', 1)]", "S-IND-16"),
    ("(" * 65 + "[file:name = 'a']" + ")" * 65, "S-IND-17"),
    ("[file:name = '" + "a" * patterns.MAX_LENGTH + "']", "S-IND-17"),
]
ALPHABET = ["[", "]", "(", ")", "'", "\\", ":", ".", "*", "=", "<", "!", ",", "-", "0", "7", "a", " ", "\u2003", "é"]
WORDS = ["file:name", "'a'", " AND ", " OR ", " NOT ", "FOLLOWEDBY", "t'", "START ", " WITHIN 5 SECONDS", "/*", "//"]


@pytest.mark.parametrize("pattern", GOOD)
def test_a_good_pattern_is_read_without_fault(pattern: str) -> None:
    reading = patterns.read(pattern)
    assert reading.faults == ()
    assert reading.comparisons


@pytest.mark.parametrize(("pattern", "rule"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_pattern_is_refused_under_its_rule(pattern: str, rule: str) -> None:
    assert rule in {found for found, _, _ in patterns.read(pattern).faults}


def test_a_reading_names_types_paths_operators_and_constants() -> None:
    (found,) = patterns.read("[file:extensions.'pdf-ext'.document_info_dict.Title IN ('it\\'s', 'b')]").comparisons
    assert (found.object_type, found.operator, found.constants) == ("file", "IN", ("it's", "b"))
    assert found.path == ("extensions", "pdf-ext", "document_info_dict", "Title")


@given(st.lists(st.sampled_from(ALPHABET + WORDS), max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_gets_a_reading(text: str) -> None:
    reading = patterns.read(text)
    assert reading.faults or reading.comparisons
    for rule, clause, words in reading.faults:
        assert rule.startswith("S-")
        assert clause
        assert words.isascii()


def test_time_is_linear_in_the_length() -> None:
    """Each of these takes a quadratic or worse reader minutes; a generous second is for slow machines."""
    size = 200_000
    hostile = [
        "[" * size,
        "(" * size,
        "//" * size,
        "/*" * size,
        "'" * size,
        "[a:b = '" + "\\'" * size,
        "1" * size,
        " " * size + "x",
        "-" * size,
        "[" + "a-" * size,
        "[file:name = 'a']" + " OR [file:name = 'a']" * (size // 40),
        "[file:name IN (" + "1," * size,
    ]
    for pattern in hostile:
        started = time.process_time()
        patterns.read(pattern)
        assert time.process_time() - started < 3, pattern[:20]


def test_long_patterns_are_not_remembered() -> None:
    patterns.forget()
    patterns.read("[file:name = '" + "a" * 5_000 + "']")
    assert patterns._remembered.cache_info().currsize == 0
    patterns.read("[file:name = 'a']")
    assert patterns._remembered.cache_info().currsize == 1
