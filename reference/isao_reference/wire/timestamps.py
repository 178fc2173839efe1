"""Timestamps: TAXII's microseconds as integers, STIX's instants as sortable keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from isao_reference import limits

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SHAPE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z", re.ASCII)


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime."""
    return (moment - _EPOCH_UTC) // _MICROSECOND


def format_micros(value: int) -> str:
    """The TAXII timestamp of `value` microseconds since 1970: six fraction digits and Z
    (TAXII 2.1 section 2)."""
    return (_EPOCH + value * _MICROSECOND).isoformat(timespec="microseconds") + "Z"


def _split(text: str) -> tuple[datetime, str] | None:
    """(second, fraction digits) of an RFC 3339 timestamp in Z form, or None."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        whole = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    return whole, found.group(7) or ""


def parse_taxii(text: str) -> int | None:
    """Microseconds of a TAXII timestamp, None when it is none. Fewer than six fraction
    digits are understood, more are not: they could not be compared."""
    parts = _split(text)
    if parts is None or len(parts[1]) > 6:
        return None
    whole, fraction = parts
    return (whole - _EPOCH) // _MICROSECOND + int(fraction.ljust(6, "0"))


def version_key(text: str) -> str | None:
    """A key of a STIX timestamp that sorts as the instants do and is equal for equal
    instants, whatever the number of digits; None when `text` is no STIX timestamp."""
    parts = _split(text)
    if parts is None or len(parts[1]) > limits.MAX_FRACTION_DIGITS:
        return None
    whole, fraction = parts
    return whole.isoformat() + "." + fraction.rstrip("0")


def rfc3339_micros(text: str) -> int | None:
    """Microseconds of an RFC 3339 timestamp with any offset, None when it is none."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return None if moment.tzinfo is None else micros(moment)
