"""Every answer that a gateway, or something in its place, can give, and what it means to us."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.gateway.answers import AnswerReason, read_answer
from notifiers.outcome import Outcome

REFUSED = b"Error. See Gateway logs for more information."
MISSED = b"Error: Parameter miss."

TABLE = [
    (200, b"OK", Outcome.ACCEPTED, AnswerReason.TAKEN),
    (200, b"", Outcome.ACCEPTED, AnswerReason.TAKEN),
    (202, b"", Outcome.ACCEPTED, AnswerReason.TAKEN),
    (204, b"", Outcome.ACCEPTED, AnswerReason.TAKEN),
    (301, b"", Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    (302, b"", Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    (307, b"", Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    (400, REFUSED, Outcome.REFUSED, AnswerReason.REFUSED_RECIPIENT),
    (400, b"", Outcome.REFUSED, AnswerReason.REFUSED_RECIPIENT),
    (400, MISSED, Outcome.REFUSED, AnswerReason.PARAMETER_MISSING),
    (401, b"401 Unauthorized - Username or Password wrong.", Outcome.UNUSABLE, AnswerReason.WRONG_CREDENTIALS),
    (
        403,
        b"403 Forbidden - Your User has no right to send SMS over API.",
        Outcome.UNUSABLE,
        AnswerReason.NO_PERMISSION,
    ),
    (404, b"<h1>Not Found</h1>", Outcome.UNUSABLE, AnswerReason.NO_SUCH_PAGE),
    (405, b"", Outcome.UNUSABLE, AnswerReason.NO_SUCH_PAGE),
    (
        408,
        b"FAILED - Timeout or see Gateway logs for more information.",
        Outcome.UNKNOWN,
        AnswerReason.GATEWAY_TIMEOUT,
    ),
    (413, b"", Outcome.REFUSED, AnswerReason.NOT_ACCEPTABLE),
    (429, b"", Outcome.FAILED, AnswerReason.TOO_MANY),
    (500, b"", Outcome.FAILED, AnswerReason.SERVER_ERROR),
    (502, b"", Outcome.FAILED, AnswerReason.SERVER_ERROR),
    (503, b"", Outcome.FAILED, AnswerReason.SERVER_ERROR),
    (504, b"", Outcome.UNKNOWN, AnswerReason.GATEWAY_TIMEOUT),
    (511, b"", Outcome.UNUSABLE, AnswerReason.HTML_PAGE),
    (599, b"", Outcome.FAILED, AnswerReason.SERVER_ERROR),
    (102, b"", Outcome.UNKNOWN, AnswerReason.UNDOCUMENTED),
    (999, b"", Outcome.UNKNOWN, AnswerReason.UNDOCUMENTED),
]


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"), TABLE, ids=[f"{row[0]}-{row[3]}-{len(row[1])}" for row in TABLE]
)
def test_table(status: int, body: bytes, outcome: Outcome, reason: AnswerReason) -> None:
    """The vendor's table, and what HTTP adds to it; PHP labels all of it as HTML."""
    answer = read_answer(status, body, "text/html; charset=UTF-8")
    assert (answer.outcome, answer.reason, answer.status) == (outcome, reason, status)
    assert answer.detail.startswith(f"{status}: ")


PAGES = [
    "<!DOCTYPE html><html><body><form action=login></form></body></html>",
    "\ufeff\n <!-- appliance --><!doctype HTML>",
    '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">',
    "<html lang=en><title>Sign in</title>",
    "<HEAD><meta http-equiv=refresh content='0; url=/portal'>",
    "<script>location='/portal'</script>",
    "<form method=post><input type=password></form>",
]
TEXTS = [
    "OK",
    "1 message sent",
    "<br />\n<b>Notice</b>:  Undefined index: flash in api.php\nOK",
    "SMS: <html> is missing on web1",
    "<p>sent</p>",
    "<headline>",
    '{"status": "<html>"}',
]


@pytest.mark.parametrize("label", ["text/html", "", "application/xhtml+xml"])
@pytest.mark.parametrize("body", PAGES)
def test_a_page_is_no_gateway(body: str, label: str) -> None:
    """A 200 whose body is an HTML page comes from a login form or a captive portal: nothing was taken."""
    answer = read_answer(200, body.encode(), label)
    assert (answer.outcome, answer.reason) == (Outcome.UNUSABLE, AnswerReason.HTML_PAGE)


@pytest.mark.parametrize("body", TEXTS)
def test_a_text_labelled_as_html_is_fine(body: str) -> None:
    """A 200 with anything else was taken, whatever PHP called it, and whatever the alert's text held."""
    assert read_answer(200, body.encode(), "text/html").outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("label", ["text/plain", "application/json; charset=utf-8"])
def test_what_is_labelled_as_no_html_is_none(label: str) -> None:
    """A portal never labels its page as plain text, so the label is believed."""
    assert read_answer(200, b"<html>", label).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Outcome.UNKNOWN), (400, Outcome.REFUSED), (401, Outcome.UNUSABLE), (503, Outcome.FAILED)],
)
def test_a_body_that_broke_off(status: int, outcome: Outcome) -> None:
    """A 200 that broke off proves nothing; the other statuses say it all by themselves."""
    assert read_answer(status, b"pass", "text/html", complete=False, sent=["password"]).outcome is outcome


def test_the_body_is_quoted_briefly() -> None:
    """What a gateway says about its trouble helps the administrator, in one line of bounded length."""
    detail = read_answer(503, b"<h1>Modem\r\n busy</h1>\x1b[31m" + b"x" * 5000).detail
    assert "Modem busy" in detail
    assert "\x1b" not in detail
    assert len(detail) < 300


@pytest.mark.parametrize("status", [200, 302, 400, 401, 408, 500])
@given(
    secret=st.text(st.characters(blacklist_categories=["Cs"]), min_size=4, max_size=20),
    before=st.text(max_size=20),
    as_typed=st.booleans(),
)
def test_what_was_sent_never_comes_back_in_the_detail(status: int, secret: str, before: str, as_typed: bool) -> None:
    """A server that repeats the request does not make us repeat it."""
    echo = f"{before} password={secret if as_typed else quote_plus(secret)}"
    detail = read_answer(status, echo.encode("utf-8", "replace"), "text/plain", sent=[secret]).detail
    assert "password=" not in detail
    assert secret.strip() not in detail or secret.strip() in read_answer(status, b"", "text/plain").detail


@given(status=st.integers(min_value=0, max_value=1200), body=st.binary(max_size=300), label=st.text(max_size=20))
def test_any_answer_has_a_meaning(status: int, body: bytes, label: str) -> None:
    """No bytes whatever make the reading fail."""
    answer = read_answer(status, body, label)
    assert answer.detail
    if answer.outcome is Outcome.ACCEPTED:
        assert 200 <= status < 300
