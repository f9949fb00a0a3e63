"""What people text back: the code and the verb, wherever and however they write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.replies import ALPHABET, LENGTH, Answer, Reply, attempted_code, read_replies

ACK, NACK = Answer.ACKNOWLEDGE, Answer.UNACKNOWLEDGE


@pytest.mark.parametrize(
    ("text", "answer", "comment"),
    [
        pytest.param("ACK 7F3K", ACK, "", id="as the message says"),
        pytest.param("7F3K", ACK, "", id="the bare code"),
        pytest.param("7f3k", ACK, "", id="lower case"),
        pytest.param("aCk 7f3K", ACK, "", id="any case"),
        pytest.param("ACK7 7F3K", ACK, "ACK7", id="a mistyped verb"),
        pytest.param("  ack\n7F3K\r\n", ACK, "", id="line ends and blanks"),
        pytest.param("ACK: 7F3K.", ACK, "", id="punctuation"),
        pytest.param("ACK-7F3K", ACK, "", id="a dash"),
        pytest.param("ACK_7F3K", ACK, "", id="an underscore"),
        pytest.param("„ack 7F3K“", ACK, "", id="typographic quotes"),
        pytest.param("(7F3K)", ACK, "", id="brackets"),
        pytest.param("👍7F3K", ACK, "", id="an emoji beside it"),
        pytest.param("ok 7F3K I am on it!", ACK, "I am on it", id="a comment"),
        pytest.param("Ja 7F3K, bin dran", ACK, "bin dran", id="German"),
        pytest.param("JA, 7F3K", ACK, "", id="German in capitals"),
        pytest.param("yes 7F3K", ACK, "", id="yes"),
        pytest.param("acknowledge 7F3K", ACK, "", id="the whole word"),
        pytest.param("7F3K ok", ACK, "", id="the verb behind it"),
        pytest.param("nack 7F3K", NACK, "", id="taken back"),
        pytest.param("UNACK 7f3k sorry", NACK, "sorry", id="taken back with a comment"),
        pytest.param("7F3K nack", NACK, "", id="taken back, the verb behind it"),
        pytest.param("Hallo zusammen, um 7F3K kümmere ich mich", ACK, "Hallo zusammen, um kümmere ich mich", id="amid"),
        pytest.param(
            "bin gleich zu Hause und sehe es mir dann sofort an 7F3K",
            ACK,
            "bin gleich zu Hause und sehe es mir dann sofort an",
            id="at the end of a long text",
        ),
    ],
)
def test_the_code_is_found(text: str, answer: Answer, comment: str) -> None:
    """Wherever the code stands, it is among the readings, with what the sender wants and what else they wrote."""
    readings = {reply.code: reply for reply in read_replies(text)}
    assert readings["7F3K"] == Reply(answer=answer, code="7F3K", comment=comment)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n\t", id="blanks"),
        pytest.param("ok", id="a verb alone"),
        pytest.param("nack", id="a verb of the code's length"),
        pytest.param("7F3", id="too short"),
        pytest.param("7F3KK", id="too long"),
        pytest.param("7F3O", id="a letter that no code has"),
        pytest.param("7F3ß", id="not of the alphabet"),
        pytest.param("7 F 3 K", id="in pieces"),
        pytest.param("👍", id="an emoji"),
    ],
)
def test_no_code(text: str) -> None:
    """What holds no code is no reply."""
    assert read_replies(text) == []


def test_words_that_look_like_a_code_hide_none() -> None:
    """A word made of a code's letters is one reading, the code another: only the engine knows what was sent."""
    assert [reply.code for reply in read_replies("ich bin dran 7F3K")] == ["DRAN", "7F3K"]


def test_several_codes_take_the_verb_before_them() -> None:
    """Each code has its own verb; a code without one follows the nearest."""
    readings = [(reply.code, reply.answer) for reply in read_replies("ack 7F3K 9HJK, nack 2CDE")]
    assert readings == [("7F3K", ACK), ("9HJK", ACK), ("2CDE", NACK)]


def test_a_code_said_twice_is_one_reading() -> None:
    """A quoted message does not answer twice."""
    assert len(read_replies("ack 7F3K\n> Antworten: ACK 7F3K")) == 1


words = st.text("abcdefghijklmnopqrstuvwxyz äöüß.,!?-\n", max_size=40)
codes = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH).filter(lambda code: code not in ("NACK",))


@given(before=words, code=codes, after=words, lower=st.booleans())
def test_any_code_is_found_in_any_text(before: str, code: str, after: str, lower: bool) -> None:
    """Whatever is written around a code, it is among the readings."""
    written = code.lower() if lower else code
    assert code in [reply.code for reply in read_replies(f"{before} {written} {after}")]


@given(st.text(max_size=500))
def test_no_text_breaks_it(text: str) -> None:
    """Any text is read; every code is one that could have been sent, and is there once."""
    readings = read_replies(text)
    assert all(len(reply.code) == LENGTH and set(reply.code) <= set(ALPHABET) for reply in readings)
    assert len({reply.code for reply in readings}) == len(readings)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("ACK 7F3K", "7F3K", id="as the message says"),
        pytest.param("7f3k", "7F3K", id="the bare code"),
        pytest.param("7F3O", "7F3O", id="a letter that no code has"),
        pytest.param("ok 7F3", "7F3", id="a letter is missing"),
        pytest.param("ack 7F3KK", "7F3KK", id="one too many"),
        pytest.param("nack 7F3K", "7F3K", id="given back"),
        pytest.param("ack", "", id="no code at all"),
        pytest.param("Ok!", "", id="only a verb"),
        pytest.param("ack bin gleich da", "", id="a comment and no code"),
        pytest.param("ok 7F3K, bin gleich da", "7F3K", id="a comment"),
        pytest.param("7F3K bin dran", "7F3K", id="the code first"),
        pytest.param("ich nehme 7F3K, ok?", "7F3K", id="amid"),
        pytest.param("klar", "KLAR", id="a word like a code, alone"),
    ],
)
def test_who_means_to_take_something(text: str, code: str) -> None:
    """They are understood to, with the code that they meant, be it one or not."""
    assert attempted_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("👍", id="an emoji"),
        pytest.param("Was ist denn da los?", id="a question"),
        pytest.param("ich bin dran", id="a word like a code in a sentence"),
        pytest.param("ok, ich rufe gleich an", id="a verb in a sentence"),
        pytest.param("Bin im Urlaub bis KW47, dringendes bitte an Ben", id="away, with what looks like a code"),
        pytest.param("I'm driving right now and will text you back later", id="driving"),
        pytest.param("I am out of office until 23/11. In urgent cases call 0170 7654321", id="out of office"),
        pytest.param("Your message has been received. Reply YES for more or STOP to end", id="a provider"),
        pytest.param("Zustellbericht: an 491701234567 um 03:12 zugestellt", id="a delivery report"),
    ],
)
def test_who_means_nothing_of_the_kind(text: str) -> None:
    """Talk, and what phones and providers write by themselves, is no attempt."""
    assert attempted_code(text) is None


@given(st.text(max_size=500))
def test_every_attempt_has_a_code_that_was_written(text: str) -> None:
    """Any text is read; the code, if there is one, stands in it."""
    code = attempted_code(text)
    assert not code or code in text.upper()
