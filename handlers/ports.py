"""What the handlers and the scheduler need of the world, as Protocols. `bot.app` hands in the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from content.fingerprints import Fingerprint, Fingerprinter
from content.loading import Knowledge
from content.reported import Standing, Subject
from handlers.drill_types import Practice
from handlers.hub_types import AtHub
from handlers.limits import Allowance, Filed, Limit
from handlers.messages import Account, Address, Case, Event, Message, Outcome, Platform, Reply, Seen, Session
from handlers.report import Terms
from handlers.trusted_types import Known, Watch
from handlers.urgency import Urgency, ordinary

# As many rows as are looked at together where nobody says how many.
PAGE = 500


@dataclass(frozen=True)
class Waiting:
    """A message in the inbox: `id` is its row, `message` what came in; `before` the row that waits of the same person before
    it, where it has just come in and there is one."""

    id: int
    message: Message
    urgency: Urgency = field(default=Urgency.ORDINARY, compare=False)
    before: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Letter:
    """An answer in the outbox.

    `reply_token` and `received_at` are those of the message it answers ("" for what leaves by itself);
    `retry_key` is a UUID that the row has held from the start; `tries` counts the attempts before this one, and
    `unknown` says that an earlier attempt may have been delivered (a time-out, or the process died meanwhile).
    `by_push`: its reply token is known to be dead and unused, so that every further attempt is a push.
    `callback_id`: a Telegram button press to be acknowledged with it; `answers`: the message replied to, if any.
    """

    id: int
    address: Address
    reply: Reply
    retry_key: str
    reply_token: str
    callback_id: str
    received_at: datetime
    tries: int
    unknown: bool
    by_push: bool = False


@dataclass(frozen=True)
class Sent:
    """Where a letter ended: `message_id` as the platform calls it; `via` is "reply", "push", "send" or "collected"."""

    message_id: str
    via: str


class Store(Protocol):
    """What we remember. Every write is durable when its call returns; each method is one transaction."""

    async def receive(
        self, messages: Sequence[Message], urgency: Callable[[Message], Urgency] = ordinary
    ) -> Sequence[Waiting]:
        """Put messages into the inbox; returns only those not seen before (unique platform + event id)."""

    async def waiting(self, most: int = PAGE, besides: Collection[int] = ()) -> Sequence[Waiting]:
        """The first `most` in the inbox that are not done and ours to answer, without those that are known here: who is in
        need first, then the oldest."""

    async def session(self, address: Address) -> Session:
        """Where the conversation stands; a new Session for somebody never seen. In a group: the group's."""

    async def cases(self, address: Address) -> Sequence[Case]:
        """The reports of one person, newest first."""

    async def seen(self, fingerprints: Sequence[Fingerprint], address: Address) -> Sequence[Seen | None]:
        """For each fingerprint, who else than the one at `address` asked about the same message; None for a new one."""

    async def seen_pictures(
        self, looks: Sequence[str], fingerprint: Fingerprint | None, address: Address
    ) -> Sequence[Seen | None]:
        """For each look of a picture (see `Picture`), who else than the one at `address` asked about the same picture;
        `fingerprint` is that of their words, which must be alike too."""

    async def reported(self, subjects: Sequence[Subject]) -> Sequence[Standing]:
        """What people's reports say of each; nothing for what nobody reported."""

    async def limit(self, address: Address) -> Limit | None:
        """What an official set for whoever writes from there, while it holds."""

    async def at_hub(self, address: Address, code: str, home: str) -> AtHub:
        """Where somebody stands with hubs, and what `code` ("" for none) opens; `home` is our address on the web."""

    async def progress(self, first: Waiting, reply: Reply) -> Letter | None:
        """Put into the outbox, once, that the messages beginning with `first` are being looked at; None where it was
        said before."""

    async def filed(self, address: Address) -> Filed:
        """How many reports came from there in the last 24 hours."""

    async def trusted(self, address: Address, code: str) -> Known:
        """The links of whoever writes from there, and what the code is that they typed ("" for none)."""

    async def practice(self, address: Address) -> Practice:
        """What whoever writes from there has practised of late."""

    async def watch(self, address: Address) -> Watch | None:
        """Whom to tell when it gets dangerous for whoever writes from there; None for nobody."""

    async def commit(self, done: Sequence[Waiting], outcome: Outcome) -> Letter | None:
        """Make an outcome true: session, events, sightings, report (its number filled into the reply), erasure, outbox row, inbox
        rows done and emptied. Answers with the letter that is now in the outbox, for delivery to the address of the
        last of `done`, or None when the outcome is silence."""

    async def letters(self, after: int = 0, most: int = PAGE) -> Sequence[Letter]:
        """What is due in the outbox, not sent and ours to send, oldest first (not what is for the web, which is collected): at
        most so many after a row."""

    async def sending(self, letter: Letter) -> bool:
        """Written before an attempt: one more try, its result unknown until `sent`, `failed` or `later`. False
        when another hand took the letter since it was read: then it must not be sent. `letter.by_push` stands from then on."""

    async def sent(self, letter: Letter, sent: Sent) -> None:
        """It left: the row keeps time and message id, and loses its words."""

    async def failed(self, letter: Letter, reason: str, *, unreachable: bool = False) -> None:
        """It will never leave: the reason stays, the words go; `unreachable` marks the person."""

    async def later(self, letter: Letter, due: datetime, *, unknown: bool) -> None:
        """To be tried again at `due`; `unknown` as in `Letter`."""

    async def moved(self, platform: Platform, chat: str, new_chat: str) -> None:
        """A chat got another address (a Telegram group became a supergroup)."""

    async def collect(self, address: Address) -> Sequence[Letter]:
        """The web's outbox: hands out what waits for one browser and marks it sent."""

    async def record(self, address: Address, events: Sequence[Event]) -> None:
        """Count something outside a conversation turn."""


class Sender(Protocol):
    """The way out to one platform. Raises the family of `errors.SendFailed`."""

    async def send(self, letter: Letter) -> Sent: ...

    async def working(self, message: Message) -> None:
        """Show that an answer is being made (typing, loading). Never raises; costs nothing when it fails."""


@runtime_checkable
class Host(Protocol):
    """A sender to whose platform groups belong."""

    async def is_admin(self, address: Address) -> bool | None:
        """Whether who writes is an admin of the group; None where the platform does not tell, or not now. Never raises."""

    async def leave(self, address: Address) -> None:
        """Go out of a group. Never raises: whoever does not want us can still remove us."""


@runtime_checkable
class Replier(Protocol):
    """A sender whose platform gives a token to reply with, which dies."""

    def must_push(self, letter: Letter) -> bool:
        """Whether the letter's token is unused and too old to be tried, so that it leaves by push."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""


@dataclass
class Ports:
    """All of the world that a conversation needs. `knowledge` is swapped whole when it changes; `accounts` fills when the
    platforms say what we are called; `home` is our own address on the web ("" where nobody outside could open it)."""

    store: Store
    senders: Mapping[Platform, Sender]
    clock: Clock
    knowledge: Knowledge
    terms: Terms
    fingerprinter: Fingerprinter
    allowance: Allowance = field(default_factory=Allowance)
    accounts: dict[Platform, Account] = field(default_factory=dict)
    home: str = ""
