"""How good the privacy review is, and what it costs: on the labelled corpus, and on the real data that the environment
names (ISAO_REAL_DATA). `python -m tests.privacy.measure`; prints, asserts nothing.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from isao_reference.content import privacy, validate_object
from isao_reference.content.privacy import Found
from tests.bench.corpus import made
from tests.conftest import real_files
from tests.privacy import corpus
from tests.support.real_data import objects_of

SHOWN = 40
MADE = 3_000


def labelled(name: str) -> None:
    """Prints precision and recall of certain findings, and how many of the doubtful values were found at all."""
    got = corpus.score(corpus.cases(name))
    print(
        f"{name:12} {got.objects:4} objects  certain: precision {got.precision:.3f} ({len(got.wrong)} wrong of"
        f" {got.claimed}), recall {got.recall:.3f} ({got.certain_found} of {got.certain})  doubtful: found"
        f" {got.doubtful_found} of {got.doubtful}, {len(got.doubted_wrongly)} of {got.doubted} without cause"
    )
    for word, lines in (("missed", got.missed), ("wrong", got.wrong), ("without cause", got.doubted_wrongly)):
        for line in lines:
            print(f"    {word}: {line}")


def reviewed(items: list[Any]) -> tuple[list[Found], float]:
    """The findings in objects that are sent in envelopes of a hundred, and microseconds of CPU time an object."""
    privacy.review(items[:1])
    started = time.process_time()
    found = [one for start in range(0, len(items), 100) for one in privacy.review(items[start : start + 100])]
    return found, (time.process_time() - started) / max(1, len(items)) * 1e6


def real(path: Path, shown: list[str]) -> tuple[int, Counter[str]]:
    """Prints the findings of one file and returns how many objects it has and how many have findings, by certainty."""
    items = objects_of(path)
    objects: dict[str, set[str]] = {"certain": set(), "doubtful": set()}
    found, cost = reviewed(items)
    for one in found:
        objects[one.certainty].add(one.object_id)
        shown.append(f"{one.certainty} {one.rule} {one.object_id} {one.pointer}")
    counted = Counter({name: len(ids) for name, ids in objects.items()})
    print(f"{path.name:42} {len(items):7,} objects  {dict(counted)}  {cost:.0f} microseconds an object")
    return len(items), counted


def main() -> int:
    """Measures everything; 0."""
    for name in corpus.FILES:
        labelled(name)
    items = made(MADE)
    found, cost = reviewed(items)
    started = time.process_time()
    for item in items:
        validate_object(item)
    validated = (time.process_time() - started) / len(items) * 1e6
    print(f"made content {len(items):,} objects, {len(found)} findings: {cost:.0f} microseconds an object; "
          f"validating it takes {validated:.0f}")  # fmt: skip
    total, counted, shown = 0, Counter[str](), list[str]()
    for path in real_files():
        count, objects = real(path, shown)
        total, counted = total + count, counted + objects
    if total:
        rates = ", ".join(f"{name} {1000 * count / total:.2f}" for name, count in sorted(counted.items()))
        print(f"real data: {total:,} objects; objects with findings in a thousand: {rates}")
        print("\n".join(shown[:SHOWN]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
