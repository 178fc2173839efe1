"""Discovery (TAXII 2.1, 4.1 and 8.2.1). Rows: spec requirements/taxii_discovery.yaml."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from isao_conformance.exchange import Answer, Exchange
from isao_conformance.lab import Lab
from isao_conformance.listings import joined
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import DISCOVERY
from isao_conformance.roots import listed_roots, roots_in_reach
from isao_conformance.tables import resource
from isao_conformance.target import origin_of

REFUSED = (401, 403, 404)
ROOTS_TRIED = 10
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


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


@probe("TAXII-4.1-2", statement="282bd206")
def discovery_is_refused_with_the_codes_of_its_table(lab: Lab) -> None:
    """4.1: 401, 403, 404 or 406. Discovery may be public, and an Accept that is not defined may be served."""
    url = lab.target.discovery
    control = lab.reader.get(url)
    lab.control(control.status == 200, f"discovery is not served to the account lent: {control.brief()}")
    asked = {
        "without credentials": lab.outsider.get(url),
        "with Accept image/png": lab.reader.get(url, accept="image/png"),
    }
    if lab.reader.actor.signs_in:
        asked["with made-up credentials"] = lab.wrong_credentials().get(url)
    for name, answer in asked.items():
        lab.expect(
            answer.status in (200, *REFUSED, 406),
            f"discovery {name} is served or refused with a code of the table",
            expected="200, 401, 403, 404 or 406",
            got=answer,
        )


@watcher("TAXII-4.1.1-3", statement="ec6c043f")
def relative_api_roots_begin_with_one_slash(exchange: Exchange) -> Looked:
    """4.1.1: what has no scheme begins with a single slash. Absolute URLs are left to TAXII-4.1.1-2."""
    part = resource(exchange)
    if part is None or part.kind != DISCOVERY:
        return False
    relative = [root for root in _roots(dict(part.body)) if isinstance(root, str) and not SCHEME.match(root)]
    wrong = [root for root in relative if not root.startswith("/") or root.startswith("//")]
    return Finding("a relative URL with one slash at its beginning", wrong[0][:200]) if wrong else True


@probe("TAXII-4.1.1-6", statement="10b7d9f3")
def every_listed_api_root_answers(lab: Lab) -> None:
    """4.1.1: the list names API roots, so each can be got. 401 and 403 tell of access; so may 404, unless everybody
    gets it and there are no collections below it either."""
    roots = listed_roots(lab)[:ROOTS_TRIED]
    if not roots:
        lab.no_verdict("discovery lists no API root on the declared origins")
    dead = [(root, answer) for root in roots if (answer := _dead(lab, root)) is not None]
    lab.expect(
        not dead,
        "every listed API root is there",
        expected="2xx, or 401 or 403 for lack of access",
        got=f"{dead[0][0]}: {dead[0][1].brief()}" if dead else f"{len(roots)} roots",
        seen=[answer for _, answer in dead[:1]],
    )


def _dead(lab: Lab, root: str) -> Answer | None:
    """What the primary account got from a root that is not there; None when it is, or may be for others."""
    first = lab.reader.get(root)
    if 200 <= first.status < 300 or first.status in (401, 403):
        return None
    if first.status != 404:
        return first
    if 200 <= lab.reader.collections(root).status < 300:
        return None  # the root is there and its resource is not: TAXII-4.2-3
    others = (name for name in lab.target.callers if name != lab.reader.actor.name)
    codes = [lab.as_(name).get(root).status for name in others]
    return None if any(200 <= code < 300 or code == 403 for code in codes) else first


@probe("TAXII-8.2.1-2", statement="63233c4e")
def there_is_an_api_root(lab: Lab) -> None:
    """8.2.1: at least one. It shows by its resource, to one of the accounts lent."""
    roots = roots_in_reach(lab)[:ROOTS_TRIED]
    answers: list[Answer] = []
    for name in [lab.reader.actor.name, *(n for n in lab.target.callers if n != lab.reader.actor.name)]:
        answers += [lab.as_(name).get(root) for root in roots]
        if any(_is_api_root(answer) for answer in answers):
            break
    found = [answer for answer in answers if _is_api_root(answer)]
    refused = all(answer.status in (401, 403) for answer in answers)
    if not found and refused and not any(lab.reader.collections(root).status == 200 for root in roots):
        lab.no_verdict(f"every API root refuses the accounts lent: {answers[0].brief()}")
    lab.expect(
        bool(found),
        "an API root answers",
        expected="2xx with title, versions or max_content_length",
        got=(found or answers)[0],
    )


def _is_api_root(answer: Answer) -> bool:
    return 200 <= answer.status < 300 and bool({"versions", "max_content_length"} & set(answer.resource))
