"""What an alert does to the texts it is made of: whatever bytes came, what is kept is text, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import LONGEST_KEY, LONGEST_TEXT, Alert, Kind, Severity, clean


def _argument(raw: bytes) -> str:
    """Bytes as Python reads them from a command line."""
    return raw.decode("utf-8", "surrogateescape")


def _alert(**fields: object) -> Alert:
    return Alert(source="api", kind=Kind.CUSTOM, severity=Severity.INFO, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("Lüfter ausgefallen".encode(), "Lüfter ausgefallen", id="utf-8"),
        pytest.param("Lüfter am Fuß".encode("latin-1"), "Lüfter am Fuß", id="iso-8859-1"),
        pytest.param("5 € – “ok”".encode("cp1252"), "5 € – “ok”", id="windows-1252"),
        pytest.param("Lüfter Öl".encode() + b"\xc3", "Lüfter Öl\ufffd", id="utf-8-cut-in-a-character"),
        pytest.param(b"a\x00b\x1b[31mc\r\nd\re\x7f", "ab[31mc\nd\ne", id="controls"),
        pytest.param(b"\xff\xfe\x81", "ÿþ", id="no-text-at-all"),
        pytest.param("🔥 an\u202egreifer".encode(), "🔥 angreifer", id="emoji-and-override"),
    ],
)
def test_bytes_become_text(raw: bytes, text: str) -> None:
    """Text of any encoding that is in use arrives readable; damage becomes U+FFFD; controls go."""
    assert clean(_argument(raw)) == text


@given(st.binary(max_size=200))
def test_any_bytes_become_text_that_can_be_stored(raw: bytes) -> None:
    """No bytes make a text that a database, JSON or a phone cannot take, and cleaning twice changes nothing."""
    text = clean(_argument(raw))
    assert text.encode("utf-8").decode("utf-8") == text
    assert "\x00" not in text
    assert clean(text) == text


def test_recipients_and_notes_are_cleaned_too() -> None:
    """They travel as far as the other texts do."""
    alert = _alert(recipients=("anna\x00",), notes=("J\udcfcrgen",))
    assert alert.recipients == ("anna",)
    assert alert.notes == ("Jürgen",)


def test_a_long_text_is_cut() -> None:
    """100 KB of output stay what can be sent and no more."""
    details = _alert(details="ä" * 100_000).details
    assert len(details) == LONGEST_TEXT
    assert details.endswith("ä…")


def test_long_keys_stay_apart() -> None:
    """Two problems whose long names differ only at their ends stay two."""
    one, two = _alert(key="x" * 100_000 + "1").key, _alert(key="x" * 100_000 + "2").key
    assert len(one) == len(two) == LONGEST_KEY
    assert one != two
    assert _alert(key=one).key == one
