"""Every error that this product raises on purpose, in one tree.

    BrevisoneError                 whatever we raise; its text is fit to be shown to an administrator
    ├── ConfigurationError         the configuration cannot be used; carries every problem found
    ├── NotUnderstood              a raw call or body of a monitoring system holds no alert that we can read
    ├── NothingToHandOver          an entry script was called with nothing that could be an alert (exit 3)
    ├── HandOverError              an entry could not be made durable
    ├── SpoolError                 an entry in the spool cannot be read or moved
    │   ├── EntryGone              it vanished meanwhile
    │   ├── EntryTooNew            a newer version wrote it; it stays where it is
    │   └── NotNow                 this process can open no file at the moment, whatever is in it
    ├── IllegalTransition          a state machine was asked for a step that its table does not have
    ├── TemplateError              a template failed; the built-in text takes its place
    ├── GatewayError               a gateway gave no answer; becomes an outcome within ``notifiers.gateway``
    ├── StoreError                 the store cannot be used
    │   ├── StoreAway              it does not answer for now; the spool keeps what comes
    │   │   └── StoreUnwritable    its disk is full, read-only or broken; alerts are told from memory
    │   ├── StoreMended            its disk, of which memory knew nothing, is sound again: the engine begins anew
    │   └── SchemaTooNew           this program is older than the schema that it found
    └── StateError                 the STATE folder cannot be used
        └── StateLocked            another engine holds the lock

A message says what was wrong, where (file, line, field), and what to do. No message holds a secret.
"""

from __future__ import annotations


class BrevisoneError(Exception):
    """The root of the tree."""


class ConfigurationError(BrevisoneError):
    """The configuration cannot be used.

    ``problems`` are whole sentences, one a mistake, each with file, line and field where they are known.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotUnderstood(BrevisoneError):
    """A raw call or body holds no alert that can be read. What came is told to somebody as it came."""


class NothingToHandOver(BrevisoneError):
    """An entry script was called with nothing that could be an alert."""


class HandOverError(BrevisoneError):
    """An entry could not be made durable."""


class SpoolError(BrevisoneError):
    """An entry in the spool cannot be read or moved."""


class EntryGone(SpoolError):
    """An entry vanished meanwhile. There is nothing to do."""


class NotNow(SpoolError):
    """This process, or the machine, has no files or memory left: that says nothing about the entry, which stays."""


class EntryTooNew(SpoolError):
    """A newer version of this program wrote the entry. It stays in the spool until that version reads it."""


class IllegalTransition(BrevisoneError):
    """A state machine was asked for a step that its table does not have. Nothing was changed."""


class TemplateError(BrevisoneError):
    """A template failed. The built-in text takes its place."""


class GatewayError(BrevisoneError):
    """A gateway gave no answer. Becomes an outcome within ``notifiers.gateway`` and never leaves it."""


class StoreError(BrevisoneError):
    """The store cannot be used."""


class StoreAway(StoreError):
    """The store does not answer for now."""


class StoreUnwritable(StoreAway):
    """The store's disk is full, read-only or broken."""


class StoreMended(StoreError):
    """The store's disk could not be read, and can be again. What is in memory knew nothing of it, and ends here."""


class SchemaTooNew(StoreError):
    """This program is older than the schema that it found."""


class StateError(BrevisoneError):
    """The STATE folder cannot be used."""


class StateLocked(StateError):
    """Another engine holds the lock on STATE."""
