"""Ages, sexes and times in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

from medai_core.records.store.patients import Patient
from medai_core.records.wording import local_time
from ui.language import _, wording

__all__ = ["local_time"]


def sex_words(code: str | None) -> str:
    """DICOM's code of a sex in words; empty where it is not known."""
    return wording().sex(code)


def whole_years(born: date) -> int:
    """How old somebody is today."""
    return _months(born) // 12


def _months(born: date) -> int:
    today = date.today()
    return 12 * (today.year - born.year) + today.month - born.month - (today.day < born.day)


def age_words(born: date) -> str:
    """How old somebody is: in years, in months below two years."""
    months = _months(born)
    return _("{n} months").format(n=months) if months < 24 else _("{n} years").format(n=months // 12)


def whose(patient: Patient) -> str:
    """The name and birth date that stand beside a result."""
    born = patient.details.birth_date
    return f"{patient.details.name}, {_('born {date}').format(date=born.isoformat())}" if born else patient.details.name


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for size, template in ((86400, _("{n} days ago")), (3600, _("{n} hours ago")), (60, _("{n} minutes ago"))):
        if seconds >= 2 * size:
            return template.format(n=int(seconds // size))
    return _("just now")
