"""What is asked of a gateway for every kind of contact by every channel."""

from __future__ import annotations

import pytest

from notifiers.alert import Channel
from notifiers.channels import request_for
from notifiers.gateway.request import Mode, Request
from notifiers.people import Contact

ANNA = Contact(name="anna", number="+491701234567")
BOB = Contact(name="bob", user="17")
DESK = Contact(name="desk", group={"cellar": "11", "roof": "3"}, size=4)
BARE = Contact(name="bare", group={"": "5"})


def _asked(contact: Contact, channel: Channel, gateway: str = "cellar", text: str = "db1 is down") -> Request | None:
    return request_for(contact, channel, text, gateway, "cellar")


PEOPLE = [
    (ANNA, Channel.TELEGRAM, Mode.TELNUMBER, {"telauto": False}),
    (ANNA, Channel.AUTO, Mode.TELNUMBER, {}),
    (ANNA, Channel.SMS, Mode.NUMBER, {}),
    (ANNA, Channel.FLASH, Mode.NUMBER, {"flash": True}),
    (ANNA, Channel.RING, Mode.NUMBER, {"ring": True}),
    (BOB, Channel.TELEGRAM, Mode.TELUSER, {"telauto": False}),
    (BOB, Channel.AUTO, Mode.TELUSER, {}),
    (BOB, Channel.SMS, Mode.USER, {}),
    (BOB, Channel.FLASH, Mode.USER, {"flash": True}),
    (BOB, Channel.RING, Mode.USER, {"ring": True}),
]
GROUPS = [
    (Channel.TELEGRAM, Mode.TELGROUP, {}),
    (Channel.AUTO, Mode.TELGROUP, {}),
    (Channel.SMS, Mode.GROUP, {}),
    (Channel.FLASH, Mode.GROUP, {"flash": True}),
]


@pytest.mark.parametrize(
    ("contact", "channel", "mode", "options"), PEOPLE, ids=[f"{row[0].name}-{row[1]}" for row in PEOPLE]
)
def test_person(contact: Contact, channel: Channel, mode: Mode, options: dict[str, bool]) -> None:
    """A person is reached by number or address-book entry; telegram alone turns the SMS fallback off."""
    to = contact.number or contact.user
    assert _asked(contact, channel) == Request(to=to, mode=mode, text="db1 is down", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("channel", "mode", "options"), GROUPS, ids=[row[0].value for row in GROUPS])
def test_group(channel: Channel, mode: Mode, options: dict[str, bool]) -> None:
    """A group's telegram keeps the SMS fallback, so that no member goes without."""
    assert _asked(DESK, channel) == Request(to="11", mode=mode, text="db1 is down", **options)  # type: ignore[arg-type]


def test_a_group_is_never_rung() -> None:
    """There is no ringing phone of a group."""
    assert _asked(DESK, Channel.RING) is None


@pytest.mark.parametrize(
    ("contact", "gateway", "to"),
    [(DESK, "cellar", "11"), (DESK, "roof", "3"), (DESK, "attic", None), (BARE, "cellar", "5"), (BARE, "roof", None)],
    ids=["first", "second", "unknown-there", "bare-on-first", "bare-on-second"],
)
def test_group_ids_belong_to_their_gateway(contact: Contact, gateway: str, to: str | None) -> None:
    """Another gateway's id is never used: it would be another group."""
    request = _asked(contact, Channel.SMS, gateway)
    assert (request.to if request else None) == to


def test_own_id_on_first_gateway_beats_the_bare_one() -> None:
    """An id named for a gateway is more particular than a bare one."""
    both = Contact(name="both", group={"": "5", "cellar": "6"})
    request = _asked(both, Channel.SMS)
    assert request is not None
    assert request.to == "6"


def test_ring_always_carries_a_text() -> None:
    """The vendor lists the text as necessary even where it is ignored."""
    silent, spoken = _asked(ANNA, Channel.RING, text=""), _asked(ANNA, Channel.RING)
    assert silent is not None
    assert silent.text
    assert spoken is not None
    assert spoken.text == "db1 is down"


@pytest.mark.parametrize("channel", list(Channel))
def test_nobody_to_reach(channel: Channel) -> None:
    """A contact without any address gives no request, by no channel."""
    assert _asked(Contact(name="ghost"), channel) is None
