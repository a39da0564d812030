"""Whether one person has a word that begins so is answered by an index alone."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the word into the index of the people."""
    op.drop_index("ix_patient_word_patient", "patient_word")
    op.create_index("ix_patient_word_patient", "patient_word", ["patient", "word"])
