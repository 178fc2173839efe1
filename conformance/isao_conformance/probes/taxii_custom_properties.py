"""Custom properties (TAXII 2.1, 7.1.1): watchers of the names a target uses, and a probe that sends it one.

Custom is a name that the property table of its resource does not have; a declared name under another spelling is
left to TAXII-3.8-1. A target without custom properties keeps every rule about their names. Rows: spec
requirements/taxii_custom_properties.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from isao_conformance.exchange import Exchange
from isao_conformance.fixtures import LABEL
from isao_conformance.lab import Lab
from isao_conformance.listings import served
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import ENVELOPE, MANIFEST, VERSIONS
from isao_conformance.tables import TABLES, Part, parts

LETTERS = re.compile(r"[a-z0-9_]*", re.ASCII)
FULL = re.compile(r"x_[a-z0-9]+_.+", re.DOTALL)
SHORTEST, LONGEST = 3, 250
PAGING = re.compile(
    r"(^|_)(next|next_page|next_token|next_cursor|page_token|continuation_token|cursor|more|has_more|has_next)$"
)
"""Usual words for next and more, at the end of a name."""
UNKNOWN = "x_isao_conformance_note"


def _names(exchange: Exchange, wrong: Callable[[Part, str], bool], expected: str) -> Looked:
    """A finding for the first custom name that is wrong; True where a TAXII resource was seen."""
    looked = False
    for part in parts(exchange):
        looked = True
        for name in part.custom:
            if wrong(part, name):
                return Finding(expected, f"{json.dumps(name)[:120]} in {part.where}")
    return looked


@watcher("TAXII-7.1-1", statement="2f0e63a5")
def custom_names_have_lawful_characters(exchange: Exchange) -> Looked:
    """7.1.1: a-z, 0-9 and underscore only."""
    return _names(exchange, lambda _, name: not LETTERS.fullmatch(name), "a-z, 0-9 and _ in the name")


@watcher("TAXII-7.1-2", statement="b28888f1")
def custom_names_have_a_lawful_length(exchange: Exchange) -> Looked:
    """7.1.1: 3 to 250 characters."""
    return _names(exchange, lambda _, name: not SHORTEST <= len(name) <= LONGEST, "a name of 3 to 250 characters")


@watcher("TAXII-7.1-3", statement="d9b9baa7")
def custom_names_tell_their_source(exchange: Exchange) -> Looked:
    """7.1.1: x_, an identifier of the source, an underscore and the name. Characters are left to TAXII-7.1-1 and the
    length to TAXII-7.1-2."""

    def anonymous(_: Part, name: str) -> bool:
        return len(name) >= SHORTEST and not FULL.fullmatch(_plain(name))

    return _names(exchange, anonymous, "x_, a source, an underscore and a name, as in x_example_com_field")


@watcher("TAXII-7.1-6", statement="3d733ec2")
def custom_names_do_not_double_declared_ones(exchange: Exchange) -> Looked:
    """7.1.1: custom properties are for what TAXII has no property for. Told by the name: a declared one with a prefix,
    or in a list that is cut into pages a usual word for next or more."""

    def doubles(part: Part, name: str) -> bool:
        bare = name.removeprefix("x_")
        prefixed = bare != name and (bare in TABLES[part.kind] or bare.partition("_")[2] in TABLES[part.kind])
        return prefixed or (part.kind in (ENVELOPE, MANIFEST, VERSIONS) and PAGING.search(name.lower()) is not None)

    return _names(exchange, doubles, "the property of the standard, where it has one")


@watcher("TAXII-7.1-7", statement="6f8fec2f")
def custom_names_begin_with_x(exchange: Exchange) -> Looked:
    """7.1.1: x_ is what later versions of TAXII leave alone. Whether the operator needs that cannot be seen."""
    return _names(exchange, lambda _, name: not _plain(name).startswith("x_"), "a name that begins with x_")


def _plain(name: str) -> str:
    """The name with its letters and hyphens as TAXII-7.1-1 wants them, so that other rows do not repeat that one."""
    return name.lower().replace("-", "_")


@probe("TAXII-7.1-4", statement="a82ccfe0", needs=["writable"])
def an_unknown_custom_property_is_ignored_or_refused_with_422(lab: Lab) -> None:
    """7.1.1: two ways to answer and no third. The control is the same POST without the property."""
    where, session = lab.workspace, lab.reader
    readable = where in lab.survey.readable
    known = lab.share(LABEL)
    if readable:
        plain = session.object(where, known["id"])
        lab.control(served(plain, known["id"]), f"an object added without the property is not served: {plain.brief()}")
    stix = lab.indicator(LABEL)
    lab.created(where, [stix["id"]])
    answer = session.add_raw(where, json.dumps({UNKNOWN: lab.run, "objects": [stix]}).encode())
    lab.expect(
        answer.status in (202, 422),
        "an envelope with an unknown custom property is taken or refused with 422",
        expected="202 or 422",
        got=answer,
    )
    if answer.status != 202:
        return
    final = lab.completed(session, answer)
    failures = final.list_of("failures")
    lab.expect(
        not failures and not final.resource.get("failure_count"),
        "an object beside an ignored property is no failure",
        expected="the object processed as without the property",
        got=failures[:1] or final,
        seen=[final],
    )
    if readable:
        came = session.object(where, stix["id"])
        lab.expect(
            served(came, stix["id"]),
            "an object beside an ignored property is served",
            expected="200 with the object",
            got=came,
        )
