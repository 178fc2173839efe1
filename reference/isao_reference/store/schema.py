"""The tables of an exchange, and the number of their form."""

from __future__ import annotations

SCHEMA_VERSION = 2

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    standing TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations(id),
    role TEXT NOT NULL,
    auth TEXT NOT NULL,
    secret TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_by_secret ON accounts(auth, secret);

-- The API roots beside the first one, which the settings describe.
CREATE TABLE api_roots (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    max_content_length INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE collections (
    key INTEGER PRIMARY KEY,
    api_root TEXT NOT NULL DEFAULT 'exchange',
    id TEXT NOT NULL UNIQUE,
    alias TEXT UNIQUE,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    media_types TEXT NOT NULL,
    readers TEXT NOT NULL,
    writers TEXT NOT NULL,
    last_added INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE audiences (key INTEGER PRIMARY KEY, atoms TEXT NOT NULL UNIQUE);

-- One row is one version from one contributor. The date_added is microseconds, unique and ever
-- greater within a collection, so it is also the position of a walk.
CREATE TABLE items (
    key INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections(key),
    object_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    version TEXT NOT NULL,
    version_key TEXT NOT NULL,
    spec_version TEXT NOT NULL,
    contributor TEXT NOT NULL,
    organization TEXT NOT NULL,
    account TEXT NOT NULL,
    label TEXT NOT NULL,
    audience INTEGER NOT NULL REFERENCES audiences(key),
    statement INTEGER NOT NULL,
    date_added INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX items_by_identity
    ON items(collection, object_id, version_key, spec_version, contributor);
CREATE UNIQUE INDEX items_by_date ON items(collection, date_added);
CREATE INDEX items_by_audience ON items(collection, audience, date_added);
CREATE INDEX items_by_type ON items(collection, object_type, date_added);
CREATE INDEX items_by_audience_and_type ON items(collection, audience, object_type, date_added);
CREATE INDEX items_statements ON items(object_id, organization) WHERE statement = 1;

CREATE TABLE statuses (
    id TEXT PRIMARY KEY,
    api_root TEXT NOT NULL DEFAULT 'exchange',
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX statuses_by_age ON statuses(created);

CREATE TABLE documents (name TEXT PRIMARY KEY, media_type TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
"""

# What turns the form with this number into the next one.
UPGRADES = {
    1: """
CREATE TABLE api_roots (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    max_content_length INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE collections ADD COLUMN api_root TEXT NOT NULL DEFAULT 'exchange';
ALTER TABLE statuses ADD COLUMN api_root TEXT NOT NULL DEFAULT 'exchange';
""",
}
