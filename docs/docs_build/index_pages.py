"""Pages that list: all requirements, each function group and profile, sources, capabilities, coverage, retired ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from docs_build.knowledge import Knowledge
from docs_build.row_page import row_link, source_link
from docs_build.text import bullets, code, count, paragraphs, plain, table
from isao_spec.model import Capability, FunctionGroup, Profile, Requirement, Source


def all_rows_page(known: Knowledge) -> str:
    """`requirements/index.md`: every row under its function group."""
    parts = [
        "# Requirements",
        f"{count(len(known.rows), 'requirement')} in {count(len(known.catalogue.groups), 'function group')}, "
        f"specification {plain(known.catalogue.version)}. A requirement's id is stable and never reused.",
    ]
    for group in known.catalogue.groups:
        parts += [
            f"## [{plain(group.title)}](../functions/{group.stem}.md)",
            paragraphs(group.summary),
            _rows_table(known.of_group(group), ""),
        ]
    return _page(parts)


def group_page(known: Knowledge, group: FunctionGroup) -> str:
    """`functions/<stem>.md`: the rows of one group with their statements."""
    parts = [f"# {plain(group.title)}", paragraphs(group.summary)]
    for row in known.of_group(group):
        parts += [
            f"## {row_link(row, '../requirements/')} {plain(row.title)}",
            f"**{row.level}.** {plain(row.statement)}",
        ]
        if row.contested is not None:
            parts.append("Contested: can warn, never fail.")
    return _page(parts)


def profile_page(known: Knowledge, profile: Profile) -> str:
    """`profiles/<id>.md`: what a claim of the profile covers."""
    rows = known.of_profile(profile.id)
    gates = {
        "public": "The gate is **public**: a capability document, not given as the answer to everything; no account.",
        "exchange": "The gate is **exchange**: valid discovery, content read back, a wrong credential refused.",
    }
    capabilities = [known.catalogue.capabilities[name] for name in profile.may_not_be_absent]
    parts = [
        f"# {plain(profile.title)}",
        paragraphs(profile.summary),
        f"Name on the command line: {code('--profile ' + profile.id)}. {gates[profile.gate]} "
        "[How the gate works](../trust.md).",
        f"It holds {count(len(rows), 'requirement')}: {_levels(rows)}.",
    ]
    if capabilities:
        named = ", ".join(f"[{plain(c.title)}](../capabilities.md#{c.id})" for c in capabilities)
        parts.append(f"May not be declared absent: {named}.")
    for group in known.catalogue.groups:
        inside = [row for row in rows if row.function == group.stem]
        if inside:
            parts += [f"## {plain(group.title)}", _rows_table(inside, "../requirements/")]
    return _page(parts)


def sources_page(known: Knowledge) -> str:
    """`sources.md`: every document that rows cite, and by which rows."""
    parts = [
        "# Sources",
        "Every requirement cites at least one of these documents. Citing one does not mean that its publisher endorses "
        "this project: none does.",
    ]
    for source in known.catalogue.sources.values():
        parts += [f"## {plain(source.title)} {{: #{source.id} }}", _about(source), _citing(known, source)]
    return _page(parts)


def _about(source: Source) -> str:
    web = source.address.startswith(("https://", "http://"))
    where = f"Read it: {source_link(source)}" if web else plain(source.address)
    return f"{plain(source.publisher)}, {plain(source.date)}. {where}. Cited as {code(source.id)}."


def _citing(known: Knowledge, source: Source) -> str:
    lines = [
        (row_link(row, "requirements/"), plain(row.title), plain(reference.section))
        for row in known.rows
        for reference in row.sources
        if reference.source == source.id
    ]
    return table(("Requirement", "Title", "Section"), lines) if lines else "No requirement cites it directly."


def capabilities_page(known: Knowledge) -> str:
    """`capabilities.md`: what a target may lawfully lack, and what that leaves out."""
    parts = [
        "# Capabilities",
        "A target may lawfully lack these things, and only these. It says so under `[absent]` in the target file, with "
        "the reason; then the rows that need the capability are *inapplicable*. A capability that is declared absent "
        "and seen at work all the same turns those rows into failures.",
    ]
    for capability in known.catalogue.capabilities.values():
        parts += list(_capability(known, capability))
    return _page(parts)


def _capability(known: Knowledge, capability: Capability) -> Iterator[str]:
    yield f"## {plain(capability.title)} {{: #{capability.id} }}"
    yield f"Name in the target file: {code(capability.id)}. Contradicted when: {plain(capability.contradicted_when)}"
    needing = [p.title for p in known.catalogue.profiles.values() if capability.id in p.may_not_be_absent]
    if needing:
        yield f"May not be declared absent under: {', '.join(plain(title) for title in needing)}."
    rows = [row for row in known.rows if capability.id in row.applies_if]
    if rows:
        yield bullets(f"{row_link(row, 'requirements/')} {plain(row.title)}" for row in rows)
    else:
        yield "No requirement depends on it yet."


def coverage_page(known: Knowledge) -> str:
    """`coverage.md`: every row with the number of its probes, watchers and mutants."""
    probes = sum(judge.kind == "probe" for judge in known.judges)
    binding = [row for row in known.rows if row.level.binding and row.verification.by.automatic]
    proven = [row for row in binding if known.mutants_of(row)]
    parts = [
        "---\nhide:\n  - toc\n---",
        "# Coverage",
        f"{count(len(known.rows), 'requirement')}, {count(probes, 'probe')}, "
        f"{count(len(known.judges) - probes, 'watcher')}, {count(len(known.mutants), 'mutant')}. "
        f"{len(proven)} of {len(binding)} binding requirements that the harness judges have at least one mutant that "
        "must be caught. [What a mutant is](trust.md).",
        table(
            ("Requirement", "Level", "Title", "Judged by", "Gross", "Subtle", "By others"),
            (_coverage(known, row) for row in known.rows),
        ),
        "Gross and subtle count the mutants made for the row; *by others* those of other rows that break it too.",
    ]
    return _page(parts)


def _coverage(known: Knowledge, row: Requirement) -> tuple[str, ...]:
    kinds = Counter(judge.kind for judge in known.judges_of(row))
    told = ", ".join(count(kinds[kind], kind) for kind in sorted(kinds))
    by = told or ("nothing yet" if row.verification.by.automatic else str(row.verification.by))
    mutants = (known.mutants_of(row, "gross"), known.mutants_of(row, "subtle"), known.also_broken(row))
    return (row_link(row, "requirements/"), str(row.level), plain(row.title), by, *(str(len(m)) for m in mutants))


def retired_page(known: Knowledge) -> str:
    """`retired.md`: ids that are gone and why. Empty when there are none."""
    if not known.catalogue.retired:
        return ""
    lines = [(code(entry.id), plain(entry.reason)) for entry in known.catalogue.retired.values()]
    return _page(["# Retired ids", "These ids are never given out again.", table(("Id", "Why it went"), lines)])


def contested_list(known: Knowledge) -> str:
    """Every contested row with the reason and the accepted readings, for the page of divergences."""
    parts = []
    for row in known.contested:
        assert row.contested is not None
        parts += [
            f"### {row_link(row, 'requirements/')} {plain(row.title)}",
            f"{plain(row.statement)}",
            f"**Why it is not clear.** {plain(row.contested.why)}",
            "**Accepted readings.**",
            bullets(plain(reading) for reading in row.contested.readings),
        ]
    return "\n\n".join(parts) if parts else "No row is contested."


def choices_list(known: Knowledge) -> str:
    """Every row whose level or threshold is the project's own choice."""
    rows = [row for row in known.rows if row.design_choice]
    return _rows_table(rows, "requirements/") if rows else "No row rests on a choice of ours."


def profiles_table(known: Knowledge) -> str:
    """The profiles with their size, for the front page."""
    lines = (
        (f"[{plain(p.title)}](profiles/{p.id}.md)", code(p.id), str(len(known.of_profile(p.id))), plain(p.summary))
        for p in known.catalogue.profiles.values()
    )
    return table(("Profile", "Name", "Requirements", "What a claim says"), lines)


def _rows_table(rows: Iterable[Requirement], base: str) -> str:
    lines = ((row_link(row, base), str(row.level), plain(row.title) + _mark(row)) for row in rows)
    return table(("Id", "Level", "Title"), lines)


def _mark(row: Requirement) -> str:
    return " (contested)" if row.contested is not None else ""


def _levels(rows: Sequence[Requirement]) -> str:
    told = Counter(str(row.level) for row in rows)
    return ", ".join(f"{told[level]} {level}" for level in told) or "none"


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
