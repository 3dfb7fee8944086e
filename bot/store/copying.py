"""Moving house: every row of one database into another, SQLite's or PostgreSQL's, and the proof that all are there.

Rows go page by page in the order of their keys, each page in one transaction with a mark of how far it has come: whoever is
broken off goes on there. At the end every table is read again on both sides, in the same order, and counted and hashed. What is
sealed stays sealed, so the SECRET_KEY moves along. Until the end the target is no database that anybody could serve from.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from bot.sealing import Seal, SealBroken
from bot.store import audit
from bot.store.copy_postgres import PostgresSide
from bot.store.copy_sqlite import SqliteSide
from bot.store.copy_tables import (
    MARK,
    CopyRefused,
    Progress,
    Side,
    Table,
    Target,
    Values,
    every_step,
    plan,
    progress_of,
)
from bot.store.opening import database_path, is_postgres, queries_text
from bot.store.transaction import StoreFailed, named_queries

# Rows of one transaction.
PAGE = 2_000


class CopyDiffers(StoreFailed):
    """Not every table is the same on both sides; `.tables` names those that are not."""

    def __init__(self, tables: Sequence[str]) -> None:
        super().__init__(
            f"not the same on both sides: {', '.join(tables)}. Was the source written to since the copy was begun? "
            "Run it again with --anew"
        )
        self.tables = tables


@dataclass(frozen=True)
class Found:
    """What a table holds: how many rows, and the SHA-256 of them all in the order of their keys."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Copied:
    """A copy that is finished: each table as it is on both sides; how many rows this run brought, and in how many seconds."""

    tables: Mapping[str, Found]
    brought: int
    seconds: float


# Told of a table: its name, how many rows have arrived and how many there are.
Told = Callable[[str, int, int], None]


def copy(
    source_url: str, target_url: str, secrets: Sequence[str], told: Told, *, anew: bool = False, page: int = PAGE
) -> Copied:
    """Copy, compare, and hand the target over. `anew`: an unfinished copy in the target is removed first. Raises CopyRefused,
    CopyDiffers, StoreFailed."""
    began = time.monotonic()
    with closing(_side(source_url, target=False)) as source:
        source.take()
        _refuse_old(source)
        installation = _installation(source, Seal(secrets))
        with closing(_side(target_url, target=True)) as target:
            target.take()
            move = _Move(source, target, plan(), told, page)
            brought = move.run(installation, anew=anew)
    return Copied(move.compared, brought, time.monotonic() - began)


def _side(url: str, *, target: bool) -> SqliteSide | PostgresSide:
    named = named_queries(queries_text())
    if is_postgres(url):
        return PostgresSide(url, named, target=target)
    return SqliteSide(database_path(url), named, target=target)


class _Move:
    """One run of a copy."""

    def __init__(self, source: Side, target: Target, tables: Sequence[Table], told: Told, page: int) -> None:
        self._source = source
        self._target = target
        self._tables = tables
        self._told = told
        self._page = page
        self.compared: dict[str, Found] = {}

    def run(self, installation: str, *, anew: bool) -> int:
        """Everything; how many rows this run brought."""
        self._prepare(installation, anew=anew)
        brought = sum(self._bring(table) for table in self._tables)
        self._compare()
        if (broken := audit.first_broken(self._target.transaction())) is not None:
            raise StoreFailed(f"the audit log is broken at row {broken.id}, in the source as in the copy: {broken.why}")
        self._target.finish({each.name: self._source.last_number(each) for each in self._tables if each.numbered})
        return brought

    def _prepare(self, installation: str, *, anew: bool) -> None:
        standing = self._target.marks().get(MARK)
        if standing is not None and (anew or standing != installation):
            if not anew:
                raise CopyRefused(
                    "the target holds an unfinished copy of another installation; --anew removes it and begins again"
                )
            self._target.empty(self._tables)
            standing = None
        if standing is None:
            full = [table.name for table in self._tables if self._target.count(table)]
            if full:
                raise CopyRefused(f"the target is not empty ({', '.join(full[:5])}): give a new, empty database")
            self._target.mark(MARK, installation)
        self._target.quiet()

    def _bring(self, table: Table) -> int:
        """The rows of one table that are not there yet; how many."""
        progress = progress_of(self._target.marks(), table)
        if progress.done:
            return 0
        whole, before = self._source.count(table), progress.rows
        for page in _pages(self._source.rows(table, progress.after), self._page):
            progress = Progress(table.key_of(page[-1]), progress.rows + len(page))
            self._target.put(table, _untied(table, page), progress)
            self._told(table.name, progress.rows, whole)
        self._tie(table)
        self._target.put(table, (), Progress(progress.after, progress.rows, done=True))
        return progress.rows - before

    def _tie(self, table: Table) -> None:
        """A row that names a later one of its own table could not do so when it came."""
        if not table.loops:
            return
        places = [table.columns.index(each) for each in table.loops]
        tied = (row for row in self._source.rows(table) if any(row[place] is not None for place in places))
        for page in _pages(tied, self._page):
            self._target.tie(table, page)

    def _compare(self) -> None:
        differing = []
        for table in self._tables:
            here, there = found(self._source, table), found(self._target, table)
            if here != there:
                differing.append(table.name)
            self.compared[table.name] = there
        if differing:
            raise CopyDiffers(differing)


def found(side: Side, table: Table) -> Found:
    """What a table holds on one side. Two sides that hold the same rows give the same."""
    digest, count = hashlib.sha256(), 0
    for row in side.rows(table):
        # The same Python writes both: 1, 1.0, '1' and b'1' are four different things.
        digest.update(repr(row).encode(errors="surrogatepass"))
        count += 1
    return Found(count, digest.hexdigest())


def _untied(table: Table, page: Sequence[Values]) -> Sequence[Values]:
    if not table.loops:
        return page
    loops = {table.columns.index(each) for each in table.loops}
    return [tuple(None if place in loops else each for place, each in enumerate(row)) for row in page]


def _pages(rows: Iterable[Values], size: int) -> Iterator[list[Values]]:
    all_rows = iter(rows)
    while page := list(islice(all_rows, size)):
        yield page


def _refuse_old(source: Side) -> None:
    missing = every_step() - source.steps()
    if unknown := source.steps() - every_step():
        raise CopyRefused(f"the source was made by a later version of Rutan (it knows {', '.join(sorted(unknown))})")
    if missing:
        raise CopyRefused("the source is not in its newest form: run `rutan migrate` with it as DATABASE_URL first")


def _installation(source: Side, seal: Seal) -> str:
    """A name of the installation whose people these are; proof that SECRET_KEY opens what is sealed in it."""
    row = source.transaction().row("meta", name="people_key")
    if row is None:
        raise CopyRefused("the source was never served from: there is nothing to copy")
    try:
        key = seal.open(row["value"])
    except SealBroken:
        raise CopyRefused(
            "SECRET_KEY does not open the source. Give the key it is served with: the target needs it as well"
        ) from None
    return hashlib.sha256(f"an installation {key}".encode()).hexdigest()[:32]
