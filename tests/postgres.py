"""A PostgreSQL of the tests' own: made, started and stopped here, and reached by nobody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from medai_core.records.schema import metadata

PLACES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path(shutil.which("initdb") or "-").parent]
PROGRAMS = next((place for place in PLACES if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)
# Nothing here has to outlast a power cut.
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=40 -c autovacuum=off"


@dataclass(frozen=True)
class Cluster:
    """A running server that answers on a socket in a folder of its own."""

    folder: Path

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{name}?unix_sock={self.folder}/.s.PGSQL.5432"

    def create(self, name: str, template: str = "template0") -> None:
        """A new database, a copy of ``template``."""
        self._run("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def wipe(self, name: str) -> None:
        """Take every row of a record away, which its own triggers would forbid; quicker than another database."""
        self._run(
            name,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            "SET session_replication_role = replica",
            f"TRUNCATE {', '.join(metadata.tables)}",
        )

    def _run(self, name: str, *statements: str) -> None:
        address = self.url(name).replace("postgresql:", "postgresql+pg8000:")
        engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new server; it refuses to run as root, so root hands it to the account that Debian's package made."""
    assert PROGRAMS is not None
    # Short: the path of a socket may have 107 signs.
    folder = Path(tempfile.mkdtemp(prefix="medai-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    # A linguistic order by default, as at most places: what must be compared by code points has to say so.
    help = _run("initdb", "--help")
    order = ["--locale-provider=icu", "--icu-locale=en-US"] if "--icu-locale" in help else []
    try:
        _run(
            "initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *order
        )
        words = f"{QUICK} -c listen_addresses='' -c unix_socket_directories='{folder}'"
        _run("pg_ctl", f"--pgdata={data}", f"--log={folder}/log", f"--options={words}", "--wait", "start")
        try:
            yield Cluster(folder)
        finally:
            _run("pg_ctl", f"--pgdata={data}", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *words: str) -> str:
    assert PROGRAMS is not None
    other = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [PROGRAMS / program, *words],
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        # pg_ctl's server keeps what it is given, and a pipe would stay open as long as it runs.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
        **other,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stdout
    return str(done.stdout)
