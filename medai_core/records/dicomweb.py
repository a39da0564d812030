"""The PACS by DICOMweb (PS3.18): find studies, fetch one, store results back."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlparse

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset

from medai_core.errors import RecordError
from medai_core.records.wording import patient_title

WHOLE = (("application/dicom", "*"),)
"""Instances as they are stored: whatever they are compressed with."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONNECT_S, READ_S = 10, 120


@dataclass(frozen=True)
class Pacs:
    """Where a PACS answers, and as whom it is asked.

    Attributes
    ----------
    url : the root of its DICOMweb services.
    user, password : for HTTP Basic; ``token`` : for Bearer, in their place.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlparse(self.url)
        if not self.url:
            raise RecordError("pacs.address")
        if parts.username or parts.password:
            raise RecordError("pacs.scheme", url=f"{parts.scheme}://…@{parts.hostname}")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise RecordError("pacs.scheme", url=self.url)


def pacs_of(environment: Mapping[str, str], url: str = "") -> Pacs:
    """The PACS that ``url`` or MEDAI_PACS_URL names, asked as MEDAI_PACS_USER or with MEDAI_PACS_TOKEN.

    Raises
    ------
    RecordError : none is named, or its address is neither https nor on this machine.
    """
    return Pacs(
        url or environment.get("MEDAI_PACS_URL", ""),
        environment.get("MEDAI_PACS_USER", ""),
        environment.get("MEDAI_PACS_PASSWORD", ""),
        environment.get("MEDAI_PACS_TOKEN", ""),
    )


@dataclass(frozen=True)
class Study:
    """A study that a PACS has; every field is empty where it does not say."""

    uid: str
    number: str
    name: str
    birth_date: str
    date: str
    modalities: str
    description: str
    instances: int | None

    @property
    def title(self) -> str:
        """When, what and how much, in one line."""
        count = "" if not self.instances else "1 image" if self.instances == 1 else f"{self.instances} images"
        return " · ".join(filter(None, [self.date, self.modalities, self.description, count]))


def find(
    pacs: Pacs, *, number: str = "", name: str = "", on: date | None = None, limit: int = 100
) -> tuple[Study, ...]:
    """Studies of a patient number, a name (* stands for any letters) or a day; at most ``limit``.

    Raises
    ------
    RecordError : the PACS cannot be reached, refuses, or is none.
    """
    filters = {"PatientID": number, "PatientName": name, "StudyDate": f"{on:%Y%m%d}" if on else ""}
    fields = ["ModalitiesInStudy", "StudyDescription", "NumberOfStudyRelatedInstances", "PatientBirthDate"]
    with _told(pacs) as client:
        answers = client.search_for_studies(
            search_filters={k: v for k, v in filters.items() if v}, fields=fields, limit=limit
        )
        # Some answer more than they were asked for.
        return tuple(_study(Dataset.from_json(answer)) for answer in answers[:limit])


def _study(ds: Dataset) -> Study:
    from medai_core.imaging.images import dicom_header as header

    person, day = header.patient(ds), header.text(ds, "StudyDate") or ""
    modalities = ds.get("ModalitiesInStudy") or ""
    count = header.numbers(ds, "NumberOfStudyRelatedInstances")
    return Study(
        uid=header.text(ds, "StudyInstanceUID") or "",
        number=person.id or "",
        name=patient_title(person).removesuffix(f" · {person.id}") if person.name else "",
        birth_date=person.birth_date.isoformat() if person.birth_date else "",
        date=f"{day[:4]}-{day[4:6]}-{day[6:8]}" if len(day) == 8 else day,
        modalities=modalities if isinstance(modalities, str) else "/".join(map(str, modalities)),
        description=header.text(ds, "StudyDescription") or "",
        instances=int(count[0]) if count else None,
    )


def fetch(pacs: Pacs, study: str) -> Iterator[bytes]:
    """The instances of a study as DICOM files, one by one.

    Raises
    ------
    RecordError : the PACS cannot be reached, refuses, or has no such study.
    """
    count = 0
    with _told(pacs, study) as client:
        for ds in client.iter_study(study, media_types=WHOLE):
            count += 1
            stream = io.BytesIO()
            ds.save_as(stream, enforce_file_format=True)
            yield stream.getvalue()
    if count == 0:
        raise RecordError("pacs.none", study=study)


def store(pacs: Pacs, files: Sequence[bytes]) -> int:
    """Put DICOM files into the PACS; how many.

    Raises
    ------
    RecordError : the PACS cannot be reached or refuses; some may have been stored then, and may be sent again.
    """
    sent = [pydicom.dcmread(io.BytesIO(data)) for data in files]
    with _told(pacs) as client:
        answer = client.store_instances(sent)
    stored = len(answer.get("ReferencedSOPSequence", ()))
    if stored < len(sent):
        raise RecordError("pacs.rejected", stored=stored, sent=len(sent))
    return stored


def _session(pacs: Pacs) -> requests.Session:
    session = requests.Session()
    session.max_redirects = 0  # a patient's number goes nowhere else
    session.trust_env = False  # neither a proxy nor a .netrc of this account has a say
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Starred())
    if pacs.token:
        session.headers["Authorization"] = f"Bearer {pacs.token}"
    elif pacs.user:
        session.auth = (pacs.user, pacs.password)
    return session


class _Starred(requests.adapters.HTTPAdapter):
    """Leaves the star of a search as it is: some servers take an escaped one for a letter of the name."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        """Send a request."""
        request.url = request.url.replace("%2A", "*")
        return super().send(request, *args, **options)


@contextmanager
def _told(pacs: Pacs, study: str = "") -> Iterator[Any]:
    """A client of the PACS whose failures are sentences."""
    session = _session(pacs)
    try:
        client = DICOMwebClient(pacs.url.rstrip("/"), session=session, timeout=(CONNECT_S, READ_S))
        # Somebody waits for the answer: a server that is busy is asked again, but not for half a minute.
        client.set_http_retry_params(max_attempts=3, wait_exponential_multiplier=200)
        yield client
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status == 404 and study:
            raise RecordError("pacs.none", study=study) from error
        raise RecordError("pacs.refused", url=pacs.url, detail=f"HTTP {status}") from error
    except requests.JSONDecodeError as error:
        raise RecordError("pacs.answer", url=pacs.url) from error
    except requests.RequestException as error:
        raise RecordError("pacs.unreached", url=pacs.url, detail=type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError("pacs.answer", url=pacs.url) from error
    finally:
        session.close()
