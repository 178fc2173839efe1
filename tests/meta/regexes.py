"""Regular expressions that can take exponential time: a repetition in a repetition, where one text can be cut up in
many ways. Each function takes what it looks at, so that a test can hand it something broken."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from re import _constants as ops  # type: ignore[attr-defined]  # Python's own parser of expressions
from re import _parser as parser
from typing import Any

FUNCTIONS = ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
MANY = 40
"""A repetition that may go on for longer counts as one without end."""
ALPHABET = frozenset((*range(256), 0x3B1, 0x660, 0x2028, 0x4E2D, 0x1F600))
"""Characters by which sets are compared: all of Latin-1, and one of each kind beyond it."""
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}

Chars = frozenset[int]


def ambiguous(pattern: str, flags: int = 0) -> list[str]:
    """What in a pattern can match one text in many ways, in words."""
    tree = parser.parse(pattern, flags)
    return list(_faults(list(tree), bool(tree.state.flags & re.IGNORECASE)))


def calls(source: str) -> Iterator[tuple[int, ast.expr, int, bool]]:
    """(line, pattern, flags, whether it stands at the top of the module) of each use of `re` in a module."""
    tree = ast.parse(source)
    top = {
        id(node)
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS
        if named and isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args:
            flags = re.IGNORECASE if "IGNORECASE" in ast.unparse(node) else 0
            yield node.lineno, node.args[0], flags, id(node) in top


def slow_expressions(sources: Mapping[str, str]) -> list[str]:
    """Expressions written in modules that can take exponential time, and ones that nobody can judge before they run."""
    found = []
    for name, source in sources.items():
        for line, pattern, flags, top in calls(source):
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                found += [f"{name}:{line}: {fault}" for fault in ambiguous(pattern.value, flags)]
            elif not top and not _is_known(pattern):
                found.append(f"{name}:{line}: the expression is made up while it runs: {ast.unparse(pattern)[:80]}")
    return found


def compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every expression that a module of the three packages holds under a name, as it is once the module is imported."""
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] in ("isao_spec", "isao_reference", "isao_conformance"):
            for key, value in vars(module).items():
                for one in value.values() if isinstance(value, dict) else (value,):
                    if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                        yield f"{name}.{key}", one


def needs_backtracking(pattern: str) -> bool:
    """Whether an expression of a JSON Schema asks for more than an automaton can do. Without look-around and references
    back the schema library takes time in proportion to the text."""
    return re.search(r"\(\?(?:[=!]|<[=!]|>)|(?<!\\)(?:\\\\)*\\[1-9]", pattern) is not None


def _is_known(pattern: ast.expr) -> bool:
    """Whether a made-up expression only has a fixed text around a quoted one, or names one that stands elsewhere."""
    if isinstance(pattern, ast.Name | ast.Attribute):
        return True
    parts = pattern.values if isinstance(pattern, ast.JoinedStr) else [pattern]
    made = [part.value if isinstance(part, ast.FormattedValue) else part for part in parts]
    return all(isinstance(one, ast.Constant) or ast.unparse(one).startswith("re.escape(") for one in made)


def _faults(items: list[Any], ignore: bool) -> Iterator[str]:
    for op, value in items:
        if op in _REPEATS and value[1] > MANY:
            body = list(value[2])
            if _nullable(body):
                yield "a repetition of what may be empty"
            for inner in _endless(body):
                chars = _chars(inner, ignore)
                if not any(mandatory.isdisjoint(chars) for mandatory in _mandatory(body, ignore)):
                    yield "a repetition in a repetition, with nothing between them that tells where one ends"
            for one, other in _alike(body, ignore):
                yield f"alternatives in a repetition that begin alike: {one!r} and {other!r}"
        for part in _parts(op, value):
            yield from _faults(part, ignore)


def _parts(op: Any, value: Any) -> list[list[Any]]:
    """The expressions directly inside one."""
    if op in (*_REPEATS, ops.POSSESSIVE_REPEAT):
        return [list(value[2])]
    if op is ops.SUBPATTERN:
        return [list(value[3])]
    if op is ops.BRANCH:
        return [list(one) for one in value[1]]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [list(value[1])]
    return []  # an atomic group is left as it matched: nothing goes back into it


def _endless(items: list[Any]) -> Iterator[list[Any]]:
    """Everything repeated without end in an expression, where it can be left and entered again."""
    for op, value in items:
        if op in _REPEATS and value[1] > MANY and value[0] != value[1]:
            yield list(value[2])
        if op not in (ops.ASSERT, ops.ASSERT_NOT):
            for part in _parts(op, value):
                yield from _endless(part)


def _nullable(items: list[Any]) -> bool:
    return all(_may_be_empty(op, value) for op, value in items)


def _may_be_empty(op: Any, value: Any) -> bool:
    if op in (*_REPEATS, ops.POSSESSIVE_REPEAT):
        return value[0] == 0 or _nullable(list(value[2]))
    if op is ops.BRANCH:
        return any(_nullable(list(one)) for one in value[1])
    if op is ops.SUBPATTERN:
        return _nullable(list(value[3]))
    return op in (ops.AT, ops.ASSERT, ops.ASSERT_NOT)


def _mandatory(items: list[Any], ignore: bool) -> list[Chars]:
    """Sets of which a character has to be in every match."""
    found: list[Chars] = []
    for op, value in items:
        if op in (*_REPEATS, ops.POSSESSIVE_REPEAT):
            found += _mandatory(list(value[2]), ignore) if value[0] >= 1 else []
        elif op is ops.SUBPATTERN:
            found += _mandatory(list(value[3]), ignore)
        elif op is ops.BRANCH:
            each = [_mandatory(list(one), ignore) for one in value[1]]
            if all(each):
                found.append(frozenset().union(*(one[0] for one in each)))
        elif op not in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            found.append(_set(op, value, ignore))
    return found


def _alike(items: list[Any], ignore: bool) -> Iterator[tuple[str, str]]:
    """Alternatives, the whole of what is repeated, that begin with the same character."""
    if len(items) != 1:
        return
    op, value = items[0]
    if op is ops.SUBPATTERN:
        yield from _alike(list(value[3]), ignore)
    elif op is ops.BRANCH:
        firsts = [_first(list(one), ignore) for one in value[1]]
        for place, one in enumerate(firsts):
            for other in firsts[place + 1 :]:
                both = sorted(one & other)
                if both:
                    yield chr(both[0]), chr(both[-1])


def _first(items: list[Any], ignore: bool) -> Chars:
    """The characters with which a match can begin."""
    found: Chars = frozenset()
    for op, value in items:
        if op in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            continue
        parts = _parts(op, value)
        found |= frozenset().union(*(_first(part, ignore) for part in parts)) if parts else _set(op, value, ignore)
        if not _may_be_empty(op, value):
            return found
    return found


def _chars(items: list[Any], ignore: bool) -> Chars:
    """Every character that can be in a match."""
    found: Chars = frozenset()
    for op, value in items:
        if op not in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            parts = _parts(op, value)
            found |= frozenset().union(*(_chars(part, ignore) for part in parts)) if parts else _set(op, value, ignore)
    return found


def _set(op: Any, value: Any, ignore: bool) -> Chars:
    """The characters that one element matches; all of them for an element that is not known here."""
    if op is ops.LITERAL:
        return _both({value}) if ignore else frozenset({value})
    if op is ops.NOT_LITERAL:
        return ALPHABET - (_both({value}) if ignore else {value})
    if op is not ops.IN:
        return ALPHABET
    found: set[int] = set()
    negated = False
    for kind, inner in value:
        if kind is ops.NEGATE:
            negated = True
        elif kind is ops.LITERAL:
            found.add(inner)
        elif kind is ops.RANGE:
            found |= {code for code in ALPHABET if inner[0] <= code <= inner[1]}
        else:
            found |= {code for code in ALPHABET if re.match(_CATEGORIES[inner], chr(code))}
    chars = _both(found) if ignore else frozenset(found)
    return ALPHABET - chars if negated else chars


def _both(codes: set[int]) -> Chars:
    letters = {char for code in codes for char in (chr(code).lower(), chr(code).upper()) if len(char) == 1}
    return frozenset(map(ord, letters)) | codes
