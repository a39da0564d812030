"""What a model outlined is kept with its reading, to be handed out as a segmentation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Readings so far have none."""
    op.add_column("reading", sa.Column("mask", sa.LargeBinary))
