"""The strict JSON edge: every hard case is a JsonFault that says what is wrong, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isao_reference.wire import envelope, json_reader
from isao_reference.wire.json_reader import JsonFault

HARD = {
    "byte order mark": (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
    "utf-16": ('{"a":1}'.encode("utf-16"), "UTF-8"),
    "overlong": (b'{"a":"\xc0\xaf"}', "octet 6"),
    "encoded surrogate": (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
    "latin-1": (b'{"a":"\xe9"}', "octet 6"),
    "duplicate": (b'{"a":1,"a":1}', "'a' occurs twice"),
    "duplicate below": (b'{"b":[{"a":1,"c":{},"a":2}]}', "'a' occurs twice"),
    "duplicate by escape": (b'{"a":1,"\\u0061":2}', "'a' occurs twice"),
    "NaN": (b'{"a":NaN}', "NaN is not JSON"),
    "Infinity": (b'{"a":[Infinity]}', "Infinity is not JSON"),
    "-Infinity": (b"[-Infinity]", "-Infinity is not JSON"),
    "1e400": (b'{"a":1e400}', "1e400 is too large"),
    "-1e400": (b'{"a":-1.5e400}', "is too large"),
    "2^53": (b'{"a":9007199254740992}', "outside the exact range"),
    "-2^53": (b'{"a":-9007199254740992}', "outside the exact range"),
    "5000 digits": (b'{"a":' + b"7" * 5000 + b"}", "outside the exact range"),
    "depth 65": (b"[" * 65 + b"]" * 65, "deeper"),
    "depth 100000": (b"[" * 100_000, "nested far too deep"),
    "objects 100000": (b'{"a":' * 100_000, "nested far too deep"),
    "lone high surrogate": (b'{"a":"\\ud800"}', "/a holds a lone surrogate"),
    "lone low surrogate": (b'{"a":["x","\\udc00"]}', "/a/1 holds a lone surrogate"),
    "swapped surrogates": (b'{"a":"\\udc00\\ud800"}', "lone surrogate"),
    "surrogate in a name": (b'{"\\ud800":1}', "lone surrogate"),
    "U+0000": (b'{"a":"x\\u0000"}', "/a holds U+0000"),
    "U+0000 in a name": (b'{"\\u0000":1}', "holds U+0000"),
    "raw control": (b'{"a":"\x01"}', "control character"),
    "raw NUL": (b'{"a":"\x00"}', "control character"),
    "trailing comma": (b'{"a":1,}', "column"),
    "trailing text": (b'{"a":1} x', "more after"),
    "two values": (b"{}{}", "more after"),
    "empty": (b"", "column"),
    "white space": (b"  \n", "column"),
    "single quotes": (b"{'a':1}", "column"),
    "leading zero": (b"[01]", "column"),
    "plus": (b"[+1]", "column"),
    "unfinished": (b'{"a":', "column"),
    "unfinished string": (b'{"a', "column"),
    "bad escape": (b'["\\x"]', "escape"),
}


@pytest.mark.parametrize("name", HARD)
def test_each_hard_case_is_refused_and_named(name: str) -> None:
    body, told = HARD[name]
    with pytest.raises(JsonFault) as caught:
        json_reader.read(body)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", HARD)
def test_each_hard_case_is_refused_inside_an_envelope_too(name: str) -> None:
    body, _ = HARD[name]
    wrapped = b'{"objects":[{"type":"x"},' + body + b"]}"
    with pytest.raises(JsonFault):
        envelope.read(wrapped)


@pytest.mark.parametrize("name", HARD)
def test_each_hard_case_is_refused_beside_the_objects(name: str) -> None:
    body, _ = HARD[name]
    with pytest.raises(JsonFault):
        envelope.read(b'{"objects":[{}],"x_more":' + body + b"}")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"9007199254740991", 2**53 - 1),
        (b"-9007199254740991", -(2**53) + 1),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\ud800"', "\\ud800"),
        (b" \t\r\n[ ] ", []),
        (b"[" * 64 + b"]" * 64, None),
        (b"1e-400", 0.0),
        (b'{"[[[[":"{{{{"}', {"[[[[": "{{{{"}),
    ],
)
def test_lawful_text_is_taken(body: bytes, value: object) -> None:
    found = json_reader.read(body)
    if value is not None:
        assert found == value


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    assert json_reader.read(json.dumps({"pattern": "[" * 500}).encode()) == {"pattern": "[" * 500}


def test_the_depth_of_an_object_counts_from_the_envelope() -> None:
    def nested(levels: int) -> bytes:
        return b'{"objects":[' + b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1) + b"]}"

    assert len(envelope.read(nested(62))) == 1
    with pytest.raises(JsonFault, match="deeper"):
        envelope.read(nested(63))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=4),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(json_values, min_size=1, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_objects_are_cut_out_exactly(values: list[object], indent: int | None, ascii_only: bool) -> None:
    pieces = [json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode() for value in values]
    body = b'{ "x_a": [1, {"objects": [2]}], "objects" : [ ' + b" ,\n".join(pieces) + b' ] , "more": false}'
    found = envelope.read(body)
    assert [one.body for one in found] == pieces
    assert [one.value for one in found] == values


@pytest.mark.parametrize(
    "body", [b"[]", b"5", b'"objects"', b"null", b"{}", b'{"objects":5}', b'{"objects":[]}', b'{"objects":{}}']
)
def test_json_that_is_no_envelope_is_told_apart_from_broken_json(body: bytes) -> None:
    with pytest.raises(envelope.NotAnEnvelope):
        envelope.read(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"objects":[{}],"objects":[{}]}',
        b'{"objects":[{}],"x":1,"x":2}',
        b'{"objects":[{}}',
        b'{"objects":[{},]}',
        b'{"objects":[{}],}',
        b'{"objects" [{}]}',
        b'{"objects":[{}]} {}',
        b"{objects:[{}]}",
        b'{"objects":[',
        b'{"objects":',
        b"{",
    ],
)
def test_a_broken_envelope_is_a_json_fault(body: bytes) -> None:
    with pytest.raises(JsonFault):
        envelope.read(body)


def test_pages_are_joined_bytes() -> None:
    assert envelope.write([], None) == b"{}"
    assert envelope.write([b'{ "a":1 }', b"{}"], None) == b'{"objects":[{ "a":1 },{}]}'
    assert json.loads(envelope.write([b"{}"], "t")) == {"more": True, "next": "t", "objects": [{}]}
