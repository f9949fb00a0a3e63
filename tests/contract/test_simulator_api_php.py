"""The simulator answers `/api.php` as the vendor's HTTP API page says: every field, mode, status and body."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from simulated import ANNA, BEN, CARA, PASSWORD, SETTINGS, USERNAME, simulated

from notifiers.simulator import Abilities, BookContact, BookGroup, Simulator, SimulatorSettings, User, Way
from notifiers.simulator.numbers import canonical

STRANGER = "+491609999999"

PARAMETER_MISS = "Error: Parameter miss."
REFUSED = "Error. See Gateway logs for more information."
UNAUTHORIZED = "401 Unauthorized - Username or Password wrong."
FORBIDDEN = "403 Forbidden - Your User has no right to send SMS over API."


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulated() as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.forget()
    return running


def form(**fields: str) -> dict[str, str]:
    return {"username": USERNAME, "password": PASSWORD, "to": "00491701234567", "text": "Test", **fields}


def post(sim: Simulator, **fields: str) -> requests.Response:
    return requests.post(sim.url, data=form(**fields), timeout=10)


def arrived(sim: Simulator) -> list[tuple[str, str, str]]:
    return [(message.number, message.channel.value, message.text) for message in sim.messages]


def test_a_200_is_plain_text_under_phps_usual_label(sim: Simulator) -> None:
    """The body of a 200 is some text and no page, and is nevertheless called text/html."""
    response = post(sim)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text
    assert "<" not in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"mode": "number"}, [(ANNA, "sms", "Test")], id="section 4.1 and 5.1: SMS"),
        pytest.param({}, [(ANNA, "sms", "Test")], id="no mode is number"),
        pytest.param({"to": "01701234567"}, [(ANNA, "sms", "Test")], id="national number"),
        pytest.param({"mode": "telnumber", "telauto": "false"}, [(ANNA, "telegram", "Test")], id="4.2: Telegram"),
        pytest.param(
            {"text": "48616c6c6f2064696573206973742065696e65205465737420534d53", "hexmode": "true"},
            [(ANNA, "sms", "Hallo dies ist eine Test SMS")],
            id="4.3: hexmode",
        ),
        pytest.param(
            {"text": "Größe & 5 € + 100% 😀\nzweite"}, [(ANNA, "sms", "Größe & 5 € + 100% 😀\nzweite")], id="utf-8"
        ),
    ],
)
def test_the_vendors_examples(
    sim: Simulator, method: str, fields: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    """Sections 4 and 5 of the vendor's page work by GET and by POST."""
    values = form(**fields)
    if method == "GET":
        response = requests.get(sim.url, params=values, timeout=10)
    else:
        response = requests.post(sim.url, data=values, timeout=10)
    assert response.status_code == 200
    assert arrived(sim) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"mode": "number"}, [(ANNA, "sms")], id="number"),
        pytest.param({"mode": "user", "to": "8"}, [(BEN, "sms")], id="user by id"),
        pytest.param({"mode": "user", "to": "ben"}, [(BEN, "sms")], id="user by name"),
        pytest.param({"mode": "group", "to": "11"}, [(ANNA, "sms"), (BEN, "sms")], id="group by id"),
        pytest.param({"mode": "group", "to": "ops"}, [(ANNA, "sms"), (BEN, "sms")], id="group by name"),
        pytest.param({"mode": "telnumber"}, [(ANNA, "telegram")], id="telnumber on Telegram"),
        pytest.param({"mode": "telnumber", "to": BEN}, [(BEN, "sms")], id="telnumber falls back to SMS"),
        pytest.param({"mode": "telnumber", "to": BEN, "telauto": "true"}, [(BEN, "sms")], id="telauto=true falls back"),
        pytest.param({"mode": "teluser", "to": "7"}, [(ANNA, "telegram")], id="teluser on Telegram"),
        pytest.param({"mode": "teluser", "to": "ben"}, [(BEN, "sms")], id="teluser falls back to SMS"),
        pytest.param(
            {"mode": "telgroup", "to": "11"}, [(ANNA, "telegram"), (BEN, "sms")], id="telgroup, each their way"
        ),
        pytest.param(
            {"mode": "telgroup", "to": "11", "telauto": "false"}, [(ANNA, "telegram")], id="telgroup without fallback"
        ),
        pytest.param({"mode": "telepathy"}, [(ANNA, "sms")], id="an invalid mode is number"),
        pytest.param({"mode": ""}, [(ANNA, "sms")], id="an empty mode is number"),
        pytest.param({"flash": "true"}, [(ANNA, "flash")], id="flash"),
        pytest.param({"flash": ""}, [(ANNA, "flash")], id="flash is there though empty"),
        pytest.param(
            {"mode": "group", "to": "ops", "flash": "1"}, [(ANNA, "flash"), (BEN, "flash")], id="flash to group"
        ),
    ],
)
def test_modes(sim: Simulator, fields: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """Each mode reads `to` its own way, and the tel… modes fall back to SMS unless telauto=false."""
    response = post(sim, **fields)
    assert response.status_code == 200
    assert arrived(sim) == [(number, way, "Test") for number, way in expected]


@pytest.mark.parametrize("value", ["true", "", "false"])
@pytest.mark.parametrize("mode", ["number", "telnumber"])
def test_ring_is_a_call_and_ignores_the_text(sim: Simulator, value: str, mode: str) -> None:
    """The presence of `ring`, whatever its value, makes a call, which carries no text."""
    assert post(sim, ring=value, mode=mode).status_code == 200
    assert arrived(sim) == [(ANNA, "ring", "")]
    assert sim.phone(ANNA).rings == 1


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        pytest.param({"text": ""}, 400, PARAMETER_MISS, id="empty text"),
        pytest.param({"to": ""}, 400, PARAMETER_MISS, id="empty to"),
        pytest.param({"username": ""}, 400, PARAMETER_MISS, id="empty username"),
        pytest.param({"password": ""}, 400, PARAMETER_MISS, id="empty password"),
        pytest.param({"list": "white"}, 400, PARAMETER_MISS, id="list without regex"),
        pytest.param({"password": "wrong"}, 401, UNAUTHORIZED, id="wrong password"),
        pytest.param({"username": "nobody"}, 401, UNAUTHORIZED, id="unknown user"),
        pytest.param({"username": "intern"}, 403, FORBIDDEN, id="no right to use the API"),
        pytest.param({"username": "intern", "password": "x"}, 401, UNAUTHORIZED, id="no right, wrong password"),
        pytest.param({"to": "hello"}, 400, REFUSED, id="no number"),
        pytest.param({"to": "12"}, 400, REFUSED, id="too short"),
        pytest.param({"to": "0049" + "1" * 20}, 400, REFUSED, id="too long"),
        pytest.param({"mode": "user", "to": "99"}, 400, REFUSED, id="unknown contact"),
        pytest.param({"mode": "group", "to": "99"}, 400, REFUSED, id="unknown group"),
        pytest.param({"mode": "group", "to": "7"}, 400, REFUSED, id="a contact is no group"),
        pytest.param({"mode": "telnumber", "to": BEN, "telauto": "false"}, 400, REFUSED, id="not on Telegram"),
        pytest.param({"hexmode": "true", "text": "xyz"}, 400, REFUSED, id="no hexadecimal"),
        pytest.param({"list": "white", "regex": "("}, 400, REFUSED, id="broken regex"),
    ],
)
def test_errors(fields: dict[str, str], status: int, body: str) -> None:
    """Section 3 of the vendor's page to the letter; nothing arrives."""
    users = {USERNAME: User(password=SecretStr(PASSWORD)), "intern": User(password=SecretStr(PASSWORD), api=False)}
    with simulated(users=users) as sim:
        response = post(sim, **fields)
        assert (response.status_code, response.text) == (status, body)
        assert arrived(sim) == []
        assert [request.status for request in sim.requests] == [status]


@pytest.mark.parametrize("name", ["username", "password", "text", "to"])
@pytest.mark.parametrize("ring", [False, True], ids=["text", "ring"])
def test_missing_fields(sim: Simulator, name: str, ring: bool) -> None:
    """The four necessary fields are necessary, of a call as well."""
    fields = form(**({"ring": "1"} if ring else {}))
    del fields[name]
    response = requests.post(sim.url, data=fields, timeout=10)
    assert (response.status_code, response.text) == (400, PARAMETER_MISS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"list": "white", "regex": "1707"}, [BEN], id="white serves whom it matches"),
        pytest.param({"list": "black", "regex": "1707"}, [ANNA], id="black serves the others"),
        pytest.param({"list": "white", "regex": r"^\+49170"}, [ANNA, BEN], id="with a plus"),
        pytest.param({"list": "white", "regex": "^0049170"}, [ANNA, BEN], id="with zeros"),
        pytest.param({"list": "grey", "regex": "1707"}, [ANNA, BEN], id="neither white nor black"),
        pytest.param({"regex": "1707"}, [ANNA, BEN], id="regex without list"),
        pytest.param({"list": "black", "regex": "^"}, [], id="nobody is left"),
    ],
)
def test_lists(sim: Simulator, fields: dict[str, str], expected: list[str]) -> None:
    """`list` with `regex` decides who of the recipients is served; 400 if nobody is."""
    response = post(sim, mode="group", to="ops", **fields)
    assert response.status_code == (200 if expected else 400)
    assert [number for number, _, _ in arrived(sim)] == expected


@pytest.mark.parametrize(
    ("lacking", "fields"),
    [
        pytest.param("groups", {"mode": "group", "to": "ops"}, id="groups"),
        pytest.param("flash", {"flash": "1"}, id="flash"),
        pytest.param("ring", {"ring": "1"}, id="ring"),
        pytest.param("telegram", {"mode": "telnumber", "telauto": "false"}, id="telegram"),
    ],
)
def test_what_this_gateway_cannot_do(lacking: str, fields: dict[str, str]) -> None:
    """Without the licence or the hardware it refuses."""
    with simulated(abilities=Abilities.model_validate({lacking: False})) as sim:
        response = post(sim, **fields)
        assert (response.status_code, response.text) == (400, REFUSED)
        assert arrived(sim) == []


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [("utf-8", b"fc".hex()), ("utf-8", "ü€".encode().hex()), ("latin-1", "fc"), ("utf-16-be", "00fc20ac")],
)
def test_hexmode_reads_bytes_in_the_encoding_that_is_set(encoding: str, sent: str) -> None:
    """Beyond ASCII the vendor's page is silent: the encoding is a setting."""
    with simulated(hex_encoding=encoding) as sim:
        post(sim, hexmode="TRUE", text=sent)
        assert sim.phone(ANNA).texts == (bytes.fromhex(sent).decode(encoding),)


def test_an_id_goes_before_a_name() -> None:
    """A contact or group called like another one's id is found by its own id only."""
    book = SimulatorSettings(
        contacts=(
            BookContact(id="1", name="2", number=ANNA),
            BookContact(id="2", name="1", number=BEN),
        ),
        groups=(BookGroup(id="5", name="6", members=("1",)), BookGroup(id="6", name="5", members=(CARA, "2"))),
    )
    with simulated(book) as sim:
        post(sim, mode="user", to="2")
        post(sim, mode="group", to="6")
        assert [message.number for message in sim.messages] == [BEN, CARA, BEN]


def test_everybody_may_be_on_telegram() -> None:
    """`telegram: all` puts every number on Telegram, a list those that it names in any spelling."""
    with simulated(telegram="all") as sim:
        post(sim, mode="telnumber", to=STRANGER, telauto="false")
        assert sim.messages[0].channel is Way.TELEGRAM
    with simulated(telegram=("0160 9999999",)) as sim:
        assert post(sim, mode="telnumber", to=STRANGER, telauto="false").status_code == 200
        assert post(sim, mode="telnumber", to=BEN, telauto="false").status_code == 400


def test_the_last_of_two_equal_fields_counts_and_the_form_goes_over_the_query(sim: Simulator) -> None:
    """As in PHP's $_REQUEST."""
    body = f"username={USERNAME}&password={PASSWORD}&to={ANNA[1:]}&text=one&text=two"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    requests.post(sim.url, params={"text": "zero", "flash": "1"}, data=body, headers=headers, timeout=10)
    assert arrived(sim) == [(ANNA, "flash", "two")]


@pytest.mark.parametrize(
    ("text", "segments"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("ж" * 70, 1), ("ж" * 71, 2)],
    ids=["160 septets", "161", "80 euros", "70 cyrillic", "71"],
)
def test_a_phone_knows_how_many_segments_an_sms_took(sim: Simulator, text: str, segments: int) -> None:
    """Segments are counted for SMS and flash SMS, and are none for Telegram."""
    post(sim, text=text)
    post(sim, text=text, flash="1")
    post(sim, text=text, mode="telnumber")
    assert [message.segments for message in sim.phone(ANNA).messages] == [segments, segments, 0]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods(sim: Simulator, method: str) -> None:
    """`/api.php` knows GET and POST."""
    assert requests.request(method, sim.url, timeout=10).status_code == 405


@pytest.mark.parametrize(
    "spelling",
    ["+491701234567", "00491701234567", "491701234567", "01701234567", "0170 / 123 45-67", "+49 (170) 1234567"],
)
def test_all_spellings_are_one_phone(sim: Simulator, spelling: str) -> None:
    """0049…, +49…, 49… and 0170… reach one phone, which is found by each of them."""
    post(sim, to=spelling)
    assert sim.phone(spelling) == sim.phone(ANNA)
    assert sim.phone(ANNA).texts == ("Test",)


@given(st.text(max_size=30))
@settings(max_examples=300)
def test_whatever_is_read_as_a_number_reads_as_itself(text: str) -> None:
    """A canonical number is stable, and is digits behind a plus."""
    number = canonical(text, "49")
    if number is not None:
        assert canonical(number, "1") == number
        assert number[0] == "+"
        assert number[1:].isascii()
        assert number[1:].isdigit()


@given(st.integers(min_value=10**6, max_value=10**11))
def test_national_and_international_spellings_agree(subscriber: int) -> None:
    """One leading zero stands for the country code, two for the plus."""
    digits = str(subscriber)
    assert {canonical(head + digits, "49") for head in ("0", "49", "+49", "0049")} == {f"+49{digits}"}


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_any_text_arrives_as_it_was_sent(running: Simulator, text: str) -> None:
    """No character is lost or changed between the form and the phone."""
    running.forget()
    assert post(running, text=text).status_code == 200
    assert running.phone(ANNA).texts == (text,)


def test_the_default_user_is_that_of_the_vendors_examples() -> None:
    """A simulator without settings takes apiuser and secret, and knows no contacts."""
    with Simulator() as sim:
        assert post(sim).status_code == 200
        assert sim.phone(ANNA).name == ""
    assert SETTINGS.users == SimulatorSettings().users
