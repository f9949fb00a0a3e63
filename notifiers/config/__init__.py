"""The configuration: one YAML file, every mistake in it told at once, and the pure types that it makes.

``load`` reads the file that ``find`` found; ``from_mapping`` does without a file. The engine, the service and the
command line get a ``Configuration``; the pure core never imports this package.
"""

from notifiers.config.load import DEFAULT_FILE, VARIABLE, find, from_mapping, load
from notifiers.config.models import Configuration
from notifiers.config.secret import Secret
from notifiers.config.service import Address, Role
from notifiers.config.store import StoreKind, StoreSettings

__all__ = [
    "DEFAULT_FILE",
    "VARIABLE",
    "Address",
    "Configuration",
    "Role",
    "Secret",
    "StoreKind",
    "StoreSettings",
    "find",
    "from_mapping",
    "load",
]
