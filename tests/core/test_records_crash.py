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
from tests.importer import SERIES
from tests.records import CLINICIAN, actions, on_disc, someone, verified

ROOT = Path(__file__).parent.parent.parent
KILLS = 50
STUDIES = 6

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
    """The UIDs of the studies in the record, after a look at whether each has all that belongs to it."""
    with store.reading() as connection:
        rows = connection.execute(select(scan)).all()
        for row in rows:
            assert (store.scans / row.sha256).stat().st_size == row.size_bytes
        for table, part in ((study, series.c.study), (series, scan.c.series), (scan, reading.c.scan)):
            without = select(func.count()).select_from(table).where(table.c.id.not_in(select(part)))
            assert connection.execute(without).scalar_one() == 0, f"a {table.name} with nothing in it"
        joined = study.join(series, series.c.study == study.c.id).join(scan, scan.c.series == series.c.id)
        counted = select(study.c.uid, func.count()).select_from(joined).group_by(study.c.uid)
        studies = {uid: count for uid, count in connection.execute(counted)}
    assert set(studies.values()) <= {len(SERIES)}, "a study is half there"
    return list(studies)


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
    # How long it takes from opening the record until a few studies are filed, on this machine and now.
    longest_s = killed(nursery, f"0 {line}", lambda _: acknowledged.read_text().count("\n") >= STUDIES)
    for number in range(KILLS):
        point = points.uniform(0, longest_s)
        killed(nursery, f"{number + 1} {line}", point.__le__)
        filed = whole(store)
        assert len(filed) == len(set(filed))
        assert set(acknowledged.read_text().split()) <= set(filed)
    assert len(filed) > KILLS // 5, "the importers hardly came to import anything"

    again = opened(location)
    sweep_scans(again, older_than_s=-3600)
    stored = scans_of(again, patient.id)
    assert len(stored) == len(SERIES) * len(filed)
    assert on_disc(again) == {s.sha256 for s in stored}
    assert actions(again).count("scan.file") == len(stored)
    assert verified(again).problem is None
    for scan_ in stored[:: max(1, len(stored) // 10)]:
        assert recall(again, CLINICIAN, scan_.readings[0].id).image.sha256 == scan_.sha256
