"""This process's share of the people, where several processes answer from one database."""

from __future__ import annotations

import asyncio

import structlog

from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.store.leases import BEAT_SECONDS, Change, Leases
from bot.store.transaction import StoreFailed

log = structlog.get_logger()

# SIGTERM leaves ten seconds for all; where the database is away, that is not spent on it.
LONGEST_GOODBYE = 2.0


class Share:
    """Says every second that this process is here, and tells its inbox and outbox what has become theirs and what is no more."""

    def __init__(self, leases: Leases, inbox: Inbox, outbox: Outbox, metrics: Metrics) -> None:
        self._leases = leases
        self._inbox = inbox
        self._outbox = outbox
        self._metrics = metrics

    async def begin(self) -> None:
        """Take the first shards. Raises StoreFailed."""
        self._heed(await self._leases.begin())

    async def keep(self) -> None:
        """Beat until cancelled. While the database does not answer nothing changes here: what was lost shows afterwards."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                self._heed(await self._leases.beat(self._inbox.busy() | self._outbox.busy()))
            except StoreFailed as trouble:
                log.error("could not say that this process is here", exc_info=trouble)

    async def end(self) -> None:
        """Let go of everything, for the others to take over at once."""
        try:
            await asyncio.wait_for(self._leases.end(), LONGEST_GOODBYE)
        except (StoreFailed, TimeoutError) as trouble:
            # They will see by our silence.
            log.warning("could not say goodbye to the other processes", cause=type(trouble).__name__)

    def _heed(self, change: Change) -> None:
        self._metrics.shards.set(len(self._leases.held))
        self._metrics.processes.set(self._leases.living)
        if change.lost:
            self._inbox.drop(change.lost)
        if change.gained or change.lost:
            log.info(
                "shards changed hands",
                gained=len(change.gained), lost=len(change.lost), held=len(self._leases.held), living=self._leases.living,
            )  # fmt: skip
        if change.gained:
            self._inbox.wake()
            self._outbox.wake()
