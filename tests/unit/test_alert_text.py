"""What an alert does to the texts it is made of: whatever bytes came, what is kept is text, and bounded."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import LONGEST_KEY, LONGEST_TEXT, Alert, Kind, Severity, clean
from notifiers.errors import NotUnderstood


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


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(0, 0, id="zero"),
        pytest.param(3, 3, id="a count"),
        pytest.param(2**31 - 1, 2**31 - 1, id="the largest"),
        pytest.param(2**63, None, id="beyond what a database keeps"),
        pytest.param(-1, None, id="negative"),
    ],
)
def test_a_number_that_no_database_keeps_is_none(number: int | None, kept: int | None) -> None:
    """A count that cannot be one costs nothing but itself."""
    assert _alert(number=number).number == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("2026-03-01T04:00:00+01:00", "2026-03-01T03:00:00+00:00", id="another zone"),
        pytest.param("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00", id="the zero time of Go"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before the calendar begins in UTC"),
        pytest.param("9999-12-31T23:59:59-12:00", None, id="after it ends in UTC"),
    ],
)
def test_a_start_is_kept_in_utc(written: str, kept: str | None) -> None:
    """Any moment that UTC can name is kept exactly; the others are none."""
    alert = Alert.from_json({"started_at": written})
    assert (alert.started_at.isoformat() if alert.started_at else None) == kept


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*Alert.__dataclass_fields__, "colour"])


@given(
    st.dictionaries(
        names, anything | st.sampled_from(["problem", "critical", "sms", "2026-01-31T03:00:00Z"]), max_size=6
    )
)
def test_any_posted_object_is_read_or_refused_with_its_field(body: dict[str, object]) -> None:
    """Whatever is posted, it is an alert that survives the store's form unchanged, or the mistake is named."""
    alert = _posted(body)
    if isinstance(alert, str):
        assert any(name in alert for name in body)
        return
    kept = json.dumps(alert.to_json(), ensure_ascii=False).encode()
    assert Alert.from_json(json.loads(kept)) == alert


def _posted(body: dict[str, object]) -> Alert | str:
    """The alert, or why it was refused."""
    try:
        return Alert.from_json(body)
    except NotUnderstood as error:
        return str(error)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param([], "a list", id="a list"),
        pytest.param(None, "null", id="null"),
        pytest.param("problem", "a text", id="a text"),
        pytest.param({"colour": "red"}, "unknown field 'colour'", id="an unknown field"),
        pytest.param({"kind": "fire"}, "kind: 'fire' is none of problem", id="an unknown kind"),
        pytest.param({"severity": "page"}, "severity: 'page'", id="an unknown severity"),
        pytest.param({"host": 7}, "host: must be a text, not a number", id="a number as host"),
        pytest.param({"labels": ["a"]}, "labels: must be an object", id="labels as a list"),
        pytest.param({"labels": {"a": 1}}, "labels.a: must be a text", id="a label that is no text"),
        pytest.param({"recipients": "anna"}, "recipients: must be a list", id="recipients as a text"),
        pytest.param({"number": "3"}, "number: must be a whole number", id="a number as text"),
        pytest.param({"number": True}, "number: must be a whole number, not a truth value", id="a number as truth"),
        pytest.param({"ends": "yes"}, "ends: must be true or false", id="a truth as text"),
        pytest.param({"started_at": "yesterday"}, "started_at: 'yesterday'", id="a start that is no time"),
        pytest.param({"started_at": "2026-01-31T03:00:00"}, "lacks its time zone", id="a start without a zone"),
    ],
)
def test_a_mistake_in_a_posted_alert_is_named(body: object, says: str) -> None:
    """Each mistake is told with its field and what would be right."""
    with pytest.raises(NotUnderstood, match=re.escape(says)):
        Alert.from_json(body)
