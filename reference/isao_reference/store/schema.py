"""The tables of an exchange, and the number of their form."""

from __future__ import annotations

from isao_reference.store import deletions, reviewed

SCHEMA_VERSION = 5

_FUNCTIONS = """
-- What is done through function contracts. `audience` are those who may read the record where it stands,
-- `named` the organizations it was sent to by name, `facts` what the exchange worked out for it, both as JSON.
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    entered INTEGER NOT NULL,
    account TEXT NOT NULL,
    organization TEXT NOT NULL,
    audience INTEGER NOT NULL REFERENCES audiences(key),
    named TEXT NOT NULL,
    facts TEXT NOT NULL,
    created INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX records_by_audience ON records(resource, audience, key);
CREATE INDEX records_by_state ON records(resource, state);

-- One line for everything that was done with a record, by whom and with which document. Never changed.
CREATE TABLE steps (
    key INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES records(key),
    step TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    account TEXT NOT NULL,
    organization TEXT NOT NULL,
    time INTEGER NOT NULL,
    body BLOB
);
CREATE INDEX steps_by_record ON steps(record, key);

-- Ids of events are random, because a number would tell a reader how many there were for others.
CREATE TABLE events (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL,
    audience INTEGER NOT NULL REFERENCES audiences(key),
    body BLOB NOT NULL
);

-- Which organization was given which object or record, and when first.
CREATE TABLE deliveries (
    subject TEXT NOT NULL,
    organization TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (subject, organization)
) WITHOUT ROWID;

-- Answers to requests with an Idempotency-Key, to be given again.
CREATE TABLE repeats (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    record TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;
"""

_THREATS = """(
    'attack-pattern', 'campaign', 'indicator', 'intrusion-set', 'malware', 'threat-actor', 'tool', 'vulnerability'
)"""
_WORDS = """
INSERT OR IGNORE INTO known_by
    SELECT lower(word.atom), {item}.key FROM {source}json_tree(CAST({item}.body AS TEXT)) AS word
    WHERE word.type = 'text' AND (
        (word.path = '$' AND word.key IN ('name', 'pattern'))
        OR word.path IN ('$.aliases', '$.x_mitre_aliases', '$."x_mitre_aliases"')
        OR word.key = 'external_id'
    )
"""
_END = """
INSERT OR IGNORE INTO known_by
    SELECT json_extract(body, '$.relationship_type') || ' {word} ' || json_extract(body, '$.{end}'), key
    FROM (SELECT {item}.key AS key, CAST({item}.body AS TEXT) AS body{source})
"""
_ENDS = (("from", "source_ref"), ("to", "target_ref"))
_KNOWN = f"""
-- By which words an object is found, in lower case: names, aliases and ids of a threat, the pattern of an indicator;
-- a relationship by its type and either end, as in `uses from malware--ID`. Kept by triggers, so that no writer of
-- items can forget it.
CREATE TABLE known_by (
    word TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES items(key) ON DELETE CASCADE,
    PRIMARY KEY (word, item)
) WITHOUT ROWID;
CREATE INDEX known_by_item ON known_by(item);
CREATE TRIGGER threats_are_known AFTER INSERT ON items WHEN new.object_type IN {_THREATS}
BEGIN {_WORDS.format(item="new", source="")}; END;
CREATE TRIGGER ends_are_known AFTER INSERT ON items WHEN new.object_type = 'relationship'
BEGIN {"; ".join(_END.format(item="new", source="", word=word, end=end) for word, end in _ENDS)}; END;
"""
_KNOW_ALL = ";".join(
    [
        _WORDS.format(item="items", source="items, ") + f" AND items.object_type IN {_THREATS}",
        *(
            _END.format(item="items", source=" FROM items WHERE object_type = 'relationship'", word=word, end=end)
            for word, end in _ENDS
        ),
        "",
    ]
)

_CREDENTIALS = """
-- What proves that a request comes from an account: `secret` is a hash or a digest, `purposes` a JSON list of words,
-- times are microseconds. When a credential was last used is kept nowhere: it would be a record of people's habits,
-- and a write for each read.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts(name),
    way TEXT NOT NULL,
    secret TEXT NOT NULL,
    scope TEXT NOT NULL,
    purposes TEXT NOT NULL,
    not_before INTEGER,
    expires INTEGER,
    revoked INTEGER,
    created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX credentials_by_secret ON credentials(way, secret);
CREATE INDEX credentials_by_account ON credentials(account, way);
"""
_CREDENTIALS_OF_ACCOUNTS = """
INSERT INTO credentials
    SELECT lower(hex(randomblob(8))), name, CASE auth WHEN 'bearer' THEN 'api-key' ELSE 'password' END, secret,
        'read-write', '["cybersecurity"]', NULL, NULL, NULL, CAST(strftime('%s') AS INTEGER) * 1000000
    FROM accounts;
DROP INDEX accounts_by_secret;
ALTER TABLE accounts DROP COLUMN auth;
ALTER TABLE accounts DROP COLUMN secret;
ALTER TABLE accounts ADD COLUMN removed INTEGER;
"""

_GROUPS = """
-- Sharing groups. Who is in one is looked up whenever somebody asks.
CREATE TABLE groups (id TEXT PRIMARY KEY, title TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE group_members (
    organization TEXT NOT NULL REFERENCES organizations(id),
    group_id TEXT NOT NULL REFERENCES groups(id),
    PRIMARY KEY (organization, group_id)
) WITHOUT ROWID;
"""
# What a contributor said besides the label, and until when (microseconds) an item is under embargo: 0 when it is not.
_HANDLING = """
ALTER TABLE items ADD COLUMN handling TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN embargo INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collections ADD COLUMN label TEXT NOT NULL DEFAULT '';
CREATE INDEX items_embargoed ON items(embargo) WHERE embargo > 0;
"""
_AUDIT = """
-- The audit log: `key` is an entry's number among all, `number` that in the log of its organization. `leaf` is the hash
-- that trees and chains are made of, `details` is what the entry holds only the digest of.
CREATE TABLE audit (
    key INTEGER PRIMARY KEY,
    log TEXT NOT NULL,
    number INTEGER NOT NULL,
    account TEXT,
    leaf BLOB NOT NULL,
    entry BLOB NOT NULL,
    details BLOB NOT NULL
);
CREATE UNIQUE INDEX audit_by_log ON audit(log, number);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;

-- Where the tree over each log stands: its size, its last leaf, the roots of the complete subtrees, largest first.
CREATE TABLE audit_trees (
    log TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    last BLOB NOT NULL,
    peaks BLOB NOT NULL
) WITHOUT ROWID;

-- Roots of complete subtrees of 256 leaves (level 1), of 65,536 (level 2) and so on, so that proofs stay cheap.
CREATE TABLE audit_tiles (
    log TEXT NOT NULL,
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (log, level, place)
) WITHOUT ROWID;
"""

_MIXED = """
UPDATE items SET mixed = 1 WHERE (collection, object_id) IN (
    SELECT collection, object_id FROM items GROUP BY 1, 2
    HAVING COUNT(DISTINCT organization) > 1 OR COUNT(DISTINCT audience) > 1
);
"""
_PROVENANCE = (
    """
-- The identities that organizations speak in, beside the one that the exchange makes for each.
CREATE TABLE identities (
    id TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations(id)
) WITHOUT ROWID;

-- 0 where a version speaks in an identity of its contributor: it goes before what others say under the same id.
ALTER TABLE items ADD COLUMN hearsay INTEGER NOT NULL DEFAULT 1;
CREATE INDEX items_by_source ON items(collection, object_id, hearsay, date_added);

-- 1 for all versions of an object in a collection once they have several contributing organizations or audiences. Only
-- a shortcut: for all others, who may read one version may read each, and there is one source.
ALTER TABLE items ADD COLUMN mixed INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER mixed_objects AFTER INSERT ON items WHEN (
    SELECT other.mixed OR other.organization != new.organization OR other.audience != new.audience FROM items AS other
    WHERE other.collection = new.collection AND other.object_id = new.object_id AND other.key != new.key LIMIT 1
)
BEGIN
    UPDATE items SET mixed = 1 WHERE collection = new.collection AND object_id = new.object_id AND mixed = 0;
END;
CREATE TRIGGER mixed_by_readers AFTER UPDATE OF audience ON items WHEN new.audience != old.audience
BEGIN
    UPDATE items SET mixed = 1 WHERE collection = new.collection AND object_id = new.object_id AND mixed = 0
    AND EXISTS (
        SELECT 1 FROM items AS other WHERE other.collection = new.collection AND other.object_id = new.object_id
        AND other.audience != new.audience
    );
END;
"""
    + _MIXED
    + """

-- What was revoked, by whom and in which version. Stays when the version is deleted.
CREATE TABLE revocations (
    collection INTEGER NOT NULL REFERENCES collections(key),
    object_id TEXT NOT NULL,
    contributor TEXT NOT NULL,
    version_key TEXT NOT NULL,
    PRIMARY KEY (collection, object_id, contributor)
) WITHOUT ROWID;
INSERT INTO revocations
    SELECT collection, object_id, contributor, MIN(version_key) FROM items
    WHERE json_type(CAST(body AS TEXT), '$.revoked') = 'true' GROUP BY 1, 2, 3;
"""
)
# `access` has another value after every change of what decides whose a credential is and what it is good for, so that
# an answer to that can be remembered until then. What changes by time alone is not in it.
_DECIDING = [
    *(
        (table, what, "")
        for table in ("accounts", "credentials", "group_members", "organizations")
        for what in ("INSERT", "UPDATE", "DELETE")
    ),
    ("meta", "INSERT", "WHEN new.name = 'agreement'"),
    ("meta", "DELETE", "WHEN old.name = 'agreement'"),
    ("steps", "INSERT", "WHEN new.step = 'sign'"),
]
_ACCESS = "CREATE TABLE access (serial BLOB NOT NULL); INSERT INTO access VALUES (randomblob(16));" + "".join(
    f"""
CREATE TRIGGER access_{table}_{what.lower()} AFTER {what} ON {table} {when}
BEGIN UPDATE access SET serial = randomblob(16); END;
"""
    for table, what, when in _DECIDING
)
TABLES = (
    """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    standing TEXT NOT NULL
) WITHOUT ROWID;

-- A removed account keeps its row: what was addressed to its name must never be read by another of that name.
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations(id),
    role TEXT NOT NULL,
    removed INTEGER
) WITHOUT ROWID;

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
    last_added INTEGER NOT NULL DEFAULT 0,
    label TEXT NOT NULL DEFAULT ''
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
    body BLOB NOT NULL,
    handling TEXT NOT NULL DEFAULT '',
    embargo INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX items_by_identity
    ON items(collection, object_id, version_key, spec_version, contributor);
CREATE UNIQUE INDEX items_by_date ON items(collection, date_added);
CREATE INDEX items_by_audience ON items(collection, audience, date_added);
CREATE INDEX items_by_type ON items(collection, object_type, date_added);
CREATE INDEX items_by_audience_and_type ON items(collection, audience, object_type, date_added);
CREATE INDEX items_by_object ON items(object_id);
CREATE INDEX items_statements ON items(object_id, organization) WHERE statement = 1;
CREATE INDEX items_embargoed ON items(embargo) WHERE embargo > 0;

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
    + _FUNCTIONS
    + _KNOWN
    + _CREDENTIALS
    + _GROUPS
    + _AUDIT
    + _PROVENANCE
    + _ACCESS
    + reviewed.TABLES
    + deletions.TABLE
)

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
    2: "CREATE INDEX items_by_object ON items(object_id);" + _FUNCTIONS + _KNOWN + _KNOW_ALL,
    3: _CREDENTIALS + _CREDENTIALS_OF_ACCOUNTS + _GROUPS + _HANDLING + _AUDIT + _PROVENANCE + _ACCESS + reviewed.TABLES,
    4: deletions.TABLE,
}
