"""The environment macros of Nagios that matter to a notification.

With ``enable_environment_macros=1`` the daemon sets them for every command it runs; arguments and ``NOTIFY_…``
variables win over them. ``notify-nagios`` hands over what begins with ``NOTIFY_``, and the variables of ``NAMES``.
"""

from __future__ import annotations

from collections.abc import Mapping

# Option's variable -> macros, the first that is set; {} is HOST or SERVICE, whichever is notified about.
_MACROS = {
    "NOTIFY_TO": ("NAGIOS_CONTACTPAGER",),
    "NOTIFY_TYPE": ("NAGIOS_NOTIFICATIONTYPE",),
    "NOTIFY_HOST": ("NAGIOS_HOSTNAME",),
    "NOTIFY_SERVICE": ("NAGIOS_SERVICEDESC",),
    "NOTIFY_STATE": ("NAGIOS_{}STATE",),
    "NOTIFY_OUTPUT": ("NAGIOS_{}OUTPUT",),
    "NOTIFY_LONG_OUTPUT": ("NAGIOS_LONG{}OUTPUT",),
    "NOTIFY_COMMENT": ("NAGIOS_{}ACKCOMMENT", "NAGIOS_NOTIFICATIONCOMMENT"),
    "NOTIFY_AUTHOR": ("NAGIOS_{}ACKAUTHOR", "NAGIOS_NOTIFICATIONAUTHOR"),
    "NOTIFY_DATE": ("NAGIOS_LONGDATETIME",),
    "NOTIFY_ADDRESS": ("NAGIOS_HOSTADDRESS",),
    "NOTIFY_DISPLAY_NAME": ("NAGIOS_{}DISPLAYNAME",),
    "NOTIFY_PROBLEM_ID": ("NAGIOS_{}PROBLEMID",),
    "NOTIFY_LAST_PROBLEM_ID": ("NAGIOS_LAST{}PROBLEMID",),
    "NOTIFY_NUMBER": ("NAGIOS_{}NOTIFICATIONNUMBER",),
}

_OF = {
    what: {variable: tuple(macro.format(what) for macro in macros) for variable, macros in _MACROS.items()}
    for what in ("HOST", "SERVICE")
}
NAMES = tuple(dict.fromkeys(macro for variable in _MACROS for what in _OF for macro in _OF[what][variable]))
"""Every macro that is read."""


def variables(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of the options, filled from the daemon's macros where nobody set them."""
    if not env:  # as most daemons are configured
        return {}
    what = "SERVICE" if env.get("NAGIOS_SERVICEDESC") else "HOST"
    filled = dict(env)
    for variable, macros in _OF[what].items():
        if not filled.get(variable):
            filled[variable] = next((env[macro] for macro in macros if env.get(macro)), "")
    return filled
