"""What leaves from the command line: every format, files without names, one sentence for what cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest

from medai_core.__main__ import main
from medai_core.records.store import Location, Store, open_store
from tests.exchange import Handed, film, handed, pdf_text
from tests.records import actions
from tests.scans import bundled, dicom
from tests.servers import free_port

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    store = open_store(Location(tmp_path_factory.mktemp("handed") / "record"))
    yield handed(store)
    store.close()


@pytest.fixture
def run(ada: Handed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("MEDAI_DATA", str(ada.store.folder))

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        return code, out, complaint

    return run


@pytest.mark.parametrize(("format", "count"), [("pdf", 1), ("sr", 7), ("sc", 7), ("seg", 3), ("fhir", 1)])
def test_every_format_is_written_into_a_folder(run: Run, tmp_path: Path, format: str, count: int) -> None:
    code, out, complaint = run("export", "ID-7", "--format", format, "--out", tmp_path / "out")
    assert (code, complaint) == (0, "")
    paths = [Path(line) for line in out.splitlines()]
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)
    assert len(paths) == count
    if format == "pdf":
        assert "Drawn, Ada" in pdf_text(paths[0])
    elif format == "fhir":
        assert json.loads(paths[0].read_bytes())["resourceType"] == "Bundle"
    else:
        assert {pydicom.dcmread(p).PatientID for p in paths} == {"ID-7"}


def test_one_reading_alone_is_handed_out(ada: Handed, run: Run, tmp_path: Path) -> None:
    scan, stored = ada.of("brain.dcm")
    for more in (("--reading", stored.id), ("--scan", scan.id)):
        assert len(run("export", ada.patient.id, "--format", "sr", "--out", tmp_path, *more)[1].splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ID-8", "--format", "pdf"), "There is no such patient"),
        (("ID-7", "--format", "seg", "--scan", "0" * 32), "There is no such result"),
    ],
)
def test_what_is_not_there_is_one_sentence(run: Run, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    code, out, complaint = run("export", *words, "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert complaint.startswith(sentence) and complaint.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _out, complaint = run("export", "ID-7", "--format", "fhir", "--out", tmp_path / "file")
    assert code == 1
    assert "cannot be written" in complaint


def test_a_folder_is_written_without_names_and_what_is_refused_is_said(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in" / "deeper"
    source.mkdir(parents=True)
    (source / "a.dcm").write_bytes(film())
    (source / "b.dcm").write_bytes(film(2, SOPInstanceUID="1.2.3.5.6.2", Modality="US"))
    (source / "c.dcm").write_bytes(dicom(BurnedInAnnotation="YES", SOPInstanceUID="1.2.7"))
    (source / "notes.txt").write_text("Drawn, Ada")
    code, out, complaint = run("deidentify", tmp_path / "in", "--out", tmp_path / "out")
    assert code == 1
    assert "2 of 4 files are without names" in out
    assert "look at the picture" in out
    assert "notes.txt is no DICOM file" in complaint and "names are written into its picture" in complaint
    written = [pydicom.dcmread(p) for p in (tmp_path / "out").iterdir()]
    assert len({ds.PatientID for ds in written}) == 1
    assert not any(b"Drawn" in p.read_bytes() or b"ID-7" in p.read_bytes() for p in (tmp_path / "out").iterdir())
    assert run("deidentify", source / "c.dcm", "--out", tmp_path / "out", "--burned-in", "keep")[0] == 0
    # Later and in another process one person is still one person.
    assert run("deidentify", source / "a.dcm", "--out", tmp_path / "again")[0] == 0
    (later,) = (tmp_path / "again").iterdir()
    assert pydicom.dcmread(later).PatientID == written[0].PatientID


@pytest.mark.parametrize("what", ["no such file.dcm", "empty"])
def test_nothing_to_clean_is_one_sentence(run: Run, tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    code, _out, complaint = run("deidentify", tmp_path / what, "--out", tmp_path / "out")
    assert code == 1
    assert complaint.count("\n") == 1


def test_a_bundled_report_stays_where_it_is(run: Run, tmp_path: Path) -> None:
    code, out, complaint = run("deidentify", bundled("reportsi.dcm"), "--out", tmp_path)
    assert code == 1
    assert "made of text" in complaint
    assert list(tmp_path.iterdir()) == [tmp_path / "record"] or not list(tmp_path.glob("*.dcm"))
    assert "0 of 1 files" in out


def test_the_listener_says_where_it_listens_and_ends_on_request(tmp_path: Path) -> None:
    environment = os.environ | {"MEDAI_DATA": str(tmp_path / "new")}
    command = [sys.executable, "-m", "medai_core", "listen", "--port", str(free_port()), "--title", "CLINIC"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True) as server:
        assert server.stdout is not None and server.stderr is not None
        line = server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        complaint = server.stderr.read()
    assert line.startswith("MedAI listens for DICOM at 127.0.0.1:") and "as CLINIC" in line
    assert server.returncode == 0
    assert "Traceback" not in complaint


def test_an_open_address_without_certificates_is_refused(run: Run) -> None:
    code, out, complaint = run("listen", "--address", "0.0.0.0", "--port", "0")
    assert (code, out) == (1, "")
    assert complaint.startswith("At the address 0.0.0.0 others could send scans")


def test_every_hand_out_is_in_the_audit(ada: Handed, run: Run, tmp_path: Path) -> None:
    run("export", "ID-7", "--format", "pdf", "--out", tmp_path)
    store: Store = ada.store
    assert actions(store)[-2:] == ["view", "export"]
