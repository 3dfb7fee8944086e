"""The vocabulary that every handler speaks: who writes, what came in, what goes out, what is to be remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from content.fingerprints import Fingerprint
from content.models import Language, ScamType
from content.verdict import Level
from handlers.drill_types import Act as DrillAct
from handlers.hub_types import HubAct, Listed
from handlers.picture_types import Picture
from handlers.trusted_types import Act as TrustedAct


class Platform(StrEnum):
    LINE = "line"
    TELEGRAM = "telegram"
    WEB = "web"
    PARTNER = "partner"  # a partner's program asks and reports; nothing is ever sent there


# Where people talk with us.
CHATS = (Platform.LINE, Platform.TELEGRAM, Platform.WEB)


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"


@dataclass(frozen=True)
class Address:
    """Where a message came from and where its answer goes. `person` may be empty in a LINE group."""

    platform: Platform
    chat: str
    person: str
    kind: ChatKind = ChatKind.PRIVATE


class Kind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    STICKER = "sticker"
    CONTACT = "contact"
    TAP = "tap"  # a button of ours was pressed; `data` says which
    FOLLOW = "follow"  # began to talk with us, or came back
    UNFOLLOW = "unfollow"  # blocked us
    JOIN = "join"  # we were added to a group
    LEAVE = "leave"  # we were removed from a group
    UNSEND = "unsend"
    MIGRATED = "migrated"  # a Telegram group got another id; `data` holds the new one
    OTHER = "other"  # something a person sent that we know no name for: still answered
    IGNORED = "ignored"  # nothing a person said: never answered


@dataclass(frozen=True)
class Message:
    """One thing that happened in a chat, in no platform's words.

    `event_id` is unique within a platform: the gate against doubles. `received_at` is our clock (aware UTC).
    `reply_token` (LINE) and `callback_id` (Telegram) are what the answer needs. `quoted` is the text that the
    person replied to. `data` is a tap's data, a file's name or a contact's number. `addressed` says that in a group the bot was mentioned, replied to or named by command.
    `album` is what pictures sent together share, `album_size` how many they are (0: not told). `picture` is what was
    read of a picture: never by the platform, but by `bot.vision` before the message is answered; `listed` what was read of
    a file that a member of a hub sent.
    """

    address: Address
    event_id: str
    kind: Kind
    received_at: datetime
    text: str = ""
    data: str = ""
    file_id: str = ""
    forwarded: bool = False
    addressed: bool = False
    quoted: str = ""
    language_hint: Language | None = None
    reply_token: str = ""
    callback_id: str = ""
    album: str = ""
    album_size: int = 0
    picture: Picture | None = None
    listed: Listed | None = None


class Tone(StrEnum):
    """The colour of a reply's head."""

    ALARM = "alarm"  # known scam
    CAUTION = "caution"  # warning signs
    CALM = "calm"  # not known: neither alarm nor relief
    PLAIN = "plain"  # menu, report, thanks
    URGENT = "urgent"  # someone has paid, or may harm themselves


@dataclass(frozen=True)
class Span:
    text: str
    bold: bool = False


Line = tuple[Span, ...]


def line(text: str) -> Line:
    """A line of text in which `**words**` are bold."""
    parts = text.split("**")
    if len(parts) % 2 == 0:
        return (Span(text),)
    return tuple(Span(part, bold=index % 2 == 1) for index, part in enumerate(parts) if part)


def plain(content: Line) -> str:
    return "".join(span.text for span in content)


@dataclass(frozen=True)
class Section:
    """A heading (may be empty) and its lines; `steps` are numbered when shown."""

    heading: str
    lines: tuple[Line, ...]
    steps: bool = False


class ButtonKind(StrEnum):
    TAP = "tap"  # comes back to us as `Kind.TAP` with `value` as data (at most 60 ASCII bytes)
    CALL = "call"  # dials `value`
    OPEN = "open"  # opens the address `value`


@dataclass(frozen=True)
class Button:
    label: str
    kind: ButtonKind
    value: str


@dataclass(frozen=True)
class Account:
    """What a platform calls us: `link` opens a chat with us alone ("" until we know); `overhears`: in groups we are
    shown everything, not only what names us (Telegram's privacy mode)."""

    link: str = ""
    overhears: bool = True


# Until the platform has said what we are called.
UNNAMED = Account()


class GroupMode(StrEnum):
    """How a group wants us."""

    QUIET = "quiet"  # not a word, but about these settings
    ASKED = "asked"  # only when called
    ON = "on"  # also unasked, for a known scam beyond doubt


@dataclass(frozen=True)
class Reply:
    """One answer, the same for every platform: a title, sections, up to eight buttons, up to eight quick replies.

    `summary` stands where only one line is shown (a notification, LINE's altText) and carries the substance.
    `farewell`: with it we leave the group.
    """

    title: str
    summary: str
    language: Language
    tone: Tone = Tone.PLAIN
    sections: tuple[Section, ...] = ()
    buttons: tuple[Button, ...] = ()
    quick: tuple[Button, ...] = ()
    farewell: bool = False

    def filled(self, values: Mapping[str, str]) -> Reply:
        """The reply with `{name}` in every text replaced: for what only the store knows (the case number)."""

        def fill(text: str) -> str:
            for name, value in values.items():
                text = text.replace("{" + name + "}", value)
            return text

        sections = tuple(
            replace(
                section,
                heading=fill(section.heading),
                lines=tuple(tuple(replace(s, text=fill(s.text)) for s in each) for each in section.lines),
            )
            for section in self.sections
        )
        return replace(
            self,
            title=fill(self.title),
            summary=fill(self.summary),
            sections=sections,
            buttons=tuple(replace(b, value=fill(b.value)) for b in self.buttons),
            quick=tuple(replace(b, value=fill(b.value)) for b in self.quick),
        )


@dataclass(frozen=True)
class Session:
    """What the conversation with one person (or group) stands at. Kept in the database, sealed.

    `language` is a choice the person made, not a guess. `step` names where a dialogue is ("" when none is going on)
    and `data` what it has gathered. `asked` is the text last asked about, kept for an hour so that it can be
    reported with one tap; `asked_at` says since when. `aside` holds dialogues left in the middle (handlers/dialogue.py).
    `mode` is a group's; `hub` the name of the hub that a person belongs to.
    """

    language: Language | None = None
    spoken: Language | None = None
    greeted: bool = False
    subscribed: bool = False
    step: str = ""
    step_at: datetime | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    asked_at: datetime | None = None
    aside: Mapping[str, str] = field(default_factory=dict)
    mode: GroupMode = GroupMode.ON
    hub: str = ""
    interests: tuple[str, ...] = ()
    province: str = ""


@dataclass(frozen=True)
class Checked:
    """A question was answered: what is counted, without a word of it."""

    level: Level
    type: ScamType | None
    entry: str | None
    question: str | None
    language: Language
    content_version: str


@dataclass(frozen=True)
class Happened:
    """Anything else worth counting, in our own words: "useful", "emergency", "greeted"…"""

    name: str
    detail: str = ""


Event = Checked | Happened


class CameBy(StrEnum):
    """Where a reported message came from."""

    SMS = "sms"
    CALL = "call"
    LINE = "line"
    FACEBOOK = "facebook"
    TIKTOK = "tiktok"
    TELEGRAM = "telegram"
    WEB = "web"
    IN_PERSON = "in_person"
    OTHER = "other"


class Loss(StrEnum):
    """Money lost, in bands of baht: enough for a trend, too little to know a person by."""

    NONE = "none"
    UNDER_1K = "under_1k"
    FROM_1K = "1k_10k"
    FROM_10K = "10k_100k"
    FROM_100K = "100k_1m"
    OVER_1M = "over_1m"


@dataclass(frozen=True)
class Named:
    """A phone number, account, LINE id or domain that a reported message names. The store keeps its keyed hash alone.

    `guarded`: it stands in the directory, so that reports never speak against it.
    """

    kind: str
    value: str
    guarded: bool = False


@dataclass(frozen=True)
class NewReport:
    """A report that the person agreed to. `text` is masked already; what could not be masked never gets here.

    `fingerprint` and `folds_by` (its skeleton, of which a keyed hash is kept) say which reports are of one case;
    `disputes`: the person says that our answer was wrong. `words` are the person's own, not masked: they are filed nowhere,
    and stay at hand for an hour where the report is not taken.
    """

    text: str
    language: Language
    level: Level
    type: ScamType | None
    entry: str | None
    fingerprint: Fingerprint | None = None
    folds_by: str = ""
    named: tuple[Named, ...] = ()
    disputes: bool = False
    words: str = field(default="", repr=False)


@dataclass(frozen=True)
class Details:
    """What the reporter tells of a report afterwards, question by question; None is not (yet) said. `note` is masked."""

    number: str
    came_by: CameBy | None = None
    loss: Loss | None = None
    province: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Case:
    """A report as its reporter sees it again.

    `state`: received, in_review, answered or withdrawn; `decision` once answered: scam, not_a_scam, cant_tell; `entry`
    what it was found to be. `promised_at`: by when it will have been looked at.
    """

    number: str
    state: str
    reported_at: datetime
    promised_at: datetime | None = None
    decision: str = ""
    entry: str | None = None


class FollowUpKind(StrEnum):
    """A gentle question that is asked later, once."""

    BANK_CASE = "bank_case"  # the morning after: did the bank give a case number?


@dataclass(frozen=True)
class FollowUp:
    """A question to ask the person at `due_at`; a newer one of its kind takes its place."""

    kind: FollowUpKind
    due_at: datetime


@dataclass(frozen=True)
class Sighting:
    """A message was asked about: its fingerprint and what we made of it, and not a word of it. `words` is a keyed hash of exactly
    its words, links and numbers ("" where nobody asked about it in them): only of these the same verdict can be expected again."""

    fingerprint: Fingerprint
    level: Level
    type: ScamType | None
    entry: str | None
    words: str = ""


@dataclass(frozen=True)
class PictureSighting:
    """A picture was asked about: its look (see `Picture`) and the fingerprint of its words, where they are enough for one."""

    look: str
    fingerprint: Fingerprint | None
    level: Level
    type: ScamType | None


@dataclass(frozen=True)
class Seen:
    """A message known again: how many different people `others` than the asker asked about it, and since when."""

    others: int
    first_at: datetime


@dataclass(frozen=True)
class HubTable:
    """The table that a member of a hub gets back: its heading and its rows as they stand in a file, and a report of each
    message that nobody knows yet. Texts are masked; what cannot be masked is in neither."""

    rows: tuple[tuple[str, ...], ...]
    messages: int
    reports: tuple[NewReport, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """All that follows from a message; `store.commit` makes it true in one transaction.

    `reply` is None where silence is the right answer. In the reply and the session data of an outcome with a `report`,
    `{case_number}` and `{promised}` (a day) are filled in by the store. `details` and `withdraw` (a case number) touch
    only reports of the same person. `answered` holds what was said to a follow-up ("yes", "no").

    In a group: `unasked` is what an answer that nobody asked for is known again by, so that the same is said once a day;
    `group_mode` how the group wants us from now on; `left`: we are in it no more.

    Of hubs: `hub` is what somebody wants of theirs; with a `table`, `{hub_table}` in the reply's buttons is filled in.
    """

    session: Session
    reply: Reply | None = None
    events: tuple[Event, ...] = ()
    report: NewReport | None = None
    details: Details | None = None
    withdraw: str = ""
    follow_up: FollowUp | None = None
    answered: tuple[FollowUpKind, str] | None = None
    sightings: tuple[Sighting, ...] = ()
    pictures: tuple[PictureSighting, ...] = ()
    erase: bool = False
    unreachable: bool = False
    trusted: TrustedAct | None = None
    drill: DrillAct | None = None
    unasked: Fingerprint | None = None
    group_mode: GroupMode | None = None
    left: bool = False
    hub: HubAct | None = None
    table: HubTable | None = None
