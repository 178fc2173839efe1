"""From `functions/*.yaml` to checked contracts. Every rule in a contract names the requirement that it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from isao_spec import schema_check
from isao_spec.contract import CREATE, Contract, Measure, Mechanics, PlainForm, Readers, Role, State, Step
from isao_spec.draft import Draft

FIRST_DELIVERY = "first-delivery"
"""The moment at which the first organization beside the contributor's was given what the record made visible."""

MECHANICS = "functions/mechanics.yaml"


def contracts_from(draft: Draft, groups: Iterable[Any], rows: Mapping[str, Any]) -> dict[str, Contract]:
    """Every contract of the folder by its resource, in the order of the file names; faults are noted in the draft."""
    stems = {group.stem for group in groups}
    found: dict[str, Contract] = {}
    for path in sorted((draft.folder / "functions").glob("*.yaml")):
        name = f"functions/{path.name}"
        if name == MECHANICS:
            continue
        document = draft.document(name, "function-file")
        if document is None:
            continue

        def fault(message: str, *inside: str | int, at: Any = document) -> str:
            return str(at.fault(inside, message))

        contract = _contract(document.value, name)
        if contract.resource != path.stem:
            draft.faults.append(fault(f"the resource {contract.resource!r} is not the file's name", "resource"))
        if contract.function not in stems:
            draft.faults.append(fault(f"the function {contract.function!r} is not in catalogue.yaml", "function"))
        draft.faults += _dangling(contract, rows, fault)
        draft.faults += _unsound(contract, fault)
        found[contract.resource] = contract
    return found


def mechanics_from(draft: Draft, rows: Mapping[str, Any]) -> Mechanics | None:
    """The requirements that checks count under which are the same for every contract; None in a specification
    without contracts."""
    if not (draft.folder / "functions").exists():
        return None
    document = draft.document(MECHANICS, "mechanics-file")
    if document is None:
        return None
    for key, row in document.value.items():
        if row not in rows:
            draft.faults.append(document.fault((key,), f"there is no requirement {row}"))
    return Mechanics(**document.value)


def _contract(item: Mapping[str, Any], file: str) -> Contract:
    states = {name: State(name, state["meaning"], Readers(state["readers"])) for name, state in item["states"].items()}
    steps = {name: _step(name, step, item["document"]) for name, step in item["steps"].items()}
    return Contract(
        function=item["function"],
        resource=item["resource"],
        title=item["title"],
        summary=item["summary"],
        document=item["document"],
        marking=item.get("marking", ""),
        serves=item["serves"],
        create=_step(CREATE, {**item["create"], "from": ()}, item["document"]),
        states=states,
        steps=steps,
        plain={kind: PlainForm(form["content"], form["fixed"]) for kind, form in item.get("plain", {}).items()},
        measures=tuple(Measure(**measure) for measure in item.get("measures", ())),
        file=file,
    )


def _step(name: str, item: Mapping[str, Any], document: str) -> Step:
    replaces = item.get("replaces", False)
    return Step(
        name=name,
        meaning=item["meaning"],
        sources=tuple(item["from"]),
        to=item["to"],
        by=tuple(map(Role, item["by"])),
        serves=item["serves"],
        takes=item.get("takes", document if replaces or name == CREATE else ""),
        replaces=replaces,
        once_per=item.get("once_per", ""),
        within=item.get("within", ""),
        at=item.get("at", ""),
        when=item.get("when", ""),
        effects=tuple(item.get("effects", ())),
        notifies=item.get("notifies", ""),
    )


def _dangling(contract: Contract, rows: Mapping[str, Any], fault: Callable[..., str]) -> Iterator[str]:
    """Requirements, states and schemas that are named and not there."""
    serving = [("serves", contract.serves), ("create", contract.create.serves)]
    serving += [(name, step.serves) for name, step in contract.steps.items()]
    serving += [(measure.name, measure.serves) for measure in contract.measures]
    for where, row in serving:
        if row not in rows:
            yield fault(f"{where} serves {row}, and there is no such requirement", "steps", where)
    for step in contract.all_steps:
        for state in (*step.sources, step.to):
            if state not in contract.states:
                yield fault(f"{step.name}: there is no state {state!r}", "steps", step.name)
    for schema in {contract.document, *(step.takes for step in contract.all_steps if step.takes)}:
        try:
            schema_check.schema(f"documents/{schema}")
        except KeyError:
            yield fault(f"there is no schema schemas/documents/{schema}.json", "document")
    moments = {CREATE, FIRST_DELIVERY, *contract.steps}
    for measure in contract.measures:
        for moment in {measure.start, measure.end} - moments:
            yield fault(f"{measure.name}: {moment!r} is no step of this contract", "measures")


def _unsound(contract: Contract, fault: Callable[..., str]) -> Iterator[str]:
    """What reads well and cannot work."""
    if CREATE in contract.steps:
        yield fault(f"{CREATE!r} names the making of a record; call the step otherwise", "steps", CREATE)
    reached, grown = {contract.create.to}, True
    while grown:
        onward = {step.to for step in contract.steps.values() if reached & set(step.sources)}
        grown = not onward <= reached
        reached |= onward
    for name in contract.states.keys() - reached:
        yield fault(f"no step leads to the state {name!r}", "states", name)
    properties = _properties(contract.document)
    marked = any(state.readers is Readers.MARKING for state in contract.states.values())
    if (marked and not contract.marking) or (contract.marking and contract.marking not in properties):
        yield fault("`marking` names a property of the document, and is needed where a state is read by it", "marking")
    for step in contract.all_steps:
        timed = Role.CLOCK in step.by
        if timed and not (step.within or step.at):
            yield fault(f"{step.name}: a step of the clock says after how long, or at which moment", "steps", step.name)
        for name in {step.at, step.when} - {"", *properties}:
            yield fault(f"{step.name}: the document has no property {name!r}", "steps", step.name)
        if step.replaces and step.takes != contract.document:
            yield fault(f"{step.name}: what replaces the document has its schema", "steps", step.name)
        if step.once_per and step.to not in step.sources:
            yield fault(f"{step.name}: what each may do once leaves the record where it is", "steps", step.name)


def _properties(document: str) -> set[str]:
    try:
        return set(schema_check.schema(f"documents/{document}").get("properties", {}))
    except KeyError:
        return set()
