"""Everything the pages speak about, gathered once: the catalogue, its judges and its mutants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from docs_build.evidence import Judge, Mutant, judges, mutants
from isao_spec import load
from isao_spec.model import Catalogue, FunctionGroup, Requirement, Status


@dataclass(frozen=True)
class Knowledge:
    """The catalogue with what proves it."""

    catalogue: Catalogue
    judges: tuple[Judge, ...]
    mutants: tuple[Mutant, ...]

    @property
    def rows(self) -> tuple[Requirement, ...]:
        """Every row, in the order of the catalogue."""
        return tuple(self.catalogue.requirements.values())

    @property
    def contested(self) -> tuple[Requirement, ...]:
        """The rows whose source can be read in several ways."""
        return tuple(row for row in self.rows if row.contested)

    def of_group(self, group: FunctionGroup) -> tuple[Requirement, ...]:
        """The rows of one function group."""
        return tuple(row for row in self.rows if row.function == group.stem)

    def of_profile(self, profile: str) -> tuple[Requirement, ...]:
        """The approved rows of one profile."""
        return tuple(row for row in self.rows if profile in row.profiles and row.status is Status.APPROVED)

    def judges_of(self, row: Requirement) -> tuple[Judge, ...]:
        """The probes and watchers that judge a row."""
        return tuple(judge for judge in self.judges if judge.requirement == row.id)

    def mutants_of(self, row: Requirement, size: str = "") -> tuple[Mutant, ...]:
        """The mutants that break a row first of all; of one size when it is given."""
        return tuple(m for m in self.mutants if m.breaks == row.id and size in ("", m.size))

    def also_broken(self, row: Requirement) -> tuple[Mutant, ...]:
        """The mutants of other rows that break this one too."""
        return tuple(m for m in self.mutants if row.id in m.also)


def gather(root: Path) -> Knowledge:
    """Load the specification, the harness's probes and the mutants below `root`."""
    return Knowledge(load(), tuple(judges()), tuple(mutants(root / "tests/mutants")))
