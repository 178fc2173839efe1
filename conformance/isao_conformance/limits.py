"""Every ceiling of the harness, each with its reason. The target is assumed hostile.

What bounds an exchange or a run stands here. A number that only shapes one probe or one page of a report stands,
with its reason, beside its use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Ceilings of one run. Times are seconds, sizes are octets."""

    connect_seconds: float = 5.0
    """A TCP and TLS handshake; longer and the target is called unreachable."""

    exchange_seconds: float = 20.0
    """One whole exchange, from the first octet sent to the last one read: a dripping body ends here."""

    body_octets: int = 8 * 1024 * 1024
    """One answer's body. Pages of a thousand large STIX objects stay well under it."""

    answer_octets: int = 12 * 1024 * 1024
    """Everything read of one answer, interim answers, headers and framing included: a body may be cut into chunks, and
    no trick of the framing makes the harness read more."""

    header_octets: int = 64 * 1024
    """Names and values of one answer's headers together; every exchange keeps them."""

    json_values: int = 300_000
    """Commas and opening brackets in an answer that is parsed, each a value in memory of up to a hundred octets."""

    url_octets: int = 16 * 1024
    """One address that the harness asks: a target can make it longer, by a page cursor that grows."""

    request_octets: int = 2 * 1024 * 1024
    """One body that the harness sends; padding probes scale down to it."""

    json_depth: int = 64
    """Nesting that the harness follows in an answer; STIX needs about ten."""

    walk_pages: int = 200
    """Pages of one walk; a walk that is longer ends without a verdict."""

    poll_seconds: float = 15.0
    """How long a pending status or an item on its way is waited for."""

    poll_interval_seconds: float = 0.25
    """Pause between two polls: polite, and short enough to measure seconds."""

    stream_seconds: float = 5.0
    """How long an open event stream is read at most; a reader that is told what it waits for leaves earlier."""

    stream_octets: int = 1024 * 1024
    """What is read of one event stream: a server that pours ends here."""

    run_exchanges: int = 20_000
    """Exchanges of one run; the run stops asking after that."""

    run_octets: int = 144 * 1024 * 1024
    """What the exchanges of one run may take in memory, by `exchange.weight`; the run stops asking after that. The
    reference fills two fifths of it. With what is in flight the harness stays within 256 MiB of where it started."""

    cleanup_octets: int = 16 * 1024 * 1024
    """What the clean-up may add to that, whatever the run before it took."""

    run_seconds: float = 900.0
    """A quarter of an hour for one run; it stops asking after that. The reference is done in a minute or two, so a
    target has time to be several times slower, and one that drips every answer holds an assessor no longer."""

    cleanup_seconds: float = 120.0
    """What the clean-up may take after that. Two requests for each of a few hundred objects, in all threads."""

    threads: int = 8
    """Probes in flight at once, so that a slow network costs little."""

    idle_seconds: float = 1.0
    """A kept connection idle for longer is replaced, since servers close theirs after a few seconds."""

    shown_octets: int = 2_000
    """How much of a body a report shows; the transcript keeps all of it."""


LIMITS = Limits()
