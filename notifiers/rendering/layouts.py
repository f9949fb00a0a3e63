"""Layouts: texts of a form that an alert asks for, instead of the form of its kind.

An alert asks by the annotation ``brevisone_layout``. What it asks for comes from outside, so only a name that some
template has counts.
"""

from __future__ import annotations

import re

from jinja2 import BaseLoader

from notifiers.alert import Alert

LAYOUT = "brevisone_layout"
"""The annotation by which an alert asks for a layout."""
_FOLDER = "layout/"
_TEMPLATE = re.compile(r"((?:sms|telegram)/layout/[A-Za-z0-9_-]+)\.[^/]+\.j2")


def is_layout(kind: str) -> bool:
    """Whether a template of this kind is a layout, as ``layout/plugin``."""
    return kind.startswith(_FOLDER)


def layout_of(alert: Alert) -> str:
    """The layout that an alert asks for, as ``layout/plugin``, whether there is one or not."""
    return _FOLDER + alert.annotations.get(LAYOUT, "")


def layouts_in(loader: BaseLoader) -> frozenset[str]:
    """Every layout that there is a template for, with its folder, as ``sms/layout/plugin``."""
    try:
        names = loader.list_templates()
    except OSError:
        return frozenset()
    return frozenset(found[1] for name in names if (found := _TEMPLATE.fullmatch(name)))
