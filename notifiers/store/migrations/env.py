"""How Alembic reaches the store: over the connection that notifiers.store.migrate hands it."""

from alembic import context

from notifiers.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
