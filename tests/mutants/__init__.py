"""One module for each requirement file: the faults that its probes have to find."""

from __future__ import annotations

from isao_reference import scenario

COLLECTIONS = {collection.alias: collection.id for collection in scenario.load().collections}
COMMUNITY, LIBRARY, ADVISORIES, DROPBOX, WORKBENCH = (
    COLLECTIONS[alias] for alias in ("community", "library", "advisories", "dropbox", "workbench")
)
