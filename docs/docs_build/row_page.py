"""The page of one requirement: what it asks, why, where that comes from, how it is judged, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from docs_build.evidence import Judge, Mutant
from docs_build.knowledge import Knowledge
from docs_build.text import bullets, code, count, paragraphs, plain, prose
from isao_spec.model import Party, Requirement, Source, VerifiedBy

JUDGED_BY = {
    VerifiedBy.PROBE: "A probe: the harness sends requests of its own and looks at the answers.",
    VerifiedBy.WATCHER: "A watcher: it looks at every exchange of the run and is judged once.",
    VerifiedBy.EVIDENCE: "A document that the ISAO publishes. Not judged by this harness yet: the row is untestable.",
    VerifiedBy.ATTESTATION: "A statement by a named person. Not judged by this harness yet: the row is untestable.",
    VerifiedBy.NONE: "Nothing. The row cannot be tested, and never passes by itself.",
}


def row_page(known: Knowledge, row: Requirement) -> str:
    """The Markdown page of a row, at `requirements/<id>.md`."""
    parts = [
        f"# {plain(row.id)}: {plain(row.title)}",
        _badges(known, row),
        f'<p class="isao-statement">{plain(row.statement)}</p>',
        "## Why",
        paragraphs(row.rationale),
        "## Where it comes from",
        bullets(_citations(known, row)),
        *_checked(row),
        *_contested(row),
        "## How it is tested",
        *_verification(known, row),
        "## What to do when it is not met",
        paragraphs(row.remediation),
        *_proof(known, row),
        "---",
        _colophon(known, row),
    ]
    return "\n\n".join(parts) + "\n"


def row_link(row: Requirement, base: str = "") -> str:
    """A link to a row's page, from a page whose way to `requirements/` is `base`."""
    return f"[{plain(row.id)}]({base}{row.id}.md)"


def source_link(source: Source) -> str:
    """A source's title, linked where its address is one of the web."""
    web = source.address.startswith(("https://", "http://"))
    return f'<a href="{plain(source.address)}">{plain(source.title)}</a>' if web else plain(source.title)


def effect(row: Requirement) -> str:
    """What a broken check of the row counts as, in a few words."""
    if row.contested is not None:
        return "Contested: a breach is a warning, never a failure."
    if row.level.binding:
        return "Binding: a breach is a failure and there is no conformance."
    return "Not binding: a breach is a warning."


def _badges(known: Knowledge, row: Requirement) -> str:
    group = next(g for g in known.catalogue.groups if g.stem == row.function)
    profiles = ", ".join(
        f"[{plain(known.catalogue.profiles[name].title)}](../profiles/{name}.md)" for name in row.profiles
    )
    lines = [
        f"**Level:** {row.level}. {effect(row)}",
        f"**Profiles:** {profiles or 'none, since nothing judges it'}",
        f"**Function:** [{plain(group.title)}](../functions/{group.stem}.md)",
    ]
    if row.applies_if:
        needed = [known.catalogue.capabilities[name] for name in row.applies_if]
        links = ", ".join(f"[{plain(entry.title)}](../capabilities.md#{entry.id})" for entry in needed)
        lines.append(f"**Applies only with:** {links}")
    if row.party is Party.CLIENT:
        lines.append("**Whose duty:** the client's. This harness judges servers")
    if row.design_choice:
        lines.append(
            "**Design choice:** the level, the threshold or the mechanism is this project's own; no source fixes it"
        )
    if row.status != "approved":
        lines.append(f"**Status:** {row.status}; it stands in no profile yet")
    return bullets(lines)


def _citations(known: Knowledge, row: Requirement) -> Iterator[str]:
    for reference in row.sources:
        source = known.catalogue.sources[reference.source]
        yield f"{source_link(source)}, section {plain(reference.section)}"


def _checked(row: Requirement) -> Iterator[str]:
    if row.checked is not None:
        yield f"Compared with the source on {row.checked.date.isoformat()}. What it says there, in our words:"
        yield f"> {plain(row.checked.passage)}"


def _contested(row: Requirement) -> Iterator[str]:
    if row.contested is not None:
        yield "## Contested"
        yield paragraphs(row.contested.why)
        yield "Both of these readings are accepted:" if len(row.contested.readings) == 2 else "Accepted readings:"
        yield bullets(plain(reading) for reading in row.contested.readings)
        yield "[All contested rows](../divergences.md). [How to add a reading](../disputes.md)."


def _verification(known: Knowledge, row: Requirement) -> Iterator[str]:
    yield JUDGED_BY[row.verification.by]
    yield f"**What is done and what decides.** {plain(row.verification.method)}"
    if row.verification.control:
        yield f"**Control.** {plain(row.verification.control)}"
    if row.verification.reason:
        yield f"**Why it is not tested.** {plain(row.verification.reason)}"
    judges = known.judges_of(row)
    if judges:
        yield f"### Judged by {count(len(judges), 'test')}"
        yield bullets(_judge(judge) for judge in judges)


def _judge(judge: Judge) -> str:
    needs = f" Needs: {', '.join(code(need) for need in judge.needs)}." if judge.needs else ""
    alone = " Runs while no other probe does." if judge.exclusive else ""
    return f"{code(judge.name)} ({judge.kind}). {prose(judge.about)}{needs}{alone}"


def _proof(known: Knowledge, row: Requirement) -> Iterator[str]:
    own, others = known.mutants_of(row), known.also_broken(row)
    if not own and not others:
        return
    yield "## What shows that the test works"
    yield (
        "Each of these is a copy of the reference exchange with one fault put in on purpose. The suite must report "
        "the fault under this row; see [how verdicts are proven](../trust.md)."
    )
    yield bullets([*(_mutant(m, m.size) for m in own), *(_side_effect(m, row) for m in others)])


def _mutant(mutant: Mutant, size: str) -> str:
    return f"{code(mutant.name)} ({size}). {prose(mutant.about)}"


def _side_effect(mutant: Mutant, row: Requirement) -> str:
    return (
        f"{code(mutant.name)}, made for [{plain(mutant.breaks)}]({mutant.breaks}.md), breaks this row too: "
        f"{plain(mutant.also[row.id])}"
    )


def _colophon(known: Knowledge, row: Requirement) -> str:
    return (
        f"Id {plain(row.id)}, stable and never reused. In the specification since {plain(row.since)}. "
        f"Probes written against this wording name its digest {code(row.digest)}. "
        f"Data: {code('spec/isao_spec/' + row.file)}, specification {plain(known.catalogue.version)}."
    )
