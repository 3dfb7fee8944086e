"""Where a browser waits for its answers: a bell per chat. The letters themselves stay in the outbox table."""

from __future__ import annotations

import asyncio

from handlers.ports import Letter


class Mailroom:
    """Rings for whoever waits for letters to one chat."""

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}

    def deliver(self, letter: Letter) -> None:
        for bell in self._bells.get(letter.address.chat, ()):
            bell.set()

    def bell(self, chat: str) -> asyncio.Event:
        """A bell that rings at the next letter to this chat. Give it back with `leave`."""
        bell = asyncio.Event()
        self._bells.setdefault(chat, set()).add(bell)
        return bell

    def leave(self, chat: str, bell: asyncio.Event) -> None:
        waiting = self._bells.get(chat, set())
        waiting.discard(bell)
        if not waiting:
            self._bells.pop(chat, None)
