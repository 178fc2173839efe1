"""Probes of transport: content travels over current TLS and no other way."""

from __future__ import annotations

import json
from urllib.parse import urljoin, urlsplit

from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.survey import CAPABILITY_PATH, SECURITY_TXT


@probe("ISAO-SEC-001", statement="b39ff114", needs=["tls"])
def content_is_served_over_tls_1_2_or_newer_and_never_without_tls(lab: Lab) -> None:
    """Without TLS everybody on the way reads what members share, and their credentials (RFC 9325, 3.1.1).

    A handshake that offers TLS 1.3 alone or 1.2 alone succeeds with a trusted certificate. What is served over TLS
    without credentials is then asked for in plain HTTP at the same host and port; a success with a body is content,
    and so is the same body under any status.
    """
    target = lab.target
    versions = {v: lab.outsider.handshake(target.base_url, v) for v in ("TLSv1_3", "TLSv1_2")}
    accepted = any(told["accepted"] for told in versions.values())
    lab.expect(accepted, "a handshake with TLS 1.2 or 1.3 succeeds", got=json.dumps(versions))
    documents = [urljoin(target.base_url, path) for path in (CAPABILITY_PATH, SECURITY_TXT)] + [target.discovery]
    secure = {url: lab.outsider.get(url, accept="*/*") for url in documents if url.startswith("https://")}
    open_ones = {url: answer.body for url, answer in secure.items() if answer.status == 200 and answer.body}
    lab.control(bool(open_ones), "something is served over TLS without credentials")
    for url, body in open_ones.items():
        answer = lab.outsider.plain_http(url)
        served = 200 <= answer.status < 300 and bool(answer.body)
        lab.expect(
            not served and answer.body != body,
            f"plain HTTP serves no content at {urlsplit(url).path}",
            expected="no answer, an error, or a redirect",
            got=answer,
        )


@probe("ISAO-SEC-014", statement="99ddac1b", needs=["tls"])
def handshakes_with_tls_1_0_and_1_1_are_refused(lab: Lab) -> None:
    """RFC 8996 retires TLS 1.0 and 1.1: an exchange that still speaks them can be talked down to them.

    Each old version is offered alone; TLS 1.2 or 1.3 offered in the same way is the control. Where the TLS library of
    the machine that runs the harness cannot offer an old version, nothing is judged about it.
    """
    url = lab.target.base_url

    def newer() -> bool:
        return any(lab.outsider.handshake(url, v)["accepted"] for v in ("TLSv1_3", "TLSv1_2"))

    lab.control(newer(), "a handshake with TLS 1.2 or 1.3 succeeds before")
    cannot = []
    for version, words in (("TLSv1", "TLS 1.0"), ("TLSv1_1", "TLS 1.1")):
        told = lab.outsider.handshake(url, version)
        if not told["offered"]:
            cannot.append(words)
        else:
            lab.control(newer(), "a handshake with TLS 1.2 or 1.3 succeeds after")
            lab.expect(not told["accepted"], f"{words} is refused", got=json.dumps(told))
    if cannot:
        lab.no_verdict(f"this machine's TLS library cannot offer {' and '.join(cannot)}")
