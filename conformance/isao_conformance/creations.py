"""What a run created, written down before it is sent, so that even a broken run can be cleaned up."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

JOURNAL = "created.ndjson"
OBJECT, RECORD, PUBLICATION = "object", "record", "publication"


@dataclass(frozen=True)
class Created:
    """Something that the run may have created: where, by whom, and its id.

    `kind` is "object" for a STIX object that the run added to a collection, "record" for a record of the function API,
    "publication" for a STIX object that the target published for such a record: `collection` is then where the record
    is, since only the target knows where it published.
    """

    collection: str
    actor: str
    id: str
    kind: str = OBJECT


class Creations:
    """A list kept in memory and, when a folder is given, in its journal file."""

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._items: dict[Created, None] = {}
        self._ids: set[str] = set()
        self._file = None if folder is None else (folder / JOURNAL).open("w", encoding="utf-8")

    def add(self, collection: str, actor: str, ids: list[str], kind: str = OBJECT) -> None:
        """Write down objects that are about to be created; records and publications once the target has named them, a
        publication once, whoever is told of it."""
        with self._lock:
            for stix_id in ids:
                if kind == PUBLICATION and stix_id in self._ids:
                    continue
                item = Created(collection, actor, stix_id, kind)
                self._items[item] = None
                self._ids.add(stix_id)
                if self._file is not None:
                    self._file.write(json.dumps(item.__dict__, sort_keys=True) + "\n")
            if self._file is not None:
                self._file.flush()

    def items(self) -> list[Created]:
        """Everything written down, in a stable order."""
        with self._lock:
            return sorted(self._items, key=lambda c: (c.collection, c.actor, c.id))

    def close(self) -> None:
        """Close the journal."""
        if self._file is not None:
            self._file.close()


def read_journal(folder: Path) -> list[Created]:
    """Read a journal back. Raises FileNotFoundError, or ValueError with the line that is not one."""
    path = folder / JOURNAL
    items: dict[Created, None] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
            items[Created(told["collection"], told["actor"], told["id"], told.get("kind", OBJECT))] = None
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}:{number}: is not a line of the journal") from None
    return list(items)
