"""The schemas take good documents and refuse bad ones, naming the place in plain words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from isao_spec import schema_check

Json = dict[str, Any]
Change = Callable[[Json], object]

DIGEST = "0" * 64

CAPABILITY: Json = {
    "schema": "isao-capability/1",
    "organization": {
        "name": "Example ISAO",
        "legal_form": "association",
        "mission": "Fictional.",
        "constituency": "nobody",
        "sectors": ["water"],
    },
    "contacts": [{"role": "security", "email": "security@example.org", "hours": "24x7", "languages": ["en", "de-AT"]}],
    "services": {"taxii": {"discovery": "https://example.org/taxii2/"}},
    "functions": [{"name": "sharing", "status": "offered"}],
    "policies": [
        {
            "name": "Handling",
            "url": "https://example.org/handling.txt",
            "sha256": DIGEST,
            "version": "1",
            "owner": "operations",
            "approved": "2026-01-01",
            "review_by": "2027-01-01",
        }
    ],
    "agreements": [{"name": "Sharing agreement", "with": "Another ISAO", "since": "2026-01-01"}],
    "protections": [{"name": "None", "legal_basis": "none", "in_force": False, "as_of": "2026-11-01"}],
    "distribution": {
        "default_label": "amber",
        "labels": {
            "clear": ["public", "peers", "government", "members"],
            "green": ["members", "peers"],
            "amber": ["members"],
            "amber+strict": ["contributing-organization"],
            "red": ["contributing-account"],
        },
        "operators_read_all": True,
    },
    "keys": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]},
    "claimed_profiles": ["exchange"],
    "spec_version": "0.1.0",
    "last_reviewed": "2026-11-22",
    "x_motto": "ours",
}

TARGET: Json = {
    "schema": "isao-target/1",
    "name": "Example",
    "base_url": "https://127.0.0.1:8443/",
    "origins": ["https://127.0.0.1:8443"],
    "profiles": ["taxii-server", "exchange"],
    "taxii": {
        "discovery": "https://127.0.0.1:8443/taxii2/",
        "read": [],
        "write": ["https://127.0.0.1:8443/exchange/collections/a/"],
        "may_delete": True,
    },
    "tls": {"ca_file": "ca.pem", "client_cert": "me.pem", "client_key": "me.key"},
    "actors": {
        "member-a": {"auth": "basic", "username_env": "U", "secret_file": "s", "organization": "a"},
        "peer": {"auth": "bearer", "secret_env": "K"},
        "outsider": {},
    },
    "absent": {"delete": "by policy"},
    "limits": {"requests_per_second": 5, "exchange_seconds": 2.5},
}

REPORT: Json = {
    "schema": "isao-report/1",
    "run": {
        "id": "run-1",
        "seed": "s",
        "started": "2026-11-22T03:00:00Z",
        "ended": "2026-11-22T03:01:00.5Z",
        "suite_version": "0.1.0",
        "spec_version": "0.1.0",
        "spec_digest": DIGEST,
        "assurance": "self-run",
        "replayable": True,
    },
    "target": {
        "name": "Example",
        "base_url": "https://127.0.0.1:8443/",
        "origins": ["https://127.0.0.1:8443"],
        "actors": {"member-a": {"auth": "basic", "organization": "a"}},
        "absent": {},
    },
    "claims": [{"profile": "exchange", "conformant": False, "counts": {"fail": 1, "pass": 0}}],
    "gate": [{"gate": "exchange", "proof": "a wrong credential refused", "ok": True, "why": "401"}],
    "requirements": [
        {
            "id": "ISAO-MRK-014",
            "level": "MUST",
            "title": "A restricted item is absent from the manifest",
            "function": "marking",
            "profiles": ["exchange"],
            "outcome": "fail",
            "blocked_by": "",
            "checks": [
                {
                    "name": "p/absent",
                    "outcome": "fail",
                    "expected": "absent",
                    "got": "there",
                    "exchanges": ["p|member-b|2"],
                }
            ],
            "remediation": "Filter it.",
            "sources": [{"source": "taxii-2.1", "section": "5.3"}],
        }
    ],
    "measures": {"visibility": {"value": 0.5, "unit": "s", "probe": "p"}},
    "created": [{"collection": "c", "actor": "member-a", "id": "indicator--1", "kind": "object"}],
    "leftovers": [
        {"collection": "c", "actor": "member-a", "id": "indicator--1", "kind": "object", "why": "may_delete is off"}
    ],
}

GOOD = {"capability-document": CAPABILITY, "target": TARGET, "report": REPORT}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_is_valid(name: str) -> None:
    assert schema_check.problems(name, GOOD[name]) == []


def test_the_smallest_documents_are_valid() -> None:
    optional = ("services", "distribution", "keys", "x_motto")
    static = {key: value for key, value in CAPABILITY.items() if key not in optional}
    assert schema_check.problems("capability-document", {**static, "functions": [], "protections": []}) == []
    assert schema_check.problems("target", {"schema": "isao-target/1", "base_url": "https://example.org/"}) == []


def put(value: object, *path: str | int) -> Change:
    """A change that sets the place to the value; `...` removes it."""

    def change(document: Json) -> None:
        place: Any = document
        for part in path[:-1]:
            place = place[part]
        if value is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("capability-document", put(..., "organization"), "/: the key 'organization' is missing"),
        (
            "capability-document",
            put("isao-capability/2", "schema"),
            '/schema: "isao-capability/2" must be "isao-capability/1"',
        ),
        ("capability-document", put(1, "motto"), "/motto: the key 'motto' is not known here"),
        (
            "capability-document",
            put(1, "services", "taxii", "port"),
            "/services/taxii/port: the key 'port' is not known here",
        ),
        ("capability-document", put([], "contacts"), "/contacts: must not be empty"),
        (
            "capability-document",
            put("sales", "contacts", 0, "role"),
            '/contacts/0/role: "sales" is not one of operations',
        ),
        (
            "capability-document",
            put("nobody", "contacts", 0, "email"),
            '/contacts/0/email: "nobody" is not a valid email',
        ),
        ("capability-document", put("22.11.2026", "last_reviewed"), '/last_reviewed: "22.11.2026" is not a valid date'),
        (
            "capability-document",
            put("ABC", "policies", 0, "sha256"),
            '/policies/0/sha256: "ABC" does not have the form',
        ),
        (
            "capability-document",
            put("yes", "protections", 0, "in_force"),
            '/protections/0/in_force: "yes" has the wrong type',
        ),
        (
            "capability-document",
            put(["everyone"], "distribution", "labels", "red"),
            '/distribution/labels/red/0: "everyone" is not one of public',
        ),
        (
            "capability-document",
            put(["public"], "distribution", "labels", "white"),
            "/distribution/labels/white: the key",
        ),
        (
            "capability-document",
            put("/taxii2/", "services", "taxii", "discovery"),
            '/services/taxii/discovery: "/taxii2/" ',
        ),
        ("capability-document", put({"kty": "OKP", "d": "secret"}, "keys", "keys", 0), "/keys/keys/0: "),
        (
            "target",
            put("inline", "actors", "member-a", "secret"),
            "/actors/member-a/secret: the key 'secret' is not known",
        ),
        (
            "target",
            put("E", "actors", "member-a", "secret_env"),
            "/actors/member-a: needs exactly one of the keys secret_env, secret_file",
        ),
        (
            "target",
            put(..., "actors", "member-a", "username_env"),
            "/actors/member-a: needs exactly one of the keys username_env, username_file",
        ),
        (
            "target",
            put(..., "actors", "peer", "secret_env"),
            "/actors/peer: needs exactly one of the keys secret_env, secret_file",
        ),
        (
            "target",
            put({"auth": "basic"}, "actors", "stranger"),
            "/actors/stranger: the key 'stranger' is not known here",
        ),
        (
            "target",
            put("basic", "actors", "outsider", "auth"),
            "/actors/outsider/auth: the key 'auth' is not known here",
        ),
        ("target", put(False, "tls", "verify"), "/tls/verify: the key 'verify' is not known here"),
        ("target", put(..., "tls", "client_cert"), "/tls: "),
        (
            "target",
            put("https://u:p@example.org/", "base_url"),
            '/base_url: "https://u:p@example.org/" does not have the form',
        ),
        ("target", put("", "absent", "delete"), "/absent/delete: must not be empty"),
        ("target", put(0, "limits", "requests_per_second"), "/limits/requests_per_second: "),
        ("report", put("ok", "requirements", 0, "outcome"), '/requirements/0/outcome: "ok" is not one of pass, fail'),
        ("report", put([], "requirements", 0, "checks"), "/requirements/0/checks: must not be empty"),
        (
            "report",
            put(["p member-b 2"], "requirements", 0, "checks", 0, "exchanges"),
            "/requirements/0/checks/0/exchanges/0: ",
        ),
        ("report", put(1, "claims", 0, "counts", "good"), "/claims/0/counts: "),
        ("report", put("yesterday", "run", "started"), '/run/started: "yesterday" is not a valid date-time'),
        ("report", put("endorsed", "run", "assurance"), '/run/assurance: "endorsed" is not one of self-run'),
        ("report", put("s3cret", "target", "actors", "member-a", "secret"), "/target/actors/member-a/secret: the key"),
        ("report", put(..., "leftovers", 0, "why"), "/leftovers/0: the key 'why' is missing"),
    ],
)
def test_a_bad_document_is_refused_at_its_place(name: str, change: Change, problem: str) -> None:
    document = copy.deepcopy(GOOD[name])
    change(document)
    found = schema_check.problems(name, document)
    assert any(line.startswith(problem) for line in found), found


def test_pointers_are_escaped() -> None:
    assert schema_check.Problem(("a/b", "~", 0), "x").pointer == "/a~1b/~0/0"


def test_a_value_that_is_no_object_is_refused() -> None:
    for value in (None, [], "text", 1):
        assert schema_check.problems("capability-document", value)


def test_an_unknown_schema_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="there are: audit-head, audit-line, capabilities-file"):
        schema_check.schema("no-such-schema")


def test_all_schemas_are_valid_schemas_and_close_their_objects() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node and "kty" not in node["properties"]:
                assert node.get("additionalProperties") is False, node
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    names = [file.stem for file in (schema_check._FOLDER).glob("*.json")]
    assert {"requirement-file", "capability-document", "target", "report"} <= set(names)
    for name in names:
        schema_check.validator(name)
        assert schema_check.schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        walk(schema_check.schema(name))


def test_a_submission_says_of_its_handling_what_a_marking_definition_can_say() -> None:
    words = dict(schema_check.schema("handling-marking")["properties"])
    del words["extension_type"]
    assert schema_check.schema("documents/submission")["properties"]["handling"]["properties"] == words
