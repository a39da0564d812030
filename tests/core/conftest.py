"""The record's two databases: every test that asks for one runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.database import FILE
from tests import postgres
from tests.records import Clock

TEMPLATE = "medai_template"
DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Cluster]:
    """PostgreSQL with a record to copy; without it the tests are skipped, and on the build machine they fail."""
    if postgres.PROGRAMS is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No PostgreSQL was found; the build machine must have one.")
        pytest.skip("No PostgreSQL was found: install it to run the record's tests on it.")
    with postgres.cluster() as cluster:
        cluster.create(TEMPLATE)
        open_store(Location(tmp_path_factory.mktemp("template"), cluster.url(TEMPLATE))).close()
        yield cluster


@pytest.fixture(scope="session")
def empty(server: postgres.Cluster) -> list[str]:
    """The databases whose records are empty and not in use."""
    return []


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite record to copy."""
    folder = tmp_path_factory.mktemp("template")
    open_store(Location(folder)).close()
    return folder / FILE


@dataclass
class Places:
    """Where the records of one test lie."""

    database: str
    folder: Path
    request: pytest.FixtureRequest

    def new(self, *, made: bool = True) -> Location:
        """A place with an empty record, or with nothing at all."""
        folder = self.folder / f"record_{secrets.token_hex(6)}"
        if self.database == "postgresql":
            cluster: postgres.Cluster = self.request.getfixturevalue("server")
            return Location(folder, cluster.url(self._lent(cluster) if made else self._fresh(cluster, "template0")))
        if made:
            folder.mkdir(mode=0o700)
            shutil.copy(self.request.getfixturevalue("made_once"), folder / FILE)
        return Location(folder)

    def _lent(self, cluster: postgres.Cluster) -> str:
        """A database with an empty record, given back after the test."""
        empty: list[str] = self.request.getfixturevalue("empty")
        name = empty.pop() if empty else self._fresh(cluster, TEMPLATE)

        def give_back() -> None:
            cluster.wipe(name)
            empty.append(name)

        self.request.addfinalizer(give_back)
        return name

    def _fresh(self, cluster: postgres.Cluster, template: str) -> str:
        name = f"record_{secrets.token_hex(6)}"
        cluster.create(name, template)
        return name


@pytest.fixture(params=DATABASES)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """As many places as a test needs, all of one kind."""
    return Places(request.param, tmp_path, request)


@pytest.fixture
def location(places: Places) -> Location:
    """Where an empty record lies."""
    return places.new()


@pytest.fixture
def opened(places: Places) -> Iterator[Callable[..., Store]]:
    """Opens a record, as another process would; closed after the test."""
    stores: list[Store] = []

    def opened(location: Location, clock: Clock | None = None) -> Store:
        stores.append(open_store(location, clock=clock or Clock()))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def clock() -> Clock:
    """The time, which a test can put forward."""
    return Clock()


@pytest.fixture
def store(opened: Callable[..., Store], location: Location, clock: Clock) -> Store:
    """An empty record, open."""
    return opened(location, clock)
