"""Telegram: verify · read · render · TelegramSender."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import structlog
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, User
from telegram.constants import ChatAction, ChatMemberStatus, ParseMode
from telegram.error import BadRequest, TelegramError

from bot import payload, telegram_html
from bot.fitting import clipped, fitted, legible, utf16_units
from bot.pace import Gate
from bot.payload import Payload
from bot.telegram_client import Connection, about_person, failed
from bot.telegram_polling import TelegramPolling as TelegramPolling
from bot.vision.fetching import NotFetched
from bot.vision.opening import LARGEST_FILE
from content.models import Language
from handlers.messages import Account, Address, ChatKind, Kind, Message, Platform, Reply
from handlers.picture_types import PictureTrouble
from handlers.ports import Letter, Sent

log = structlog.get_logger(__name__)

# --- verify ------------------------------------------------------------


def verify(header: str | None, secret: str) -> bool:
    """Whether the secret that we gave Telegram with the webhook came back, compared in constant time."""
    return bool(header and secret) and hmac.compare_digest((header or "").encode(), secret.encode())


# --- read --------------------------------------------------------------

MESSAGE_KINDS: Final = {
    "text": Kind.TEXT,
    "photo": Kind.IMAGE,
    "live_photo": Kind.IMAGE,
    "voice": Kind.AUDIO,
    "audio": Kind.AUDIO,
    # An animation carries a document beside it, a venue a location: the telling name comes first.
    "animation": Kind.VIDEO,
    "video": Kind.VIDEO,
    "video_note": Kind.VIDEO,
    "document": Kind.FILE,
    "location": Kind.LOCATION,
    "venue": Kind.LOCATION,
    "contact": Kind.CONTACT,
    "sticker": Kind.STICKER,
}
# What Telegram itself says in a chat: nobody spoke, nobody waits for an answer.
SERVICE_NOTES: Final = frozenset(
    re.findall(
        r"\w+",
        """
        boost_added channel_chat_created chat_background_set chat_owner_changed chat_owner_left chat_shared
        checklist_tasks_added checklist_tasks_done connected_website delete_chat_photo
        direct_message_price_changed forum_topic_closed forum_topic_created forum_topic_edited
        forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden gift gift_upgrade_sent
        giveaway_completed giveaway_created giveaway_winners group_chat_created left_chat_member
        managed_bot_created message_auto_delete_timer_changed migrate_from_chat_id new_chat_members
        new_chat_photo new_chat_title paid_message_price_changed passport_data pinned_message
        poll_option_added poll_option_deleted proximity_alert_triggered refunded_payment successful_payment
        suggested_post_approval_failed suggested_post_approved suggested_post_declined suggested_post_paid
        suggested_post_refunded supergroup_chat_created unique_gift users_shared video_chat_ended
        video_chat_participants_invited video_chat_scheduled video_chat_started web_app_data
        write_access_allowed
        """,
    )
)
PICTURE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
COMMAND = re.compile(r"^/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<bot>[A-Za-z0-9_]{1,64}))?(?=\s|$)")
OUTSIDE: Final = frozenset({"left", "kicked"})


def read(update: bytes | Payload, bot_username: str, now: datetime) -> list[Message]:
    """What an update tells: at most one Message. Raises ValueError only where bytes are no JSON.

    `bot_username` is ours without @ ("" while unknown: then no mention counts); `now` (aware UTC) is our time
    of receipt. What cannot be understood is logged without a word of it.
    """
    update = payload.parsed(update)
    event_id = payload.text(update, "update_id") or payload.fingerprint(update)
    try:
        return [_update(update, event_id, bot_username.lower(), now)]
    except Exception:
        # The next update must be read whatever is odd about this one: polling would stand still otherwise.
        log.exception("telegram update not read", event_id=event_id)
        return []


def _update(update: Payload, event_id: str, bot_username: str, now: datetime) -> Message:
    if tap := payload.mapping(update, "callback_query"):
        return _tap(tap, event_id, now)
    if change := payload.mapping(update, "my_chat_member"):
        address = _address(payload.mapping(change, "chat"), payload.mapping(change, "from"))
        return Message(address, event_id, _membership(change, address), now)
    message = payload.mapping(update, "message")
    if message and payload.text(message, "chat", "type") != "channel":
        return _message(message, event_id, bot_username, now)
    return Message(_address(*_whereabouts(update)), event_id, Kind.IGNORED, now)


def _whereabouts(update: Payload) -> tuple[Payload, Payload]:
    """Chat and sender of what is not answered: an edit (its first wording was), a channel's post…"""
    whole = next((each for each in update.values() if isinstance(each, dict)), {})
    return payload.mapping(whole, "chat"), payload.mapping(whole, "from")


def _address(chat: Payload, sender: Payload) -> Address:
    person = payload.text(sender, "id")
    kind = ChatKind.PRIVATE if payload.text(chat, "type") in ("private", "") else ChatKind.GROUP
    return Address(Platform.TELEGRAM, payload.text(chat, "id") or person, person, kind)


def _tap(tap: Payload, event_id: str, now: datetime) -> Message:
    sender = payload.mapping(tap, "from")
    return Message(
        address=_address(payload.mapping(tap, "message", "chat"), sender),
        event_id=event_id,
        kind=Kind.TAP,
        received_at=now,
        data=payload.text(tap, "data"),
        addressed=True,
        language_hint=_language(sender),
        callback_id=payload.text(tap, "id"),
    )


def _membership(change: Payload, address: Address) -> Kind:
    before = payload.text(change, "old_chat_member", "status")
    after = payload.text(change, "new_chat_member", "status")
    if after in OUTSIDE:
        return Kind.UNFOLLOW if address.kind is ChatKind.PRIVATE else Kind.LEAVE
    in_channel = payload.text(change, "chat", "type") == "channel"
    if before in OUTSIDE and address.kind is ChatKind.GROUP and not in_channel:
        return Kind.JOIN
    # In private /start follows at once: answering here too would be twice.
    return Kind.IGNORED


def _message(message: Payload, event_id: str, bot_username: str, now: datetime) -> Message:
    sender = payload.mapping(message, "from")
    address = _address(payload.mapping(message, "chat"), sender)
    kind = _kind(message, address, bot_username)
    text, addressed = _text(message, kind, bot_username)
    return Message(
        address=address,
        event_id=event_id,
        kind=kind,
        received_at=now,
        text=text,
        data=_data(message, kind),
        file_id=_file_id(message),
        album=payload.text(message, "media_group_id"),
        forwarded=any(name.startswith("forward_") for name in message),
        addressed=addressed,
        quoted=_quoted(message, bot_username),
        language_hint=_language(sender),
    )


def _kind(message: Payload, address: Address, bot_username: str) -> Kind:
    if "migrate_to_chat_id" in message:
        return Kind.MIGRATED
    # Another bot speaks, or a channel's post is copied here. A nameless admin is a "bot" with sender_chat.
    by_machine = payload.found(message, "from", "is_bot") is True and "sender_chat" not in message
    if by_machine or "is_automatic_forward" in message or SERVICE_NOTES & set(message):
        return Kind.IGNORED
    command = COMMAND.match(payload.text(message, "text"))
    named = (command["bot"] or "").lower() if command else ""
    if named not in ("", bot_username) and address.kind is ChatKind.GROUP:
        return Kind.IGNORED
    if payload.text(message, "document", "mime_type") in PICTURE_TYPES and "animation" not in message:
        return Kind.IMAGE  # a picture sent as a file
    return next((kind for name, kind in MESSAGE_KINDS.items() if name in message), Kind.OTHER)


def _text(message: Payload, kind: Kind, bot_username: str) -> tuple[str, bool]:
    """The words with the links they hide and without our own name; and whether they speak to us."""
    if kind is Kind.IGNORED:
        return "", False
    field = "text" if "text" in message else "caption"
    words = payload.text(message, field)
    entities = payload.items(message, "entities" if field == "text" else "caption_entities")
    links = _hidden_links(message, entities)
    mentions = [span for entity in entities if (span := _own_mention(words, entity, bot_username))]
    addressed = bool(mentions) or _replies_to_us(message, bot_username)
    if mentions:
        words = payload.without(words, mentions)
    if command := COMMAND.match(words):
        addressed = True
        words = f"/{command['name']}{words[command.end() :]}"
    return "\n".join(part for part in (words, *links) if part), addressed


def _data(message: Payload, kind: Kind) -> str:
    """What a message tells beside its words: a group's new id, a file's name (.apk), a contact's number."""
    paths = {
        Kind.MIGRATED: ("migrate_to_chat_id",),
        Kind.FILE: ("document", "file_name"),
        Kind.CONTACT: ("contact", "phone_number"),
    }
    return payload.text(message, *paths[kind]) if kind in paths else ""


def _hidden_links(message: Payload, entities: Sequence[object]) -> list[str]:
    """Addresses that stand behind words or buttons: the person sees "Claim now", the scam is in the link."""
    behind_words = [payload.text(entity, "url") for entity in entities]
    rows = payload.items(message, "reply_markup", "inline_keyboard")
    buttons = [button for row in rows if isinstance(row, list) for button in row]
    links = behind_words + [payload.text(button, "url") for button in buttons]
    return list(dict.fromkeys(link for link in links if link))


def _own_mention(words: str, entity: object, bot_username: str) -> tuple[int, int] | None:
    offset, length = payload.number(entity, "offset"), payload.number(entity, "length")
    if offset is None or length is None or not bot_username:
        return None
    kind = payload.text(entity, "type")
    named = payload.unit_slice(words, offset, length) if kind == "mention" else ""
    if kind == "text_mention":
        named = "@" + payload.text(entity, "user", "username")
    return (offset, length) if named.lower() == f"@{bot_username}" else None


def _replies_to_us(message: Payload, bot_username: str) -> bool:
    name = payload.text(message, "reply_to_message", "from", "username")
    return bool(bot_username) and name.lower() == bot_username


def _quoted(message: Payload, bot_username: str) -> str:
    """The text replied to; nothing where it is our own answer, which nobody wants checked."""
    if _replies_to_us(message, bot_username):
        return ""
    candidates = (("quote", "text"), ("reply_to_message", "text"), ("reply_to_message", "caption"))
    return next((words for path in candidates if (words := payload.text(message, *path))), "")


def _file_id(message: Payload) -> str:
    if photos := payload.items(message, "photo"):
        return payload.text(photos[-1], "file_id")  # the last is the largest
    for name in ("voice", "audio", "animation", "video", "video_note", "document"):
        if file_id := payload.text(message, name, "file_id"):
            return file_id
    return ""


def _language(sender: Payload) -> Language | None:
    code = payload.text(sender, "language_code").lower()[:2]
    return {"th": Language.THAI, "en": Language.ENGLISH}.get(code)


# --- render ------------------------------------------------------------

# Telegram cuts at 4096; we stop earlier so that the hotline is never what gets lost. Counted with the markup.
LONGEST_TEXT = 3_500


def render(reply: Reply) -> dict[str, Any]:
    """Text in Telegram's HTML and an inline keyboard, as parameters of sendMessage.

    Everything is escaped: a citizen's words are shown, never interpreted. Links in them make no preview.
    """
    reply = legible(reply)
    whole = fitted(reply, lambda shorter: utf16_units(telegram_html.text(shorter)) <= LONGEST_TEXT)
    message: dict[str, Any] = {
        "text": telegram_html.text(whole),
        "parse_mode": ParseMode.HTML.value,
        "link_preview_options": {"is_disabled": True},
    }
    if keyboard := telegram_html.keyboard(reply):
        message["reply_markup"] = {"inline_keyboard": keyboard}
    return message


def rescued(reply: Reply) -> str:
    """The same answer without markup or buttons: what is sent when Telegram refuses the other."""
    return clipped(telegram_html.bare(render(reply)["text"]), LONGEST_TEXT)


# --- send --------------------------------------------------------------

WORKING_SECONDS = 2.0
# As whom Telegram shows an admin of a group who writes in the group's name.
NAMELESS_ADMIN = "1087968824"
# Presses already acknowledged by this process; more than can be open at a time.
REMEMBERED_TAPS = 1_000


class TelegramSender:
    """The way out to Telegram. Telegram has no key against doubles: a time-out stays unknown. `gate` keeps all of us together
    below what Telegram takes in a second."""

    def __init__(self, connection: Connection, gate: Gate | None = None) -> None:
        self._bot = connection.bot
        self._gate = gate
        self._acknowledged: dict[str, None] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, token: str, api_url: str | None = None, gate: Gate | None = None
    ) -> AsyncIterator[TelegramSender]:
        """A sender whose connections close with the block. Asks Telegram nothing yet."""
        connection = Connection(token, api_url)
        try:
            yield cls(connection, gate)
        finally:
            await connection.close()

    async def username(self) -> str:
        """Our own name without @, as Telegram knows it. Raises SendFailed when it cannot be asked."""
        return (await self._me()).username or ""

    async def account(self) -> Account:
        """What Telegram calls us, and whether we hear everything in groups. Raises SendFailed when it cannot be asked."""
        me = await self._me()
        overhears = bool(me.can_read_all_group_messages)
        return Account(f"https://t.me/{me.username}" if me.username else "", overhears=overhears)

    async def is_admin(self, address: Address) -> bool | None:
        if address.person == NAMELESS_ADMIN:
            return True
        try:
            member = await self._bot.get_chat_member(_chat_id(address), int(address.person))
        except (TelegramError, ValueError) as failure:
            log.debug("could not ask who is an admin", reason=type(failure).__name__)
            return None
        return member.status in (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)

    async def leave(self, address: Address) -> None:
        try:
            await self._bot.leave_chat(_chat_id(address))
        except (TelegramError, ValueError) as failure:
            log.warning("could not leave a group", platform="telegram", reason=type(failure).__name__)

    async def _me(self) -> User:
        try:
            return await self._bot.get_me()
        except TelegramError as failure:
            raise failed(failure) from failure

    async def send(self, letter: Letter) -> Sent:
        acknowledged = self._acknowledge(letter.callback_id)
        _, message_id = await asyncio.gather(acknowledged, self._message(letter))
        return Sent(message_id, "send")

    async def working(self, message: Message) -> None:
        if message.kind is Kind.TAP:
            await self._acknowledge(message.callback_id)
            return
        try:
            await self._bot.send_chat_action(_chat_id(message.address), ChatAction.TYPING, read_timeout=WORKING_SECONDS)
        except (TelegramError, ValueError) as failure:
            log.debug("no chat action", reason=type(failure).__name__)

    async def content(self, file_id: str) -> bytes:
        """The bytes of a picture that somebody sent. Raises NotFetched."""
        try:
            file = await self._bot.get_file(file_id)
            if (file.file_size or 0) > LARGEST_FILE:
                raise NotFetched(PictureTrouble.TOO_LARGE)
            return bytes(await file.download_as_bytearray())
        except (TelegramError, ValueError) as failure:
            log.debug("a picture was not handed out", reason=type(failure).__name__)
            raise NotFetched from None

    async def _acknowledge(self, callback_id: str) -> None:
        """Stops the little clock on the pressed button. When that fails, the answer goes out all the same."""
        if not callback_id or callback_id in self._acknowledged:
            return
        try:
            await self._bot.answer_callback_query(callback_id, read_timeout=WORKING_SECONDS)
        except TelegramError as failure:
            log.debug("press not acknowledged", reason=type(failure).__name__)
            return
        self._acknowledged[callback_id] = None
        if len(self._acknowledged) > REMEMBERED_TAPS:
            del self._acknowledged[next(iter(self._acknowledged))]

    async def _message(self, letter: Letter) -> str:
        """The id of the message sent. Where Telegram refuses its form, the same words go without any."""
        try:
            try:
                return await self._formed(letter)
            except BadRequest as refused:
                if about_person(refused):
                    raise
                log.error("telegram refused a message's form", letter=letter.id, reason=refused.message)
                return await self._bare(letter)
        except TelegramError as failure:
            raise failed(failure) from failure

    async def _turn(self, *, patient: bool = False) -> None:
        """Returns when one more message may leave. Raises TooFast."""
        if self._gate is not None:
            await self._gate.turn(patient=patient)

    async def _formed(self, letter: Letter) -> str:
        await self._turn()
        rendered = render(letter.reply)
        keyboard = rendered.get("reply_markup")
        sent = await self._bot.send_message(
            _chat_id(letter.address),
            rendered["text"],
            parse_mode=rendered["parse_mode"],
            link_preview_options=LinkPreviewOptions(**rendered["link_preview_options"]),
            reply_markup=InlineKeyboardMarkup.de_json(keyboard, self._bot) if keyboard else None,
        )
        return str(sent.message_id)

    async def _bare(self, letter: Letter) -> str:
        await self._turn()
        preview = LinkPreviewOptions(is_disabled=True)
        sent = await self._bot.send_message(
            _chat_id(letter.address), rescued(letter.reply), link_preview_options=preview
        )
        return str(sent.message_id)


def _chat_id(address: Address) -> int | str:
    return int(address.chat) if address.chat.lstrip("-").isdigit() else address.chat
