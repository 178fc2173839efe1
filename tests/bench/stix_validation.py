"""Objects judged a second: ours against stix2-validator 3.2.0 in its own environment, on the same objects in one run.

`make bench`. CPU time of one process each, the best of ROUNDS rounds that take turns, so that a busy machine
slows both. Ours forgets the patterns it has read before each round; what was read from the files is frozen for
both garbage collectors. Fails below WANTED times.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from isao_reference.content import is_valid, patterns, schemas, validate_objects
from tests.bench.corpus import made
from tests.conftest import real_files
from tests.oracle.stix2_validator import environment
from tests.support.real_data import objects_of

HERE = Path(__file__).parent
ROUNDS = 3
MADE, SAMPLE = 3_000, 400
WANTED = 100
SEED = 20261122


def ours(items: list[Any]) -> float:
    """Objects a second of CPU time; one is judged before, so that the schemas are compiled."""
    validate_objects(items[:1])
    patterns.forget()
    gc.collect()
    gc.freeze()  # what was read to be judged is not this validator's garbage
    started = time.process_time()
    validate_objects(items)
    return len(items) / (time.process_time() - started)


def theirs(items: list[Any]) -> float:
    """Objects a second of CPU time."""
    command = [str(environment() / "bin/python"), str(HERE / "time_stix2_validator.py")]
    text = "".join(json.dumps(item) + "\n" for item in items)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["objects"] / told["seconds"])


def compared(name: str, items: list[Any]) -> float:
    """Prints and returns how many times faster ours is on these objects; theirs judges a drawn sample of them."""
    sample = random.Random(SEED).sample(items, min(SAMPLE, len(items)))
    mine: list[float] = []
    other: list[float] = []
    for _ in range(ROUNDS):
        mine.append(ours(items))
        other.append(theirs(sample))
    ratio = max(mine) / max(other)
    speeds = f"ours {max(mine):9,.0f}/s  stix2-validator {max(other):6,.0f}/s"
    print(f"{name:32} {len(items):7,} objects  {speeds}  x{ratio:.0f}", flush=True)
    return ratio


def main() -> int:
    """0 when ours is WANTED times as fast on the made objects and on all real ones of STIX 2.1 together."""
    started = time.process_time()
    schemas.compiled()
    print(f"schemas compiled once in {time.process_time() - started:.2f} s")
    corpus = made(MADE)
    assert is_valid(validate_objects(corpus))
    ratios = [compared("made", corpus)]
    real: list[Any] = []
    for path in real_files():
        items = [item for item in objects_of(path) if "spec_version" in item]
        real += items
    if real:
        ratios.append(compared("real threat data, STIX 2.1", real))
    print(f"at least {WANTED} times: {'yes' if min(ratios) >= WANTED else 'no'}")
    return 0 if min(ratios) >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
