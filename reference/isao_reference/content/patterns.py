"""STIX Patterning (STIX 2.1, section 9): one bounded reading of a pattern, remembered.

Time is linear in the length of the pattern; parentheses are the only recursion and are limited. The reading
never raises: what is wrong stands in `faults`, as rule ids with words. After a fault of grammar nothing
further of that pattern is judged.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from functools import lru_cache

from isao_reference.content import text_forms

MAX_LENGTH = 1_000_000
MAX_NESTING = 64
_REMEMBERED_LENGTH = 4_096

_SPACE = "[ \\t\\r\\n\\v\\f\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+"
_TOKEN = re.compile(
    rf"(?>(?:{_SPACE}|/\*.*?\*/|//[^\r\n]*)*)"
    r"(?:(?P<constant>(?P<prefix>[thb])?'(?P<text>(?:[^'\\]|\\['\\])*)')"
    r"|(?P<number>[+-]?(?:\d*\.\d+|\d+))"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?P<hyphened>(?:-[A-Za-z0-9_-]*)?))"
    r"|(?P<mark>==|!=|<>|<=|>=|[=<>()\[\],:.*]))",
    re.DOTALL,
)
_TRAIL = re.compile(rf"(?>(?:{_SPACE}|/\*.*?\*/|//[^\r\n]*)*)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*)", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_TYPE_NAME = re.compile(r"-?[a-z0-9]+(?:-[a-z0-9]+)*-?")
_PROPERTY = re.compile(r"[a-z0-9_]{3,250}")
_EQUALITY = ("=", "==", "!=", "<>")
_ORDER = ("<", ">", "<=", ">=")
_TEXT_OPERATORS = ("LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET")
_KEYWORD_LIST = (
    "AND OR NOT FOLLOWEDBY IN LIKE MATCHES ISSUBSET ISSUPERSET EXISTS START STOP WITHIN SECONDS REPEATS TIMES "
    "true false"
)
_KEYWORDS = frozenset(_KEYWORD_LIST.split())
_KIND_OF_PREFIX = {"t": "timestamp", "h": "hex", "b": "binary", "": "string"}


@dataclass(frozen=True)
class Comparison:
    """One comparison: the object type, the path below it (names and `[n]` steps), the operator and the
    texts of its constants."""

    object_type: str
    path: tuple[str, ...]
    operator: str
    constants: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What a pattern says: its comparisons, and what is wrong with it as (rule, clause, words)."""

    comparisons: tuple[Comparison, ...]
    faults: tuple[tuple[str, str, str], ...]


class _Fault(Exception):
    """Ends the reading of one pattern."""

    def __init__(self, rule: str, clause: str, words: str) -> None:
        super().__init__(words)
        self.found = (rule, clause, words)


@dataclass
class _Tokens:
    """The tokens of one pattern, one ahead."""

    text: str
    position: int = 0
    kind: str = ""
    value: str = ""
    prefix: str = ""
    hyphened: bool = False
    start: int = 0

    def advance(self) -> None:
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            trail = _TRAIL.match(self.text, self.position)
            end = trail.end() if trail else self.position
            self.start = end
            if end != len(self.text):
                raise _Fault("S-IND-4", "9.4", f"{_quoted(self.text, end)} at character {end + 1} is not understood")
            self.kind, self.value = "end", ""
            return
        self.position = found.end()
        self.kind = str(found.lastgroup if found.lastgroup not in ("prefix", "text", "hyphened") else "constant")
        if found["constant"] is not None:
            self.kind, self.value, self.prefix = "constant", found["text"], found["prefix"] or ""
            self.start = found.start("constant")
        elif found["word"] is not None:
            self.value, self.hyphened = found["word"], bool(found["hyphened"])
            self.start = found.start("word")
            self.kind = "keyword" if self.value in _KEYWORDS else "word"
        else:
            name = "number" if found["number"] is not None else "mark"
            self.kind, self.value, self.start = name, found[name], found.start(name)

    def at(self, *values: str) -> bool:
        return self.value in values and self.kind in ("mark", "keyword")

    def take(self, *values: str) -> str:
        if not self.at(*values):
            raise self.unexpected(" or ".join(values))
        value = self.value
        self.advance()
        return value

    def unexpected(self, wanted: str) -> _Fault:
        found = "the end" if self.kind == "end" else _quoted(self.text, self.start)
        return _Fault("S-IND-4", "9.4", f"expected {wanted} at character {self.start + 1}, found {found}")


def _quoted(text: str, position: int) -> str:
    return ascii(text[position : position + 20])


@dataclass
class _Reader:
    """A reader by recursive descent; only parentheses recurse."""

    tokens: _Tokens
    comparisons: list[Comparison] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    depth: int = 0

    def fault(self, rule: str, clause: str, words: str) -> None:
        self.faults.append((rule, clause, words))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise _Fault("S-IND-17", "9.4", f"parentheses are nested deeper than {MAX_NESTING}")

    def pattern(self) -> None:
        self.tokens.advance()
        self.observations()
        if self.tokens.kind != "end":
            raise self.tokens.unexpected("the end of the pattern")

    def observations(self) -> None:
        self.observation()
        while self.tokens.at("AND", "OR", "FOLLOWEDBY"):
            self.tokens.advance()
            self.observation()

    def observation(self) -> None:
        single = self.tokens.at("[")
        if single:
            self.tokens.advance()
            self.comparison()
            self.tokens.take("]")
        elif self.tokens.at("("):
            self.deeper()
            self.tokens.advance()
            self.observations()
            self.tokens.take(")")
            self.depth -= 1
        else:
            raise self.tokens.unexpected("[ or (")
        self.qualifiers()

    def qualifiers(self) -> None:
        seen: set[str] = set()
        while self.tokens.at("START", "WITHIN", "REPEATS"):
            kind = self.tokens.take("START", "WITHIN", "REPEATS")
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
        self.tokens.take("STOP")
        second = self.timestamp()
        earlier, later = text_forms.instant(first), text_forms.instant(second)
        if earlier is not None and later is not None and later <= earlier:
            self.fault("S-IND-7", "9.5.1", f"STOP {second} is not later than START {first}")

    def timestamp(self) -> str:
        if self.tokens.kind != "constant" or self.tokens.prefix != "t":
            raise self.tokens.unexpected("a timestamp constant")
        return self.constant()[1]

    def amount(self, rule: str, unit: str, whole: bool) -> None:
        text = self.tokens.value
        if self.tokens.kind != "number" or text[0] in "+-" or (whole and not _INTEGER.fullmatch(text)):
            raise self.tokens.unexpected("a positive number")
        self.tokens.advance()
        if not text.strip("0."):
            self.fault(rule, "9.5.1", f"{text} {unit} is not a positive number")
        self.tokens.take(unit)

    def comparison(self) -> frozenset[str]:
        """Object types that could satisfy the expression; an empty set after an AND is a fault."""
        found = self.conjunction()
        while self.tokens.at("OR"):
            self.tokens.advance()
            found |= self.conjunction()
        return found

    def conjunction(self) -> frozenset[str]:
        found = self.test()
        while self.tokens.at("AND"):
            self.tokens.advance()
            other = self.test()
            if not found & other and found and other:
                left, right = ", ".join(sorted(found)), ", ".join(sorted(other))
                self.fault("S-IND-14", "9.5", f"no object is both {left} and {right}; join them by OR")
                found = frozenset()
            else:
                found &= other
        return found

    def test(self) -> frozenset[str]:
        tokens = self.tokens
        if tokens.at("("):
            self.deeper()
            tokens.advance()
            found = self.comparison()
            tokens.take(")")
            self.depth -= 1
            return found
        if tokens.at("NOT"):
            tokens.advance()
            tokens.take("EXISTS")
            kind, path = self.path()
            self.comparisons.append(Comparison(kind, path, "EXISTS", ()))
        elif tokens.at("EXISTS"):
            tokens.advance()
            kind, path = self.path()
            self.comparisons.append(Comparison(kind, path, "EXISTS", ()))
        else:
            kind, path = self.path()
            if tokens.at("NOT"):
                tokens.advance()
            operator = tokens.take(*_EQUALITY, *_ORDER, *_TEXT_OPERATORS, "IN")
            self.comparisons.append(Comparison(kind, path, operator, self.operand(operator)))
        return frozenset({kind})

    def operand(self, operator: str) -> tuple[str, ...]:
        tokens = self.tokens
        if operator in _TEXT_OPERATORS:
            if tokens.kind != "constant" or tokens.prefix:
                raise tokens.unexpected("a string constant")
            return (self.constant()[1],)
        if operator in _ORDER and tokens.at("true", "false"):
            raise tokens.unexpected("a constant with an order")
        if operator != "IN":
            return (self.constant()[1],)
        tokens.take("(")
        constants = [] if tokens.at(")") else [self.constant()]
        while constants and tokens.at(","):
            tokens.advance()
            constants.append(self.constant())
        tokens.take(")")
        if len({kind for kind, _ in constants}) > 1:
            self.fault("S-IND-16", "9.6.1", "the constants of one IN are of several data types")
        return tuple(text for _, text in constants)

    def constant(self) -> tuple[str, str]:
        """(kind, text) of the constant at hand; integer and float count as one kind."""
        tokens = self.tokens
        kind, text, prefix, start = tokens.kind, tokens.value, tokens.prefix, tokens.start
        if kind == "constant":
            self.check_constant(prefix, text)
            found = (_KIND_OF_PREFIX[prefix], text.replace("\\'", "'").replace("\\\\", "\\") if not prefix else text)
        elif kind == "number":
            if "." not in text and not _INTEGER.fullmatch(text):
                raise _Fault("S-IND-4", "9.2", f"{text} at character {start + 1} has leading zeros")
            if text.startswith("+"):
                self.fault("S-IND-4", "9.2", f"{text[:20]} carries a plus sign, which positive numbers omit")
            found = ("number", text)
        elif tokens.at("true", "false"):
            found = ("boolean", text)
        else:
            raise tokens.unexpected("a constant")
        tokens.advance()
        return found

    def check_constant(self, prefix: str, text: str) -> None:
        if prefix == "t" and text_forms.timestamp_fault(text):
            raise _Fault("S-IND-4", "9.2", f"t'{text[:40]}' is no timestamp")
        if prefix == "h" and not _HEX.fullmatch(text):
            raise _Fault("S-IND-4", "9.2", f"h'{text[:40]}' is no even number of hexadecimal digits")
        if prefix == "b" and not _is_base64("".join(text.split())):
            raise _Fault("S-IND-4", "9.2", f"b'{text[:40]}' is no base64")

    def path(self) -> tuple[str, tuple[str, ...]]:
        tokens = self.tokens
        if tokens.kind not in ("word", "keyword") or tokens.at("AND", "OR", "NOT", "EXISTS", "FOLLOWEDBY"):
            raise tokens.unexpected("an object type")
        kind = tokens.value
        if not (_TYPE_NAME.fullmatch(kind) and 3 <= len(kind) <= 250):
            self.fault("S-IND-4", "9.7", f"{kind[:40]!a} is no name of an object type")
        tokens.advance()
        tokens.take(":")
        steps = [self.name()]
        if not _PROPERTY.fullmatch(steps[0]) and steps[0] != "id":
            self.fault("S-IND-4", "9.7", f"{steps[0][:40]!a} is no name of a property")
        while tokens.at(".", "["):
            if tokens.take(".", "[") == ".":
                steps.append(self.name())
                continue
            if tokens.at("*"):
                steps.append("[*]")
            elif tokens.kind == "number" and _INTEGER.fullmatch(tokens.value) and tokens.value[0] not in "+-":
                steps.append(f"[{tokens.value}]")
            else:
                raise tokens.unexpected("* or a list index")
            tokens.advance()
            tokens.take("]")
        return kind, tuple(steps)

    def name(self) -> str:
        tokens = self.tokens
        if tokens.kind == "constant" and not tokens.prefix:
            found = tokens.value
        elif tokens.kind == "word":
            found = tokens.value
            if tokens.hyphened:
                raise _Fault("S-IND-6", "9.7", f"{found[:40]!a} holds a hyphen and stands without apostrophes")
        elif tokens.kind == "keyword" and tokens.value in ("true", "false"):
            found = tokens.value
        else:
            raise tokens.unexpected("a property name")
        tokens.advance()
        return found


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
    reader = _Reader(_Tokens(pattern))
    try:
        reader.pattern()
    except _Fault as fault:
        reader.faults.append(fault.found)
    return Reading(tuple(reader.comparisons), tuple(dict.fromkeys(reader.faults)))


_remembered = lru_cache(maxsize=8192)(_read)
