"""Pages of the function API: for each contract its states, who may do what, documents, promised times and measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from docs_build.diagram import diagram
from docs_build.knowledge import Knowledge
from docs_build.row_page import row_link
from docs_build.text import bullets, code, count, paragraphs, plain, table
from isao_spec import schema_check
from isao_spec.contract import Contract, Measure, Readers, Role, Step

FOLDER = "api"
ROWS = "../requirements/"
READERS: Mapping[Readers, str] = {
    Readers.PARTIES: "its contributor's organization, the organizations it names, and the exchange's staff",
    Readers.ORGANIZATIONS: "every account",
    Readers.MARKING: "those whom its TLP label and its addresses give",
}


def function_pages(known: Knowledge) -> dict[str, str]:
    """`api/index.md` and `api/<resource>.md` for each contract."""
    contracts = known.catalogue.contracts.values()
    return {f"{FOLDER}/index.md": _index(known), **{f"{FOLDER}/{c.resource}.md": _page(known, c) for c in contracts}}


def navigation(known: Knowledge) -> list[dict[str, str]]:
    """The pages in the order of the navigation."""
    entries = [(c.title, c.resource) for c in known.catalogue.contracts.values()]
    return [{title: f"{FOLDER}/{name}.md"} for title, name in (("All functions", "index"), *entries)]


def _index(known: Knowledge) -> str:
    parts = [
        "# Function API",
        "What an exchange does for its members besides TAXII, as resources over HTTP with JSON. Each function is a "
        f"contract of the specification; these pages and the OpenAPI document at {code('/functions/openapi.json')} "
        f"are drawn from it, and the harness derives its checks from it. {code('isao spec openapi')} prints the "
        "document.",
        table(
            ("Resource", "What it is for", "Who begins"),
            (
                (f"[{plain(c.title)}]({c.resource}.md)", plain(c.summary), _who(c.create))
                for c in known.catalogue.contracts.values()
            ),
        ),
    ]
    if known.catalogue.mechanics is not None:
        rules = asdict(known.catalogue.mechanics)
        rows = [known.catalogue.requirements[name] for name in dict.fromkeys(rules.values())]
        parts += [
            "## The same for all of them",
            "These requirements hold for every resource and every step:",
            bullets(f"{row_link(row, ROWS)} {plain(row.statement)}" for row in rows),
        ]
    return _joined(parts)


def _page(known: Knowledge, contract: Contract) -> str:
    address = f"/functions/{contract.resource}/"
    parts = [
        f"# {plain(contract.title)}",
        paragraphs(contract.summary),
        f"Address: {code(address)}. [Requirements of this function](../functions/{contract.function}.md).",
        "## States",
        diagram(contract),
        "Each line is a step: it starts at a dot and leads to the arrow. A ring is a step that leaves the record where "
        "it is, and no step leaves a state with a double border.",
        table(
            ("State", "What it means", "Who reads it"),
            ((code(s.name), plain(s.meaning), READERS[s.readers]) for s in contract.states.values()),
        ),
        "## Who may do what",
        table(
            ("Step", "What it does", "From", "To", "Who", "Takes", "Promised", "Requirement"),
            (_step(known, step) for step in contract.all_steps),
        ),
    ]
    if contract.plain:
        kinds = " or ".join(code(kind) for kind in contract.plain)
        parts.append(f"A record can be made without JSON: the body as {kinds}, the other properties in the query.")
    parts.append("## Documents")
    for name in dict.fromkeys(step.takes for step in contract.all_steps if step.takes):
        parts += _document(name)
    if contract.measures:
        parts += [
            "## Measures",
            f"The exchange reports them at {code('/functions/measures/')}; each threshold is our choice.",
            table(
                ("Measure", "From when until when", "Threshold", "Requirement"),
                (_measure(known, measure) for measure in contract.measures),
            ),
        ]
    rows = dict.fromkeys([contract.serves, *(s.serves for s in contract.all_steps), *_measured(contract)])
    served = [known.catalogue.requirements[name] for name in rows]
    parts += ["## Requirements served", bullets(f"{row_link(row, ROWS)} {plain(row.title)}" for row in served)]
    return _joined(parts)


def _measured(contract: Contract) -> Iterator[str]:
    yield from (measure.serves for measure in contract.measures)


def _step(known: Knowledge, step: Step) -> tuple[str, ...]:
    once = f" Once for each {step.once_per}." if step.once_per else ""
    return (
        code(step.name),
        plain(step.meaning + once),
        ", ".join(map(code, step.sources)),
        code(step.to),
        _who(step),
        f"[{plain(step.takes)}](#{_anchor(step.takes)})" if step.takes else "",
        _promised(step),
        row_link(known.catalogue.requirements[step.serves], ROWS),
    )


def _who(step: Step) -> str:
    return ", ".join(plain(str(role)) for role in step.by)


def _promised(step: Step) -> str:
    """When a step is due, in words: what people are promised, or when the clock takes it."""
    if step.at:
        return f"at {code(step.at)}"
    if not step.within:
        return ""
    only = f", if {code(step.when)}" if step.when else ""
    return f"{'after' if Role.CLOCK in step.by else 'within'} {code(step.within)}{only}"


def _measure(known: Knowledge, measure: Measure) -> tuple[str, ...]:
    least = "" if measure.threshold_seconds is None else count(round(measure.threshold_seconds), "second")
    row = known.catalogue.requirements[measure.serves]
    return code(measure.name), plain(measure.meaning), least, row_link(row, ROWS)


def _anchor(document: str) -> str:
    return f"document-{document}"


def _document(name: str) -> Iterator[str]:
    schema = schema_check.schema(f"documents/{name}")
    yield f"### {plain(schema['title'])} {{: #{_anchor(name)} }}"
    yield plain(schema["description"])
    yield table(("Property", "Needed", "What it is", "What it says"), _properties(schema, ""))


def _properties(schema: Mapping[str, Any], before: str) -> Iterator[tuple[str, ...]]:
    """The properties of an object and of the objects inside it, by paths such as `terms.exit` and `contacts[].role`."""
    for name, told in schema.get("properties", {}).items():
        path = before + name
        needed = "yes" if name in schema.get("required", ()) else ""
        yield code(path), needed, plain(kind(told)), plain(told.get("description", ""))
        yield from _properties(told, f"{path}.")
        yield from _properties(told.get("items", {}), f"{path}[].")


def kind(schema: Mapping[str, Any]) -> str:
    """What values a schema allows, in a few words."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "anyOf" in schema:
        return ", or ".join(kind(one) for one in schema["anyOf"])
    found = schema.get("type")
    if found == "array":
        return f"list of {kind(schema.get('items', {}))}{_bounds(schema, 'minItems', 'maxItems', '')}"
    if found == "string":
        form = {"date-time": "moment in time", "email": "e-mail address"}.get(schema.get("format", ""), "text")
        return f"{form}{_bounds(schema, 'minLength', 'maxLength', ' characters')}"
    if found == "integer":
        return f"whole number{_bounds(schema, 'minimum', 'maximum', '')}"
    return {"boolean": "true or false", "object": "object"}.get(str(found), "any value")


def _bounds(schema: Mapping[str, Any], low: str, high: str, unit: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        return f", {least} to {most}{unit}"
    return f", at most {most}{unit}" if most is not None else ""


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
