"""The Zabbix media types that we ship: the same templates everywhere, each understood by our own parser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
import yaml

from integrations.zabbix import integration
from integrations.zabbix.parser import LINK_TAG
from notifiers.alert import Kind, Severity
from notifiers.integration import Call, HandedOver

FOLDER = files("integrations.zabbix")
FILES = ("media_type_6.0.yaml", "media_type_7.0.yaml", "media_type_webhook.yaml")


def media_type(name: str) -> dict[str, Any]:
    """The one media type of a file."""
    export = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["zabbix_export"]
    (found,) = export["media_types"]
    return {"version": export["version"], **found}


TEMPLATES = {
    (template["event_source"], template["operation_mode"]): template
    for template in media_type("media_type_6.0.yaml")["message_templates"]
}
MACROS = {
    "EVENT.ID": "4711",
    "EVENT.NSEVERITY": "4",
    "EVENT.SEVERITY": "High",
    "EVENT.UPDATE.NSEVERITY": "5",
    "EVENT.UPDATE.SEVERITY": "Disaster",
    "EVENT.UPDATE.ACTION": "acknowledged",
    "EVENT.ACK.STATUS": "Yes",
    "EVENT.TAGSJSON": '[{"tag":"a","value":"b"}]',
    "TRIGGER.URL": "https://x/",
}


def filled(template: dict[str, str], value: str) -> tuple[str, str]:
    """Subject and message as Zabbix sends them, with line breaks as it writes them."""
    macros = {**MACROS, "EVENT.VALUE": value}

    def macro(match: re.Match[str]) -> str:
        return macros.get(match[1], f"<{match[1]}>")

    subject, message = (re.sub(r"\{([A-Z.]+)\}", macro, template[part]) for part in ("subject", "message"))
    return subject, message.rstrip("\n").replace("\n", "\r\n")


def test_versions() -> None:
    """6.0 refuses files of 7.0, and every version reads files of 6.0."""
    assert [media_type(name)["version"] for name in FILES] == ["6.0", "7.0", "6.0"]


def test_templates_are_the_same_everywhere() -> None:
    """Which media type is used makes no difference to what is told."""
    first, *others = [media_type(name)["message_templates"] for name in FILES]
    assert all(other == first for other in others)


def test_every_operation_has_a_template() -> None:
    """Without one Zabbix sends nothing for it."""
    assert set(TEMPLATES) == {
        *(("TRIGGERS", mode) for mode in ("PROBLEM", "RECOVERY", "UPDATE")),
        *(("SERVICE", mode) for mode in ("PROBLEM", "RECOVERY", "UPDATE")),
        *(("INTERNAL", mode) for mode in ("PROBLEM", "RECOVERY")),
        ("DISCOVERY", "PROBLEM"),
        ("AUTOREGISTRATION", "PROBLEM"),
    }


@pytest.mark.parametrize(
    ("source", "mode", "kind", "severity"),
    [
        ("TRIGGERS", "PROBLEM", Kind.PROBLEM, Severity.CRITICAL),
        ("TRIGGERS", "RECOVERY", Kind.RECOVERY, Severity.INFO),
        ("TRIGGERS", "UPDATE", Kind.ACKNOWLEDGEMENT, Severity.CRITICAL),
        ("SERVICE", "PROBLEM", Kind.PROBLEM, Severity.CRITICAL),
        ("SERVICE", "RECOVERY", Kind.RECOVERY, Severity.INFO),
        ("SERVICE", "UPDATE", Kind.PROBLEM, Severity.CRITICAL),
        ("INTERNAL", "PROBLEM", Kind.PROBLEM, Severity.ERROR),
        ("INTERNAL", "RECOVERY", Kind.RECOVERY, Severity.INFO),
        ("DISCOVERY", "PROBLEM", Kind.CUSTOM, Severity.INFO),
        ("AUTOREGISTRATION", "PROBLEM", Kind.CUSTOM, Severity.INFO),
    ],
)
def test_every_template_is_understood(source: str, mode: str, kind: Kind, severity: Severity) -> None:
    """Filled in, each gives an alert of the right kind without a note."""
    subject, message = filled(TEMPLATES[source, mode], "0" if mode == "RECOVERY" else "1")
    call = Call(argv=("anna", subject, message))
    (alert,) = integration.parse(HandedOver(source="zabbix", received_at=datetime.now(UTC), call=call))
    assert (alert.kind, alert.severity, alert.notes) == (kind, severity, ())
    assert alert.key == ("" if kind is Kind.CUSTOM else "4711")
    assert alert.service


@pytest.mark.parametrize("name", FILES)
def test_parameters_beside_the_message_are_known(name: str) -> None:
    """What a media type hands over beside the message gives no note, even with no macro filled in."""
    listed = media_type(name)["parameters"]
    if name == "media_type_webhook.yaml":
        given = {entry["name"]: entry["value"] for entry in listed}
        assert {"brevisone_url", "brevisone_token", "to", "subject", "message"} <= set(given)
        words = [f"{key}: {value}" for key, value in given.items()][5:]
    else:
        words = [entry["value"] if isinstance(entry, dict) else entry for entry in listed]
        assert words[:3] == ["{ALERT.SENDTO}", "{ALERT.SUBJECT}", "{ALERT.MESSAGE}"]
        words = words[3:]
    call = Call(argv=("anna", *filled(TEMPLATES["TRIGGERS", "PROBLEM"], "1"), *words))
    (alert,) = integration.parse(HandedOver(source="zabbix", received_at=datetime.now(UTC), call=call))
    assert (alert.kind, alert.key, alert.notes) == (Kind.PROBLEM, "4711", ())


def test_the_webhook_gives_events_a_link() -> None:
    """The tag that the script returns is the one that the event's menu shows, and that the parser knows as ours."""
    webhook = media_type("media_type_webhook.yaml")
    assert (webhook["process_tags"], webhook["show_event_menu"]) == ("YES", "YES")
    assert webhook["event_menu_url"] == f"{{EVENT.TAGS.{LINK_TAG}}}"
    assert webhook["event_menu_name"] == "brevis.one: who was told"
    assert f"result.tags.{LINK_TAG} = link" in webhook["script"]


def test_the_script_of_the_webhook_is_the_one_that_can_be_read() -> None:
    """The file beside it is what the media type holds."""
    assert media_type("media_type_webhook.yaml")["script"] == (FOLDER / "webhook.js").read_text(encoding="utf-8")
