"""PostgreSQL is copied and brought back by its own programs; we only call them, without a password in their words."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.settings import inherited
from bot.store import dialect, forms
from bot.store.backing_up import BACKED_UP, NOTED, BackupFailed
from bot.store.postgres import connect

# libpq reads each part of an address from a variable of its own; whoever lists processes sees none of them.
_VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "options": "PGOPTIONS",
}  # fmt: skip
_OURS = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
_TABLES = "select count(*) as tables from information_schema.tables where table_schema = current_schema()"


def dump(url: str, to: Path, now: datetime) -> None:
    """Write a dump (pg_dump's custom form, of one moment) to a new file of its owner's alone. Raises BackupFailed."""
    program = _program("pg_dump", "take a base backup, or install postgresql-client of the server's version")
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise BackupFailed(f"{to} is there already; nothing is ever overwritten") from error
    except OSError as error:
        raise BackupFailed(f"{to} could not be written: {error.strerror}") from error
    try:
        _run([program, "--format=custom", "--no-owner", "--no-privileges", f"--file={to}"], url)
        # What cannot be listed cannot be brought back.
        _run([_program("pg_restore", "it comes with pg_dump"), "--list", str(to)], url)
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    with suppress(psycopg.Error), connect(url) as connection:
        connection.execute(dialect.query(NOTED).encode(), {"name": BACKED_UP, "value": forms.stamp(now)})


def bring_back(source: Path, url: str) -> None:
    """Fill an empty database from a dump, whole or not at all. Raises BackupFailed."""
    if not source.is_file():
        raise BackupFailed(f"there is no dump at {source}")
    try:
        with connect(url) as connection:
            row = connection.execute(_TABLES).fetchone()
    except psycopg.Error as error:
        raise BackupFailed("the database of DATABASE_URL does not answer") from error
    if row is None or row["tables"]:
        raise BackupFailed("the database of DATABASE_URL is not empty: make a new one (createdb) and name that")
    program = _program("pg_restore", "install postgresql-client of the server's version")
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    database = str(conninfo_to_dict(url).get("dbname", "postgres"))
    _run([program, *words, f"--dbname={database}", str(source)], url)


def _program(name: str, otherwise: str) -> str:
    if found := shutil.which(name):
        return found
    raise BackupFailed(f"{name} is not on this machine: {otherwise}")


def _run(words: list[str], url: str) -> None:
    done = subprocess.run(words, env=_surroundings(url), capture_output=True, text=True, check=False)  # noqa: S603 (our words)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BackupFailed(f"{Path(words[0]).name} failed: {last}")


def _surroundings(url: str) -> Mapping[str, str]:
    parts = conninfo_to_dict(url)
    return inherited(_OURS) | {_VARIABLES[name]: str(value) for name, value in parts.items() if name in _VARIABLES}
