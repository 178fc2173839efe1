"""Texts that are no JSON, or not the JSON that an exchange takes, in the families in which parsers are known to differ.

The families are those that public collections of parser tests have (numbers, strings, literals, structure, encoding);
the texts are made here from the grammar of RFC 8259 by breaking one production at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

MEGABYTES_10 = 10 * 1024 * 1024
MANY = 100_000


@dataclass(frozen=True)
class Case:
    """One text. What is not `refused` may be taken, and is then given back as it was."""

    name: str
    text: bytes
    refused: bool = True


def _numbers() -> Iterator[tuple[str, str]]:
    for sign in ("+", "--", "-+", "++", "- ", "−"):
        yield f"sign {sign!r}", f"{sign}1"
    for lead in ("00", "01", "-01", "-00", "012.5", "0123", "-012"):
        yield f"leading zero {lead}", lead
    for part in (".", "-.", ".5", "-.5", "1.", "-1.", "0.", "1.e1", "0.e1", ".e1", "1.2.3", "1..2", "0.1.", "1,5"):
        yield f"fraction {part}", part
    for end in ("e", "E", "e+", "E-", "ee1", "e1.5", "e+-1", "e 1", "e1e1", "e.", "E+", "e0x1", "e--1"):
        yield f"exponent {end}", f"1{end}"
        yield f"exponent after a fraction {end}", f"1.5{end}"
    for other in ("0x1F", "0x", "0b1", "0o7", "1_000", "1f", "1L", "0a", "1a", "1#", "1 2", "１", "٣", "1٣", "2.0é"):
        yield f"other digits {other!a}", other
    for word in ("NaN", "-NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "INF", "Infinit", "-Inf"):
        yield f"word {word}", word


def _strings() -> Iterator[tuple[str, bytes]]:
    for code in range(0x20):
        yield f"raw control {code:#04x}", b'"a' + bytes([code]) + b'b"'
    for code in range(0x21, 0x7F):
        if chr(code) not in '"\\/bfnrtu':
            yield f"escape \\{chr(code)}", b'"\\' + bytes([code]) + b'"'
    for digits in ("", "0", "00", "00A", "00G0", "-001", "+001", " 001", "0 01", "{41}", "zzzz", "１２３４"):
        yield f"escape \\u{digits!a}", f'"\\u{digits}"'.encode()
    for text in ('"', '"a', '"\\', '"\\"', '"\\u', '"\\u1', 'a"', "'a'", "`a`", "“a”", '"a""b"', '"a" "b"', 'é"', "a"):
        yield f"quotes {text!a}", text.encode()
    yield "escape of a line end", b'"a\\\nb"'
    yield "escape of a tab", b'"a\\\tb"'
    yield "escape of another octet", b'"\\\xe2\x82\xac"'


def _literals() -> Iterator[tuple[str, str]]:
    for word in ("true", "false", "null"):
        for length in range(1, len(word)):
            yield f"cut {word[:length]}", word[:length]
        for other in (word.upper(), word.title(), word + word[-1], word + "1", word[::-1], f"{word} {word}"):
            yield f"other {other}", other
    for word in (
        "None",
        "undefined",
        "yes",
        "no",
        "nil",
        "Nul",
        "*",
        "&",
        "@",
        "<null>",
        "#",
        "…",
        "\u2060",
        "//",
        "\\",
    ):
        yield f"word {word!a}", word


def _structure() -> Iterator[tuple[str, str]]:
    for text in (
        "[,]",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "[1;2]",
        "[1:2]",
        "[1",
        "[1,",
        "[",
        "]",
        "[1]]",
        "[[1]",
        "[1}",
        "[}",
        "[\n",
        "[1,\n",
        "[,",
        "[1,,]",
        "[*]",
        "[a",
        "[1] 2",
        "[1],",
        "[]x",
        "[ ,1]",
        "[1,2",
        "[[[[",
        "]]]]",
        "[-]",
        "[1 true]",
    ):
        yield f"array {text!a}", text
    for text in (
        "{",
        "}",
        '{"a"}',
        '{"a":}',
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        '{,"a":1}',
        '{"a":1,,"b":2}',
        '{"a" 1}',
        '{"a"::1}',
        '{"a":1 "b":2}',
        '{"a":1;"b":2}',
        '{"a":1:2}',
        '{"a"=1}',
        '{"a","b"}',
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "{true:1}",
        "{[]:1}",
        "{{}:1}",
        '{"a":1]',
        '{"a":1}}',
        '{"a":1}{}',
        '{"a":1}[]',
        '{"a":1}x',
        '{"a":1}//',
        '{"a":1}/**/',
        '{"a":/*x*/1}',
        '{"a":1}#',
        '{"a":1} "b"',
        "{:1}",
        '{:"a"}',
        '{"a":1,"b"}',
        '{"a":1,2}',
        '{"a":{"b":1}',
        '{"a":[}',
        "{}}",
        "{,}",
        "{]",
        '{"":}',
        "{\"a\":'b'}",
        '{"a":b}',
        "{*}",
        '{"a":1,"a"',
        '{ "a":1, }',
    ):
        yield f"object {text!a}", text
    for text in (
        "",
        " ",
        "\n",
        "\t\r\n ",
        "\u00a0{}",
        "{}\u00a0",
        "\u2028{}",
        "\x0c{}",
        "{}\x0b",
        "\u3000[]",
        "\ufeff{}",
        "{}{}",
        "[][]",
        "1 1",
        "{} {}",
        "[]\n[]",
        ",",
        ":",
        "{},",
        "(1)",
        "<a/>",
        "a=1&b=2",
        "- 1",
        "---\na: 1",
        "\x1e{}",
        "{}\x00",
        "\x00",
        "{}\x1a",
        "\u2060{}",
        "__proto__",
    ):
        yield f"text {text!a}", text


def _encodings() -> Iterator[tuple[str, bytes]]:
    plain = '{"a":1}'
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"):
        yield name, plain.encode(name)
    yield "two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf{}"
    yield "half a byte order mark", b"\xef\xbb{}"
    yield "a byte order mark alone", b"\xef\xbb\xbf"
    yield "a byte order mark behind", b"{}\xef\xbb\xbf"
    for name, octets in {
        "overlong slash of two": b"\xc0\xaf",
        "overlong slash of three": b"\xe0\x80\xaf",
        "overlong slash of four": b"\xf0\x80\x80\xaf",
        "overlong slash of five": b"\xf8\x80\x80\x80\xaf",
        "overlong slash of six": b"\xfc\x80\x80\x80\x80\xaf",
        "overlong nothing": b"\xc0\x80",
        "largest overlong of two": b"\xc1\xbf",
        "largest overlong of three": b"\xe0\x9f\xbf",
        "largest overlong of four": b"\xf0\x8f\xbf\xbf",
        "a high surrogate": b"\xed\xa0\x80",
        "a low surrogate": b"\xed\xb0\x80",
        "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
        "beyond Unicode": b"\xf4\x90\x80\x80",
        "far beyond Unicode": b"\xf5\x80\x80\x80",
        "a lone continuation": b"\x80",
        "many continuations": b"\x80\x81\x82\xbf",
        "one of two": b"\xc3",
        "one of three": b"\xe2",
        "two of three": b"\xe2\x82",
        "three of four": b"\xf0\x9f\x98",
        "a start and a letter": b"\xc3(",
        "Latin-1": b"caf\xe9",
        "no octet of UTF-8": b"\xfe",
        "no octet of UTF-8 either": b"\xff",
    }.items():
        yield f"{name} in a string", b'["' + octets + b'"]'
        yield f"{name} in a name", b'{"' + octets + b'":1}'
        yield f"{name} outside", b"[" + octets + b"]"


def _strict() -> Iterator[tuple[str, bytes]]:
    """What RFC 8259 leaves free or takes, and an exchange refuses: two readers would understand it differently."""
    for name, text in {
        "a name twice": '{"a":1,"a":2}',
        "a name twice with one value": '{"a":1,"a":1}',
        "a name twice by an escape": '{"a":1,"\\u0061":2}',
        "a name twice below": '{"b":[{"a":1,"c":{},"a":2}]}',
        "a name twice far below": '{"a":' * 30 + '{"b":1,"b":2}' + "}" * 30,
        "an empty name twice": '{"":1,"":2}',
        "1e400": '{"a":1e400}',
        "-1e400": '{"a":-1e400}',
        "1e99999": "[1e99999]",
        "a long number without end": '{"a":' + "9" * 400 + ".0}",
        "2^53": '{"a":9007199254740992}',
        "2^53+1": '{"a":9007199254740993}',
        "-(2^53+1)": '{"a":-9007199254740993}',
        "2^63": '{"a":9223372036854775808}',
        "2^64": "[18446744073709551616]",
        "5,000 digits": '{"a":' + "7" * 5000 + "}",
        "-5,000 digits": "[-" + "7" * 5000 + "]",
        "depth 65": "[" * 65 + "]" * 65,
        "depth 65 of objects": '{"a":' * 64 + "{}" + "}" * 64,
        "depth 100,000": "[" * MANY + "]" * MANY,
        "depth 100,000 open": "[" * MANY,
        "depth 100,000 of objects": '{"a":' * MANY + "1" + "}" * MANY,
        "depth 100,000 mixed": '[{"":' * MANY,
        "a lone high surrogate": '["\\ud800"]',
        "a lone low surrogate": '{"a":"\\uDFFF"}',
        "swapped surrogates": '["\\udc00\\ud800"]',
        "a high surrogate and a letter": '["\\ud83dx"]',
        "two high surrogates": '["\\ud83d\\ud83d\\ude00"]',
        "a high surrogate and an escape": '["\\ud800\\n"]',
        "half of a low surrogate": '["\\uD834\\uDd"]',
        "a surrogate in a name": '{"\\ud800":1}',
        "U+0000": '{"a":"x\\u0000y"}',
        "U+0000 in a name": '{"a\\u0000":1}',
    }.items():
        yield name, text.encode()


def _lawful() -> Iterator[tuple[str, bytes]]:
    """What every reader understands alike."""
    numbers = (
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "0.5",
        "-0.5",
        "1e2",
        "1E2",
        "1e+2",
        "1e-2",
        "1.5e3",
        "1E-400",
        "0e0",
        "-0.0",
    )
    numbers += ("9007199254740991", "-9007199254740991", "123.456e-7", "0.1e1", "20e1", "1e308", "0." + "3" * 5000)
    for number in numbers:
        yield f"number {number[:30]}", number.encode()
    for letter in '"\\/bfnrt':
        yield f"escape \\{letter}", f'"\\{letter}"'.encode()
    for code in (
        "0020",
        "00e9",
        "20AC",
        "20ac",
        "d83d\\ude00",
        "D83D\\uDE00",
        "ffff",
        "FDD0",
        "2028",
        "200b",
        "005c",
        "0001",
    ):
        yield f"escape \\u{code}", f'"\\u{code}"'.encode()
    for char in "\x7f\x80é€\u200b\u2028\u202e\ue000\ufdd0\uffff\U0001f600\U0010ffff":
        yield f"character {char!a}", json.dumps(char, ensure_ascii=False).encode()
    for text in (
        '""',
        '"\\\\u0000"',
        '"\\\\ud800"',
        '"[[[{{{"',
        "[]",
        "{}",
        "[[]]",
        "[[[]]]",
        "[null]",
        "[true,false]",
        '{"":0}',
        '{"a":{"a":{"a":1}}}',
        '{"a":1,"A":2}',
        '{"a":1,"\u00e1":2,"a\u0301":3}',
        " [ ] ",
        "\t{\n}\r",
        "[1 , 2\n,\r3\t]",
        '{ "a" : [ ] }',
        "[1,1,1]",
        '{"__proto__":1,"constructor":2}',
        '{"toString":"x"}',
        "true",
        "false",
        "null",
        '"a"',
        '{"NaN":"NaN"}',
        '["\u00e9","e\u0301"]',
    ):
        yield f"text {text!a}", text.encode()
    for depth in (2, 32, 60):
        yield f"depth {depth}", b"[" * depth + b"]" * depth


@cache
def families() -> tuple[Case, ...]:
    """Every case, refused ones first. A text is judged by itself, wherever a value may stand."""
    found: dict[str, Case] = {}
    groups: dict[str, Iterator[tuple[str, str | bytes]]] = {
        "number": _numbers(),
        "string": _strings(),
        "literal": _literals(),
        "structure": _structure(),
        "encoding": _encodings(),
        "strict": _strict(),
        "lawful": _lawful(),
    }
    for family, cases in groups.items():
        for name, text in cases:
            octets = text if isinstance(text, bytes) else text.encode()
            one = Case(f"{family}: {name}", octets, family != "lawful")
            assert one.name not in found, one.name
            found[one.name] = one
    return tuple(found.values())


def bounds() -> tuple[Case, ...]:
    """What is large and lawful: it may be taken, or refused as too large."""
    many = "{" + ",".join(f'"k{number}":{number}' for number in range(MANY)) + "}"
    return (
        Case("a string of 10 MB", b'"' + b"x" * MEGABYTES_10 + b'"', refused=False),
        Case("a string of nearly 10 MB", b'"' + b"x" * (MEGABYTES_10 - 60_000) + b'"', refused=False),
        Case("a name of 1 MB", b'{"' + b"n" * 1024 * 1024 + b'":1}', refused=False),
        Case("100,000 names", many.encode(), refused=False),
        Case("100,000 values", b"[" + b",".join([b"1"] * MANY) + b"]", refused=False),
        Case("depth 64", b"[" * 64 + b"]" * 64, refused=False),
        Case("2^53-1", b"9007199254740991", refused=False),
    )


HARD_DOZEN = tuple(one for one in families() if one.name.startswith("strict: "))
"""What is well-formed for most parsers and understood differently by two of them."""


def whole(document: object) -> Iterator[Case]:
    """A document that is taken, sent in ways in which it must not be."""
    text = json.dumps(document)
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        yield Case(f"whole in {name}", text.encode(name))
    yield Case("whole, twice", (text + text).encode())
    yield Case("whole, with a NUL behind", text.encode() + b"\x00")
    yield Case("whole, cut", text.encode()[:-1])
    yield Case("whole, with a comma too many", text.encode()[:-1] + b",}")
    if isinstance(document, dict):
        for name in document:
            again = json.dumps(name) + ":" + json.dumps(document[name])
            yield Case(f"{name} twice", f"{{{again},{text[1:]}".encode())
            escaped = '"' + "".join(f"\\u{ord(char):04x}" for char in name) + '":null'
            yield Case(f"{name} twice by escapes", f"{text[:-1]},{escaped}}}".encode())
