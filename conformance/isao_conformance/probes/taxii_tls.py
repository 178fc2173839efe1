"""Transport security (TAXII 2.1, 8.2.2). Rows: spec requirements/taxii_tls.yaml.

What fails because of certificates on either side is for the operator to mend and gives no verdict.
"""

from __future__ import annotations

from typing import Any

from isao_conformance.errors import NoAnswer
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.tls_handshake import LISTED_SUITES


def _secure_url(lab: Lab) -> str:
    """The discovery URL, or the base URL of a target that declares only that one as https."""
    discovery = lab.target.discovery
    return discovery if discovery.lower().startswith("https://") else lab.target.base_url


def _shake(lab: Lab, version: str) -> dict[str, Any]:
    """A handshake with one version. Untestable when the harness cannot offer it or certificates are in the way."""
    told = lab.outsider.handshake(_secure_url(lab), version)
    problem = str(told.get("problem", ""))
    if not told.get("offered"):
        lab.no_verdict(f"the TLS library of the harness does not offer {version}")
    if "CERTIFICATE" in problem.upper() or "no complete answer" in problem:
        lab.no_verdict(f"the handshake with {version} ended for another reason: {problem}")
    return told


def _answered(lab: Lab) -> bool:
    """True when discovery is answered by HTTP over an unrestricted handshake, with any code."""
    try:
        lab.outsider.get(_secure_url(lab))
    except NoAnswer as fault:
        return "the target answered" in fault.why
    return True


@probe("TAXII-8.2.2-1", statement="b4535c0a", needs=["tls"])
def taxii_is_answered_over_https(lab: Lab) -> None:
    """8.2.2: HTTPS. A handshake succeeds with a verified certificate and HTTP is spoken inside it."""
    if _answered(lab):
        lab.expect(True, "GET of discovery over HTTPS is answered")
        return
    told = [_shake(lab, version) for version in ("TLSv1_2", "TLSv1_3")]
    if any(t.get("accepted") for t in told):
        lab.no_verdict("the handshake succeeds and no HTTP answer comes")
    lab.expect(
        False,
        "GET of discovery over HTTPS is answered",
        expected="a TLS handshake and an HTTP answer",
        got="; ".join(str(t.get("problem")) for t in told),
    )


def _accepts(lab: Lab, version: str, title: str) -> None:
    lab.control(_answered(lab), "an unrestricted handshake does not lead to an HTTP answer")
    told = _shake(lab, version)
    lab.expect(
        told.get("accepted") is True,
        f"a handshake that offers only {title} is accepted",
        expected=f"a handshake with {title}",
        got=told.get("problem") or f"{told.get('version')} {told.get('cipher')}",
    )


@probe("TAXII-8.2.2-2", statement="6e1761dc", needs=["tls"])
def tls_1_2_is_accepted(lab: Lab) -> None:
    """8.2.2: TLS 1.2 MUST be accepted. An unrestricted handshake works, so only the version can be the reason."""
    _accepts(lab, "TLSv1_2", "TLS 1.2")


@probe("TAXII-8.2.2-3", statement="c18f42b8", needs=["tls"])
def tls_1_3_is_accepted(lab: Lab) -> None:
    """8.2.2: TLS 1.3 SHOULD be accepted. An unrestricted handshake works, so only the version can be the reason."""
    _accepts(lab, "TLSv1_3", "TLS 1.3")


@probe("TAXII-8.2.2-4", statement="141aa1af", needs=["tls"])
def no_session_ticket_allows_early_data(lab: Lab) -> None:
    """8.2.2: no 0-RTT. RFC 8446, 4.6.1: a server that takes early data says so in its tickets, so a server whose
    tickets allow none does not take any from us, and one that speaks TLS 1.2 only has none. Nothing is sent early."""
    told = lab.outsider.tickets(_secure_url(lab))
    if told.get("accepted") is not True:
        lab.control(_shake(lab, "TLSv1_2").get("accepted") is True, f"no handshake succeeds: {told.get('problem')}")
        lab.expect(not _shake(lab, "TLSv1_3").get("accepted"), "without TLS 1.3 there is no early data")
        return
    if told.get("opened") is not True:
        lab.no_verdict("what the target sent after the handshake could not be read")
    allowed = told.get("early_data", 0)
    lab.expect(
        allowed == 0,
        "no ticket allows early data",
        expected="no ticket, or max_early_data_size 0 in each",
        got=f"{allowed} octets allowed" if allowed else f"{told.get('tickets')} tickets, none of them allows any",
    )


@probe("TAXII-8.2.2-5", statement="5db3789a", needs=["tls"])
def no_listed_suite_is_accepted(lab: Lab) -> None:
    """8.2.2: none of the suites of RFC 7540, Appendix A. With all suites TLS 1.2 is accepted."""
    lab.control(_shake(lab, "TLSv1_2").get("accepted") is True, "TLS 1.2 is not accepted (TAXII-8.2.2-2)")
    told = lab.outsider.handshake(_secure_url(lab), "TLSv1_2", LISTED_SUITES)
    if not told.get("offered"):
        lab.no_verdict("the TLS library of the harness has none of the listed suites")
    lab.expect(
        told.get("accepted") is not True,
        "a handshake that offers only listed suites is refused",
        expected="a refused handshake",
        got=told.get("cipher") or str(told.get("problem")),
    )
