"""The words and figures that every form of the report shares, so that no two of them tell another story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from isao_conformance.cleanup import STAY
from isao_conformance.limits import LIMITS
from isao_conformance.verdict import WORST_FIRST, ExitCode, Outcome

NOTICE = "Self-run: made by whoever ran it; not witnessed, not endorsed by any standards body or agency."
BINDING = ("MUST", "MUST NOT")
MARKS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.WARN: "!",
    Outcome.INAPPLICABLE: "–",
    Outcome.UNTESTABLE: "?",
    Outcome.WAIVED: "~",
    Outcome.ERROR: "‼",
}
"""A sign beside each word, so that nothing is told by colour alone."""

MEANINGS = {
    Outcome.ERROR: "the harness failed at its own work; never the target's fault",
    Outcome.FAIL: "a MUST or MUST NOT is broken",
    Outcome.UNTESTABLE: "it could not be judged; never counted as passed",
    Outcome.WAIVED: "a failure put aside with a reason and a date",
    Outcome.WARN: "a SHOULD is not met, or a contested rule is broken",
    Outcome.PASS: "every check was met",
    Outcome.INAPPLICABLE: "needs a capability that was declared absent and not seen",
}

Row = Mapping[str, Any]


def counted(outcomes: Iterable[str]) -> dict[str, int]:
    """How many of each outcome, worst first; outcomes that do not occur are left out."""
    found = Counter(str(outcome) for outcome in outcomes)
    return {str(word): found[word] for word in WORST_FIRST if found[word]}


def counts_line(counts: Mapping[str, int]) -> str:
    """`13 pass  2 warn`, good news first, as one line of figures."""
    return "  ".join(f"{counts[word]} {word}" for word in reversed(WORST_FIRST) if counts.get(word))


def verdict(code: int, claims: Iterable[Mapping[str, Any]]) -> str:
    """The verdict of a finished run in two or three words, from its exit code and its claims."""
    words = {
        ExitCode.NOT_CONFORMANT: "not conformant",
        ExitCode.INCOMPLETE: "incomplete",
        ExitCode.HARNESS_ERROR: "harness error",
    }
    if code in words:
        return words[ExitCode(code)]
    listed = list(claims)
    return "conformant" if listed and all(claim["conformant"] for claim in listed) else "no conformance claimed"


def summary(rows: Iterable[Row]) -> str:
    """One sentence with the denominators: what was met, broken and left open of the binding requirements."""
    listed = list(rows)
    binding = [row for row in listed if row["level"] in BINDING]
    found = Counter(row["outcome"] for row in binding)
    told = [f"{found[Outcome.PASS]} of {len(binding)} binding requirements (MUST, MUST NOT) met"]
    told += [
        f"{found[word]} {said}"
        for word, said in (
            (Outcome.FAIL, "failed"),
            (Outcome.UNTESTABLE, "could not be tested"),
            (Outcome.INAPPLICABLE, "do not apply"),
            (Outcome.WARN, "contested and not met"),
            (Outcome.WAIVED, "waived"),
            (Outcome.ERROR, "ended in an error of the harness"),
        )
        if found[word]
    ]
    others = len(listed) - len(binding)
    if others:
        met = sum(row["outcome"] == Outcome.PASS and row["level"] not in BINDING for row in listed)
        told.append(f"{met} of {others} recommendations met")
    return ", ".join(told)


def what_to_do(blocked_by: str) -> str:
    """What lifts a block, in plain words for the operator; the block's name is as in the report."""
    kind, _, name = blocked_by.partition(" ")
    if kind == "actor":
        return f"Lend the run this account: add [actors.{name}] to the target file."
    if blocked_by == "capability write":
        return "Name a collection that the run may write to under [taxii] write in the target file."
    if kind == "capability":
        return f"Offer it, or declare {name} under [absent] with the reason, where the profile allows that."
    if kind == "gate":
        return f"First give the missing proofs of the {name} gate."
    if blocked_by == "option may_delete":
        return "Say may_delete = true under [taxii] in the target file: only what the run itself made is deleted."
    if blocked_by == "option --read-only":
        return "Run without --read-only, against a collection meant for tests."
    if blocked_by == "an https base_url":
        return "Run against the HTTPS address of the target."
    if blocked_by == "a readable collection":
        return "Lend an account that may read a collection with objects in it."
    if kind.startswith(("ISAO-", "TAXII-")):
        return f"Mend {kind} first; `isao explain {kind}` says how."
    return "See the reason."


def shortened(text: str, ceiling: int = LIMITS.shown_octets) -> str:
    """The beginning of a text, with a note of how much was left out."""
    return text if len(text) <= ceiling else f"{text[:ceiling]}… ({len(text) - ceiling} more characters)"


def writable(value: Any) -> Any:
    """The JSON value with halves of surrogate pairs spelt out: a target can send them, and no file can hold them."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {writable(name): writable(inner) for name, inner in value.items()}
    return [writable(inner) for inner in value] if isinstance(value, list) else value


def visible(text: str) -> str:
    """The text with control and formatting characters spelt out: nothing moves a cursor or turns a line around."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode("ascii") for c in text)


STAYING = "records cannot be deleted, and the objects are the exchange's to take back"
"""Why `isao cleanup` does not look after them."""


def left_over(report: Mapping[str, Any]) -> tuple[int, int]:
    """How much stays that `isao cleanup` does not delete (records of the function API and what was published for them),
    and how many other objects may be left."""
    staying = sum(item["kind"] in STAY for item in report["leftovers"])
    return staying, len(report["leftovers"]) - staying
