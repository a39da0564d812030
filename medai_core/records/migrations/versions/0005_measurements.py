"""Kept with a reading: what the reader measured on the image."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Readings so far have none."""
    op.add_column("reading", sa.Column("measurements", sa.JSON))
