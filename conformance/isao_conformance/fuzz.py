"""Requests made up from an OpenAPI document, by schemathesis as a process of its own: what breaks, or answers otherwise
than the document says.

A finding is no verdict. Only requirement rows gate a certificate, so nothing here changes an outcome or an exit code; a
finding that matters belongs to a row, with a probe of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isao_conformance.target import Target, origin_of
from isao_conformance.transport import TlsFiles

PROGRAM = "schemathesis"
AUTHORIZATION = "ISAO_FUZZ_AUTHORIZATION"
"""Environment variable through which the program learns the credentials: never a file, never its command line."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
)
"""What is looked at. Whether valid data is accepted is not: rules beyond a schema are the server's to have."""

REFUSALS = ("400", "401", "403", "404", "406", "409", "412", "415", "422", "428", "429")
"""How a server may refuse a request that lacks a header: for that, or for another fault of it or of its sender."""

GRACE_SECONDS = 60.0
"""How much longer than its budget the program may take before it is ended."""


class FuzzFault(RuntimeError):
    """The program is not there, did not run to its end, or could not do its work; the message says which."""


@dataclass(frozen=True)
class Finding:
    """One kind of answer that was not to be, and the operations that gave it."""

    title: str
    count: int
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a run did: how many requests to how many operations, its findings, and its own words with curl lines."""

    requests: int
    operations: int
    findings: tuple[Finding, ...]
    text: str


@dataclass(frozen=True)
class Plan:
    """One run against a server. `base_url` is what the paths of the document are put after, `seconds` the budget.

    `reads_only` leaves out every method that writes, also as an unexpected one. `parameters` are values for parameters
    of that name wherever they stand in a path. `phases` are the program's: it ends early when the last of them does
    not repeat.
    """

    document: Mapping[str, Any]
    base_url: str
    seconds: int
    authorization: str = ""
    tls: TlsFiles = field(default_factory=TlsFiles)
    reads_only: bool = True
    per_second: float = 0.0
    parameters: tuple[tuple[str, str], ...] = ()
    phases: tuple[str, ...] = ("examples", "coverage", "fuzzing", "stateful")


def program() -> str | None:
    """Where schemathesis is installed: beside this Python, or on the path; None when it is not."""
    beside = Path(sys.executable).with_name(PROGRAM)
    return str(beside) if beside.is_file() else shutil.which(PROGRAM)


def configuration(plan: Plan) -> str:
    """The program's own configuration file (TOML) for a plan."""
    lines = ["[headers]", f'Authorization = "${{{AUTHORIZATION}}}"'] if plan.authorization else []
    lines += [
        "[parameters]",
        *(f"{json.dumps('path.' + name)} = {json.dumps(value)}" for name, value in plan.parameters),
    ]
    lines += ["[checks.missing_required_header]", f"expected-statuses = {json.dumps(REFUSALS)}"]
    if plan.reads_only:
        lines += ["[phases.coverage]", "unexpected-methods = []"]
    return "\n".join([*lines, ""])


def command(plan: Plan, found: str, document: Path, report: Path) -> list[str]:
    """The command line for a plan; it holds no credentials."""
    words = [found, "--config-file", str(document.with_name("schemathesis.toml")), "run", str(document)]
    words += ["-u", plan.base_url, "-c", ",".join(CHECKS), "--max-time", str(plan.seconds), "--request-timeout", "20"]
    words += [
        "--generation-deterministic",
        "--no-shrink",
        "--continue-on-failure",
        "--no-color",
        "--max-redirects",
        "0",
    ]
    words += ["--report", "json", "--report-json-path", str(report), "--output-sanitize", "true"]
    words += ["--phases", ",".join(plan.phases)]
    words += ["--tls-verify", plan.tls.ca_file] if plan.tls.ca_file else []
    words += ["--request-cert", plan.tls.client_cert] if plan.tls.client_cert else []
    words += ["--request-cert-key", plan.tls.client_key] if plan.tls.client_key else []
    words += ["--rate-limit", f"{max(1, int(plan.per_second * 60))}/m"] if plan.per_second else []
    words += ["--include-method", "GET"] if plan.reads_only else []
    return words


def run(plan: Plan) -> Outcome:
    """Runs the program until its budget is spent. FuzzFault when it is not there or does not do its work."""
    found = program()
    if found is None:
        raise FuzzFault(f"{PROGRAM} is not installed")
    with tempfile.TemporaryDirectory(prefix="isao-fuzz-") as name:
        folder = Path(name)
        document, report = folder / "openapi.json", folder / "report.json"
        document.write_text(json.dumps(plan.document), "utf-8")
        document.with_name("schemathesis.toml").write_text(configuration(plan), "utf-8")
        try:
            done = subprocess.run(
                command(plan, found, document, report),
                cwd=folder,
                env={"HOME": name, "PATH": "/usr/bin:/bin", "NO_PROXY": "*", AUTHORIZATION: plan.authorization},
                capture_output=True,
                text=True,
                timeout=plan.seconds + GRACE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise FuzzFault(f"{PROGRAM} did not end {GRACE_SECONDS:.0f} s after its time was over") from None
        if done.returncode not in (0, 1) or not report.is_file():
            raise FuzzFault(f"{PROGRAM} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return outcome(json.loads(report.read_text("utf-8")), done.stdout)


def outcome(report: Mapping[str, Any], text: str) -> Outcome:
    """What the program's own report says; an error of its own, such as a server that hangs up, is a finding too."""
    kinds = [*report["failures"], *report["errors"]]
    findings = [Finding(one["title"], one.get("count", 1), tuple(one.get("operations", ()))) for one in kinds]
    return Outcome(report["test_cases"]["generated"], report["operations"]["tested"], tuple(findings), text)


def below(document: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The part of a document whose paths begin with a prefix, the prefix taken off: for an API that is served from
    another root than the document says."""
    kept = {
        "/" + path.removeprefix(prefix): told for path, told in document["paths"].items() if path.startswith(prefix)
    }
    return {**document, "paths": kept}


def beside(target: Target, root: str, document: Mapping[str, Any], seconds: int, folder: Path) -> list[str]:
    """Tries a target's function API at `root` ("" when it offers none), after its certification and beside it: only by
    reading, at the target's rate, as its member-a or the first account lent. Returns lines for a terminal; what the
    program itself says is written to `folder`/fuzz.txt, without secrets."""
    if not root:
        return ["fuzzing: not done, the capability document names no function API"]
    if origin_of(root) not in target.origins:
        return ["fuzzing: not done, the function API is on an origin that the target file does not list"]
    lent = [actor for actor in target.actors.values() if actor.authorization]
    actor = next((one for one in lent if one.name == "member-a"), lent[0] if lent else None)
    plan = Plan(
        document=below(document, "/functions/"),
        base_url=root,
        seconds=seconds,
        authorization=(actor.authorization or "") if actor else "",
        tls=target.tls,
        per_second=target.requests_per_second,
    )
    try:
        found = run(plan)
    except FuzzFault as fault:
        return [f"fuzzing: not done, {fault}"]
    text = found.text
    for secret in (secret for one in lent for secret in (*one.secrets, one.authorization) if secret):
        text = text.replace(secret, "[removed]")
    (folder / "fuzz.txt").write_text(text, "utf-8")
    return lines(found)


def lines(found: Outcome) -> list[str]:
    """A run in words for a terminal."""
    head = (
        f"fuzzing: {found.requests} requests to {found.operations} operations, {len(found.findings)} kinds of finding"
    )
    told = [f"  {one.title}, {one.count} times: {', '.join(one.operations)}" for one in found.findings]
    return [head, *told, "  Findings are no verdicts: they change neither the outcome nor the exit code."]
