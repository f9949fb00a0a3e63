"""What the engine remembers: schema, queries and migrations. SQL only stores and claims; nothing is decided here."""

from notifiers.store.connect import Store, open_store

__all__ = ["Store", "open_store"]
