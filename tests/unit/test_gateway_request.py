"""A request's fields, as the vendor's page names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.gateway.request import ListRule, Mode, NumberFormat, Request

ANNA = "+491701234567"


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (Request(to=ANNA, text="Test"), {"mode": "number"}),
        (Request(to=ANNA, text="Test", mode=Mode.TELNUMBER), {"mode": "telnumber"}),
        (
            Request(to=ANNA, text="Test", mode=Mode.TELNUMBER, telauto=False),
            {"mode": "telnumber", "telauto": "false"},
        ),
        (Request(to=ANNA, text="Test", mode=Mode.TELNUMBER, telauto=True), {"mode": "telnumber", "telauto": "true"}),
        (Request(to=ANNA, text="Test", ring=True), {"mode": "number", "ring": "true"}),
        (Request(to=ANNA, text="Test", flash=True), {"mode": "number", "flash": "true"}),
        (Request(to=ANNA, text="Test", mode=None), {}),
        (
            Request(to=ANNA, text="Test", list=ListRule.WHITE, regex="^0049"),
            {"mode": "number", "list": "white", "regex": "^0049"},
        ),
        (
            Request(to=ANNA, text="Test", list=ListRule.BLACK, regex="1$"),
            {"mode": "number", "list": "black", "regex": "1$"},
        ),
    ],
    ids=["sms", "auto", "telegram", "telauto", "ring", "flash", "no-mode", "white", "black"],
)
def test_fields(request_: Request, fields: dict[str, str]) -> None:
    """Only what is asked for is sent, besides text and recipient."""
    assert request_.form_fields() == {"text": "Test", "to": "00491701234567"} | fields


@pytest.mark.parametrize("mode", [Mode.USER, Mode.GROUP, Mode.TELUSER, Mode.TELGROUP])
def test_names_are_not_numbers(mode: Mode) -> None:
    """What is kept on the gateway is named as it is called there, even if it begins with a plus."""
    assert Request(to="+ops", mode=mode).form_fields()["to"] == "+ops"


@pytest.mark.parametrize(
    ("number_format", "to"),
    [(NumberFormat.ZEROS, "00491701234567"), (NumberFormat.PLUS, ANNA), (NumberFormat.BARE, "491701234567")],
)
def test_number_format(number_format: NumberFormat, to: str) -> None:
    """The administrator decides how numbers are written; a national number stays what it is."""
    assert Request(to=ANNA).form_fields(number_format)["to"] == to
    assert Request(to="0170123").form_fields(number_format)["to"] == "0170123"


@pytest.mark.parametrize(
    ("text", "encoding", "sent"),
    [
        ("Hallo dies ist eine Test SMS", "utf-8", "48616c6c6f2064696573206973742065696e65205465737420534d53"),
        ("ä", "utf-8", "c3a4"),
        ("ä", "latin-1", "e4"),
        ("ä", "utf-16-be", "00e4"),
        ("€", "latin-1", "3f"),
    ],
    ids=["vendor", "utf-8", "latin-1", "utf-16", "lacking"],
)
def test_hexmode(text: str, encoding: str, sent: str) -> None:
    """Hexadecimal of the bytes in the chosen encoding; the first is the vendor's own sample."""
    fields = Request(to=ANNA, text=text, hexmode=True).form_fields(hex_encoding=encoding)
    assert fields == {"text": sent, "to": "00491701234567", "mode": "number", "hexmode": "true"}


@given(st.text())
def test_hexmode_spells_every_text(text: str) -> None:
    """Whatever the text, its bytes can be read back; half a surrogate pair becomes a question mark."""
    spelled = Request(to=ANNA, text=text, hexmode=True).form_fields()["text"]
    assert bytes.fromhex(spelled) == text.encode("utf-8", "replace")


@pytest.mark.parametrize(
    "values",
    [{"to": ""}, {"to": ANNA, "regex": "x"}, {"to": ANNA, "list": ListRule.WHITE}],
    ids=["no-recipient", "regex-alone", "list-alone"],
)
def test_senseless(values: dict[str, object]) -> None:
    """What no gateway could make sense of is refused where it is made."""
    with pytest.raises(ValueError, match="need"):
        Request(**values)  # type: ignore[arg-type]
