"""The seam between the store and its database: units of work made of named queries.

A unit is a function of a `Transaction` and of nothing else of the database, so that a second Database
(PostgreSQL) can run the same units over the same queries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from handlers.errors import RutanError

if TYPE_CHECKING:
    from bot.store.room import Room

T = TypeVar("T")

_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


class StoreFailed(RutanError):
    """The database could not be opened, read or written; nothing of the unit that hears this was kept."""


class StoreBusy(StoreFailed):
    """Too many wait for the database already. Only whoever may come again hears this, and at once (`room.py`)."""


class Reach(Enum):
    """What else may go on in the database while a unit writes. SQLite lets in one writer at a time whatever is said."""

    # Looks at what others may be changing: one such unit at a time, over all processes.
    HOUSE = "house"
    # One person's own rows, and counts that may wait for one another row by row: beside all others.
    PERSON = "person"
    # Rows that nobody else changes: beside all others, many in one commit.
    ROWS = "rows"
    # Who holds which shard: never waits behind anything.
    SHARDS = "shards"


class Row(Protocol):
    """One row of an answer, by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


class Transaction(Protocol):
    """What a unit of work may do: run the queries of `queries/` by name."""

    def run(self, query: str, **values: object) -> int:
        """Run a write; answers with the number of rows it changed."""

    def rows(self, query: str, **values: object) -> Sequence[Row]:
        """Every row of an answer."""

    def row(self, query: str, **values: object) -> Row | None:
        """The first row of an answer, or None."""

    def tell(self, topic: str, word: str) -> None:
        """Once committed, let every process hear it (`together.Topic`; never personal data). Nobody hears where one serves."""

    def tidy(self) -> None:
        """Once committed, clear the log of what this unit overwrote or removed."""


class AnyDatabase(Protocol):
    """What the store needs of a database: SQLite's (`database.py`) or PostgreSQL's (`postgres.py`)."""

    @property
    def closed(self) -> bool:
        """Whether nothing will be read or written any more."""

    @property
    def rooms(self) -> Sequence[Room]:
        """Where units wait to be written or read."""

    async def write(self, work: Callable[[Transaction], T], reach: Reach = Reach.HOUSE) -> T:
        """Run a unit of work and wait until it is on the disk; it may run more than once."""

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads."""

    def close(self) -> None:
        """Write what still waits, then let go. May be called twice."""


def named_queries(text: str) -> Mapping[str, str]:
    """The queries of a file in which each stands under `-- its_name --`, without its comments."""
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError("two queries have the same name")
    return {name: _COMMENT.sub("", body).strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
