"""Discovery (TAXII 2.1, 4.1 and 8.2.1). Rows: spec requirements/taxii_discovery.yaml."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.listings import joined
from isao_conformance.probe import probe
from isao_conformance.target import origin_of

REFUSED = (401, 403, 404)


def _is_discovery(answer: Answer) -> bool:
    return answer.status == 200 and isinstance(answer.resource.get("title"), str)


def _resource(lab: Lab) -> dict[str, Any]:
    """The discovery resource. Untestable when there is no valid one (TAXII-4.1-1)."""
    answer = lab.reader.get(lab.target.discovery)
    lab.control(_is_discovery(answer), f"{lab.target.discovery} serves no valid discovery resource: {answer.brief()}")
    return answer.resource


@probe("TAXII-4.1-1", statement="8aa2ead1")
def discovery_is_answered_200_with_a_title(lab: Lab) -> None:
    """4.1: 200 and a discovery resource. The operator vouches for these credentials, and unless the API root refuses
    them too a refusal here is the target's doing."""
    answer = lab.reader.get(lab.target.discovery)
    if answer.status in REFUSED and lab.survey.api_root:
        root = lab.reader.get(lab.survey.api_root)
        if root.status in REFUSED:
            lab.no_verdict(f"discovery and API root both refuse the credentials lent: {answer.brief()}")
    lab.expect(
        _is_discovery(answer),
        "GET of discovery is answered 200 with a discovery resource",
        expected="200 and a JSON object with a string title",
        got=answer,
    )


@probe("TAXII-4.1.1-1", statement="5c66dbfe")
def the_default_api_root_is_one_of_the_list(lab: Lab) -> None:
    """4.1.1: default is an item of api_roots. Equal only after resolving relative URLs is a matter of spelling."""
    resource = _resource(lab)
    roots = resource.get("api_roots") if isinstance(resource.get("api_roots"), list) else []
    default = resource.get("default")
    base = lab.target.discovery
    resolved = [joined(base, root) for root in roots or []]
    same = default in (roots or []) or (joined(base, default) != "" and joined(base, default) in resolved)
    lab.expect(
        "default" not in resource or same,
        "the default is among the API roots",
        expected="default, where present, is an item of api_roots",
        got=f"default {default!r}, api_roots {str(roots)[:300]}",
    )
    if same:
        lab.expect(
            default in (roots or []),
            "the default is spelled as in the list",
            expected=f"{default!r} itself in api_roots",
            got=f"api_roots {str(roots)[:300]}",
            soft=True,
        )


def _roots(resource: dict[str, Any]) -> list[Any]:
    listed = resource.get("api_roots")
    return listed if isinstance(listed, list) else []


@probe("TAXII-4.1.1-2", statement="51772f63")
def api_roots_are_https_or_begin_with_one_slash(lab: Lab) -> None:
    """4.1.1: absolute https URLs, or relative ones that begin with a single slash. In a laboratory run over plain HTTP
    a root on the very host under test is what it has to be, and gives no verdict."""
    roots = _roots(_resource(lab))
    wrong: list[Any] = []
    laboratory: list[Any] = []
    for root in roots:
        text = root if isinstance(root, str) else ""
        if text.lower().startswith("https://") or (text.startswith("/") and not text.startswith("//")):
            continue
        plain = text.lower().startswith("http://") and not lab.target.is_https
        here = plain and joined(text, "") and origin_of(text) == origin_of(lab.target.base_url)
        (laboratory if here else wrong).append(root)
    if laboratory and not wrong:
        lab.no_verdict("the run is over plain HTTP, as are the API roots of this host", blocked_by="an https base_url")
    lab.expect(
        not wrong,
        "every API root is an https URL or begins with one slash",
        expected="https://… or /…",
        got=wrong[:2] or "every one",
    )


@probe("TAXII-4.1.1-4", statement="a985a835")
def api_roots_have_no_query(lab: Lab) -> None:
    """4.1.1: API root URLs MUST NOT contain a query component, since endpoints are appended to them."""
    wrong = [root for root in _roots(_resource(lab)) if isinstance(root, str) and "?" in root]
    lab.expect(not wrong, "no API root has a question mark", got=wrong[:2] or "none")


@probe("TAXII-8.2.1-1", statement="7c6e513e")
def discovery_is_at_taxii2_below_the_host(lab: Lab) -> None:
    """8.2.1: discovery is at /taxii2/ at the root of the server. Where the operator names another path, which works,
    the lawful one is asked too."""
    named = lab.reader.get(lab.target.discovery)
    lawful = urljoin(lab.target.discovery, "/taxii2/")
    answer = named if urlsplit(lab.target.discovery).path == "/taxii2/" else lab.reader.get(lawful)
    if not _is_discovery(named) and not _is_discovery(answer):
        lab.no_verdict(f"discovery is served neither at the named path nor at /taxii2/: {named.brief()} (TAXII-4.1-1)")
    lab.expect(
        _is_discovery(answer),
        "GET /taxii2/ serves the discovery resource",
        expected=f"a discovery resource at {lawful}",
        got=answer,
    )
