"""The environment variables that ``notify-icinga`` reads, for an ``env`` of its NotificationCommand.

The script hands over what begins with ``PREFIX``; Icinga sets no variables of its own.
"""

from __future__ import annotations

from integrations.notification import OPTIONS, PREFIX
from notifiers.options import OptionReader

READER = OptionReader(OPTIONS, prefix=PREFIX)

NAMES = READER.variables
"""As ``NOTIFY_OUTPUT``, in the order of the options."""
