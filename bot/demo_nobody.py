"""The other end of the demonstration's platforms: whatever is sent arrives, and nobody is there."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.errors import Unreachable
from handlers.messages import Message, Reply
from handlers.ports import Letter, Sent
from scheduler.bulletins import Quota
from scheduler.delivery import Took

QUOTA = Quota(20_000, 2_000)


class Nobody:
    """A platform for letters, and a way to many or to each for bulletins. Chats that end in 5 have blocked us: some of any crowd."""

    async def send(self, letter: Letter) -> Sent:
        return Sent(f"demo-{letter.id}", "push")

    async def working(self, message: Message) -> None:
        return None

    async def send_to(self, chats: Sequence[str], reply: Reply, retry_key: str) -> Took:
        return Took(f"demo-{retry_key[:8]}")

    async def left(self) -> int | None:
        return QUOTA.left

    async def quota_of_month(self) -> Quota:
        return QUOTA

    async def send_one(self, chat: str, reply: Reply) -> str:
        if chat.endswith("5"):
            raise Unreachable("Telegram answered 403: the bot was blocked by the user")
        return f"demo-{chat}"
