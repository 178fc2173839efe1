"""Faults of the size of requests against max_content_length (TAXII 2.1, section 4.2.1)."""

from __future__ import annotations

import json
from typing import Any

from isao_reference.demo import MAX_CONTENT_LENGTH
from tests.support.answering import Seen, on, refusal
from tests.support.mutation import Fault, mutant

_posting = on("objects", method="POST")


def _advertised(fault: Fault, octets: int) -> None:
    def told(root: dict[str, Any]) -> None:
        root["max_content_length"] = octets

    fault.change_json(on("api_root"), told)


def _refused(fault: Fault, measured: Any, above: int) -> None:
    """Answer 413 to a POST whose measure is above a limit; the small ones of other tests pass."""
    fault.change_answers(
        lambda seen: _posting(seen) and len(seen.body) > MAX_CONTENT_LENGTH // 4 and measured(seen) > above,
        lambda _seen, _reply: refusal(413),
    )


@mutant(breaks="TAXII-4.2.1-4")
def a_third_of_the_advertised_size_is_too_much(fault: Fault) -> None:
    """A proxy before the server refuses plain ASCII longer than a third of what the API root advertises."""
    _refused(fault, lambda seen: len(seen.body) if seen.body.isascii() else 0, MAX_CONTENT_LENGTH // 3)


@mutant(
    breaks="TAXII-4.2.1-4",
    size="subtle",
    also={"TAXII-4.2.1-6": "A body just below the limit is refused in characters of two octets as well."},
)
def the_header_counts_as_content(fault: Fault) -> None:
    """The head of the request counts towards max_content_length, so that the last octets cannot be used."""
    _refused(fault, lambda seen: len(seen.body) + sum(len(k) + len(v) + 4 for k, v in seen.headers), MAX_CONTENT_LENGTH)


@mutant(breaks="TAXII-4.2.1-5")
def ten_times_the_advertised_size_is_accepted(fault: Fault) -> None:
    """The API root advertises a tenth of what is accepted."""
    _advertised(fault, MAX_CONTENT_LENGTH // 10)


@mutant(breaks="TAXII-4.2.1-5", size="subtle")
def one_octet_above_the_advertised_size_is_accepted(fault: Fault) -> None:
    """The comparison lets one octet more pass than the API root advertises."""
    _advertised(fault, MAX_CONTENT_LENGTH - 1)


def _without_length(seen: Seen) -> bool:
    return _posting(seen) and (seen.header("transfer-encoding") is not None or seen.header("content-length") is None)


@mutant(breaks="TAXII-4.2.1-6")
def a_body_without_length_is_refused(fault: Fault) -> None:
    """A POST in chunks, which has no Content-Length, is 411."""
    fault.change_answers(_without_length, lambda _seen, _reply: refusal(411))


@mutant(breaks="TAXII-4.2.1-6", size="subtle")
def the_size_is_measured_after_escaping(fault: Fault) -> None:
    """The body is measured as ASCII with escapes: a character of two octets counts six."""

    def escaped(seen: Seen) -> int:
        return len(json.dumps(seen.body.decode("utf-8", "replace"))) if not seen.body.isascii() else 0

    _refused(fault, escaped, MAX_CONTENT_LENGTH)
