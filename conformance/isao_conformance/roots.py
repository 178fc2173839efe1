"""The API roots of a target, as its discovery lists them (TAXII 2.1, 4.1.1)."""

from __future__ import annotations

import re

from isao_conformance.lab import Lab
from isao_conformance.listings import joined
from isao_conformance.target import origin_of

LAWFUL = re.compile(r"https?://|/(?!/)", re.IGNORECASE)


def listed_roots(lab: Lab) -> list[str]:
    """The URLs of the API roots on declared origins, each once and with a final slash, as the survey's discovery lists
    them. What has a query, is no URL, or is relative without one slash at its beginning is left out (4.1.1), and so
    are roots of other hosts (4.1 allows them)."""
    listed = [] if lab.survey.discovery is None else lab.survey.discovery.list_of("api_roots")
    absolute = [joined(lab.target.discovery, root) for root in listed if isinstance(root, str) and LAWFUL.match(root)]
    slashed = [root if root.endswith("/") else root + "/" for root in absolute if root and "?" not in root]
    return list(dict.fromkeys(root for root in slashed if origin_of(root) in lab.target.origins))


def other_roots(lab: Lab) -> list[str]:
    """The listed roots that are not the run's own one under another address: they list none of its collections."""
    own = {str(one.id) for one in lab.survey.collections}
    found = []
    for root in (root for root in listed_roots(lab) if root != lab.survey.api_root):
        listed = lab.reader.collections(root).list_of("collections")
        there = {str(one.get("id")) for one in listed if isinstance(one, dict)}
        if not own & there:
            found.append(root)
    return found


def roots_in_reach(lab: Lab) -> list[str]:
    """The root that the run uses first, then the others that are listed. Untestable without any."""
    roots = list(dict.fromkeys([*filter(None, [lab.survey.api_root]), *listed_roots(lab)]))
    if not roots:
        lab.no_verdict("no API root was found on the declared origins")
    return roots
