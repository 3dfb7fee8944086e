"""Where a browser waits for its answers: a bell per chat. The letters themselves stay in the outbox table."""

from __future__ import annotations

import asyncio

from bot.store.together import bells
from handlers.ports import Letter


class Bell:
    """Rings for whoever waits at it. `here`: this process wrote a letter to this very chat; else it may be for another."""

    def __init__(self) -> None:
        self._rang = asyncio.Event()
        self.here = False

    def ring(self, *, here: bool) -> None:
        self.here = self.here or here
        self._rang.set()

    @property
    def rang(self) -> bool:
        return self._rang.is_set()

    async def wait(self, seconds: float) -> None:
        """Until it rings, or so long."""
        try:
            await asyncio.wait_for(self._rang.wait(), seconds)
        except TimeoutError:
            return
        self._rang.clear()


class Mailroom:
    """Rings for whoever waits for letters to one chat."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}

    def deliver(self, letter: Letter) -> None:
        """A letter of this process is ready."""
        for bell in self._bells.get(letter.address.chat, ()):
            bell.ring(here=True)

    def heard(self, group: str) -> None:
        """Another process wrote a letter to a chat of this group of bells (`together.bells`); "" for any: look."""
        for chat, waiting in self._bells.items():
            if not group or bells(chat) == group:
                for bell in waiting:
                    bell.ring(here=False)

    def bell(self, chat: str) -> Bell:
        """A bell that rings at the next letter to this chat. Give it back with `leave`."""
        bell = Bell()
        self._bells.setdefault(chat, set()).add(bell)
        return bell

    def leave(self, chat: str, bell: Bell) -> None:
        waiting = self._bells.get(chat, set())
        waiting.discard(bell)
        if not waiting:
            self._bells.pop(chat, None)
