"""Secrets: where they come from, and that nobody ever sees them."""

from __future__ import annotations

import pickle
from pathlib import Path
from traceback import format_exception

import pytest
from config_files import GATEWAY, loaded, written

from notifiers.config import Secret, load
from notifiers.errors import ConfigurationError

_END = "default_recipients: ['+491701234567']\n"


def _with_password(password: str) -> str:
    return GATEWAY.replace("sesame", password) + _END


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"sesame\n", "sesame"),
        (b"sesame", "sesame"),
        (b"sesame\r\n", "sesame"),
        (b"sesame\n\n", "sesame\n"),
        (b" ses ame ", " ses ame "),
        ("säsäm€\n".encode(), "säsäm€"),
    ],
)
def test_a_file_gives_its_content_without_one_line_end(tmp_path: Path, content: bytes, secret: str) -> None:
    """As an editor or ``echo`` writes it; everything else belongs to the secret. Paths begin beside the file."""
    (tmp_path / "cellar.password").write_bytes(content)
    assert loaded(tmp_path, _with_password("{file: cellar.password}")).gateways[0].password.reveal() == secret


def test_the_environment_gives_a_secret(tmp_path: Path) -> None:
    """By the variable's name."""
    configuration = loaded(tmp_path, _with_password("{env: CELLAR}"), {"CELLAR": "sesame"})
    assert configuration.gateway_settings[0].password == "sesame"


def test_systemd_gives_a_secret(tmp_path: Path) -> None:
    """As a file of the credentials folder."""
    (tmp_path / "cellar").write_text("sesame\n")
    configuration = loaded(tmp_path, _with_password("{credential: cellar}"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert configuration.gateway_settings[0].password == "sesame"


def test_a_database_keeps_its_password_to_itself(tmp_path: Path) -> None:
    """The URL of the store may stand in a file, and is never shown."""
    url = "postgresql://brevisone:sesame@db.example/alerts"
    (tmp_path / "store").write_text(url)
    for store in (url, "{file: store}"):
        configuration = loaded(tmp_path, _with_password("x") + f"store: {store}\n")
        assert configuration.store.kind == "postgresql"
        assert configuration.store.url is not None
        assert configuration.store.url.reveal() == url
        assert "sesame" not in repr(configuration)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h1:5432,h2:5433/d?target_session_attrs=read-write",
        "postgres://u:p@[2001:db8::1]:5432/d",
        "postgresql:///d?host=/run/postgresql",
    ],
)
def test_a_database_is_named_as_its_own_clients_name_it(tmp_path: Path, url: str) -> None:
    """Several servers, IPv6, sockets: the URL goes to PostgreSQL's library as it is."""
    configuration = loaded(tmp_path, _with_password("x") + f"store: {url!r}\n")
    assert configuration.store.url is not None
    assert configuration.store.url.reveal() == url


_WAYS = "{file: FILE}, {env: NAME}, {credential: NAME} or the text itself"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("''", f"is empty; write {_WAYS}"),
        ("[sesame]", f"must be {_WAYS}, not a list"),
        ("{file: }", f"file is empty; write {_WAYS}"),
        ("{fil: sesame}", f"must be one of {_WAYS}"),
        ("{file: a, env: b}", f"must be one of {_WAYS}"),
        ("{file: /no/such}", "file '/no/such' does not exist; write the secret into it"),
        ("{file: /etc}", "file '/etc' cannot be read: Is a directory"),
        ("{file: /dev/null}", "file '/dev/null' is no plain file"),
        ("{file: FOLDER/empty}", "file 'FOLDER/empty' is empty; write the secret into it"),
        ("{file: FOLDER/latin-1}", "file 'FOLDER/latin-1' holds what is not UTF-8; write the secret as text"),
        ("{file: FOLDER/large}", "file 'FOLDER/large' is too large for a secret"),
        ("{env: NONE}", "environment variable 'NONE' is not set; set it for this program, or use a file"),
        ("{env: EMPTY}", "environment variable 'EMPTY' is not set; set it for this program, or use a file"),
        (
            "{credential: cellar}",
            "credential 'cellar' needs systemd (CREDENTIALS_DIRECTORY is not set); "
            "add LoadCredential=cellar:FILE to the unit, or use a file",
        ),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_it(tmp_path: Path, password: str, words: str) -> None:
    """With the name of the file or variable, and nothing of what it holds, in the error or its causes."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin-1").write_bytes(b"sesame\xff")
    (tmp_path / "large").write_text("sesame" * 20_000)
    path = written(tmp_path, _with_password(password.replace("FOLDER", str(tmp_path))))
    with pytest.raises(ConfigurationError) as caught:
        load(path, env={"EMPTY": ""})
    told = caught.value.problems[0].replace(str(tmp_path), "FOLDER")
    assert told == f"FOLDER/brevisone.yaml:1: gateways.cellar.password: {words}"
    assert "sesame" not in "".join(format_exception(caught.value))


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "."])
def test_a_credential_cannot_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    """Only names of files in the credentials folder are names of credentials."""
    with pytest.raises(ConfigurationError, match="is no name of a credential"):
        loaded(tmp_path, _with_password(f"{{credential: {name}}}"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_nothing_that_is_printed_shows_a_secret(tmp_path: Path) -> None:
    """Neither the configuration, nor its parts, nor the gateway's settings, in any of the ways to print."""
    text = _with_password("sesame") + "http: {tokens: {a: sesame}}\nreplies: {token: sesame}\n"
    configuration = loaded(tmp_path, text)
    parts = [
        configuration,
        configuration.http,
        configuration.replies,
        configuration.gateways,
        configuration.gateway_settings,
    ]
    for part in parts:
        assert "sesame" not in f"{part} {part!r} {part!s}"


def test_a_secret_is_compared_but_never_stored() -> None:
    """Equal texts match; a pickle would be a copy on some disk."""
    secret = Secret("sesame")
    assert secret.matches("sesame")
    assert not secret.matches("sesam\udcff")
    assert secret == Secret("sesame")
    assert secret != "sesame"
    assert hash(secret) == hash(Secret("sesame"))
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_that_everybody_may_read_are_warned_of(tmp_path: Path) -> None:
    """In their own file, and as plain text in the configuration."""
    (tmp_path / "token").write_text("sesame")
    (tmp_path / "token").chmod(0o644)
    path = written(tmp_path, _with_password("sesame") + "replies: {token: {file: token}}\n")
    configuration = load(path, env={})
    token = f"{path}:3: replies.token: every user may read {tmp_path}/token; take that right away with chmod o-r"
    assert configuration.warnings == (token,)
    path.chmod(0o644)
    plain = (
        f"{path}:1: gateways.cellar.password: is a secret in a file that every user may read; "
        "chmod o-r the file, or write {file: FILE}"
    )
    assert load(path, env={}).warnings == (plain, token)
