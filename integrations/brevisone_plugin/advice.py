"""What a person who calls ``notify-brevisone`` by hand is told of flags that a configuration has made idle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from integrations.brevisone_plugin.flags import read, way_of
from notifiers import config
from notifiers.errors import BrevisoneError
from notifiers.handover import say


def advise(argv: Sequence[str]) -> None:
    """Say on stdout that the flags of the gateway do not count, if they name one that is not configured."""
    way = way_of(read(argv, {}), "")
    if not way.gateway:
        return
    file = config.find(None, os.environ)
    try:
        known = {settings.host for settings in config.load(file).gateway_settings}
    except (BrevisoneError, OSError):
        return  # it belongs to the service's user, or check-config says what is wrong with it
    if (urlsplit(way.url).hostname or "") not in known:
        say(f"{file} names the gateways: --gateway {way.gateway}, which is none of them, does not count", handle=1)
