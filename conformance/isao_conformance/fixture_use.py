"""Which shared fixtures a probe stands on, read from its code.

A run does not record who asked for a fixture, and listings show everybody's objects; what the functions of a
probe can call says it exactly enough: at worst a fixture too many is made again.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType

from isao_conformance.probe import all_probes

PREFIX = "fixture_"


def fixtures_of(probe: str, made: Container[str]) -> list[str]:
    """The fixtures, of those `made` in a run, that a probe or another fixture can reach; each after those it needs.

    A fixture that gives a harvest is left out: its checks bring evidence of their own, and nothing else comes of it.
    """
    root = _functions().get(probe.removeprefix(PREFIX))
    reached = [] if root is None else [one for one in _reached(root) if not _gives_checks(one)]
    names = [PREFIX + function.__name__ for function in reached]
    return [name for name in dict.fromkeys(names) if name in made and name != probe]


def _gives_checks(function: FunctionType) -> bool:
    return function.__annotations__.get("return") == "Harvest"


@cache
def _functions() -> dict[str, FunctionType]:
    """Every probe by its name, and every function that one can reach: fixtures among them."""
    roots = [probe.run for probe in all_probes().values() if isinstance(probe.run, FunctionType)]
    return {function.__name__: function for root in roots for function in [*_reached(root), root]}


def _reached(root: FunctionType) -> list[FunctionType]:
    """The functions of this package that the root can call, each after those it calls itself."""
    found: list[FunctionType] = []
    seen = {root}

    def visit(function: FunctionType) -> None:
        for called in _called(function):
            if called not in seen:
                seen.add(called)
                visit(called)
                found.append(called)

    visit(root)
    return found


def _called(function: FunctionType) -> Iterator[FunctionType]:
    names = list(_names(function.__code__))
    for name in names:
        value = function.__globals__.get(name)
        inside = names if isinstance(value, ModuleType) else []
        for item in (value, *(getattr(value, other, None) for other in inside)):
            if isinstance(item, FunctionType) and item.__module__.startswith("isao_conformance."):
                yield item


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
