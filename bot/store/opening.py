"""Opening a database: where it lies, its newest form, and the key that knows its people."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import sqlite_utils

from bot.identity import Identity
from bot.sealing import Seal, SealBroken
from bot.store import dialect, migrations
from bot.store.database import Database, SqliteTransaction
from bot.store.transaction import AnyDatabase, StoreFailed, Transaction, named_queries

QUERIES = Path(__file__).with_name("queries")


def queries_text() -> str:
    """Every file of queries, one after the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.sql")))


def database_path(url: str) -> Path:
    """The file of `sqlite:///relative/path` or `sqlite:////absolute/path`."""
    scheme, slashes, path = url.partition(":///")
    if scheme != "sqlite" or not slashes or not path or path.startswith(":"):
        raise StoreFailed("DATABASE_URL must have the form sqlite:///path/to/file.db or postgresql://…")
    return Path(path)


def opened(url: str, seal: Seal) -> tuple[AnyDatabase, Identity]:
    """The database in its newest form, ready to write, and the key of its people. Raises StoreFailed."""
    named = named_queries(queries_text())
    return _opened_postgres(url, named, seal) if is_postgres(url) else _opened_sqlite(url, named, seal)


def is_postgres(url: str) -> bool:
    """Whether DATABASE_URL names a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))


def _opened_sqlite(url: str, named: Mapping[str, str], seal: Seal) -> tuple[AnyDatabase, Identity]:
    database = Database(database_path(url), named)
    found: list[Identity] = []

    def prepare(raw: sqlite_utils.Database) -> None:
        migrations.newest(raw)
        found.append(Identity(people_key(SqliteTransaction(raw.conn, named), seal)))

    database.start(prepare)
    return database, found[0]


def _opened_postgres(url: str, named: Mapping[str, str], seal: Seal) -> tuple[AnyDatabase, Identity]:
    # Here, so that who serves from SQLite does not wait for PostgreSQL's client.
    from bot.store.postgres import Connection, PostgresDatabase, PostgresTransaction

    database = PostgresDatabase(url, named)
    found: list[Identity] = []

    def prepare(connection: Connection) -> None:
        migrations.newest_postgres(connection)
        found.append(Identity(people_key(PostgresTransaction(connection, dialect.queries(named)), seal)))

    database.start(prepare)
    return database, found[0]


def people_key(tx: Transaction, seal: Seal) -> bytes:
    """The key of `Identity`, made at the first start, sealed by the newest secret at every later one."""
    if tx.row("meta", name="copying") is not None:
        raise StoreFailed("this database is an unfinished copy: run `rutan copy` again until both sides are the same")
    row = tx.row("meta", name="people_key")
    try:
        key = base64.b64decode(seal.open(row["value"])) if row else Identity.new_key()
    except SealBroken as error:
        raise StoreFailed(
            "SECRET_KEY does not open this database. Give the key it was made with; after a change, both"
        ) from error
    if row is None or not seal.is_newest(row["value"]):
        tx.run("save_meta", name="people_key", value=seal.close(base64.b64encode(key).decode("ascii")))
    return key
