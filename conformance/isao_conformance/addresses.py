"""The URLs of the TAXII endpoints that a run can reach, by name, looked up once a run."""

from __future__ import annotations

from collections.abc import Mapping

from isao_conformance.errors import Untestable
from isao_conformance.fixtures import LABEL, reading_place, some_objects
from isao_conformance.lab import Lab
from isao_conformance.session import object_url


def get_endpoints(lab: Lab) -> Mapping[str, str]:
    """Every GET endpoint in reach, by name: discovery first, then from the API root down. A fixture."""
    root = lab.survey.api_root
    found = {"discovery": lab.target.discovery}
    if root:
        found |= {"API root": root, "collections": f"{root}collections/"}
    try:
        shelf = some_objects(lab)
        where, known = shelf.collection, shelf.ids[0]
    except Untestable:
        where, known = reading_place(lab), ""
    found |= {"collection": where, "manifest": f"{where}manifest/", "objects": f"{where}objects/"}
    if known:
        found |= {"object": object_url(where, known), "versions": object_url(where, known) + "versions/"}
    try:
        receipt = lab.publish([lab.indicator(LABEL)])
        found["status"] = f"{root}status/{receipt.resource.get('id')}/"
    except Untestable:
        pass  # nothing can be written, so there is no status to ask for
    return found
