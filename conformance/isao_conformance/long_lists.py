"""A list longer than the pages of most servers, and walks that do something between two pages."""

from __future__ import annotations

import json

from isao_conformance import content
from isao_conformance.errors import Untestable
from isao_conformance.fixtures import LABEL, Shelf
from isao_conformance.lab import Lab

LONG = 101
"""One more than the commonest page size of servers."""


def more_than_a_page(lab: Lab) -> Shelf:
    """A hundred and one campaigns, added in one POST. Only for exclusive probes: it lengthens every other walk.

    Untestable where a body of that size is not taken.
    """
    uuids = [lab.uuid() for _ in range(LONG)]
    made = [content.sdo("campaign", uuid, lab.run, LABEL, name=f"drill campaign {uuid[:8]}") for uuid in uuids]
    ceiling = lab.survey.root.resource.get("max_content_length") if lab.survey.root is not None else None
    size = len(json.dumps({"objects": made}))
    if isinstance(ceiling, int) and size >= ceiling:
        raise Untestable(f"the API root takes {ceiling} octets, and {LONG} objects are {size}")
    lab.publish(made)
    return Shelf(lab.workspace, tuple(made), own=True)
