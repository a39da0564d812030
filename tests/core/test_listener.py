"""A modality or PACS pushes: what is acknowledged is safe, and whatever is not, the sender is told."""

from __future__ import annotations

import io
import logging
import os
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import DigitalXRayImageStorageForPresentation, MRImageStorage  # type: ignore[attr-defined]

from medai_core.errors import RecordError
from medai_core.readings import read_scan
from medai_core.records.listener import Listening, listen
from medai_core.records.receiving import SENDER
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, Patient, create_patient, patient_numbered
from medai_core.records.store.results import scans_of
from tests.exchange import brain, cards, film, models
from tests.records import CLINICIAN, actions, entered, on_disc
from tests.scans import dicom

ROOT = Path(__file__).parent.parent.parent
VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Store]:
    store = open_store(Location(tmp_path / "listened"))
    yield store
    store.close()


@pytest.fixture
def port(record: Store) -> Iterator[int]:
    """A listener that anyone who knows its title may send to."""
    server = listen(record, models(), Listening(port=0))
    yield server.server_address[1]
    server.shutdown()


def send(port: int, *files: bytes, called: str = "MEDAI", calling: str = "MODALITY", **options: Any) -> list[Dataset]:
    """The listener's answer to each file; nothing where it would not listen at all."""
    sender = AE(calling)
    sender.add_requested_context(VERIFICATION)
    for kind in (DigitalXRayImageStorageForPresentation, MRImageStorage):
        sender.add_requested_context(kind)
    association = sender.associate("127.0.0.1", port, ae_title=called, **options)
    if not association.is_established:
        line = association.dul.socket
        if line is not None and line.socket is not None:
            line.socket.close()  # the library leaves it open where TLS fails
        return []
    answers = [association.send_c_store(pydicom.dcmread(io.BytesIO(data))) for data in files]
    association.release()
    return answers


def ada(record: Store) -> Patient:
    found = patient_numbered(record, "ID-7")
    assert found is not None
    return found


def said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.name == "medai.listener")


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "medai.listener")


def until(happens: Callable[[], bool]) -> None:
    for _attempt in range(100):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_what_is_pushed_is_filed_to_whom_it_names_and_read(
    record: Store, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    (answer,) = send(port, film())
    assert answer.Status == 0
    patient = ada(record)
    assert (patient.details.name, patient.details.sex) == ("Drawn, Ada", "F")
    (scan,) = scans_of(record, patient.id)
    (stored,) = scan.readings
    assert stored.reading.findings and stored.unread
    assert stored.by == SENDER.name
    assert entered(record)[-1].action == "scan.file"
    assert "filed and read (status 0000" in said(caplog)
    assert "Drawn" not in said(caplog) and "ID-7" not in said(caplog)


def test_a_model_that_presupposes_something_is_never_run_for_a_push(record: Store, port: int) -> None:
    assert [a.Status for a in send(port, brain())] == [0]
    (scan,) = scans_of(record, ada(record).id)
    assert [s.reading.refusal.id for s in scan.readings if s.reading.refusal] == ["reading.precondition"]
    assert not any(s.reading.findings for s in scan.readings)


def test_one_patient_gets_all_that_names_them_however_many_send_at_once(record: Store, port: int) -> None:
    files = [film(i, SOPInstanceUID=f"1.2.3.5.6.{i}", InstanceNumber=i) for i in range(1, 7)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda file: send(port, file), [*files, files[0], files[0]]))
    assert all(a.Status == 0 for found in answers for a in found)
    assert len(scans_of(record, ada(record).id)) == 6
    assert all(len(scan.readings) == 1 for scan in scans_of(record, ada(record).id))
    assert len(on_disc(record)) == 6


def test_the_same_instance_twice_is_filed_once_and_the_sender_told_success(
    record: Store, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert [a.Status for a in send(port, film(), film())] == [0, 0]
    assert len(scans_of(record, ada(record).id)[0].readings) == 1
    assert "filed already; nothing was added" in said(caplog)


def test_another_instance_of_the_same_name_is_refused_and_the_first_stays(record: Store, port: int) -> None:
    first, second = send(port, film(), film(which=0))
    assert (first.Status, second.Status) == (0, 0x0111)
    assert "other contents" in second.ErrorComment
    assert len(scans_of(record, ada(record).id)) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"PatientName": "Other^Olga"}, 0xC002),
        ({"PatientBirthDate": "19700101"}, 0xC002),
        ({"PatientID": ""}, 0xC001),
    ],
)
def test_what_is_of_somebody_else_or_nobody_is_not_filed_and_the_sender_told_without_a_name(
    record: Store, port: int, changed: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    send(port, film(1))
    (answer,) = send(port, film(2, SOPInstanceUID="1.2.3.5.6.2", **changed))
    assert answer.Status == status
    assert len(answer.ErrorComment) <= 64
    assert len(scans_of(record, ada(record).id)) == 1
    for word in ("Olga", "Drawn", "1970", "2021"):
        assert word not in answer.ErrorComment + said(caplog)
    if status == 0xC002:
        assert actions(record)[-1] == "scan.refuse"


def test_a_result_of_our_own_that_comes_back_is_no_new_scan(record: Store, port: int) -> None:
    own = {"Manufacturer": "MedAI", "SOPInstanceUID": "2.25.7", "SeriesDescription": "MedAI capture (research use)"}
    assert [a.Status for a in send(port, film(**own))] == [0]
    assert patient_numbered(record, "ID-7") is None
    assert [a.Status for a in send(port, film(Manufacturer="MedAI"))] == [0]
    assert patient_numbered(record, "ID-7") is not None


def test_what_was_tried_on_a_demo_patient_is_filed_to_the_right_one_all_the_same(record: Store, port: int) -> None:
    demo = create_patient(record, CLINICIAN, Details("Drawn, Ada"), demo=True)
    file_scan(record, CLINICIAN, demo.id, film(), read_scan(film(), "film.dcm", models()), cards())
    assert [a.Status for a in send(port, film())] == [0]
    assert len(scans_of(record, ada(record).id)) == 1
    stored = record.scans / scans_of(record, ada(record).id)[0].sha256
    stored.unlink()
    assert [a.Status for a in send(port, film())] == [0]
    assert stored.exists()  # sent again, a file that was lost is mended


def test_a_patient_who_cannot_be_kept_is_refused_for_good(record: Store, port: int) -> None:
    (answer,) = send(port, film(PatientBirthDate="20990101"))
    assert answer.Status == 0xC003


def test_what_cannot_be_read_is_refused_and_the_next_is_read(record: Store, port: int) -> None:
    ds = pydicom.dcmread(io.BytesIO(film()))
    ds.Rows = 60000
    stream = io.BytesIO()
    ds.save_as(stream)
    bad, good = send(port, stream.getvalue(), film(2, SOPInstanceUID="1.2.3.5.6.2"))
    assert (bad.Status, good.Status) == (0xC000, 0)
    assert "no scan that can be read" in bad.ErrorComment


def test_who_calls_another_title_is_turned_away_with_a_line_in_the_log(
    record: Store, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(port, film(), called="OTHER") == []
    until(lambda: "MODALITY at 127.0.0.1 was turned away: it called 'OTHER'" in said(caplog))
    assert not on_disc(record)


def test_only_those_that_are_allowed_may_send(record: Store) -> None:
    server = listen(record, models(), Listening(port=0, allowed=("PACS",)))
    try:
        assert send(server.server_address[1], film()) == []
        assert [a.Status for a in send(server.server_address[1], film(), calling="PACS")] == [0]
    finally:
        server.shutdown()


def test_a_connection_that_is_cut_leaves_nothing_half_there(
    record: Store, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    sender = AE("MODALITY")
    sender.add_requested_context(DigitalXRayImageStorageForPresentation)
    association = sender.associate("127.0.0.1", port, ae_title="MEDAI")
    assert association.send_c_store(pydicom.dcmread(io.BytesIO(film()))).Status == 0
    line = association.dul.socket
    assert line is not None and line.socket is not None
    # The header of a message whose end never comes, and then nothing: as when a cable is pulled.
    line.socket.sendall(b"\x04\x00\x00\x01\x00\x00" + b"\x00" * 1000)
    line.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: "was cut. What was acknowledged is filed" in said(caplog))
    assert len(scans_of(record, ada(record).id)) == len(on_disc(record)) == 1
    assert [a.Status for a in send(port, film(2, SOPInstanceUID="1.2.3.5.6.2"))] == [0]


FULL = """
import resource, sys, time
from pathlib import Path
from medai_core.records.listener import Listening, listen
from medai_core.records.store import Location, open_store
from tests.exchange import models
store = open_store(Location(Path(sys.argv[1])))
models().network(models().router)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
server = listen(store, models(), Listening(port=0))
print(server.server_address[1], flush=True)
sys.stdin.read()
server.shutdown()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size.")
def test_on_a_full_disc_the_sender_is_told_and_keeps_the_scan(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FULL, str(tmp_path / "full")]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=-1, stdout=-1, text=True) as server:
        assert server.stdout is not None and server.stdin is not None
        port = int(server.stdout.readline())
        large = np.random.default_rng(0).integers(0, 255, (1000, 1000), dtype=np.uint8)
        facts = {"PatientID": "ID-7", "PatientName": "Drawn^Ada", "Modality": "DX"}
        (full,) = send(port, dicom(large, **facts, SOPInstanceUID="1.2.9"))
        (small,) = send(port, film())
        server.stdin.close()
    assert (full.Status, small.Status) == (0xA700, 0)
    assert full.ErrorComment == "no room on the disc"
    store = open_store(Location(tmp_path / "full"))
    assert len(scans_of(store, ada(store).id)) == len(on_disc(store)) == 1
    store.close()


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Listening(address="0.0.0.0"), "others could send scans"),
        (Listening(title="A TITLE THAT IS TOO LONG"), "no AE title"),
        (Listening(allowed=("",)), "no AE title"),
        (Listening(certificate=Path("no"), key=Path("no")), "together"),
        (Listening(certificate=Path("no"), key=Path("no"), clients=Path("no")), "cannot be used"),
    ],
)
def test_what_cannot_be_listened_to_is_one_sentence(record: Store, wanted: Listening, sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        listen(record, models(), wanted)


def test_a_port_that_is_taken_is_one_sentence(record: Store, port: int) -> None:
    with pytest.raises(RecordError, match=f"127.0.0.1:{port}"):
        listen(record, models(), Listening(port=port))


def certificates(folder: Path, name: str) -> Listening:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Listening(port=0, certificate=certificate, key=private)


def test_where_others_can_reach_it_both_sides_must_prove_who_they_are(record: Store, tmp_path: Path) -> None:
    us, known, stranger = (certificates(tmp_path, name) for name in ("medai", "modality", "stranger"))
    wanted = Listening("0.0.0.0", 0, certificate=us.certificate, key=us.key, clients=known.certificate)
    server = listen(record, models(), wanted)
    try:
        for sender, welcome in ((known, True), (stranger, False)):
            context = ssl.create_default_context(cafile=str(us.certificate))
            context.check_hostname = False
            assert sender.certificate is not None
            context.load_cert_chain(sender.certificate, sender.key)
            answers = send(server.server_address[1], film(), tls_args=(context, "medai"))
            assert [a.Status for a in answers] == ([0] if welcome else [])
        assert send(server.server_address[1], film()) == []
    finally:
        server.shutdown()
