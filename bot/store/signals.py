"""What one process tells all others through PostgreSQL (`listen`/`notify`), so that they look at once and not when their
next look is due. Beneath every signal lies such a look: one that is lost costs a second, never a message.

A signal is given inside the transaction that it is about (`Transaction.tell`) and heard only when that has been committed.
Its word is a number of ours: a shard, a revision, a group of bells. Nobody's data are in it.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.store import own_line
from bot.store.own_line import OwnLine, asked
from bot.store.together import Heard, Topic

log = structlog.get_logger()

# Nothing may come for hours: so often we make sure that it is the silence of nothing to say.
MAKE_SURE_EVERY = 10.0
AGAIN_AFTER = 1.0


class Listener:
    """Hears what is told through one PostgreSQL database, whichever process tells it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._heard: dict[str, list[Heard]] = {}
        self.hearing = asyncio.Event()

    def on(self, topic: Topic, heard: Heard) -> None:
        self._heard.setdefault(topic.value, []).append(heard)

    async def run(self) -> None:
        while True:
            try:
                async with own_line.opened(self._url, "signals") as line:
                    await self._listen(line)
            except own_line.CUT as trouble:
                log.warning("signals are not heard, looking instead", reason=type(trouble).__name__)
            finally:
                self.hearing.clear()
            await asyncio.sleep(AGAIN_AFTER)

    async def _listen(self, line: OwnLine) -> None:
        for topic in self._heard:
            await asked(line, f'listen "{topic}"')
        self.hearing.set()
        for topic in self._heard:
            self._tell(topic, "")
        while True:
            async for signal in line.notifies(timeout=MAKE_SURE_EVERY):
                self._tell(signal.channel, signal.payload)
            await asked(line, "select 1")

    def _tell(self, topic: str, word: str) -> None:
        for heard in self._heard.get(topic, ()):
            try:
                heard(word)
            except Exception as trouble:
                log.error("a signal was not understood", topic=topic, exc_info=trouble)
