"""What a loader has read so far, and every fault found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from isao_spec import schema_check, yaml_lines
from isao_spec.yaml_lines import Document


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_Named = TypeVar("_Named", bound=_Identified)


@dataclass
class Draft:
    """What has been read so far, and every fault found so far."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def document(self, name: str, schema: str) -> Document | None:
        """The file when its form and shape are right; otherwise its faults are noted and None returned."""
        document = yaml_lines.read_file(self.folder / name, name)
        faults = list(document.faults)
        if document.value is not None:
            found = schema_check.findings(schema, document.value)
            faults += [document.fault(problem.path, _message(problem)) for problem in found]
        self.faults += faults
        return None if faults else document

    def entries(self, name: str, schema: str, key: str) -> Iterator[tuple[Document, int, Mapping[str, Any]]]:
        """The items of the list `key` of a file, with their positions; nothing when the file is faulty."""
        document = self.document(name, schema)
        if document is not None:
            for index, item in enumerate(document.value[key]):
                yield document, index, item

    def add(self, table: dict[str, _Named], value: _Named, fault: Callable[[str], str]) -> None:
        """Puts the value under its id; a second value of the same id is a fault."""
        if value.id in table:
            self.faults.append(fault(f"the id {value.id!r} stands twice"))
        else:
            table[value.id] = value


def _message(problem: schema_check.Problem) -> str:
    return f"{problem.pointer or '/'}: {problem.message}"
