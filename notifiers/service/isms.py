"""The iSMS protocol: what a gateway posts when it forwards an SMS in the form made for acknowledging Nagios alerts.

No capture of the device's own request is public, so every shape that its manual and its relatives use is taken: bare
XML or a form field, one message or several, text as it is or as UTF-16 in hex. A document type is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from notifiers.errors import NotUnderstood

MOST = 100
"""Messages in one request."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{4})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A text that came back from a phone."""

    sender: str
    """As the gateway writes numbers: with ``+``, ``00`` or neither."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a request held."""

    messages: tuple[Received, ...]
    password: str | None = None
    """Of the form; the gateway may send one."""


def read_isms(body: bytes) -> Posted:
    """The messages in a body. Raises NotUnderstood, saying why, if there is none."""
    if body.lstrip().startswith(b"<"):
        return Posted(messages=_messages(body.strip()))
    fields = _fields(body)
    xml = fields.get(b"xmldata", b"").strip()
    if not xml:
        raise NotUnderstood("there is no XML: neither as the body nor in its field XMLDATA")
    password = fields.get(b"password")
    return Posted(messages=_messages(xml), password=None if password is None else password.decode("utf-8", "replace"))


def as_written(number: str) -> str:
    """A number from a form: a blank before its digits was a plus that nobody percent-encoded."""
    return "+" + number.strip() if re.match(r" \d", number) else number.strip()


def _fields(body: bytes) -> dict[bytes, bytes]:
    """The fields of a form. XML that was not percent-encoded, with an & in it, stays whole if it comes last."""
    head, separator, xml = _split_raw_xml(body)
    fields: dict[bytes, bytes] = {}
    for pair in head.split(b"&"):
        name, _, value = pair.partition(b"=")
        fields.setdefault(_decoded(name).strip().lower(), _decoded(value))
    if separator:
        fields[b"xmldata"] = xml
    return fields


def _split_raw_xml(body: bytes) -> tuple[bytes, bool, bytes]:
    match = re.search(rb"(?i)(?:^|&)xmldata=(?=\s*<)", body)
    return (body[: match.start()], True, body[match.end() :]) if match else (body, False, b"")


def _decoded(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _messages(xml: bytes) -> tuple[Received, ...]:
    root = _parsed(xml)
    found = [root] if _name(root) == "messagenotification" else [e for e in root.iter() if _is_message(e)]
    if not found:
        raise NotUnderstood("the XML holds no MessageNotification")
    if len(found) > MOST:
        raise NotUnderstood(f"the XML holds {len(found)} messages, more than {MOST}")
    return tuple(_message(element) for element in found)


def _parsed(xml: bytes) -> Element:
    try:
        try:
            root: Element = fromstring(xml, forbid_dtd=True)
        except ParseError:
            if xml.startswith(b"<?xml"):
                raise
            # Without a declaration a parser expects UTF-8; devices write ISO 8859-1.
            root = fromstring(xml.decode("iso-8859-1"), forbid_dtd=True)
    except ParseError as error:
        raise NotUnderstood(f"the XML cannot be read: {error}") from error
    except DefusedXmlException as error:
        raise NotUnderstood("the XML has a document type or entities of its own, which is refused") from error
    except (ValueError, LookupError) as error:
        raise NotUnderstood("the XML has an encoding that cannot be read") from error
    return root


def _message(element: Element) -> Received:
    fields = {_name(child): (child.text or "") for child in element}
    sender = as_written(fields.get("sendernumber", ""))
    if not sender:
        raise NotUnderstood("a MessageNotification has no SenderNumber")
    text = fields.get("message", "")
    if fields.get("encodingflag", "").strip().lower() == "unicode":
        text = _from_hex(text)
    return Received(sender=sender, text=text.strip())


def _from_hex(text: str) -> str:
    """UTF-16BE in hex, with or without ``;`` between the characters; anything else stays as it is."""
    digits = re.sub(r"[;\s]", "", text)
    if not _HEX.fullmatch(digits):
        return text
    return bytes.fromhex(digits).decode("utf-16-be", "replace")


def _is_message(element: Element) -> bool:
    return _name(element) == "messagenotification"


def _name(element: Element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2].lower()
