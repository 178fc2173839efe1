"""Faults of how malformed queries are answered (TAXII 2.1, section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-3.4-4")
def a_negative_limit_loses_its_sign(fault: Fault) -> None:
    """GET objects reads limit=-1 as 1."""
    fault.change_query(
        on("objects"), "limit", lambda text: text.lstrip("-") if re.fullmatch(r"-[1-9]\d*", text) else text
    )


@mutant(breaks="TAXII-3.4-4", size="subtle")
def a_negative_limit_means_the_whole_manifest(fault: Fault) -> None:
    """The manifest reads a negative limit as none, as some databases do; GET objects refuses it."""
    fault.change_query(on("manifest"), "limit", lambda text: None if re.fullmatch(r"-[1-9]\d*", text) else text)


def _one_of_several(fault: Fault, endpoint: str, name: str, position: int) -> None:
    """Of a parameter that is given several times only one value counts."""

    def chosen(seen: Seen) -> Seen:
        values = [value for key, value in seen.query if key == name]
        left = tuple(pair for pair in seen.query if pair[0] != name)
        return replace(seen, query=(*left, (name, values[position])))

    def repeated(seen: Seen) -> bool:
        return on(endpoint)(seen) and sum(key == name for key, _ in seen.query) > 1

    fault.change_requests(repeated, chosen)


@mutant(breaks="TAXII-3.4-6")
def the_first_of_two_added_after_counts(fault: Fault) -> None:
    """GET objects takes the first of two added_after and forgets the second."""
    _one_of_several(fault, "objects", "added_after", 0)


@mutant(breaks="TAXII-3.4-6", size="subtle")
def the_last_of_two_added_after_counts_in_the_manifest(fault: Fault) -> None:
    """Only the manifest lets a second added_after overwrite the first."""
    _one_of_several(fault, "manifest", "added_after", -1)


@mutant(breaks="TAXII-3.4-7")
def the_last_of_two_types_counts(fault: Fault) -> None:
    """GET objects takes the last of two match[type] and forgets the first."""
    _one_of_several(fault, "objects", "match[type]", -1)


@mutant(breaks="TAXII-3.4-7", size="subtle")
def the_first_of_two_types_counts_in_the_manifest(fault: Fault) -> None:
    """Only the manifest takes the first of two match[type]."""
    _one_of_several(fault, "manifest", "match[type]", 0)


def _versions(fault: Fault, endpoint: str, read: Callable[[list[str]], list[str]]) -> None:
    """match[version] is read in another way."""
    fault.change_query(on(endpoint), "match[version]", lambda text: ",".join(read(text.split(","))))


@mutant(breaks="TAXII-3.4-8")
def all_swallows_the_other_versions(fault: Fault) -> None:
    """GET objects reads match[version]=all,last as all."""
    _versions(fault, "objects", lambda values: ["all"] if "all" in values else values)


@mutant(breaks="TAXII-3.4-8", size="subtle")
def all_is_overruled_in_the_manifest(fault: Fault) -> None:
    """The manifest reads match[version]=all,last as last."""
    _versions(fault, "manifest", lambda values: [value for value in values if value != "all"] or ["all"])


@mutant(breaks="TAXII-3.4-9")
def a_repeated_version_keyword_counts_once(fault: Fault) -> None:
    """GET objects reads match[version]=last,last as last."""
    _versions(fault, "objects", lambda values: list(dict.fromkeys(values)))


@mutant(breaks="TAXII-3.4-9", size="subtle")
def a_repeated_version_keyword_counts_once_in_the_manifest(fault: Fault) -> None:
    """Only the manifest reads match[version]=last,last as last."""
    _versions(fault, "manifest", lambda values: list(dict.fromkeys(values)))


def _made_up(seen: Seen, reply: Reply) -> bool:
    """A next value without any likeness to those of this server, and refused for it."""
    token = seen.value("next") or ""
    return reply.status == 400 and "limit" not in seen.names and re.fullmatch(r"[\w=-]{32}", token) is None


@mutant(breaks="TAXII-3.4-10")
def a_made_up_next_breaks_the_server(fault: Fault) -> None:
    """A next value that is no token of the server is answered 500."""
    fault.change_answers(
        lambda seen: on("objects", "manifest")(seen) and "next" in seen.names,
        lambda seen, reply: refusal(500) if _made_up(seen, reply) else reply,
    )


@mutant(breaks="TAXII-3.4-10", size="subtle")
def a_made_up_next_begins_the_manifest_again(fault: Fault) -> None:
    """The manifest answers a next value that is no token of the server with its first page."""

    async def again(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return await forward(seen.asking(next=None)) if _made_up(seen, reply) else reply

    fault.around(lambda seen: on("manifest")(seen) and "next" in seen.names, again)


def _in_utc(text: str) -> str:
    """A time with an offset of whole hours, as Z; a plus sign may have come as a space."""
    from datetime import UTC, datetime

    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)[ +-](\d\d:\d\d)", text)
    if found is None:
        return text
    sign = "-" if text[-6] == "-" else "+"
    moment = datetime.fromisoformat(found.group(1) + sign + found.group(2)).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@mutant(breaks="TAXII-3.4-11")
def added_after_may_have_an_offset(fault: Fault) -> None:
    """GET objects takes added_after in any zone and converts it."""
    fault.change_query(on("objects"), "added_after", _in_utc)


@mutant(breaks="TAXII-3.4-11", size="subtle")
def the_manifest_cuts_the_offset_of_added_after_off(fault: Fault) -> None:
    """Only the manifest takes added_after with an offset, and reads it as if Z stood there."""
    fault.change_query(
        on("manifest"),
        "added_after",
        lambda text: re.sub(r"(?<=\d)[ +-]\d\d:\d\d$", "Z", text) if "T" in text else text,
    )


@mutant(breaks="TAXII-3.4-12")
def a_fractional_limit_is_rounded_up(fault: Fault) -> None:
    """GET objects reads limit=1.5 as 2."""
    fault.change_query(
        on("objects"), "limit", lambda text: str(int(float(text)) + 1) if re.fullmatch(r"\d+\.\d+", text) else text
    )


@mutant(breaks="TAXII-3.4-12", size="subtle")
def a_fractional_limit_is_cut_in_the_manifest(fault: Fault) -> None:
    """Only the manifest reads limit=1.5 as 1."""
    fault.change_query(
        on("manifest"), "limit", lambda text: text.split(".")[0] if re.fullmatch(r"[1-9]\d*\.\d+", text) else text
    )
