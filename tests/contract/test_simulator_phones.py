"""Phones of the simulator: what they show, and how an answer typed on one reaches the notifier."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from simulated import ANNA, BEN, PASSWORD, USERNAME, simulated

from notifiers.simulator import ModemSettings, Rule, Sender, Simulator, SimulatorSettings, Tls
from notifiers.simulator.forwarding import fill_in

NASTY = '<script>alert("x")</script> & \'; touch /tmp/x # </p>'


def post(sim: Simulator, **fields: str) -> requests.Response:
    form = {"username": USERNAME, "password": PASSWORD, "to": ANNA, "text": "Test", **fields}
    return requests.post(sim.url, data=form, timeout=10)


@contextmanager
def notifier(status: int = 200) -> Iterator[tuple[str, Queue[tuple[str, str, str, str]]]]:
    """A tiny server in the notifier's place: its URL, and (method, path, content type, body) of what it was asked."""
    asked: Queue[tuple[str, str, str, str]] = Queue()

    class Notifier(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode("ascii")
            asked.put((self.command, self.path, self.headers.get("Content-Type", ""), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - a name that http.server looks for

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Notifier) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_phones_as_json() -> None:
    """All phones, or one in any spelling: contacts without messages, and strangers with some."""
    with simulated() as sim:
        post(sim, to="01609999999")
        post(sim, mode="telnumber")
        numbers = [phone["number"] for phone in requests.get(sim.base_url + "/phones", timeout=10).json()]
        assert numbers == [ANNA, BEN, "+491511112223", "+491609999999"]
        for spelling in ("+491701234567", "%2B491701234567", "00491701234567", "01701234567"):
            phone = requests.get(f"{sim.base_url}/phones/{spelling}", timeout=10).json()
            assert phone["name"] == "anna"
            (message,) = phone["messages"]
            assert message | {"at": ""} == {
                "number": ANNA, "channel": "telegram", "text": "Test", "at": "", "request": 2, "segments": 0,
            }  # fmt: skip
            assert message["at"].endswith("+00:00")
        assert sim.requests[1].number == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/phones/anna", 400), ("GET", "/phones/1/x", 404), ("PUT", "/phones", 405), ("GET", "/x", 404)],
)
def test_addresses_that_are_none(method: str, path: str, status: int) -> None:
    """They get an error in JSON that says why."""
    with simulated() as sim:
        response = requests.request(method, sim.base_url + path, timeout=10)
        assert response.status_code == status
        assert response.json()["error"]


def test_wiping_all_phones() -> None:
    """DELETE forgets what arrived, what the modem still has to do, and the counters."""
    with simulated(modem=ModemSettings(sms_seconds=600)) as sim:
        post(sim)
        post(sim, mode="telnumber")
        assert requests.delete(sim.base_url + "/phones", timeout=10).json() == []
        assert sim.messages == ()
        check = requests.get(sim.base_url + "/check.php", timeout=10).text
        assert check.startswith("que: 0\nfailed: 0\n")
        assert check.endswith("total: 0\n")


def test_the_page_shows_every_phone_and_escapes_everything() -> None:
    """Texts and names appear as they are, never as HTML, and nothing is loaded from elsewhere."""
    book = SimulatorSettings.model_validate(
        {"contacts": [{"name": NASTY, "number": ANNA}], "modem": {"ring_seconds": 600}}
    )
    with simulated(book) as sim:
        post(sim, text=NASTY)
        post(sim, text="x" * 400, to=BEN)
        post(sim, ring="1", to=BEN)
        response = requests.get(sim.base_url + "/", timeout=10)
        page = response.text
        assert response.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "alert(" in page
        assert "<script>alert" not in page
        texts = [html.unescape(text) for text in re.findall(r"<p>([^<]*)</p></li>", page)]
        assert texts == [NASTY, "x" * 400, "Incoming call"]
        assert "3 segments" in page
        assert page.count('class="screen ringing"') == 1
        assert not re.search(r"(?:src|href)=\"(?!data:,)", page)
        assert re.findall(r"action=\"(.*?)\"", page) == [f"/phones/%2B{number[1:]}/answer" for number in (ANNA, BEN)]


def test_a_call_is_missed_when_the_gateway_gives_up() -> None:
    """It rings as long as the modem calls."""
    with simulated() as sim:
        post(sim, ring="1")
        assert "Missed call" in requests.get(sim.base_url + "/", timeout=10).text


def test_the_page_tells_what_is_wrong() -> None:
    """Faults that are on are seen at a glance."""
    faults = (
        {"kind": "status", "status": 503, "requests": 3},
        {"kind": "refuse", "numbers": [BEN], "channels": ["sms", "ring"]},
        {"kind": "latency", "seconds": 0.5, "paths": ["/api.php"]},
        {"kind": "signal", "signal": -109},
        {"kind": "state", "word": "Blocked", "requests": 1},
    )
    with simulated(faults=faults) as sim:
        page = requests.get(sim.base_url + "/", timeout=10).text
        assert re.findall(r'class="fault">(.*?)<', html.unescape(page)) == [
            "status 503 (next 3 requests)",
            f"refuse by sms, ring for {BEN}",
            "latency 0.5 s",
            "signal -109 db",
            "state Blocked (next 1 request)",
        ]


def test_an_answer_as_an_http_request() -> None:
    """GET with number and text percent-encoded in their places; the phone shows what was sent."""
    with notifier() as (url, asked), simulated() as sim:
        sim.routing = [Rule(http=url + "/incoming?token=t0ken&from=$NUMBER$&text=$TXT$&again=$TXT$")]
        (forwarded,) = sim.answer("0170 1234567", "ACK 7F3 & größer + 100% $NUMBER$ 😀")
        assert forwarded.taken
        method, path, _, body = asked.get(timeout=10)
        assert (method, body) == ("GET", "")
        fields = parse_qs(urlsplit(path).query)
        text = "ACK 7F3 & größer + 100% $NUMBER$ 😀"
        assert fields == {"token": ["t0ken"], "from": [ANNA], "text": [text], "again": [text]}
        assert path.startswith("/incoming?token=t0ken&from=%2B491701234567&text=ACK%207F3%20%26")
        assert [message.text for message in sim.phone(ANNA).answers] == [text]
        assert sim.phone(ANNA).messages == ()


@pytest.mark.parametrize(
    ("form", "text", "flag", "message"),
    [
        pytest.param("single", "ACK 7F3", None, "ACK 7F3", id="one bare notification"),
        pytest.param("single", "größer <1 & 2>", None, "größer <1 & 2>", id="ISO-8859-1 and XML's own signs"),
        pytest.param("response", "ACK 7F3", "ASCII", "ACK 7F3", id="within a response"),
        pytest.param("single", "OK 😀", "Unicode", "OK 😀".encode("utf-16-be").hex().upper(), id="beyond ISO-8859-1"),
    ],
)
def test_an_answer_by_the_isms_protocol(form: str, text: str, flag: str | None, message: str) -> None:
    """POST of XMLDATA=…, percent-encoded XML in ISO-8859-1, with username and password if the rule has them."""
    with notifier() as (url, asked), simulated(sim="+491511234567") as sim:
        rule = Rule.model_validate(
            {"isms": url + "/isms/smsack.cgi", "username": "gate", "password": SecretStr("s3cret"), "form": form}
        )
        sim.routing = [rule]
        (forwarded,) = sim.answer(ANNA, text)
        assert forwarded.taken
        method, path, kind, body = asked.get(timeout=10)
        assert (method, path, kind) == ("POST", "/isms/smsack.cgi", "application/x-www-form-urlencoded")
        fields = parse_qs(body, encoding="latin-1", strict_parsing=True)
        assert (fields["username"], fields["password"]) == (["gate"], ["s3cret"])
        root = ElementTree.fromstring(fields["XMLDATA"][0].encode("latin-1"))
        notification = root if flag is None else root.find("MessageNotification")
        assert notification is not None
        assert notification.tag == "MessageNotification"
        assert notification.findtext("SenderNumber") == ANNA
        assert notification.findtext("ModemNumber") == "1:+491511234567"
        assert notification.findtext("Message") == message
        assert notification.findtext("EncodingFlag") == flag
        assert re.fullmatch(r"\d\d/\d\d/\d\d", notification.findtext("Date") or "")
        assert re.fullmatch(r"\d\d:\d\d:\d\d", notification.findtext("Time") or "")


@pytest.mark.parametrize(("sender", "spelled"), [("plus", ANNA), ("zeros", "00491701234567"), ("bare", "491701234567")])
def test_the_sender_may_be_spelled_in_three_ways(sender: str, spelled: str) -> None:
    """With a plus, with zeros, or with neither."""
    with notifier() as (url, asked), simulated() as sim:
        sim.routing = [Rule(http=url + "/?from=$NUMBER$", sender=Sender(sender))]
        sim.answer(ANNA, "x")
        assert parse_qs(urlsplit(asked.get(timeout=10)[1]).query) == {"from": [spelled]}


def test_rules_choose_by_sender_and_text() -> None:
    """Every rule that matches forwards, in order; none matching forwards nothing, and the phone still shows it."""
    with notifier() as (url, asked), simulated() as sim:
        sim.routing = [
            Rule(http=url + "/one", text_matches="^ACK"),
            Rule(http=url + "/two", number_matches=r"^\+49170"),
            Rule(http=url + "/three", number_matches=r"^\+43"),
        ]
        assert [forwarded.rule for forwarded in sim.answer(ANNA, "ACK 1")] == [0, 1]
        assert [asked.get(timeout=10)[1] for _ in range(2)] == ["/one", "/two"]
        assert sim.answer("+491511112223", "hello") == ()
        assert len(sim.phone("+491511112223").answers) == 1


def test_a_notifier_that_says_no_or_is_away() -> None:
    """What came of it is told, without any part of the URL."""
    with notifier(403) as (url, _), simulated() as sim:
        sim.routing = [Rule(http=url + "/?token=t0ken&text=$TXT$")]
        (forwarded,) = sim.answer(ANNA, "x")
        assert (forwarded.status, forwarded.taken) == (403, False)
    with simulated(routing=(Rule(http=url + "/?token=t0ken&text=$TXT$"),)) as sim:
        (forwarded,) = sim.answer(ANNA, "x")
        assert (forwarded.status, forwarded.error) == (None, "ConnectionRefusedError")


def test_answering_over_http() -> None:
    """By JSON or by a form; the page's own form leads back to the page."""
    with notifier() as (url, asked), simulated() as sim:
        answer = f"{sim.base_url}/phones/01701234567/answer"
        routing = requests.put(sim.base_url + "/routing", json=[{"http": url + "/?token=t0ken&t=$TXT$"}], timeout=10)
        assert routing.json() == {"routing": [{"http": url + "/?…", "isms": ""}]}
        told = requests.post(answer, json={"text": "one"}, timeout=10).json()
        assert told == {"forwarded": [{"rule": 0, "status": 200, "error": ""}]}
        assert requests.post(answer, data={"text": "two"}, timeout=10).status_code == 200
        page = {"Accept": "text/html", "Origin": sim.base_url}
        back = requests.post(answer, data={"text": "three"}, headers=page, timeout=10, allow_redirects=False)
        assert (back.status_code, back.headers["Location"]) == (303, "/")
        assert [asked.get(timeout=10)[1][-7:] for _ in range(3)] == ["n&t=one", "n&t=two", "t=three"]
        assert [message.text for message in sim.phone(ANNA).answers] == ["one", "two", "three"]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 5}, ["text"], None])
def test_an_answer_without_a_text(body: object) -> None:
    """400, and nothing is sent."""
    with simulated() as sim:
        response = requests.post(f"{sim.base_url}/phones/{ANNA}/answer", json=body, timeout=10)
        assert response.status_code == 400
        assert sim.phone(ANNA).answers == ()


def test_another_sites_page_changes_nothing() -> None:
    """A browser's request from elsewhere is refused."""
    with simulated() as sim:
        evil = {"Origin": "http://evil.example"}
        assert (
            requests.post(
                f"{sim.base_url}/phones/{ANNA}/answer", data={"text": "x"}, headers=evil, timeout=10
            ).status_code
            == 403
        )
        assert requests.delete(sim.base_url + "/faults", headers=evil, timeout=10).status_code == 403
        assert sim.phone(ANNA).answers == ()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_answers_go_over_tls(tmp_path: Path) -> None:
    """An https target is not checked, as the appliance does, or checked against `ca`."""
    with simulated(tls=Tls()) as target, simulated() as sim:
        certificate = target.address.certificate
        assert certificate is not None
        sim.routing = [Rule(http=target.base_url + "/phones"), Rule(http=target.base_url + "/phones", ca=certificate)]
        assert [forwarded.status for forwarded in sim.answer(ANNA, "x")] == [200, 200]
        with simulated(tls=Tls()) as stranger:
            sim.routing = [Rule(http=stranger.base_url + "/phones", ca=certificate)]
            assert [forwarded.error for forwarded in sim.answer(ANNA, "x")] == ["SSLCertVerificationError"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
@settings(max_examples=200)
def test_any_answer_survives_the_url(text: str) -> None:
    """What the notifier decodes is what was typed."""
    url = fill_in("http://n/?from=$NUMBER$&text=$TXT$", ANNA, text)
    assert url.isascii()
    fields = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert fields == {"from": [ANNA], "text": [text]}
