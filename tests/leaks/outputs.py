"""The outputs that an exchange has, taken from the exchange itself, and those that were driven."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from isao_reference.funnel import Funnel
from isao_spec import FOLDER, load
from isao_spec.contract import Role

Output = tuple[str, str, str]
"""Address, method, media type ("" for any)."""


def addresses(app: Any) -> list[tuple[re.Pattern[str], str, Funnel]]:
    """Every address of an application: its pattern, its name without the final slash, and what answers there."""
    return [(route.path_regex, route.path.rstrip("/"), route.app) for route in app.routes]


def all_outputs(app: Any) -> set[Output]:
    """Every address with each of its methods, HEAD too, and each media type that the OpenAPI document names for it; the
    addresses of functions once for each function, too."""
    found: set[Output] = set()
    table = addresses(app)
    for _, name, funnel in table:
        methods = {*funnel.operations, *(("HEAD",) if "GET" in funnel.operations else ())}
        found |= {(name, method, "") for method in methods}
        if "{resource}" in name and "{step}" not in name:
            for resource, contract in load().contracts.items():
                made = {"POST"} if set(contract.create.by) == {Role.EXCHANGE} else set()  # by nobody who asks
                found |= {(name.replace("{resource}", resource), method, "") for method in methods - {"HEAD"} - made}
    document = json.loads((FOLDER / "openapi.json").read_bytes())
    for path, methods in document["paths"].items():
        example = re.sub(r"\{[^}]*\}", "x", path.replace("{api_root}", "exchange"))
        name = next(name for pattern, name, _ in table if pattern.match(example))
        for method, said in methods.items():
            answers = said.get("responses", {}) if isinstance(said, dict) else {}
            kinds = [kind for status, one in answers.items() if status[0] == "2" for kind in one.get("content", ())]
            found |= {(name, method.upper(), kind) for kind in kinds}
    return found


def driven(app: Any, spoken: Iterable[tuple[str, str, int, str]]) -> set[Output]:
    """The outputs that answers came from: what was refused drove nothing."""
    found: set[Output] = set()
    table = addresses(app)
    for path, method, status, kind in spoken:
        match = next(((hit, name) for pattern, name, _ in table if (hit := pattern.match(path))), None)
        if match is None or not 200 <= status < 300:
            continue
        hit, name = match
        bare = kind if kind.startswith("application/taxii") else kind.split(";")[0]
        found |= {(name, method, ""), (name, method, bare)}
        if "resource" in hit.groupdict():
            found.add((name.replace("{resource}", hit["resource"]), method, ""))
    return found
