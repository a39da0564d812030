"""What a segmentation model outlined is kept in numbers beside its mask, so that lists can say it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Readings so far have none."""
    op.add_column("reading", sa.Column("outline", sa.JSON))
