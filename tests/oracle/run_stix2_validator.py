"""Runs inside the oracle's own environment: one JSON value a line in, one verdict a line out.

A verdict is {"verdict": "valid" | "invalid" | "crash", "messages": [...]}; a crash is an exception other than
the validator's own. Options are the defaults, so that only MUST rules reject. Nothing is fetched.
`--version 2.0` has the objects judged as STIX 2.0.
"""

from __future__ import annotations

import argparse
import json
import sys

from stix2validator import ValidationOptions, validator
from stix2validator.errors import ValidationError


def verdict(line: str, version: str | None) -> dict[str, object]:
    """What the validator says of the JSON value on the line."""
    try:
        result = validator.validate_instance(json.loads(line), ValidationOptions(version=version, silent=True))
    except ValidationError as refused:
        return {"verdict": "invalid", "messages": [str(refused)]}
    except Exception as error:
        return {"verdict": "crash", "messages": [f"{type(error).__name__}: {error}"]}
    messages = [str(error) for error in result.errors]
    return {"verdict": "valid" if result.is_valid else "invalid", "messages": messages}


def main() -> None:
    """Read standard input to its end, write a verdict for each line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version")
    version = parser.parse_args().version
    for line in sys.stdin:
        print(json.dumps(verdict(line, version)))


if __name__ == "__main__":
    main()
