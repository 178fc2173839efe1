"""What a run says in a terminal: lines of plain text, safe to print whatever the target said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from isao_conformance.cleanup import STAY, Leftover
from isao_conformance.creations import Created
from isao_conformance.report import words
from isao_conformance.runner import Judged, Plan, Run
from isao_conformance.survey import CAPABILITY_PATH
from isao_conformance.target import Target
from isao_conformance.verdict import Outcome

WIDTH = 100
SHOWN_IDS = 12
"""How many blocked requirements are named; the report names all."""
_SHOWN = 300


def header(plan: Plan, profiles: tuple[str, ...]) -> list[str]:
    """What is about to be judged, and by what."""
    target = plan.target
    accounts = [name for name, actor in target.actors.items() if actor.signs_in]
    lines = [
        f"target    {_line(target.name)}  {_line(target.base_url)}",
        f"profiles  {', '.join(profiles)}  ({len(plan.rows)} requirements, specification {plan.catalogue.version})",
        f"accounts  {', '.join(accounts) or 'none: only what a stranger sees can be judged'}",
        f"writing   {_writing(plan)}",
        f"seed      {plan.seed}",
        "",
    ]
    return lines


def _writing(plan: Plan) -> str:
    if plan.read_only:
        return "nothing (--read-only)"
    if not plan.target.write:
        return "nothing (the target file names no collection under [taxii] write)"
    removed = "removed at the end" if plan.target.may_delete else "left there: may_delete is not true"
    return f"{', '.join(_line(url) for url in plan.target.write)}, {removed}"


def group_line(stem: str, judged: list[Judged]) -> str:
    """One function group: its name and how many of each outcome."""
    return f"{stem:<20} {words.counts_line(words.counted(j.outcome for j in judged))}"


def stranger(run: Run, target: Target) -> list[str]:
    """For a run without any account: what a stranger sees, and the next three steps."""
    found = run.survey
    readable = sum(c.can_read for c in found.collections)
    seen = [
        "discovery "
        + ("answers" if found.discovery is not None and found.discovery.status == 200 else "does not answer"),
        f"{len(found.collections)} collections are listed, {readable} readable",
        f"{CAPABILITY_PATH} is " + ("valid" if found.capability_document else "missing or not valid"),
    ]
    return [
        "",
        f"This is what a stranger sees at {_line(target.base_url)}: {'; '.join(seen)}.",
        *(f"  {_line(note)}" for note in found.notes),
        "Next:",
        "  1. Lend the run one account: set ISAO_USERNAME and ISAO_SECRET, or ISAO_TOKEN, and run the same again.",
        "  2. Name a collection that it may write to: --write URL. What it creates is marked, and listed or removed.",
        "  3. For the profile exchange describe all accounts in a target file: isao certify --target target.toml",
    ]


def stopping(folder: Path, target_file: Path | None) -> tuple[str, str]:
    """What is said at the first and at the second Ctrl-C."""
    return (
        "isao certify: stopping, and removing what the run wrote; Ctrl-C again leaves it there",
        f"isao certify: stopping at once; {_cleanup(folder, target_file)} removes what the run wrote",
    )


def interrupted(
    created: Sequence[Created], left: Sequence[Leftover] | None, folder: Path, target_file: Path | None
) -> str:
    """The end of a run that was stopped: what of everything `created` may be left (None: all), and what to do."""
    objects = [item for item in created if item.kind not in STAY]
    staying = len(created) - len(objects)
    others = len(objects) if left is None else sum(item.created.kind not in STAY for item in left)
    told = "no object that the run wrote is left"
    if others:
        told = (
            f"{others} of {len(objects)} objects that the run wrote may still be there; {_cleanup(folder, target_file)}"
        )
        told += " removes them"
    if staying:
        told += f"; {staying} records of the function API and objects published for them stay: {words.STAYING}"
    return f"interrupted; {told}"


def _cleanup(folder: Path, target_file: Path | None) -> str:
    """The command that cleans up. A run with an address has no target file yet."""
    return f"isao cleanup {quote(str(folder))} --target {quote(str(target_file)) if target_file else 'FILE'}"


def summary(report: Mapping[str, Any], folder: Path) -> list[str]:
    """The end of a run: failures first, then warnings, what was not tested, and the verdict in the last line."""
    return list(_summary(report, folder))


def _summary(report: Mapping[str, Any], folder: Path) -> Iterator[str]:
    rows = report["requirements"]
    if report["run"]["no_claim"]:
        yield "no conformance claimed"
    for proof in report["gate"]:
        if not proof["ok"]:
            yield ""
            yield f"GATE CLOSED  {proof['gate']}: {_line(proof['proof'])}"
            yield f"  {_line(proof['why'])}"
    for outcome in (Outcome.ERROR, Outcome.FAIL, Outcome.WARN):
        for row in rows:
            if row["outcome"] == outcome:
                yield from _not_met(row, folder)
    yield from _untestable([row for row in rows if row["outcome"] == Outcome.UNTESTABLE])
    staying, others = words.left_over(report)
    if staying or others:
        yield ""
    if others:
        yield f"{others} of {len(report['created'])} created objects may still be there;"
        yield f"  {_cleanup(folder, None)} removes them"
    if staying:
        yield f"{staying} records of the function API and objects published for them stay: {words.STAYING}"
    yield ""
    yield from _claims(report)
    yield f"report: {folder / 'report.html'}"
    run = report["run"]
    yield f"{run['verdict'].upper()}: {run['summary']}"


def _not_met(row: Mapping[str, Any], folder: Path) -> Iterator[str]:
    yield ""
    contested = ", contested" if row["contested"] else ""
    yield f"{row['outcome'].upper()}  {row['id']} ({row['level']}{contested})  {_line(row['title'])}"
    if row["reason"]:
        yield f"  {_line(row['reason'])}"
    for check in row["checks"]:
        if check["outcome"] != row["outcome"]:
            continue
        yield f"  expected  {_line(check['expected'])}"
        yield f"  got       {_line(check['got'])}"
        if check["exchanges"]:
            more = f" and {len(check['exchanges']) - 3} more" if len(check["exchanges"]) > 3 else ""
            yield f"  evidence  {', '.join(check['exchanges'][:3])}{more}"
    if "reproduce" in row:
        yield f"  script    {folder / row['reproduce']}"
    yield f"  more      isao explain {row['id']}"


def _untestable(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """What was not tested, by what is missing: one remedy often opens many rows."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["blocked_by"], []).append(row)
    for blocked_by, listed in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield ""
        if blocked_by:
            yield f"UNTESTABLE  {len(listed)} blocked by {_line(blocked_by)}"
            more = f" and {len(listed) - SHOWN_IDS} more" if len(listed) > SHOWN_IDS else ""
            yield from _wrapped(", ".join(row["id"] for row in listed[:SHOWN_IDS]) + more)
            yield f"  {words.what_to_do(blocked_by)}"
            continue
        yield f"UNTESTABLE  {len(listed)} for reasons of their own"
        for row in listed:
            yield f"  {row['id']}: {_line(row['reason'] or 'no check could be made')}"


def _claims(report: Mapping[str, Any]) -> Iterator[str]:
    for claim in report["claims"]:
        said = "conformant" if claim["conformant"] else f"not conformant: {'; '.join(claim['because'])}"
        yield f"profile {claim['profile']}: {said}"
    if report["unclaimed_because"]:
        yield f"no conformance is claimed: {'; '.join(report['unclaimed_because'])}"
    yield report["notice"]


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _line(text: str) -> str:
    """One line without control characters, cut to what a reader takes in."""
    return words.shortened(" ".join(words.visible(text).split()), _SHOWN)
