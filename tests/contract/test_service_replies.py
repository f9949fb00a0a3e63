"""Replies over real HTTP, in every shape that the gateway or its relatives are known to send them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from services import REPLY, error_of, serviced

from notifiers.engine.lock import StateLock
from notifiers.errors import NotUnderstood
from notifiers.service import Service
from notifiers.service.isms import read_isms

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Waiting:
    """A service whose engine does not take anything in, so that entries can be looked at."""

    service: Service
    new: Path

    def replies(self) -> list[dict[str, str]]:
        """What was handed over, in order; and forget it."""
        found = []
        for path in sorted(self.new.iterdir()):
            entry = json.loads(path.read_text())
            assert entry["source"] == "reply"
            found.append(json.loads(entry["body"]))
            path.unlink()
        return found


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    folder = tmp_path_factory.mktemp("replies")
    (folder / "state").mkdir()
    lock = StateLock(folder / "state")
    lock.take()
    with serviced(folder) as service:
        yield Waiting(service, folder / "state/spool/new")
    lock.release()


def xml(message: str = "ACK 7F3K", sender: str = "+491701234567", flag: str = "") -> str:
    coded = f"<EncodingFlag>{flag}</EncodingFlag>" if flag else ""
    return (
        f"<MessageNotification><ModemNumber>2:49170</ModemNumber><SenderNumber>{sender}</SenderNumber>"
        f"<Date>08/03/14</Date><Time>12:53:09</Time>{coded}<Message>{message}</Message></MessageNotification>"
    )


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        pytest.param("from=%2B491701234567&text=ACK%207F3K", ("+491701234567", "ACK 7F3K"), id="as documented"),
        pytest.param("from=+491701234567&text=ACK+7F3K", ("+491701234567", "ACK 7F3K"), id="a bare plus"),
        pytest.param("from=00491701234567&text=x", ("00491701234567", "x"), id="two noughts"),
        pytest.param("number=491701234567&msg=x", ("491701234567", "x"), id="number and msg"),
        pytest.param("FROM=1&Text=x", ("1", "x"), id="in other letters"),
        pytest.param("from=1&text=f%C3%BCr%20%E2%82%AC", ("1", "für €"), id="UTF-8"),
        pytest.param("from=1&text=f%FCr", ("1", "für"), id="ISO 8859-1"),
        pytest.param("from=1&text=", ("1", ""), id="an empty message"),
        pytest.param("from=1&text=a%26b%3Dc&text=d", ("1", "a&b=c"), id="signs, and the field twice"),
    ],
)
def test_incoming(waiting: Waiting, query: str, reply: tuple[str, str]) -> None:
    """GET with a query and POST with a form mean the same."""
    url = waiting.service.url + "/incoming"
    asked = [requests.get(f"{url}?{query}", timeout=10), requests.post(url, data=query, headers=FORM, timeout=10)]
    assert [answer.status_code for answer in asked] == [200, 200]
    assert waiting.replies() == [{"from": reply[0], "text": reply[1]}] * 2


@pytest.mark.parametrize("query", ["", "text=x", "from=1", "from=&text=x", "from=%20&text=x"])
def test_incoming_needs_both(waiting: Waiting, query: str) -> None:
    """Without a sender or a text there is no reply."""
    answer = requests.get(f"{waiting.service.url}/incoming?{query}", timeout=10)
    assert (answer.status_code, waiting.replies()) == (400, [])
    assert "from=" in error_of(answer)


UMLAUTS = "Grüße €".encode("utf-16-be").hex()
ONE = ("+491701234567", "ACK 7F3K")


@pytest.mark.parametrize(
    ("body", "replies"),
    [
        pytest.param("XMLDATA=" + quote(xml()), [ONE], id="a form field"),
        pytest.param("username=a&password=b&XMLDATA=" + quote(xml()), [ONE], id="with a login"),
        pytest.param("XMLDATA=" + quote(xml()).replace("%20", "+"), [ONE], id="blanks as plus"),
        pytest.param(xml(), [ONE], id="bare"),
        pytest.param('<?xml version="1.0" encoding="ISO-8859-1"?>' + xml(), [ONE], id="with a declaration"),
        pytest.param("xmldata=" + xml("a &amp; b"), [("+491701234567", "a & b")], id="a field that nobody encoded"),
        pytest.param(xml(sender="00491701234567"), [("00491701234567", "ACK 7F3K")], id="two noughts"),
        pytest.param(
            f"<Response><Msg_Count>2</Msg_Count>{xml('a', flag='ASCII')}{xml('b')}</Response>",
            [("+491701234567", "a"), ("+491701234567", "b")],
            id="several",
        ),
        pytest.param(xml(UMLAUTS, flag="Unicode"), [("+491701234567", "Grüße €")], id="hex"),
        pytest.param(
            xml(";".join(UMLAUTS[i : i + 4] for i in range(0, len(UMLAUTS), 4)) + ";", flag="Unicode"),
            [("+491701234567", "Grüße €")],
            id="hex with semicolons",
        ),
        pytest.param(xml("plain", flag="Unicode"), [("+491701234567", "plain")], id="said to be hex and is not"),
        pytest.param("XMLDATA=" + quote(xml("für").encode("latin-1")), [("+491701234567", "für")], id="latin"),
    ],
)  # fmt: skip
def test_isms(waiting: Waiting, body: str | bytes, replies: list[tuple[str, str]]) -> None:
    """The iSMS protocol in all its shapes; each message becomes a reply of its own."""
    data = body.encode() if isinstance(body, str) else body
    answer = requests.post(waiting.service.url + "/isms/smsack.cgi", data=data, headers=FORM, timeout=10)
    assert answer.status_code == 200
    assert [(one["from"], one["text"]) for one in waiting.replies()] == replies


DTD = '<!DOCTYPE m [<!ENTITY a "x">]>' + xml("&a;")
LAUGHS = "<!DOCTYPE m [" + '<!ENTITY a "ha">' + '<!ENTITY b "&a;&a;&a;&a;">' + "]>" + xml("&b;")
OUTSIDE = '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xml("&a;")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("", "there is no XML", id="empty"),
        pytest.param("a=b", "there is no XML", id="another form"),
        pytest.param("<a>", "cannot be read", id="cut short"),
        pytest.param("<a/>", "no MessageNotification", id="another document"),
        pytest.param(xml(sender=" "), "no SenderNumber", id="nobody sent it"),
        pytest.param(DTD, "document type", id="a document type"),
        pytest.param(LAUGHS, "document type", id="a billion laughs"),
        pytest.param(OUTSIDE, "document type", id="a file of ours"),
        pytest.param("XMLDATA=" + quote(DTD), "document type", id="a document type in a form"),
        pytest.param("<Response>" + xml() * 101 + "</Response>", "more than 100", id="too many"),
        pytest.param('<?xml version="1.0" encoding="nonsense"?>' + xml(), "", id="unknown encoding"),
    ],
)
def test_isms_refuses(waiting: Waiting, body: str, reason: str) -> None:
    """What holds no message, or what XML should never hold, is refused with the reason."""
    answer = requests.post(waiting.service.url + "/isms/smsack.cgi", data=body.encode(), timeout=10)
    assert (answer.status_code, waiting.replies()) == (400, [])
    assert reason in error_of(answer)


def test_methods(waiting: Waiting) -> None:
    """The iSMS path is for POST alone."""
    assert requests.get(waiting.service.url + "/isms/smsack.cgi", timeout=10).status_code == 405
    assert requests.head(waiting.service.url + "/incoming?from=1&text=x", timeout=10).status_code == 405
    assert requests.put(waiting.service.url + "/incoming", timeout=10).status_code == 405


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: ("XMLDATA=" + text).encode()))
def test_anything_is_read_or_refused(body: bytes) -> None:
    """Whatever arrives, reading it ends in messages or in a reason, and in nothing else."""
    with contextlib.suppress(NotUnderstood):
        assert read_isms(body).messages


@given(st.text(st.characters(codec="utf-16-be", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80))
def test_every_text_survives_hex(text: str) -> None:
    """What a phone wrote arrives as it was written, but for blanks around it."""
    (message,) = read_isms(xml(text.encode("utf-16-be").hex(), flag="Unicode").encode()).messages
    assert message.text == text.strip()


SECTIONS = [
    pytest.param({"token": {"env": "REPLY"}}, f"token={REPLY}", 200, id="token: right"),
    pytest.param({"token": {"env": "REPLY"}}, "token=guessed", 401, id="token: wrong"),
    pytest.param({"token": {"env": "REPLY"}}, "", 401, id="token: missing"),
    pytest.param({"allow": ["127.0.0.1"]}, "", 200, id="address: allowed"),
    pytest.param({"allow": ["192.0.2.0/24"]}, "", 403, id="address: another"),
    pytest.param({"allow": ["127.0.0.0/8"], "token": {"env": "REPLY"}}, "", 401, id="both: no token"),
    pytest.param({"allow": ["192.0.2.5"], "token": {"env": "REPLY"}}, f"token={REPLY}", 403, id="both: elsewhere"),
    pytest.param({"allow": ["127.0.0.1"], "token": {"env": "REPLY"}}, f"token={REPLY}", 200, id="both: right"),
]


@pytest.mark.parametrize(("replies", "query", "status"), SECTIONS)
@pytest.mark.parametrize("separate", [False, True], ids=["on http", "on a listener of its own"])
def test_who_may_reply(tmp_path: Path, replies: dict[str, object], query: str, status: int, separate: bool) -> None:
    """The gateway is known by its address, by the token, or by both if both are configured."""
    listen = {"listen": "127.0.0.1:0"} if separate else {}
    with serviced(tmp_path, replies={**replies, **listen}, http={"listen": "localhost:0"}) as service:
        url = service.replies_url
        answer = requests.get(f"{url}/incoming?from=1&text=x&{query}", timeout=10)
        assert answer.status_code == status
        password = "&password=" + REPLY if REPLY in query else ""
        posted = requests.post(f"{url}/isms/smsack.cgi", data=f"XMLDATA={quote(xml())}{password}", timeout=10)
        assert posted.status_code == status if not query.endswith("guessed") else 401
        assert requests.post(f"{url}/alertmanager", json={}, timeout=10).status_code == (404 if separate else 400)
        if separate:
            assert requests.get(f"{service.url}/incoming?from=1&text=x&{query}", timeout=10).status_code == 404
