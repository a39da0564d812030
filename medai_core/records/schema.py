"""The tables of the record, alike in SQLite and PostgreSQL; ``migrations`` brings a database to them.

Identifiers are random: a link or an audit entry says nothing about the person. Times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment: aware going in and coming out, UTC inside, where SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The moment in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Json = JSON(none_as_null=True)


def _key(table: str = "") -> Column[str]:
    """A random identifier, or a reference to one that goes when the row it names goes."""
    if not table:
        return Column("id", String(32), primary_key=True)
    return Column(table, String(32), ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=True)


Sorted = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Text that is searched by how it begins, compared code point by code point in both databases."""

patient = Table(
    "patient",
    metadata,
    _key(),
    Column("number", String(64), unique=True),
    Column("name", String(200), nullable=False),
    Column("birth_date", Date),
    Column("sex", String(1)),
    Column("demo", Boolean, nullable=False, default=False),
    Column("retain_until", Date),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(200), nullable=False),
    Column("version", Integer, nullable=False, default=1),
    # What the worklist sorts by, kept in step with the readings by ``store.urgency``.
    Column("waits", Boolean, nullable=False, default=False),
    Column("refused", Boolean, nullable=False, default=False),
    Column("urgency", Float, nullable=False, default=0.0),
    Column("urgent_finding", String(100)),
    Column("urgent_model", String(100)),
    Column("newest_at", Instant, nullable=False),
)
"""A person. ``number`` is DICOM's PatientID; ``version`` counts edits, so that the second of two editors is told.
``waits``: a result is unread; ``refused``: a model gave none; ``urgency``: see ``store.urgency``."""

PLACE = (patient.c.waits, patient.c.urgency, patient.c.newest_at, patient.c.id)
"""A patient's place in the worklist, the greatest first."""
Index("ix_patient_worklist", *PLACE)
Index("ix_patient_refused", patient.c.refused, *PLACE)
Index("ix_patient_retain_until", patient.c.retain_until)
Index("ix_patient_demo", patient.c.demo, sqlite_where=patient.c.demo, postgresql_where=patient.c.demo)

patient_word = Table(
    "patient_word",
    metadata,
    Column("word", Sorted, primary_key=True),
    Column("patient", String(32), ForeignKey("patient.id", ondelete="CASCADE"), primary_key=True),
    # Whether one person has a word that begins so: without the word in it, PostgreSQL reads all that begin so instead.
    Index("ix_patient_word_patient", "patient", "word"),
    sqlite_with_rowid=False,
)
"""What a patient is found by: words of the name, number and birth date, folded."""

study = Table(
    "study",
    metadata,
    _key(),
    _key("patient"),
    Column("uid", String(64), unique=True),
    Column("acquired_at", DateTime),
    Column("filed_at", Instant, nullable=False),
    Column("filed_by", String(200), nullable=False),
)
"""DICOM's study; files without a StudyInstanceUID are a study of their own. ``acquired_at`` is the scanner's clock."""

series = Table(
    "series",
    metadata,
    _key(),
    _key("study"),
    Column("uid", String(64)),
    Column("modality", String(16)),
    Column("body_part", String(64)),
)

scan = Table(
    "scan",
    metadata,
    _key(),
    _key("series"),
    _key("patient"),
    Column("sha256", String(64), nullable=False, index=True),
    Column("uid", String(64)),
    Column("file", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("format", String(16), nullable=False),
    Column("frames", Integer, nullable=False),
    Column("acquired_at", DateTime),
    Column("states_patient", Boolean, nullable=False),
)
"""One file (DICOM's instance), kept as ``scans/<sha256>``. ``states_patient``: its header names a person."""

reading = Table(
    "reading",
    metadata,
    _key(),
    _key("scan"),
    _key("patient"),
    Column("frame", Integer, nullable=False),
    Column("kind", Json),
    Column("model", String(100)),
    Column("version", String(50)),
    Column("weights_sha256", String(64)),
    Column("refusal", Json),
    Column("findings", Json, nullable=False),
    Column("coverage", Float),
    Column("measured_coverage", Json),
    Column("notices", Json, nullable=False),
    Column("region", Json),
    Column("evidence", LargeBinary),
    Column("mask", LargeBinary),
    Column("outline", Json),
    Column("similar", Json),
    Column("measurements", Json),
    Column("seconds", Float, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("read_by", String(200), nullable=False),
    Column("unread", Boolean, nullable=False, default=True),
    Column("urgency", Float, nullable=False, default=0.0),
    Column("urgent_finding", String(100)),
)
"""One model's answer to one scan, as it was given; never changed but for ``unread``."""

estimate = Table(
    "estimate",
    metadata,
    _key(),
    _key("patient"),
    Column("outcome", String(100), nullable=False),
    Column("model", String(100), nullable=False),
    Column("version", String(50), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("recalibrated", Boolean, nullable=False),
    Column("predictors", Json, nullable=False),
    Column("refusals", Json, nullable=False),
    Column("risk", Float),
    Column("low", Float),
    Column("high", Float),
    Column("warnings", Json, nullable=False),
    Column("base", Float),
    Column("contributions", Json),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(200), nullable=False),
)
"""A risk as it was given: ``predictors`` in the card's units, ``contributions`` in log-odds; refused: no risk."""

vital = Table(
    "vital",
    metadata,
    _key(),
    _key("patient"),
    Column("parameter", String(40), nullable=False),
    Column("value", Float, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("entered_by", String(200), nullable=False),
)
"""One vital sign, in the unit of ``store.vitals.PARAMETERS``."""
Index("ix_vital_course", vital.c.patient, vital.c.parameter, vital.c.taken_at)

verdict = Table(
    "verdict",
    metadata,
    _key(),
    _key("patient"),
    Column("reading", String(32), ForeignKey("reading.id", ondelete="CASCADE"), index=True),
    Column("estimate", String(32), ForeignKey("estimate.id", ondelete="CASCADE"), index=True),
    Column("agrees", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("given_by", String(200), nullable=False),
    Column("given_by_name", String(200), nullable=False),
)
"""A clinician's own judgement of one result; a later one stands beside the earlier and counts."""

report = Table(
    "report",
    metadata,
    _key(),
    _key("patient"),
    Column("format", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(200), nullable=False),
)
"""What left the record: its hash tells whether a file in hand is the one that was handed out."""

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("action", String(40), nullable=False, index=True),
    Column("patient", String(32), index=True),
    Column("object", String(200)),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
)
"""Who did what, when, to what; see ``records.audit``. ``detail`` is the canonical JSON that was signed."""

visit = Table(
    "visit",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("signed_in_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
"""One sign-in, by a hash of its cookie: a cookie outlives the 15 idle minutes, this says that it may not."""

setting = Table(
    "setting",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Json, nullable=False),
)
