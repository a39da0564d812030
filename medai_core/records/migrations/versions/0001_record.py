"""The record as it began."""

import sqlalchemy as sa
from alembic import op

from medai_core.records.schema import Instant, Sorted

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Counted = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _people()
    _audit()
    _scans()
    _readings()
    _estimates()
    _words()


def _people() -> None:
    """Who is treated, who signed in, what is set."""
    op.create_table(
        "patient",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=64)),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("birth_date", sa.Date()),
        sa.Column("sex", sa.String(length=1)),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("retain_until", sa.Date()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("urgency", sa.Float(), nullable=False),
        sa.Column("urgent_finding", sa.String(length=100)),
        sa.Column("urgent_model", sa.String(length=100)),
        sa.Column("newest_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patient"),
        sa.UniqueConstraint("number", name="uq_patient_number"),
    )
    op.create_index(
        "ix_patient_demo", "patient", ["demo"], sqlite_where=sa.text("demo"), postgresql_where=sa.text("demo")
    )
    op.create_index("ix_patient_refused", "patient", ["refused", "waits", "urgency", "newest_at", "id"])
    op.create_index("ix_patient_retain_until", "patient", ["retain_until"])
    op.create_index("ix_patient_worklist", "patient", ["waits", "urgency", "newest_at", "id"])
    op.create_table(
        "patient_word",
        sa.Column("word", Sorted, nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_patient_word_patient", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "patient", name="pk_patient_word"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_word_patient", "patient_word", ["patient"])
    op.create_table(
        "visit",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("signed_in_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )


def _audit() -> None:
    """The audit; the database itself lets nobody change or remove an entry."""
    op.create_table(
        "audit_entry",
        sa.Column("number", Counted, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("patient", sa.String(length=32)),
        sa.Column("object", sa.String(length=200)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_action", "audit_entry", ["action"])
    op.create_index("ix_audit_entry_patient", "audit_entry", ["patient"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'audit entries stay as they are'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{event.lower()} BEFORE {event} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END"
        )


def _scans() -> None:
    """Files and what they belong to."""
    op.create_table(
        "study",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("uid", sa.String(length=64)),
        sa.Column("acquired_at", sa.DateTime()),
        sa.Column("filed_at", Instant(), nullable=False),
        sa.Column("filed_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_study_patient", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("uid", name="uq_study_uid"),
    )
    op.create_index("ix_study_patient", "study", ["patient"])
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("study", sa.String(length=32), nullable=False),
        sa.Column("uid", sa.String(length=64)),
        sa.Column("modality", sa.String(length=16)),
        sa.Column("body_part", sa.String(length=64)),
        sa.ForeignKeyConstraint(["study"], ["study.id"], name="fk_series_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_study", "series", ["study"])
    op.create_table(
        "scan",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("series", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=64)),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("acquired_at", sa.DateTime()),
        sa.Column("states_patient", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_scan_patient", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_scan_series", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_scan"),
    )
    op.create_index("ix_scan_patient", "scan", ["patient"])
    op.create_index("ix_scan_series", "scan", ["series"])
    op.create_index("ix_scan_sha256", "scan", ["sha256"])


def _readings() -> None:
    """What models say of scans."""
    op.create_table(
        "reading",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("kind", sa.JSON()),
        sa.Column("model", sa.String(length=100)),
        sa.Column("version", sa.String(length=50)),
        sa.Column("weights_sha256", sa.String(length=64)),
        sa.Column("refusal", sa.JSON()),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("coverage", sa.Float()),
        sa.Column("measured_coverage", sa.JSON()),
        sa.Column("notices", sa.JSON(), nullable=False),
        sa.Column("region", sa.JSON()),
        sa.Column("evidence", sa.LargeBinary()),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("read_by", sa.String(length=200), nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("urgency", sa.Float(), nullable=False),
        sa.Column("urgent_finding", sa.String(length=100)),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_reading_patient", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scan"], ["scan.id"], name="fk_reading_scan", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
    )
    op.create_index("ix_reading_patient", "reading", ["patient"])
    op.create_index("ix_reading_scan", "reading", ["scan"])


def _estimates() -> None:
    """What models say of patients, and what was measured."""
    op.create_table(
        "estimate",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=50), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=False),
        sa.Column("recalibrated", sa.Boolean(), nullable=False),
        sa.Column("predictors", sa.JSON(), nullable=False),
        sa.Column("refusals", sa.JSON(), nullable=False),
        sa.Column("risk", sa.Float()),
        sa.Column("low", sa.Float()),
        sa.Column("high", sa.Float()),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("base", sa.Float()),
        sa.Column("contributions", sa.JSON()),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_estimate_patient", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_estimate"),
    )
    op.create_index("ix_estimate_patient", "estimate", ["patient"])
    op.create_table(
        "vital",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("parameter", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("entered_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_vital_patient", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_vital"),
    )
    op.create_index("ix_vital_course", "vital", ["patient", "parameter", "taken_at"])
    op.create_index("ix_vital_patient", "vital", ["patient"])


def _words() -> None:
    """What clinicians say, and what was handed out."""
    op.create_table(
        "verdict",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("reading", sa.String(length=32)),
        sa.Column("estimate", sa.String(length=32)),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("given_by_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["estimate"], ["estimate.id"], name="fk_verdict_estimate", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_verdict_patient", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reading"], ["reading.id"], name="fk_verdict_reading", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_verdict"),
    )
    op.create_index("ix_verdict_estimate", "verdict", ["estimate"])
    op.create_index("ix_verdict_patient", "verdict", ["patient"])
    op.create_index("ix_verdict_reading", "verdict", ["reading"])

    op.create_table(
        "report",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["patient"], ["patient.id"], name="fk_report_patient", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_patient", "report", ["patient"])
