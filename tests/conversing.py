"""Somebody talking with `decide()` alone: no database, no platform; what the store would fill in is filled in here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from content.fingerprints import Fingerprinter
from content.loading import Knowledge
from handlers.conversation import Turn, decide
from handlers.messages import Address, ButtonKind, Case, Kind, Message, Outcome, Platform, Reply, Session, plain
from handlers.report import REVIEW_DAYS, Terms
from handlers.sightings import Recall

BANGKOK = ZoneInfo("Asia/Bangkok")
# Noon in Bangkok.
NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
FINGERPRINTER = Fingerprinter(b"a key for tests only, 32 bytes!!")


@dataclass
class Conversation:
    """One person's talk. `outcomes` is all that followed; reports are numbered as the store numbers them."""

    knowledge: Knowledge
    session: Session = field(default_factory=Session)
    now: datetime = NOON
    cases: list[Case] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def says(self, text: str, *, forwarded: bool = False, kind: Kind = Kind.TEXT) -> Reply:
        return self._hears(self._message(kind, text=text, forwarded=forwarded))

    def sends(self, kind: Kind) -> Reply:
        return self._hears(self._message(kind))

    def taps(self, data: str) -> Reply:
        return self._hears(self._message(Kind.TAP, data=data))

    def presses(self, label: str) -> Reply:
        """The button of the last answer that begins with this label."""
        return self.taps(data_behind(self.last, label))

    def waits(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def last(self) -> Reply:
        replies = [each.reply for each in self.outcomes if each.reply]
        return replies[-1]

    @property
    def outcome(self) -> Outcome:
        return self.outcomes[-1]

    def _message(self, kind: Kind, text: str = "", data: str = "", forwarded: bool = False) -> Message:
        address = Address(Platform.LINE, "Usomsri", "Usomsri")
        return Message(address, f"e{len(self.outcomes)}", kind, self.now, text=text, data=data, forwarded=forwarded)

    def _hears(self, message: Message) -> Reply:
        recall = Recall(FINGERPRINTER)
        turn = Turn((message,), self.session, tuple(self.cases), self.knowledge, Terms(180, BANGKOK), self.now, recall)
        outcome = self._filled(decide(turn))
        self.outcomes.append(outcome)
        self.session = outcome.session
        self.waits(seconds=20)
        assert outcome.reply is not None
        within_the_limits(outcome.reply)
        return outcome.reply

    def _filled(self, outcome: Outcome) -> Outcome:
        """What the store does with a report, a withdrawal and an erasure."""
        if outcome.withdraw:
            self.cases = [replace(c, state="withdrawn") if c.number == outcome.withdraw else c for c in self.cases]
        if outcome.erase:
            self.cases = []
        if outcome.report is None:
            return outcome
        promised = self.now + timedelta(days=REVIEW_DAYS)
        number = f"RT-2026-{len(self.cases) + 1:05d}7"
        self.cases.insert(0, Case(number, "received", self.now, promised))
        values = {"case_number": number, "promised": promised.astimezone(BANGKOK).strftime("%d/%m/%Y")}
        data = outcome.session.data
        for name, value in values.items():
            data = {key: each.replace("{" + name + "}", value) for key, each in data.items()}
        reply = outcome.reply and outcome.reply.filled(values)
        return replace(outcome, session=replace(outcome.session, data=data), reply=reply)


def words(reply: Reply) -> str:
    """All that a reply says, but its buttons."""
    lines = [reply.title]
    for section in reply.sections:
        lines += [section.heading, *(plain(each) for each in section.lines)]
    return "\n".join(each for each in lines if each)


def labels(reply: Reply) -> list[str]:
    return [each.label for each in (*reply.buttons, *reply.quick)]


def data_behind(reply: Reply, label: str) -> str:
    return next(each.value for each in (*reply.buttons, *reply.quick) if each.label.startswith(label))


def calls(reply: Reply) -> list[str]:
    return [each.value for each in reply.buttons if each.kind is ButtonKind.CALL]


def within_the_limits(reply: Reply) -> None:
    """What every platform takes: eight buttons, eight quick ones, sixty bytes behind each, labels that are not cut."""
    assert len(reply.buttons) <= 8 and len(reply.quick) <= 8, words(reply)
    assert reply.title.strip() and reply.summary.strip()
    for each in (*reply.buttons, *reply.quick):
        assert each.label.strip()
        if each.kind is ButtonKind.TAP:
            assert each.value.isascii() and 0 < len(each.value) <= 60, each.value
    assert all(len(each.label) <= 20 for each in reply.quick), labels(reply)
    # Titles of entries, offered as answers to "which one is it?", are cut with "…" where a platform needs it.
    ours = [each for each in reply.buttons if not each.value.startswith("q:")]
    assert all(len(each.label) <= 40 for each in ours), labels(reply)
    values = [each.value for each in (*reply.buttons, *reply.quick)]
    assert len(values) == len(set(values)), values
