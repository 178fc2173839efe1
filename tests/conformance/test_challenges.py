"""Scheme names in WWW-Authenticate (RFC 7235, 4.1)."""

from __future__ import annotations

import pytest

from isao_conformance.probes.taxii_permissions import schemes


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ('Basic realm="a, Token b"', ["Basic"]),
        ('Basic realm="a", charset="UTF-8", Bearer', ["Basic", "Bearer"]),
        ("Negotiate abc==, Token x=y", ["Negotiate", "Token"]),
        (r'Digest realm="say \"Fake\", please", nonce="1", NTLM', ["Digest", "NTLM"]),
        ("", []),
        ('realm="x"', []),
        ("Basic", ["Basic"]),
    ],
)
def test_schemes_are_told_from_parameters(value: str, named: list[str]) -> None:
    assert schemes(value) == named
