"""Killed at any point of an import: what was acknowledged is whole, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from medai_core.records.schema import reading, scan, series, study
from medai_core.records.store import Location, Store
from medai_core.records.store.filing import sweep_scans
from medai_core.records.store.results import recall, scans_of
from tests.records import CLINICIAN, actions, on_disc, someone, verified

ROOT = Path(__file__).parent.parent.parent
KILLS = 50
SCANS = 5

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork.")


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[str]]:
    """Forks importers that have everything imported."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.importer"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def killed(nursery: subprocess.Popen[str], line: str, now: Callable[[float], bool]) -> float:
    """An importer killed when ``now`` says so of the seconds since its start; how many that were."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(line + "\n")
    importer, start = int(nursery.stdout.readline()), time.perf_counter()
    while not now(time.perf_counter() - start):
        time.sleep(0.0005)
    os.kill(importer, signal.SIGKILL)
    lived = time.perf_counter() - start
    assert nursery.stdout.readline() == "gone\n"
    return lived


def whole(store: Store) -> list[str]:
    """The hashes of the scans in the record, after a look at whether each has all that belongs to it."""
    with store.reading() as connection:
        rows = connection.execute(select(scan)).all()
        for row in rows:
            assert (store.scans / row.sha256).stat().st_size == row.size_bytes
        for table, part in ((study, series.c.study), (series, scan.c.series), (scan, reading.c.scan)):
            without = select(func.count()).select_from(table).where(table.c.id.not_in(select(part)))
            assert connection.execute(without).scalar_one() == 0, f"a {table.name} with nothing in it"
    return [row.sha256 for row in rows]


def test_an_import_killed_at_fifty_points_loses_nothing_acknowledged_and_leaves_nothing_half_there(
    nursery: subprocess.Popen[str],
    store: Store,
    location: Location,
    tmp_path: Path,
    opened: Callable[..., Store],
) -> None:
    points = random.Random(7)
    patient, acknowledged = someone(store), tmp_path / "acknowledged"
    acknowledged.touch()
    line = f"{location.folder} {acknowledged} {patient.id} {location.url}"
    # How long it takes from opening the record until a few scans are filed, on this machine and now.
    longest_s = killed(nursery, f"0 {line}", lambda _: acknowledged.read_text().count("\n") >= SCANS)
    for number in range(KILLS):
        point = points.uniform(0, longest_s)
        killed(nursery, f"{number + 1} {line}", point.__le__)
        filed = whole(store)
        assert len(filed) == len(set(filed))
        assert set(acknowledged.read_text().split()) <= set(filed)
    assert len(filed) > KILLS // 2, "the importers hardly came to import anything"

    again = opened(location)
    sweep_scans(again, older_than_s=-3600)
    assert on_disc(again) == set(filed)
    assert actions(again).count("scan.file") == len(filed)
    assert verified(again).problem is None
    stored = scans_of(again, patient.id)
    assert {s.sha256 for s in stored} == set(filed)
    for scan_ in stored[:: max(1, len(stored) // 10)]:
        assert recall(again, CLINICIAN, scan_.readings[0].id).image.sha256 == scan_.sha256
