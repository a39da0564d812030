"""The PACS on both sides, against a real one: pushed from it, found in it, fetched, and results stored back."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import HTTPError

import pydicom
import pytest

from medai_core.__main__ import main
from medai_core.errors import RecordError
from medai_core.records.dicom.sr import texts_of
from medai_core.records.dicomweb import Pacs, fetch, find, pacs_of, store
from medai_core.records.listener import Listening, listen
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.patients import patient_numbered
from medai_core.records.store.results import give_verdict, scans_of
from tests.exchange import WHY, brain, dicom_errors, film, models
from tests.orthanc import Orthanc, orthanc
from tests.records import CLINICIAN, actions
from tests.servers import free_port

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture
def pacs(running: Orthanc) -> Iterator[Orthanc]:
    """A PACS with nothing in it."""
    yield running
    for id in running.ask("patients"):
        running.ask(f"patients/{id}", method="DELETE")


@pytest.fixture
def record(record: Path) -> Iterator[Store]:
    """The record that the command line uses."""
    opened = open_store(Location(record))
    yield opened
    opened.close()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        return code, out, complaint.replace("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", "")

    return run


def test_a_study_is_pushed_read_and_its_report_and_capture_come_back(
    pacs: Orthanc, record: Store, run: Run, tmp_path: Path
) -> None:
    ids = [pacs.take(film()), pacs.take(brain())]
    server = listen(record, models(), Listening(port=pacs.listener))
    try:
        assert pacs.ask("modalities/medai/store", ids)["FailedInstancesCount"] == 0
        with pytest.raises(HTTPError):
            pacs.ask("modalities/wrong/store", ids)
    finally:
        server.shutdown()
    ada = patient_numbered(record, "ID-7")
    assert ada is not None
    scans = scans_of(record, ada.id)
    assert len(scans) == 2
    chest = next(s for s in scans if s.modality == "DX").readings[0]
    give_verdict(record, CLINICIAN, agrees=False, why=WHY, reading_id=chest.id)
    code, out, complaint = run("pacs", "store", "--patient", "ID-7", "--url", pacs.url)
    assert (code, out, complaint) == (0, f"7 objects stored at {pacs.url}\n", "")
    assert actions(record)[-1] == "pacs.store"
    assert pacs.modalities() == ["DX", "MR", "OT", "OT", "OT", "SEG", "SR", "SR", "SR"]
    for id in pacs.ask("instances"):
        path = tmp_path / f"{id}.dcm"
        path.write_bytes(pacs.ask(f"instances/{id}/file"))
        ds = pydicom.dcmread(path)
        assert (ds.StudyInstanceUID, ds.PatientID) == ("1.2.3.5", "ID-7")
        if ds.Modality in ("SR", "OT", "SEG"):
            assert dicom_errors(path) == []
    reports = [pydicom.dcmread(p) for p in tmp_path.glob("*.dcm") if pydicom.dcmread(p).Modality == "SR"]
    texts = [text for report in reports for text in texts_of(report)]
    assert any(WHY in text for text in texts)
    assert any(text.startswith("Refused: ") for text in texts)
    again = run("pacs", "store", "--patient", "ID-7", "--url", pacs.url)
    assert again[0] == 0
    assert len(pacs.ask("instances")) == 9


def test_studies_are_found_by_number_by_the_beginning_of_a_name_and_by_day(pacs: Orthanc, run: Run) -> None:
    pacs.take(film())
    pacs.take(film(2, PatientID="ID-8", PatientName="Other^Olga", StudyInstanceUID="1.2.4", StudyDate="20240207"))
    at = Pacs(pacs.url)
    assert [s.number for s in find(at, number="ID-7")] == ["ID-7"]
    assert [s.name for s in find(at, name="Oth*")] == ["Other, Olga"]
    assert [s.date for s in find(at, on=date(2024, 2, 7))] == ["2024-02-07"]
    assert find(at, number="ID-9") == ()
    assert len(find(at, limit=1)) == 1
    code, out, _ = run("pacs", "find", "--patient", "ID-7", "--url", pacs.url)
    assert (code, out) == (0, "1.2.3.5  ID-7  Drawn, Ada  2024-01-05 · DX · 1 image\n1 studies\n")
    assert run("pacs", "find", "--date", "yesterday", "--url", pacs.url)[2].startswith("'yesterday' is no date")


def test_a_study_is_fetched_as_files_or_filed_and_read(pacs: Orthanc, record: Store, run: Run, tmp_path: Path) -> None:
    pacs.take(film())
    (data,) = fetch(Pacs(pacs.url), "1.2.3.5")
    assert pydicom.dcmread(io.BytesIO(data)).PixelData == pydicom.dcmread(io.BytesIO(film())).PixelData
    assert run("pacs", "fetch", "1.2.3.5", "--out", tmp_path / "got", "--url", pacs.url)[0] == 0
    assert [p.name for p in (tmp_path / "got").iterdir()] == ["00001.dcm"]
    code, out, _ = run("pacs", "fetch", "1.2.3.5", "--url", pacs.url)
    assert code == 0
    assert out.endswith("filed and read\n")
    assert run("pacs", "fetch", "1.2.3.5", "--url", pacs.url)[1].endswith("filed already; nothing was added\n")
    ada = patient_numbered(record, "ID-7")
    assert ada is not None
    assert len(scans_of(record, ada.id)[0].readings) == 1


def test_files_are_stored_and_what_was_already_there_is_no_fault(pacs: Orthanc, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(film())
    for _again in range(2):
        assert run("pacs", "store", "--files", path, "--url", pacs.url)[:2] == (0, f"1 objects stored at {pacs.url}\n")
    assert run("pacs", "store", "--files", tmp_path / "no.dcm", "--url", pacs.url)[0] == 1


def test_a_study_that_is_not_there_is_one_sentence(pacs: Orthanc, run: Run) -> None:
    code, out, complaint = run("pacs", "fetch", "1.2.99", "--url", pacs.url)
    assert (code, out) == (1, "")
    assert complaint == "The PACS has no study '1.2.99'. Look for it with `pacs find`.\n"


def test_a_pacs_that_asks_who_we_are_is_told_or_refuses(tmp_path: Path) -> None:
    with orthanc(tmp_path / "o", AuthenticationEnabled=True, RegisteredUsers={"medai": "drawn"}) as guarded:
        with pytest.raises(RecordError, match="refuses: HTTP 401"):
            find(Pacs(guarded.url))
        with pytest.raises(RecordError, match="refuses: HTTP 401"):
            find(Pacs(guarded.url, "medai", "wrong"))
        settings = {"MEDAI_PACS_URL": guarded.url, "MEDAI_PACS_USER": "medai", "MEDAI_PACS_PASSWORD": "drawn"}
        assert find(pacs_of(settings)) == ()
        assert "drawn" not in repr(pacs_of(settings))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "No PACS is set"),
        ("http://pacs.example/dicom-web", "none of DICOMweb"),
        ("ftp://127.0.0.1/", "none of DICOMweb"),
        ("nonsense", "none of DICOMweb"),
    ],
)
def test_an_address_that_cannot_be_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        pacs_of({}, url)


def test_nobody_there_is_one_sentence() -> None:
    nobody = Pacs(f"http://127.0.0.1:{free_port()}/dicom-web")
    with pytest.raises(RecordError, match="cannot be reached"):
        find(nobody)
    with pytest.raises(RecordError, match="cannot be reached"):
        store(nobody, [film()])


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>no PACS</html>")

    def log_message(self, *_words: object) -> None:
        pass


def test_a_page_that_is_no_pacs_is_one_sentence() -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        at = Pacs(f"http://127.0.0.1:{server.server_port}")
        for ask in (lambda: find(at), lambda: list(fetch(at, "1.2.3"))):
            with pytest.raises(RecordError, match="is no DICOMweb"):
                ask()
        server.shutdown()
        thread.join()
