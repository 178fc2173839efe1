"""STIX Patterning (STIX 2.1, section 9): one bounded reading of a pattern, remembered.

Time is linear in the length of the pattern; parentheses are the only recursion and are limited. The reading
never raises: what is wrong stands in `faults`, as rule ids with words. After a fault of grammar nothing
further of that pattern is judged.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import NamedTuple

from isao_reference.content import text_forms, vocabulary

MAX_LENGTH = 1_000_000
MAX_NESTING = 64
_REMEMBERED_LENGTH = 4_096

_SPACE = "[ \\t\\r\\n\\v\\f\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+"
# White space and comments, then one token: a constant in apostrophes, a number, a word, a mark, what is none of
# them, or the end; so it matches wherever it is tried, and reading a pattern takes linear time.
_TOKEN = re.compile(
    rf"(?>(?:{_SPACE}|/\*.*?\*/|//[^\r\n]*)*)"
    r"(?:((?:[thb])?'(?:[^'\\]|\\['\\])*')|([+-]?(?:\d*\.\d+|\d+))|([A-Za-z_][A-Za-z0-9_-]*)"
    r"|(==|!=|<>|<=|>=|[=<>()\[\],:.*])|(.)|\Z)",
    re.DOTALL | re.ASCII,
)
_END, _CONSTANT, _NUMBER, _WORD, _MARK, _OTHER = range(6)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*)", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TYPE_NAME = re.compile(r"-?[a-z0-9]+(?:-[a-z0-9]+)*-?")
_PROPERTY = re.compile(r"[a-z0-9_]{3,250}")
_EQUALITY = frozenset({"=", "==", "!=", "<>"})
_ORDER = frozenset({"<", ">", "<=", ">="})
_TEXT_OPERATORS = frozenset({"LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"})
_OPERATORS = _EQUALITY | _ORDER | _TEXT_OPERATORS | {"IN"}
_JOINTS = frozenset({"AND", "OR", "FOLLOWEDBY"})
_QUALIFIERS = frozenset({"START", "WITHIN", "REPEATS"})
_TRUTH = frozenset({"true", "false"})
_NO_TYPE = frozenset({"AND", "OR", "NOT", "EXISTS", "FOLLOWEDBY"})
_KEYWORDS = _JOINTS | _QUALIFIERS | _TRUTH | _TEXT_OPERATORS | {"NOT", "IN", "EXISTS", "STOP", "SECONDS", "TIMES"}
_KINDS = {"t": "timestamp", "h": "hex", "b": "binary", "'": "string"}


class Comparison(NamedTuple):
    """One comparison: the object type, the path below it (names and `[n]` steps), the operator and the
    texts of its constants."""

    object_type: str
    path: tuple[str, ...]
    operator: str
    constants: tuple[str, ...]


class Reading(NamedTuple):
    """What a pattern says: its comparisons, and what is wrong with it as (rule, clause, words)."""

    comparisons: tuple[Comparison, ...]
    faults: tuple[tuple[str, str, str], ...]


class _Fault(Exception):
    """Ends the reading of one pattern."""

    def __init__(self, rule: str, clause: str, words: str) -> None:
        super().__init__(words)
        self.found = (rule, clause, words)


class _Reader:
    """A reader by recursive descent, one token ahead; only parentheses recurse.

    `mark` is the token at hand when it is a mark or a keyword, else empty.
    """

    __slots__ = ("comparisons", "depth", "faults", "kind", "mark", "matches", "start", "text", "value")

    def __init__(self, text: str) -> None:
        self.text = text
        self.matches = _TOKEN.finditer(text)
        self.kind, self.value, self.mark, self.start = _END, "", "", 0
        self.comparisons: list[Comparison] = []
        self.faults: list[tuple[str, str, str]] = []
        self.depth = 0

    def advance(self) -> None:
        found = next(self.matches, None)
        kind = found.lastindex if found is not None else None
        if found is None or kind is None:
            self.kind, self.value, self.mark, self.start = _END, "", "", len(self.text)
            return
        self.kind, self.value, self.start = kind, found[kind], found.start(kind)
        if kind == _MARK or (kind == _WORD and self.value in _KEYWORDS):
            self.mark = self.value
        else:
            self.mark = ""

    def take(self, value: str) -> None:
        if self.mark != value:
            raise self.unexpected(value)
        self.advance()

    def unexpected(self, wanted: str) -> _Fault:
        found = "the end" if self.kind == _END else ascii(self.text[self.start : self.start + 20])
        return _Fault("S-IND-4", "9.4", f"expected {wanted} at character {self.start + 1}, found {found}")

    def fault(self, rule: str, clause: str, words: str) -> None:
        self.faults.append((rule, clause, words))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise _Fault("S-IND-17", "9.4", f"parentheses are nested deeper than {MAX_NESTING}")
        self.advance()

    def pattern(self) -> None:
        self.advance()
        self.observations()
        if self.kind != _END:
            raise self.unexpected("the end of the pattern")

    def observations(self) -> None:
        self.observation()
        while self.mark in _JOINTS:
            self.advance()
            self.observation()

    def observation(self) -> None:
        if self.mark == "[":
            self.advance()
            self.comparison()
            self.take("]")
        elif self.mark == "(":
            self.deeper()
            self.observations()
            self.take(")")
            self.depth -= 1
        else:
            raise self.unexpected("[ or (")
        if self.mark in _QUALIFIERS:
            self.qualifiers()

    def qualifiers(self) -> None:
        seen: set[str] = set()
        while self.mark in _QUALIFIERS:
            kind = self.mark
            self.advance()
            if kind in seen:
                self.fault("S-IND-13", "9.5.1", f"one observation expression has two {kind} qualifiers")
            seen.add(kind)
            if kind == "START":
                self.span()
            elif kind == "WITHIN":
                self.amount("S-IND-8", "SECONDS", whole=False)
            else:
                self.amount("S-IND-12", "TIMES", whole=True)

    def span(self) -> None:
        first = self.timestamp()
        self.take("STOP")
        second = self.timestamp()
        earlier, later = text_forms.instant(first), text_forms.instant(second)
        if earlier is not None and later is not None and later <= earlier:
            self.fault("S-IND-7", "9.5.1", f"STOP {second} is not later than START {first}")

    def timestamp(self) -> str:
        if self.kind != _CONSTANT or self.value[0] != "t":
            raise self.unexpected("a timestamp constant")
        return self.constant()[1]

    def amount(self, rule: str, unit: str, whole: bool) -> None:
        text = self.value
        if self.kind != _NUMBER or text[0] in "+-" or ((whole or "." not in text) and not _INTEGER.fullmatch(text)):
            raise self.unexpected("a positive number")
        self.advance()
        if not text.strip("0."):
            self.fault(rule, "9.5.1", f"{text[:40]} {unit} is not a positive number")
        self.take(unit)

    def comparison(self) -> frozenset[str]:
        """Object types that could satisfy the expression; none after an AND that is a fault."""
        found = self.conjunction()
        while self.mark == "OR":
            self.advance()
            found |= self.conjunction()
        return found

    def conjunction(self) -> frozenset[str]:
        found = self.test()
        while self.mark == "AND":
            self.advance()
            other = self.test()
            if found and other and not found & other:
                left, right = ", ".join(sorted(found))[:200], ", ".join(sorted(other))[:200]
                self.fault("S-IND-14", "9.5", f"no object is both {left} and {right}; join them by OR")
            found &= other
        return found

    def test(self) -> frozenset[str]:
        if self.mark == "(":
            self.deeper()
            found = self.comparison()
            self.take(")")
            self.depth -= 1
            return found
        operator = "EXISTS"
        constants: tuple[str, ...] = ()
        if self.mark == "NOT":
            self.advance()
            self.take("EXISTS")
            kind, path = self.path()
        elif self.mark == "EXISTS":
            self.advance()
            kind, path = self.path()
        else:
            kind, path = self.path()
            if self.mark == "NOT":
                self.advance()
            operator = self.mark
            if operator not in _OPERATORS:
                raise self.unexpected("a comparison operator")
            self.advance()
            constants = self.operand(operator)
        self.comparisons.append(Comparison(kind, path, operator, constants))
        return frozenset((kind,))

    def operand(self, operator: str) -> tuple[str, ...]:
        if operator in _TEXT_OPERATORS:
            if self.kind != _CONSTANT or self.value[0] != "'":
                raise self.unexpected("a string constant")
            return (self.constant()[1],)
        if operator in _ORDER and self.mark in _TRUTH:
            raise self.unexpected("a constant with an order")
        if operator != "IN":
            return (self.constant()[1],)
        self.take("(")
        constants = [] if self.mark == ")" else [self.constant()]
        while constants and self.mark == ",":
            self.advance()
            constants.append(self.constant())
        self.take(")")
        if len({kind for kind, _ in constants}) > 1:
            self.fault("S-IND-16", "9.6.1", "the constants of one IN are of several data types")
        return tuple(text for _, text in constants)

    def constant(self) -> tuple[str, str]:
        """(kind, text) of the constant at hand; integer and float count as one kind."""
        value = self.value
        if self.kind == _CONSTANT:
            kind = _KINDS[value[0]]
            if kind == "string":
                text = value[1:-1]
                if "\\" in text:
                    text = _ESCAPE.sub(r"\1", text)
            else:
                text = value[2:-1]
                _check_constant(kind, text)
        elif self.kind == _NUMBER:
            kind, text = "number", value
            if "." not in text and not _INTEGER.fullmatch(text):
                raise _Fault("S-IND-4", "9.2", f"{text[:40]} at character {self.start + 1} has leading zeros")
            if text[0] == "+":
                self.fault("S-IND-4", "9.2", f"{text[:40]} carries a plus sign, which positive numbers omit")
        elif self.mark in _TRUTH:
            kind, text = "boolean", value
        else:
            raise self.unexpected("a constant")
        self.advance()
        return kind, text

    def path(self) -> tuple[str, tuple[str, ...]]:
        if self.kind != _WORD or self.mark in _NO_TYPE:
            raise self.unexpected("an object type")
        kind = self.value
        if kind not in vocabulary.SCO and not (_TYPE_NAME.fullmatch(kind) and 3 <= len(kind) <= 250):
            self.fault("S-IND-4", "9.7", f"{kind[:40]} is no name of an object type")
        self.advance()
        self.take(":")
        steps = [self.name()]
        if not _PROPERTY.fullmatch(steps[0]) and steps[0] != "id":
            self.fault("S-IND-4", "9.7", f"{steps[0][:40]!a} is no name of a property")
        while self.mark == "." or self.mark == "[":
            inner = self.mark == "["
            self.advance()
            if not inner:
                steps.append(self.name())
                continue
            if self.mark == "*":
                steps.append("[*]")
            elif self.kind == _NUMBER and self.value[0] not in "+-" and _INTEGER.fullmatch(self.value):
                steps.append(f"[{self.value}]")
            else:
                raise self.unexpected("* or a list index")
            self.advance()
            self.take("]")
        return kind, tuple(steps)

    def name(self) -> str:
        value = self.value
        if self.kind == _CONSTANT and value[0] == "'":
            value = value[1:-1]
        elif self.kind != _WORD or (self.mark and self.mark not in _TRUTH):
            raise self.unexpected("a property name")
        elif "-" in value:
            raise _Fault("S-IND-6", "9.7", f"{value[:40]} holds a hyphen and stands without apostrophes")
        self.advance()
        return value


def _check_constant(kind: str, text: str) -> None:
    if kind == "timestamp" and text_forms.timestamp_fault(text):
        raise _Fault("S-IND-4", "9.2", f"t'{ascii(text[:40])[1:-1]}' is no timestamp")
    if kind == "hex" and not _HEX.fullmatch(text):
        raise _Fault("S-IND-4", "9.2", f"h'{ascii(text[:40])[1:-1]}' is no even number of hexadecimal digits")
    if kind == "binary" and not _is_base64("".join(text.split())):
        raise _Fault("S-IND-4", "9.2", f"b'{ascii(text[:40])[1:-1]}' is no base64")


def _is_base64(text: str) -> bool:
    if not text or not _BASE64.fullmatch(text):
        return False
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return False
    return True


def read(pattern: str) -> Reading:
    """The reading of a pattern; short ones are remembered."""
    return _remembered(pattern) if len(pattern) <= _REMEMBERED_LENGTH else _read(pattern)


def _read(pattern: str) -> Reading:
    if len(pattern) > MAX_LENGTH:
        words = f"the pattern has {len(pattern):,} characters; the limit is {MAX_LENGTH:,}"
        return Reading((), (("S-IND-17", "9.4", words),))
    reader = _Reader(pattern)
    try:
        reader.pattern()
    except _Fault as fault:
        reader.faults.append(fault.found)
    return Reading(tuple(reader.comparisons), tuple(dict.fromkeys(reader.faults)))


_remembered = lru_cache(maxsize=8192)(_read)


def forget() -> None:
    """Forgets the readings remembered, as for a measurement that begins anew."""
    _remembered.cache_clear()
