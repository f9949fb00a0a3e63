"""The first schema.

Written out by the schema itself: as long as there is one version, both are the same thing. The second version freezes
this one.
"""

from alembic import op

from notifiers.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
