"""Every ceiling of the exchange in one place. Sizes are octets, times are seconds."""

from __future__ import annotations

# Advertised as max_content_length (TAXII 2.1 section 4.2.1).
MAX_CONTENT_LENGTH = 10 * 1024 * 1024

# How much of a refused body is still read, so that the client gets to see the 413.
DRAIN_OCTETS = 1024 * 1024

# Request line and headers of one request together, and what surrounds its body in chunks.
MAX_HEAD_OCTETS = 64 * 1024

# A whole head has to arrive within this time, from the first octet or from the connection on.
HEAD_SECONDS = 20.0

# A whole request body has to arrive within this time.
BODY_SECONDS = 60.0

# The query string of one request; 200 identifiers are about 10 KiB.
MAX_QUERY_OCTETS = 32 * 1024

# Values in one comma list of a filter.
MAX_FILTER_VALUES = 500

# Containers inside containers of one JSON document, the outermost counted.
MAX_JSON_DEPTH = 64

# I-JSON (RFC 7493 section 2.2): integers every reader keeps exactly.
MAX_JSON_INTEGER = 2**53 - 1

# Objects of one envelope. Ten thousand of usual size are as long as a body may be; more are empty and cost memory only.
MAX_ENVELOPE_OBJECTS = 10_000

# Values in a document of a function, those in its containers counted.
MAX_DOCUMENT_VALUES = 50_000

# Faults that one refusal of a document lists, and characters that it says of each.
MAX_FAULTS = 100
MAX_FAULT_TEXT = 500

# A verified secret is remembered, keyed and in memory only, for this long.
VERIFICATION_SECONDS = 60.0

# Wrong credentials that are looked at before their sender has to wait: so many at once, then so many a second. A run
# of the conformance harness sends about fifty, fifteen of them for one name.
GUESSES_OF_ADDRESS = 300
GUESSES_OF_ADDRESS_A_SECOND = 5.0
GUESSES_OF_NAME = 100
GUESSES_OF_NAME_A_SECOND = 0.5

# Addresses and names of which wrong credentials are remembered.
GUESSES_KEPT = 20_000

# What an organization may write before it has to wait: requests and octets of their bodies, so many at once and then so
# many a second. A run of the conformance harness writes some two thousand times; a first load of a large collection is
# an operator's command.
WRITES_AT_ONCE = 20_000
WRITES_A_SECOND = 20.0
WRITTEN_AT_ONCE = 2 * 1024 * 1024 * 1024
WRITTEN_A_SECOND = 512 * 1024.0

# Counts of organizations that are remembered, two for each.
WRITERS_KEPT = 20_000

# Whose password was right within this time is never made to wait because of somebody else's guesses.
KNOWN_SECONDS = 24 * 3600.0

# Usable passwords of one account: the one in use and the one that takes its place.
PASSWORDS = 2

# Accounts and organizations keep short names; longer input is no credential.
MAX_CREDENTIAL_OCTETS = 4096

# A finished status stays available for at least 24 hours (TAXII 2.1 section 4.3); we keep a week.
STATUS_SECONDS = 7 * 24 * 3600

# What was deleted can be brought back for this long.
DELETED_SECONDS = 7 * 24 * 3600

# An event can be resumed from for this long; who comes back later reads everything again.
EVENT_SECONDS = 30 * 24 * 3600

# Fraction digits of a STIX timestamp that are compared; more is refused.
MAX_FRACTION_DIGITS = 30

# Identifiers that an entry of the audit log lists one by one; of more there is a digest.
AUDIT_IDS = 20

# Characters of a filter's value that an entry of the audit log repeats; of a longer one there is a digest.
AUDIT_VALUE_CHARACTERS = 256

# What was read is written into the audit log at most so much later.
AUDIT_SECONDS = 0.05

# Entries that may wait to be written; beyond it nothing more is answered until they are.
AUDIT_WAITING = 20_000
