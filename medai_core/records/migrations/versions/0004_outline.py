"""Kept with a reading: the size of what was outlined, and how similar training images were labelled."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Readings so far have none."""
    op.add_column("reading", sa.Column("outline", sa.JSON))
    op.add_column("reading", sa.Column("similar", sa.JSON))
