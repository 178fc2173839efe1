"""Store the objects of files in an exchange, each file into a collection, with a word about each refusal.

Reading is in `stix_files`; here the batches go into the store. Marking definitions go first: what they
mark can then be understood, wherever in a file they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from isao_reference import setup
from isao_reference.stix_files import FoundObject, read_objects
from isao_reference.store.sqlite import Store
from isao_reference.taxii.intake import Outcome

BATCH = 500  # objects in one transaction
SHOWN_REFUSALS = 20


@dataclass(frozen=True)
class Refused:
    """An object that the exchange did not take: where it stands, its id, and why."""

    file: Path
    position: str
    id: str
    why: str


@dataclass
class Tally:
    """What became of the objects of a load; only the first refusals are kept, all are counted. `held` of the refused
    wait for a person."""

    stored: int = 0
    refused: int = 0
    held: int = 0
    refusals: list[Refused] = field(default_factory=list)

    def add(self, found: FoundObject, ok: bool, why: str, held: bool = False) -> None:
        """Count one object."""
        if ok:
            self.stored += 1
            return
        self.refused += 1
        self.held += held
        if len(self.refusals) < SHOWN_REFUSALS:
            self.refusals.append(Refused(found.file, found.position, found.id, why))


def title_of(path: Path) -> str:
    """The file's name without its extensions for compression and format."""
    name = path.name.removesuffix(".gz")
    for suffix in (".json", ".ndjson", ".jsonl"):
        name = name.removesuffix(suffix)
    return name or path.name


def load_files(
    store: Store,
    homes: Mapping[Path, str],
    account: str,
    default_label: str | None = None,
    progress: Callable[[Path, int], None] = lambda path, count: None,
    *,
    strict: bool = True,
    reviewed_by: str | None = None,
    review: bool = False,
) -> Tally:
    """Put the objects of each file into the collection (id or alias) that `homes` names for it.

    `account` is the contributor; `default_label` is asserted for objects without a label, by the account
    `reviewed_by`: the audit log keeps both. `progress` is called after every batch with the file and how many of its
    objects are done. Without `strict` objects are taken that break a MUST of STIX; with `review` what a privacy review
    finds is set aside. Raises SetupError for an unknown collection or account, UnreadableFile for a file that cannot
    be read.
    """

    def store_all(collection: str, batch: list[FoundObject], review: bool = False) -> list[Outcome]:
        raws = [found.raw for found in batch]
        return setup.ingest(
            store, collection, raws, account, default_label, strict=strict, reviewed_by=reviewed_by, review=review
        )

    for path, collection in homes.items():
        definitions = (found for found in read_objects(path) if found.id.startswith("marking-definition--"))
        for batch in _batches(definitions):
            store_all(collection, batch)
    tally = Tally()
    for path, collection in homes.items():
        done = 0
        for batch in _batches(read_objects(path)):
            outcomes = store_all(collection, batch, review)
            for found, outcome in zip(batch, outcomes, strict=True):
                tally.add(found, outcome.ok, outcome.why, bool(outcome.review))
            done += len(batch)
            progress(path, done)
    return tally


def _batches(objects: Iterable[FoundObject]) -> Iterator[list[FoundObject]]:
    source = iter(objects)
    while batch := list(islice(source, BATCH)):
        yield batch
