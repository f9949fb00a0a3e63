"""The rule "brevis.one" in the notification parameters of Checkmk 2.3 and newer.

Copy to ``~/local/lib/python3/cmk_addons/plugins/brevisone/rulesets/brevisone.py`` of the site. Checkmk gives
every key to the script as a variable: ``recipients`` as ``NOTIFY_PARAMETER_RECIPIENTS``. The name must be the script's.
"""

from cmk.rulesets.v1 import Help, Title
from cmk.rulesets.v1.form_specs import (
    DefaultValue,
    DictElement,
    Dictionary,
    SingleChoice,
    SingleChoiceElement,
    String,
)
from cmk.rulesets.v1.rule_specs import NotificationParameters, Topic

_CHANNELS = {
    "telegram": "Telegram",
    "sms": "SMS",
    "flash": "SMS shown at once (flash)",
    "ring": "Call",
    "auto": "Telegram, else SMS, as the gateway decides",
}


def _form() -> Dictionary:
    return Dictionary(
        title=Title("brevis.one"),
        help_text=Help("How people are reached is configured in the notifier; leave all of this out to use that."),
        elements={
            "recipients": DictElement(
                parameter_form=String(
                    title=Title("Recipients"),
                    help_text=Help(
                        "Contacts or teams of the notifier, phone numbers, or mode:recipient as group:11; several by"
                        " comma. Left out: the pager address of the notified user."
                    ),
                ),
            ),
            "channel": DictElement(
                parameter_form=SingleChoice(
                    title=Title("One channel alone"),
                    help_text=Help("Instead of the whole ladder from Telegram to a call."),
                    elements=[SingleChoiceElement(name=name, title=Title(title)) for name, title in _CHANNELS.items()],
                    prefill=DefaultValue("sms"),
                ),
            ),
            "url_prefix": DictElement(
                parameter_form=String(
                    title=Title("Address of this site"),
                    help_text=Help("For links to the host or service, as https://monitoring.example.org/mysite"),
                ),
            ),
        },
    )


rule_spec_brevisone = NotificationParameters(
    title=Title("brevis.one"),
    topic=Topic.NOTIFICATIONS,
    parameter_form=_form,
    name="brevisone",
)
