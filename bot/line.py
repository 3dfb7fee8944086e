"""LINE: verify · read · render · LineSender.

Our own reading of the webhook, event by event: the SDK's parser loses a whole POST for one odd event.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import aiohttp
import structlog
from linebot.v3.messaging import (
    ApiException,
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    ShowLoadingAnimationRequest,
)

from bot import flex, payload
from bot.fitting import clipped, fitted, legible
from bot.flex import FlexPart
from bot.payload import Payload
from bot.vision.fetching import PICTURE_NAMES, NotFetched, bounded
from handlers.errors import QuotaSpent, SendFailed, TooFast, Unreachable
from handlers.messages import (
    Account,
    Address,
    ButtonKind,
    ChatKind,
    Kind,
    Message,
    Platform,
    Reply,
    plain,
)
from handlers.ports import Letter, Sent

log = structlog.get_logger(__name__)

# --- verify ------------------------------------------------------------


def verify(body: bytes, signature: str | None, secret: str) -> bool:
    """Whether LINE signed exactly these bytes with our channel secret. In constant time."""
    if not signature or not secret:
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode())


# --- read ------------------------------------------------------------

EVENT_KINDS = {
    "postback": Kind.TAP,
    "follow": Kind.FOLLOW,
    "unfollow": Kind.UNFOLLOW,
    "join": Kind.JOIN,
    "leave": Kind.LEAVE,
    "unsend": Kind.UNSEND,
}
MESSAGE_KINDS = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "audio": Kind.AUDIO,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "sticker": Kind.STICKER,
}
# LINE lets people choose so many pictures at once.
LARGEST_ALBUM = 20
WITH_CONTENT = {Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.FILE}


def read(body: bytes | Payload, now: datetime) -> list[Message]:
    """What a webhook body tells, one Message an event. Raises ValueError only where the body is no JSON.

    `now` (aware UTC) is our time of receipt. An event that cannot be understood is logged without a word
    of it and costs only itself.
    """
    messages = []
    for event in payload.items(payload.parsed(body), "events"):
        try:
            messages.append(_message(event, now))
        except Exception:
            # Whatever a platform invents tomorrow, the neighbours in the same POST must be answered.
            log.exception("line event not read", event_id=payload.text(event, "webhookEventId"))
    return messages


def _message(event: object, now: datetime) -> Message:
    address = _address(payload.mapping(event, "source"))
    kind = _kind(event, address)
    text, addressed = _text(event) if kind is Kind.TEXT else ("", False)
    return Message(
        address=address,
        event_id=payload.text(event, "webhookEventId") or _fingerprint(event),
        kind=kind,
        received_at=now,
        text=text,
        data=_data(event, kind),
        file_id=payload.text(event, "message", "id") if kind in WITH_CONTENT else "",
        addressed=addressed or (kind is Kind.TAP and address.kind is ChatKind.GROUP),
        album=payload.text(event, "message", "imageSet", "id"),
        album_size=min(max(payload.number(event, "message", "imageSet", "total") or 0, 0), LARGEST_ALBUM),
        reply_token=payload.text(event, "replyToken") if kind is not Kind.IGNORED else "",
    )


def _address(source: Payload) -> Address:
    person = payload.text(source, "userId")
    for name in ("groupId", "roomId"):
        if chat := payload.text(source, name):
            return Address(Platform.LINE, chat, person, ChatKind.GROUP)
    return Address(Platform.LINE, person, person)


def _kind(event: object, address: Address) -> Kind:
    event_type = payload.text(event, "type")
    # In standby another module owns the chat: LINE asks bots to stay silent. A mode of tomorrow is answered.
    if payload.text(event, "mode") == "standby" or not address.chat:
        return Kind.IGNORED
    if event_type == "message" and payload.text(event, "message", "fileName").lower().endswith(PICTURE_NAMES):
        return Kind.IMAGE  # a picture sent as a file
    if event_type == "message":
        return MESSAGE_KINDS.get(payload.text(event, "message", "type"), Kind.OTHER)
    if event_type not in EVENT_KINDS:
        event_id = payload.text(event, "webhookEventId")
        log.info("line event ignored", event_id=event_id, event_type=event_type[:40])
    return EVENT_KINDS.get(event_type, Kind.IGNORED)


def _data(event: object, kind: Kind) -> str:
    if kind is Kind.TAP:
        return payload.text(event, "postback", "data")
    if kind is Kind.UNSEND:
        return payload.text(event, "unsend", "messageId")
    return payload.text(event, "message", "fileName") if kind is Kind.FILE else ""


def _text(event: object) -> tuple[str, bool]:
    """The text without the mention of ourselves, and whether there was one."""
    text = payload.text(event, "message", "text")
    mentions = [
        (offset, length)
        for mentionee in payload.items(event, "message", "mention", "mentionees")
        if payload.found(mentionee, "isSelf") is True
        and (offset := payload.number(mentionee, "index")) is not None
        and (length := payload.number(mentionee, "length")) is not None
    ]
    return (payload.without(text, mentions), True) if mentions else (text, False)


def _fingerprint(event: object) -> str:
    """Without the delivery context: the same event delivered again must have the same name."""
    if isinstance(event, Mapping):
        event = {name: value for name, value in event.items() if name != "deliveryContext"}
    return payload.fingerprint(event)


# --- render ------------------------------------------------------------

# LINE takes 30 KB a bubble. Measured as the SDK writes it, where a Thai letter is six bytes.
LARGEST_BUBBLE = 30_000
LONGEST_ALT_TEXT = 400
NAME = "รู้ทัน · Rutan"
LONGEST_TEXT = 5_000
MOST_QUICK = 13


def render(reply: Reply) -> list[FlexPart]:
    """One Flex bubble as a LINE message object, within LINE's limits.

    A citizen's words are shown, never interpreted.
    """
    reply = legible(reply)
    whole = fitted(reply, lambda shorter: len(json.dumps(flex.bubble(shorter))) <= LARGEST_BUBBLE)
    message: FlexPart = {
        "type": "flex",
        "altText": clipped(reply.summary.strip() or reply.title.strip() or NAME, LONGEST_ALT_TEXT),
        "contents": flex.bubble(whole),
    }
    actions = [action for button in reply.quick if (action := flex.action(button, flex.QUICK_LABEL))]
    if actions:
        items = [{"type": "action", "action": action} for action in actions[:MOST_QUICK]]
        message["quickReply"] = {"items": items}
    return [message]


def rescued(reply: Reply) -> list[FlexPart]:
    """The same answer as bare text, for when LINE refuses the bubble: nobody hears silence for our fault."""
    reply = legible(reply)
    lines = [reply.title, reply.summary]
    for section in reply.sections:
        lines += [section.heading, *(plain(line) for line in section.lines)]
    lines += [f"{b.label}: {b.value}" for b in reply.buttons if b.kind is not ButtonKind.TAP]
    words = "\n".join(line for line in lines if line)
    return [{"type": "text", "text": clipped(words, LONGEST_TEXT, utf16=True)}]


# --- send ------------------------------------------------------------

# LINE promises a minute from its own sending; ten seconds are left for the way here and back.
REPLY_TOKEN_LIFE = timedelta(seconds=50)
REQUEST_SECONDS = 8.0
WORKING_SECONDS = 2.0
# Shown until the answer arrives, at most this long. LINE takes multiples of five.
LOADING_SECONDS = 20
# How long to wait when LINE says "too fast" without saying how long.
PAUSE_SECONDS = 2.0
CONNECTIONS = 100
OFFICIAL_URL = "https://api.line.me"
# LINE hands out what people send from a house of its own.
CONTENT_URL = "https://api-data.line.me"
CONTENT_SECONDS = 8.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: str
    headers: Mapping[str, str]

    def about(self, *words: str) -> bool:
        return any(word in self.body.lower() for word in words)

    @property
    def message_id(self) -> str:
        sent = payload.items(self.json or {}, "sentMessages")
        return payload.text(sent[0], "id") if sent else self.headers.get("x-line-accepted-request-id", "")

    @property
    def json(self) -> Payload | None:
        try:
            return payload.parsed(self.body.encode())
        except ValueError:
            return None


def configuration(access_token: str, api_url: str | None = None) -> Configuration:
    """The SDK's settings for LINE itself, or for the one base address of a rehearsal."""
    # Another host redirects every call; LINE itself has two, one of them for pictures.
    host = None if not api_url or api_url.rstrip("/") == OFFICIAL_URL else api_url.rstrip("/")
    made = Configuration(host=host, access_token=access_token)
    # The SDK's default follows the number of cores; one slow call must not hold up a hundred quick ones.
    made.connection_pool_maxsize = CONNECTIONS
    return made


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _kept_nowhere(letter: Letter) -> None:
    """For a sender whose letters nobody reads again."""


class LineSender:
    """The way out to LINE: by reply token while it lives, else by one push that LINE keeps from doubling."""

    def __init__(
        self,
        access_token: str,
        api_url: str | None = None,
        now: Callable[[], datetime] = _utc_now,
        pushing: Callable[[Letter], Awaitable[None]] = _kept_nowhere,
    ) -> None:
        self._configuration = configuration(access_token, api_url)
        self._now = now
        self._client: AsyncApiClient | None = None
        self._pushing = pushing

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        access_token: str,
        api_url: str | None = None,
        now: Callable[[], datetime] = _utc_now,
        pushing: Callable[[Letter], Awaitable[None]] = _kept_nowhere,
    ) -> AsyncIterator[LineSender]:
        """A sender whose connections close with the block. Asks LINE nothing yet. `pushing` is told, and waited
        for, before an answer leaves its dead reply token for good."""
        sender = cls(access_token, api_url, now, pushing)
        try:
            yield sender
        finally:
            if sender._client is not None:
                await sender._client.close()

    async def send(self, letter: Letter) -> Sent:
        sent = await self._reply(letter) if self._token_usable(letter) else None
        if sent is not None:
            return sent
        if letter.reply_token and not letter.by_push:
            # Kept first: a dead token answers whoever asks it next as a used one does, and that looks delivered.
            await self._pushing(letter)
        return await self._push(letter)

    async def working(self, message: Message) -> None:
        if message.address.kind is ChatKind.GROUP:
            return  # LINE shows it in one-to-one chats only
        request = ShowLoadingAnimationRequest(chatId=message.address.chat, loadingSeconds=LOADING_SECONDS)
        try:
            await self._api.show_loading_animation(request, _request_timeout=WORKING_SECONDS)
        except (ApiException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            log.debug("no loading animation", reason=type(failure).__name__)

    async def content(self, file_id: str) -> bytes:
        """The bytes of a picture that somebody sent. Raises NotFetched."""
        if not file_id.isdigit():  # it becomes part of an address
            raise NotFetched
        address = f"{self._configuration.host or CONTENT_URL}/v2/bot/message/{file_id}/content"
        headers = {"Authorization": f"Bearer {self._configuration.access_token}"}
        timeout = aiohttp.ClientTimeout(total=CONTENT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(address, headers=headers, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise NotFetched
                return await bounded(answer.content.iter_chunked(65_536), answer.content_length)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            log.debug("a picture was not handed out", reason=type(failure).__name__)
            raise NotFetched from None

    async def account(self) -> Account:
        """What LINE calls us. Raises SendFailed when it cannot be asked."""
        try:
            known = await self._api.get_bot_info(_request_timeout=REQUEST_SECONDS)
        except (ApiException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            raise SendFailed(f"LINE: {type(failure).__name__}") from failure
        return Account(f"https://line.me/R/ti/p/{quote(known.basic_id)}")

    async def is_admin(self, address: Address) -> bool | None:
        return None  # LINE has no admins, or does not tell

    async def leave(self, address: Address) -> None:
        # A room (several people without a group's name) has ids of its own.
        part = "room" if address.chat.startswith("R") else "group"
        try:
            await self._post(f"/v2/bot/{part}/{address.chat}/leave", {}, {})
        except SendFailed as failure:
            log.warning("could not leave a group", platform="line", reason=failure.reason)

    @property
    def _api(self) -> AsyncMessagingApi:
        return AsyncMessagingApi(self._connected())

    def _connected(self) -> AsyncApiClient:
        """The one client of this process. It needs a running loop, so it is made at the first call."""
        if self._client is None:
            self._client = AsyncApiClient(self._configuration)
        return self._client

    def must_push(self, letter: Letter) -> bool:
        return bool(letter.reply_token) and not letter.by_push and not self._token_usable(letter)

    def _token_usable(self, letter: Letter) -> bool:
        if not letter.reply_token or letter.by_push:
            return False
        # After an attempt of unknown end only the same token tells whether the answer arrived.
        return letter.unknown or self._now() - letter.received_at < REPLY_TOKEN_LIFE

    async def _reply(self, letter: Letter) -> Sent | None:
        """None where the token is known to be dead and unused."""
        path, body = "/v2/bot/message/reply", {"replyToken": letter.reply_token}
        answer = await self._post_or_rescue(path, body, letter)
        if answer.status == 200:
            return Sent(answer.message_id, "reply")
        if answer.status != 400:
            raise _failure(answer)
        if _about_body(answer):
            raise SendFailed("LINE refused the reply's form", permanent=True)
        if letter.unknown:
            # The earlier attempt had used the token up: it was delivered. Saying it again would double it.
            return Sent("", "reply")
        return None

    async def _push(self, letter: Letter) -> Sent:
        if letter.address.kind is ChatKind.GROUP:
            # A push to a group costs one message of the month's quota for every member.
            raise SendFailed("reply token dead, groups are never pushed to", permanent=True)
        path, body = "/v2/bot/message/push", {"to": letter.address.chat}
        answer = await self._post_or_rescue(path, body, letter, {"X-Line-Retry-Key": letter.retry_key})
        if answer.status in (200, 409):  # 409: this retry key was accepted before
            return Sent(answer.message_id, "push")
        if answer.status in (403, 404) or (answer.status == 400 and not _about_body(answer)):
            raise Unreachable(f"LINE answered {answer.status} to a push")
        raise _failure(answer)

    async def _post_or_rescue(
        self, path: str, body: FlexPart, letter: Letter, headers: Mapping[str, str] | None = None
    ) -> _Answer:
        """The answer to the bubble; where LINE refuses its form, to the same words as bare text."""
        answer = await self._post(path, {**body, "messages": render(letter.reply)}, headers or {})
        if answer.status == 400 and _about_body(answer):
            log.error("line refused a bubble", letter=letter.id, details=answer.body[:500])
            answer = await self._post(path, {**body, "messages": rescued(letter.reply)}, headers or {})
        return answer

    async def _post(self, path: str, body: FlexPart, headers: Mapping[str, str]) -> _Answer:
        """LINE's answer, whatever its status. Raises SendFailed where none came that could be understood.

        Goes by the SDK's client but past its models, which silently drop what they do not know, cost more than
        a millisecond a bubble and raise on an answer without a body; and past its walk through every part of
        the bubble, which is plain JSON already.
        """
        client = self._connected()
        call = client.request(
            "POST",
            (self._configuration.host or OFFICIAL_URL) + path,
            headers={**client.default_headers, "Content-Type": "application/json", **headers},
            body=body,
            _request_timeout=REQUEST_SECONDS,
        )
        try:
            answered = await call
        except ApiException as refused:
            return _Answer(refused.status, _words(refused.body), refused.headers)
        except aiohttp.ClientConnectorError as failure:
            raise SendFailed("LINE cannot be reached") from failure
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise SendFailed(f"no answer from LINE: {type(failure).__name__}", unknown=True) from failure
        answer = _Answer(answered.status, _words(answered.data), answered.getheaders())
        if answer.body and answer.json is None:
            raise SendFailed("LINE's answer is not LINE's", unknown=True)
        return answer


def _words(body: bytes | None) -> str:
    """A body as text, whatever stands in between LINE and us has made of it."""
    return (body or b"").decode("utf-8", "replace")


def _about_body(answer: _Answer) -> bool:
    """Whether a 400 blames what we wrote, not the token or the person."""
    return answer.about("request body", "message(s)", "flex") and not answer.about("reply token", "'to'", '\\"to\\"')


def _failure(answer: _Answer) -> SendFailed:
    if answer.status == 429:
        if answer.about("monthly limit"):
            return QuotaSpent()
        return TooFast(_seconds(answer.headers.get("Retry-After", "")))
    # A wrong access token (401) can be mended by the operator while the letter waits.
    permanent = 400 <= answer.status < 500 and answer.status not in (401, 408)
    return SendFailed(f"LINE answered {answer.status}", permanent=permanent, unknown=answer.status >= 500)


def _seconds(header: str) -> float:
    return float(header) if header.isascii() and header.isdigit() else PAUSE_SECONDS
