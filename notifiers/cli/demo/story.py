"""What happens in the demo, act by act, each told when it really happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from notifiers.cli.demo.scene import ANNA, DemoFailed, Scene
from notifiers.cli.demo.telling import Teller
from notifiers.replies import ALPHABET, LENGTH
from notifiers.simulator import Message, Way

T = TypeVar("T")

WITHIN = 12.0
"""Seconds that every act may take; the longest wait of the ladder is four."""
QUIET = 5.0
"""Seconds of silence after the answer: longer than the wait for the next call."""
_CODE = re.compile(rf"\b[{ALPHABET}]{{{LENGTH}}}\b")

_PROBLEM = (
    "--to", "anna", "--type", "PROBLEM", "-H", "db1", "-S", "disk /var", "-s", "CRITICAL",
    "-o", "DISK CRITICAL - /var 98% used (312 MB free)", "--problem-id", "4711", "--number", "1",
)  # fmt: skip
_RECOVERY = (
    "--to", "anna", "--type", "RECOVERY", "-H", "db1", "-S", "disk /var", "-s", "OK",
    "-o", "DISK OK - /var 61% used", "--last-problem-id", "4711",
)  # fmt: skip


def tell(scene: Scene) -> None:
    """Play it through, and print the timeline. Raises DemoFailed."""
    with Teller(scene) as teller:
        teller.opening()
        teller.calls("nagios", "db1's disk is nearly full", _PROBLEM)
        scene.call("notify-nagios", *_PROBLEM)
        telegram = _arrival(scene, teller, Way.TELEGRAM, "waiting for the Telegram message")
        _arrival(scene, teller, Way.SMS, "Anna does not look at it; an SMS follows after 3 s")
        _arrival(scene, teller, Way.RING, "nor at that; her phone rings after another 4 s")
        _answer(scene, teller, telegram)
        _nothing_more(scene, teller)
        teller.calls("nagios", "the disk has space again", _RECOVERY)
        scene.call("notify-nagios", *_RECOVERY)
        _arrival(scene, teller, Way.TELEGRAM, "waiting for the notice")
        _settled(scene, teller)
        teller.closing()


def _arrival(scene: Scene, teller: Teller, way: Way, meanwhile: str) -> Message:
    """The next thing on Anna's phone, which must have come this way."""
    before = len(scene.simulator.phone(ANNA).messages)

    def look() -> Message | None:
        messages = scene.simulator.phone(ANNA).messages
        return messages[before] if len(messages) > before else None

    message = _wait(scene, teller, look, meanwhile)
    if message.channel is not way:
        raise DemoFailed(f"it came by {message.channel} instead of {way}\n{scene.log()}")
    teller.arrives(message)
    return message


def _answer(scene: Scene, teller: Teller, telegram: Message) -> None:
    """Anna takes the problem with the code that she was sent; the gateway forwards what she writes to the service."""
    code = _CODE.search(telegram.text)
    if code is None:
        raise DemoFailed(f"there is no code to answer with in {telegram.text!r}")
    text = f"{code.group()} on my way"
    teller.answers(text)
    forwarded = scene.simulator.answer(ANNA, text)
    if not all(one.taken for one in forwarded) or not forwarded:
        raise DemoFailed(f"the service did not take the answer: {forwarded}\n{scene.log()}")
    _wait(scene, teller, lambda: teller.incident_is("acknowledged"), "the answer is taken in", poll=True)


def _nothing_more(scene: Scene, teller: Teller) -> None:
    """Two more calls would have followed."""
    before = len(scene.simulator.phone(ANNA).messages)
    with teller.meanwhile(f"{QUIET:g} s of silence: two more calls would have followed"):
        try:
            scene.simulator.wait_for(lambda: len(scene.simulator.phone(ANNA).messages) > before, QUIET)
        except TimeoutError:
            teller.silence()
            return
    raise DemoFailed(f"something was sent after the answer\n{scene.log()}")


def _settled(scene: Scene, teller: Teller) -> None:
    _wait(scene, teller, lambda: teller.incident_is("resolved") and teller.nothing_under_way(), "", poll=True)


def _wait(scene: Scene, teller: Teller, look: Callable[[], T | None], meanwhile: str, *, poll: bool = False) -> T:
    with teller.meanwhile(meanwhile):
        try:
            found = teller.poll(look, WITHIN) if poll else scene.simulator.wait_for(look, WITHIN)
        except TimeoutError as error:
            raise DemoFailed(f"{meanwhile}: {error}\n{scene.log()}") from error
    if found is None:
        raise DemoFailed(f"{meanwhile}: nothing came\n{scene.log()}")
    return found
