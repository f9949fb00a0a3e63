"""The rule "brevis.one" in the notification parameters of Checkmk 2.0 to 2.2.

Copy to ``~/local/share/check_mk/web/plugins/wato/brevisone.py`` of the site. Newer ones need
``rulespec.py``, which is the same.
"""

from cmk.gui.i18n import _
from cmk.gui.valuespec import Dictionary, DropdownChoice, TextInput
from cmk.gui.wato import register_notification_parameters

register_notification_parameters(
    "brevisone",
    Dictionary(
        title=_("brevis.one"),
        help=_("How people are reached is configured in the notifier; leave all of this out to use that."),
        optional_keys=["recipients", "channel", "url_prefix"],
        elements=[
            (
                "recipients",
                TextInput(
                    title=_("Recipients"),
                    help=_(
                        "Contacts or teams of the notifier, phone numbers, or mode:recipient as group:11; several by"
                        " comma. Left out: the pager address of the notified user."
                    ),
                    size=40,
                ),
            ),
            (
                "channel",
                DropdownChoice(
                    title=_("One channel alone"),
                    help=_("Instead of the whole ladder from Telegram to a call."),
                    choices=[
                        ("telegram", _("Telegram")),
                        ("sms", _("SMS")),
                        ("flash", _("SMS shown at once (flash)")),
                        ("ring", _("Call")),
                        ("auto", _("Telegram, else SMS, as the gateway decides")),
                    ],
                    default_value="sms",
                ),
            ),
            (
                "url_prefix",
                TextInput(
                    title=_("Address of this site"),
                    help=_("For links to the host or service, as https://monitoring.example.org/mysite"),
                    size=60,
                ),
            ),
        ],
    ),
)
