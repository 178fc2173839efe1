"""An unusable target file gets one clear message that names the fault and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from isao_conformance.errors import ConfigurationError
from isao_conformance.target import FURTHER, load_target, origin_of, target_of_url

GOOD = """
schema = "isao-target/1"
name = "t"
base_url = "https://host:8443/"
origins = ["https://host:8443"]
profiles = ["taxii-server"]
[taxii]
discovery = "https://host:8443/taxii2/"
write = ["https://host:8443/api/collections/c"]
[actors.member-a]
auth = "basic"
username_env = "USER_A"
secret_env = "SECRET_A"
organization = "one"
"""
ENVIRONMENT = {"USER_A": "ann", "SECRET_A": "s3cret-word"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "target.toml"
    path.write_text(text, "utf-8")
    return path


def test_who_is_in_a_group_is_told_and_can_be_published(tmp_path: Path) -> None:
    target = load_target(written(tmp_path, GOOD + 'groups = ["utilities", "shore"]\n'), ENVIRONMENT)
    assert target.actors["member-a"].groups == ("utilities", "shore")
    assert target.public()["actors"]["member-a"]["groups"] == ["utilities", "shore"]
    with pytest.raises(ConfigurationError, match="groups"):
        load_target(written(tmp_path, GOOD + 'groups = "utilities"\n'), ENVIRONMENT)


def test_a_good_file_is_read_and_tells_no_secret(tmp_path: Path) -> None:
    target = load_target(written(tmp_path, GOOD), ENVIRONMENT)
    assert target.write == ("https://host:8443/api/collections/c/",)
    assert set(target.actors) == {"member-a", "outsider"}
    assert target.actors["member-a"].authorization == "Basic YW5uOnMzY3JldC13b3Jk"
    assert "s3cret" not in repr(target)
    assert "s3cret" not in str(target.public())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('schema = "isao-target/1"', "", "schema"),
        ("name", "nmae", "nmae"),
        ('auth = "basic"', 'auth = "digest"', "auth"),
        ("[actors.member-a]", "[actors.somebody]", "somebody"),
        ('secret_env = "SECRET_A"', "", "exactly one of the keys secret_env, secret_file"),
        ('secret_env = "SECRET_A"', 'secret_env = "NOT_SET"', r"\$NOT_SET, which is not set; export it"),
        ('secret_env = "SECRET_A"', 'secret_file = "/no/such/file"', "cannot be read"),
        ('secret_env = "SECRET_A"', 'secret = "inline"', "secret"),
        ('"https://host:8443/taxii2/"', '"https://other/taxii2/"', 'add "https://other" to origins'),
        ('base_url = "https://host:8443/"', "base_url = 5", "base_url"),
        ("[taxii]", '[tls]\nca_file = "/no/such/ca.pem"\n[taxii]', "does not exist"),
        ("[taxii]", "[tls]\nverify = false\n[taxii]", "verify"),
        ('schema = "isao-target/1"', 'schema = "isao-target/1', "is not TOML"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=message) as refusal:
        load_target(path, ENVIRONMENT)
    assert str(path) in str(refusal.value)


def test_further_credentials_are_lent_and_are_no_further_readers(tmp_path: Path) -> None:
    further = "".join(f'[actors.{name}]\nauth = "bearer"\nsecret_env = "SECRET_A"\n' for name in FURTHER)
    other = '[actors.member-b]\nauth = "bearer"\nsecret_env = "SECRET_A"\n'
    target = load_target(written(tmp_path, GOOD + further + other), ENVIRONMENT)
    assert {*FURTHER, "member-a", "member-b", "outsider"} == set(target.actors)
    assert target.callers == ("member-a", "member-b", "outsider")
    assert target.accounts == ("member-a", "member-b")


def test_a_missing_and_an_unreadable_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        load_target(tmp_path / "absent.toml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_target(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_target(tmp_path / "latin.toml")


@pytest.mark.parametrize("url", ["host/taxii2/", "ftp://host/", "https:///x", ""])
def test_something_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="give one such as"):
        target_of_url(url, (), None, {})


def test_one_account_comes_from_the_environment() -> None:
    told = {"ISAO_USERNAME": "ann", "ISAO_SECRET": "s3cret-word"}
    target = target_of_url("https://host/taxii2/", (), None, told)
    assert target.actors["member-a"].scheme == "basic"
    assert target_of_url("https://host/", (), None, {"ISAO_TOKEN": "k"}).actors["member-a"].scheme == "bearer"
    assert set(target_of_url("https://host/", (), None, {}).actors) == {"outsider"}
    with pytest.raises(ConfigurationError, match="ISAO_SECRET, which is not set"):
        target_of_url("https://host/", (), None, {"ISAO_USERNAME": "ann"})


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Host:443/x?y", "https://host"),
        ("http://host:80", "http://host"),
        ("https://host:8443/", "https://host:8443"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
    ],
)
def test_origins_compare_by_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
