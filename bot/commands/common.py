"""What every command stands on: settings, knowledge, the store, and faults said in one plain message."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.store import SqlStore
    from content.loading import Knowledge

P = ParamSpec("P")
R = TypeVar("R")


def clearly(command: Callable[P, R]) -> Callable[P, R]:
    """Faults of ours end in one plain message and exit code, never in a trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from handlers.errors import RutanError

        try:
            return command(*args, **kwargs)
        except RutanError as trouble:
            click.secho(str(trouble), fg="red", err=True)
            sys.exit(2 if type(trouble).__name__ == "SettingsError" else 1)

    return run


def settings() -> Settings:
    from bot.settings import load

    return load()


def knowledge(*, overdue: bool = False) -> Knowledge:
    """The shipped knowledge, or its faults and the end; `overdue`: an entry past its day of review is no fault."""
    from datetime import date

    from content.loading import ContentError, load

    try:
        return load(today=date.min if overdue else None)
    except ContentError as trouble:
        click.secho(str(trouble), fg="red", err=True)
        sys.exit(1)


async def with_store(work: Callable[[SqlStore], Awaitable[R]]) -> R:
    """Open the store of the settings, do the work, close it."""
    from bot.running import SystemClock
    from bot.store.store import SqlStore

    given = settings()
    store = SqlStore.open(given.database_url, given.keys(), SystemClock(), given.timezone)
    try:
        return await work(store)
    finally:
        store.close()
