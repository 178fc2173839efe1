"""Runs inside the oracle's own environment: times stix2-validator over objects, one a line on standard input.

Prints {"objects": N, "valid": N, "seconds": CPU seconds}. Options are the defaults; nothing is fetched.
"""

from __future__ import annotations

import gc
import json
import sys
import time

from stix2validator import ValidationOptions, validator


def main() -> None:
    """Read everything first, warm up on one object, then time the rest."""
    items = [json.loads(line) for line in sys.stdin]
    validator.validate_instance(items[0], ValidationOptions(silent=True))
    valid = 0
    gc.collect()
    gc.freeze()
    started = time.process_time()
    for item in items:
        valid += validator.validate_instance(item, ValidationOptions(silent=True)).is_valid
    seconds = time.process_time() - started
    print(json.dumps({"objects": len(items), "valid": valid, "seconds": seconds}))


if __name__ == "__main__":
    main()
