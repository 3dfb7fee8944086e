"""What whoever watches the house sees beside what happens in it: how old its oldest work is, and what stands around it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bot.metrics import Metrics
from bot.store.foundation import Foundation
from bot.store.watched import watched

# A database that does not answer so long is as good as gone: whoever asks for figures shall not wait for it.
PATIENCE = 2.0
_FILES = ("", "-wal")


class Watch:
    """Looks around when asked, mostly every few seconds by Prometheus. `database` is the file of SQLite, None for PostgreSQL;
    `seconds` is a clock that nobody can put back."""

    def __init__(
        self,
        foundation: Foundation,
        metrics: Metrics,
        database: Path | None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._foundation = foundation
        self._metrics = metrics
        self._file = database
        self._seconds = seconds
        self._began = foundation.now(), seconds()

    async def look(self) -> None:
        """Put the figures of this moment into the metrics. Never raises."""
        now = self._foundation.now()
        self._metrics.clock_jump.set(self._jumped(now))
        if self._file is not None:
            self._look_at_the_disk(self._file)
        self._metrics.store_waiting.set(sum(room.waiting for room in self._foundation.database.rooms))
        self._metrics.database_up.set(0)
        with suppress(Exception):
            await asyncio.wait_for(self._ask(now), PATIENCE)
            self._metrics.database_up.set(1)

    def _jumped(self, now: datetime) -> float:
        """By how many seconds the clock on the wall has left the one that only runs on, since the start."""
        then, began = self._began
        return (now - then).total_seconds() - (self._seconds() - began)

    def _look_at_the_disk(self, file: Path) -> None:
        with suppress(OSError):
            self._metrics.disk_free.set(shutil.disk_usage(file.parent).free)
            files = (file.with_name(file.name + end) for end in _FILES)
            self._metrics.database_bytes.set(sum(each.stat().st_size for each in files if each.exists()))

    async def _ask(self, now: datetime) -> None:
        found = await watched(self._foundation, now)
        self._metrics.oldest_letter.set(found.oldest_letter.total_seconds())
        self._metrics.cases_open.set(found.cases_open)
        self._metrics.cases_overdue.set(found.cases_overdue)
        if found.backed_up_at:
            self._metrics.backed_up.set(found.backed_up_at.timestamp())
