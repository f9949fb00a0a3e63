"""From a contact and a channel to what is asked of a gateway. Pure; the engine calls it for every attempt.

| channel  | a number                     | a user                     | a group                       |
|----------|------------------------------|----------------------------|-------------------------------|
| telegram | telnumber, ``telauto=false`` | teluser, ``telauto=false`` | telgroup, as ``auto``         |
| auto     | telnumber                    | teluser                    | telgroup                      |
| sms      | number                       | user                       | group                         |
| flash    | number, ``flash``            | user, ``flash``            | group, ``flash``              |
| ring     | number, ``ring``             | user, ``ring``             | none: a group cannot be rung  |

``telauto=false`` makes the gateway refuse someone who is not on Telegram, so that our ladder decides what comes
next. For a group it is left out: members without Telegram might get nothing, and nobody would know. The id of a
group belongs to the gateway that keeps it; on a gateway that does not know the group there is no request.
"""

from __future__ import annotations

from notifiers.alert import Channel
from notifiers.gateway.request import Mode, Request
from notifiers.people import Contact

# The vendor calls `text` necessary and ignores it with `ring`; an empty field might count as a missing one.
_RING_TEXT = "ring"


def request_for(contact: Contact, channel: Channel, text: str, gateway: str, first_gateway: str) -> Request | None:
    """What to ask of ``gateway`` to reach the contact by the channel; None if that cannot be done there.

    ``first_gateway`` names the gateway that a bare group id belongs to.
    """
    telegram = channel in (Channel.TELEGRAM, Channel.AUTO)
    if contact.number:
        to, mode = contact.number, Mode.TELNUMBER if telegram else Mode.NUMBER
    elif contact.user:
        to, mode = contact.user, Mode.TELUSER if telegram else Mode.USER
    else:
        to, mode = _group_on(contact, gateway, first_gateway), Mode.TELGROUP if telegram else Mode.GROUP
    is_group = mode in (Mode.GROUP, Mode.TELGROUP)
    if not to or (is_group and channel is Channel.RING):
        return None
    return Request(
        to=to,
        mode=mode,
        text=text or (_RING_TEXT if channel is Channel.RING else ""),
        ring=channel is Channel.RING,
        flash=channel is Channel.FLASH,
        telauto=False if channel is Channel.TELEGRAM and not is_group else None,
    )


def _group_on(contact: Contact, gateway: str, first_gateway: str) -> str:
    named = contact.group.get(gateway, "")
    return named or (contact.group.get("", "") if gateway == first_gateway else "")
