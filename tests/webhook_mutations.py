"""Webhook bodies as no platform sends them, signed as if one did: in the thousands, through the whole application.

    python tests/webhook_mutations.py --tries 100000 --seed 1        # prints one JSON object

Each LINE body carries events that were changed beyond recognition and one neighbour that was not: the neighbour must be
answered, exactly once, whatever stands beside it. Nothing may be answered 5xx, and no turn may break.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import io
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fastapi import FastAPI

from bot import logs
from bot.app import build
from bot.running import Running
from bot.settings import Settings
from bot.vision.fetching import NotFetched
from bot.web import LARGEST_BODY
from handlers.messages import Message, Platform
from handlers.ports import Letter, Sent

JSON = Any
CORPUS = Path(__file__).parents[2] / "shared" / "specs" / "corpus"
LINE_SECRET, TELEGRAM_SECRET = "line secret of the mutations", "telegram-secret-of-the-mutations"
# What a neighbour says: a word that is answered at once and gathered with nothing.
NEIGHBOURLY = "เมนู"
# So many neighbours may wait for their answers at a time; so many bodies are on their way at once.
MOST_WAITING, AT_ONCE = 200, 25
LONGEST_REPEATED = 2_000


@dataclass(frozen=True)
class Raw:
    """A piece of a body that no JSON library would write."""

    text: str


@dataclass(frozen=True)
class Pairs:
    """An object in which a name may stand twice."""

    pairs: tuple[tuple[str, JSON], ...]


def written(value: JSON) -> str:
    """A body as text, with what JSON allows and nobody expects."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(name)}: {written(each)}" for name, each in value.pairs) + "}"
    if isinstance(value, dict):
        return written(Pairs(tuple(value.items())))
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


# --- what is changed ------------------------------------------------------------------------------------------------------
ODD: tuple[JSON, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**40, 1.5, 1e308, "", " ", "0", "-1", "null", "x" * 5_000, "\x00", "a\x00b",
    "\u202eกลับ", "\u200b" * 40, "\x1b[31m\r\nerror: x", "ก็็็็" * 200, "😀" * 300, "' or 1=1 --", "{{7*7}}", "../../etc/passwd", "%00%0a", [], {}, [[]],
    [None], [{}], {"": ""}, {"type": "text"}, Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e999"), Raw("-0"), Raw("9" * 5_000), Raw('"\\ud83d"'),
    Raw('"\\udc00\\ud800"'), Raw('"\\u0000"'), Raw("[" * 60 + "]" * 60), Raw('{"a":' * 200 + "1" + "}" * 200),
)  # fmt: skip
WORDS = (
    "เมนู", "รายงาน", "ยินยอม", "ลบข้อมูล", "ยืนยันลบ", "โอนเงินไปแล้ว", "สถานะ", "/start x", "/report@rutan_bot", "status RT-2026-000017",
    "พัสดุตกค้าง จ่าย 38 บาทที่ parcel-pay-th.example", "consent:yes", "paid:transfer:bank-kbank", "erase:yes", "q:x:y", "d:RT-2026-000017:loss:none",
    "why:a:b", "dispute:", "Uperson", "https://parcel-pay-th.example/" + "a" * 900, "photo.jpg", "list.xlsx", "chat.txt",
)  # fmt: skip
NAMES = (
    "type", "mode", "source", "userId", "groupId", "message", "text", "id", "postback", "data", "mention", "emojis", "fileName", "imageSet", "total",
    "chat", "from", "callback_query", "photo", "document", "caption", "entities", "offset", "length", "reply_to_message", "quote", "forward_origin",
    "my_chat_member", "new_chat_member", "status", "update_id", "webhookEventId", "replyToken", "deliveryContext", "unsend", "language_code", "\ud800", "",
)  # fmt: skip


def places(value: JSON, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value inside."""
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in named:
            yield (*path, name)
            yield from places(each, (*path, name))


def changed(value: JSON, random: Random, strangers: Sequence[JSON]) -> JSON:
    """The value with one thing in it that does not belong there. `strangers`: whole events to take pieces from."""
    everywhere = list(places(value))
    if not everywhere:
        return oddity(random)
    *way, last = random.choice(everywhere)
    holder = value
    for name in way:
        holder = holder[name]
    random.choice(CHANGES)(holder, last, random, strangers)
    return value


def oddity(random: Random) -> JSON:
    """A value that stands nowhere else, so that it may be changed in its turn."""
    return deepcopy(random.choice(ODD))


def _replace(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    holder[name] = oddity(random)


def _say(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    holder[name] = random.choice(WORDS)


def _wrap(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    holder[name] = random.choice(([holder[name]], {str(name): holder[name]}, str(holder[name])))


def _remove(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    del holder[name]


def _graft(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    """Something whole from another event, in a place of its own or of another."""
    piece = random.choice(strangers)
    for step in random.choice([(), *places(piece)]):
        piece = piece[step]
    if isinstance(holder, dict) and random.random() < 0.5:
        name = random.choice(NAMES)
    holder[name] = deepcopy(piece)


def _rename(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    if isinstance(holder, dict):
        holder[random.choice(NAMES)] = holder.pop(name)
    else:
        random.shuffle(holder)


def _twice(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    """One name with two values inside one object."""
    if isinstance(holder[name], dict) and holder[name]:
        pairs = list(holder[name].items())
        holder[name] = Pairs((*pairs, (random.choice(pairs)[0], oddity(random))))
    else:
        _replace(holder, name, random, strangers)


def _many(holder: JSON, name: Any, random: Random, strangers: Sequence[JSON]) -> None:
    if len(written(holder[name])) < LONGEST_REPEATED:
        holder[name] = [deepcopy(holder[name]) for _ in range(random.choice((2, 50, 200)))]


Change = Callable[[JSON, Any, Random, Sequence[JSON]], None]
CHANGES: tuple[Change, ...] = (_replace, _replace, _replace, _say, _wrap, _remove, _graft, _rename, _twice, _many)


def broken(body: bytes, random: Random) -> bytes:
    """Bytes as a bad line would leave them."""
    at = random.randrange(len(body))
    return random.choice(
        (
            body[:at],
            body[:at] + bytes([random.randrange(256)]) + body[at + 1 :],
            body[:at] + body[at + random.randrange(1, 20) :],
            body[:at] + b"\xff\xfe" + body[at:],
            b"\xef\xbb\xbf" + body,
            body + body,
            body.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "utf-16-le"))),
            b"[" * random.choice((500, 3_000, 200_000)),
            b'{"events":' * random.choice((500, 3_000, 20_000)),
        )
    )


# --- what is changed from ---------------------------------------------------------------------------------------------------
def line_events() -> list[JSON]:
    """Events of every kind that LINE sends; those of the reference corpora too, where they are at hand."""
    group = {"type": "group", "groupId": "Cgroup", "userId": "Uperson"}
    messages: tuple[JSON, ...] = (
        {"type": "text", "id": "1", "text": "พัสดุตกค้าง กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example", "quoteToken": "q"},
        {"type": "text", "id": "1", "text": "@Rutan ดูให้หน่อย", "mention": {"mentionees": [{"index": 0, "length": 6, "type": "user", "userId": "Ub", "isSelf": True}]}},
        {"type": "text", "id": "1", "text": "$ love", "emojis": [{"index": 0, "length": 1, "productId": "5", "emojiId": "1"}]},
        {"type": "image", "id": "2", "contentProvider": {"type": "line"}, "imageSet": {"id": "S", "index": 1, "total": 3}},
        {"type": "video", "id": "3", "duration": 60000, "contentProvider": {"type": "external", "originalContentUrl": "https://video.example/a.mp4"}},
        {"type": "audio", "id": "4", "duration": 60000, "contentProvider": {"type": "line"}},
        {"type": "file", "id": "5", "fileName": "list.xlsx", "fileSize": 2138},
        {"type": "location", "id": "6", "title": "ที่นี่", "address": "กทม", "latitude": 13.7, "longitude": 100.5},
        {"type": "sticker", "id": "7", "packageId": "1", "stickerId": "2", "stickerResourceType": "STATIC", "keywords": ["Love"]},
    )  # fmt: skip
    usual = {
        "mode": "active",
        "timestamp": 1462629479859,
        "deliveryContext": {"isRedelivery": False},
        "webhookEventId": "E",
    }
    whole = {**usual, "replyToken": "token", "source": {"type": "user", "userId": "Uperson"}}
    events = [{**whole, "type": "message", "message": each} for each in messages]
    events += [{**whole, "source": group, "type": "message", "message": each} for each in messages]
    events += [
        {**whole, "type": "postback", "postback": {"data": "consent:yes", "params": {"date": "2026-11-22"}}},
        {**whole, "type": "follow", "follow": {"isUnblocked": False}},
        {**usual, "type": "unfollow", "source": whole["source"]},
        {**whole, "type": "join", "source": group},
        {**usual, "type": "leave", "source": group},
        {**usual, "type": "unsend", "source": group, "unsend": {"messageId": "1"}},
        {**whole, "type": "memberJoined", "source": group, "joined": {"members": [{"type": "user", "userId": "Unew"}]}},
        {**whole, "type": "beacon", "beacon": {"hwid": "d4", "type": "enter"}},
    ]
    for file in sorted(CORPUS.glob("line*.json")):
        events += json.loads(file.read_bytes())["events"]
    return events


def telegram_updates() -> list[JSON]:
    """Updates of every kind that Telegram sends."""
    sender = {"id": 700001, "is_bot": False, "first_name": "Mali", "language_code": "th"}
    private, group = (
        {"id": 700001, "type": "private", "first_name": "Mali"},
        {"id": -100700, "type": "supergroup", "title": "บ้าน"},
    )
    text = "พัสดุตกค้าง กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example"
    size = {"file_id": "photo", "file_unique_id": "p", "width": 1080, "height": 1920, "file_size": 9_000}
    contents: tuple[JSON, ...] = (
        {"text": text, "entities": [{"type": "url", "offset": 30, "length": 21}]},
        {"text": "/start x", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
        {"text": "@rutan_bot ดูให้หน่อย", "entities": [{"type": "mention", "offset": 0, "length": 10}]},
        {"text": "รับเงิน", "entities": [{"type": "text_link", "offset": 0, "length": 7, "url": "https://parcel-pay-th.example"}]},
        {"text": text, "forward_origin": {"type": "user", "date": 1, "sender_user": sender}},
        {"text": "?", "reply_to_message": {"message_id": 1, "text": text, "from": {"username": "rutan_bot"}}, "quote": {"text": text, "position": 0}},
        {"photo": [size, size], "caption": text, "media_group_id": "album"},
        {"document": {"file_id": "d", "file_name": "list.xlsx", "mime_type": "image/png", "file_size": 100}},
        {"voice": {"file_id": "v", "duration": 3}},
        {"contact": {"phone_number": "+66810001234", "first_name": "A"}},
        {"location": {"latitude": 13.7, "longitude": 100.5}},
        {"sticker": {"file_id": "s", "emoji": "🙏"}},
        {"migrate_to_chat_id": -100900},
        {"text": text, "reply_markup": {"inline_keyboard": [[{"text": "Claim", "url": "https://parcel-pay-th.example"}]]}},
    )  # fmt: skip
    updates: list[JSON] = []
    for chat in (private, group):
        for each in contents:
            message = {"message_id": 5, "date": 1_700_000_000, "from": sender, "chat": chat, **each}
            updates.append({"update_id": 1, "message": message})
    spoken = {"message_id": 5, "date": 1_700_000_000, "from": sender, "chat": private, "text": text}
    tap = {"id": "9", "from": sender, "chat_instance": "1", "data": "consent:yes", "message": spoken}
    member = {"user": sender, "status": "member"}
    changed_member = {
        "chat": group,
        "from": sender,
        "date": 1,
        "old_chat_member": {**member, "status": "left"},
        "new_chat_member": member,
    }
    more = {
        "callback_query": tap,
        "my_chat_member": changed_member,
        "edited_message": spoken,
        "channel_post": spoken,
        "poll": {"id": "1"},
    }
    return updates + [{"update_id": 1, name: value} for name, value in more.items()]


class Tries:
    """An endless row of bodies. The same seed gives the same row."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._line, self._telegram = line_events(), telegram_updates()
        self._number = 0

    def line(self) -> tuple[bytes, str]:
        """A body, and the neighbour who must be answered ("" where the body as a whole may be refused)."""
        self._number += 1
        random, neighbour = self._random, f"Uneighbour{self._number}"
        odd = [self._changed(self._line, f"Uodd{self._number}n{n}") for n in range(random.choice((1, 1, 2, 4)))]
        events = [*odd, neighbourly(neighbour, neighbour)]
        random.shuffle(events)
        body: JSON = {"destination": "U0", "events": events}
        if random.random() < 0.1:
            body = {**body, "destination": oddity(random), random.choice(("x", "Events", "")): oddity(random)}
        whole = written(body).encode()
        if random.random() < 0.1:
            return broken(whole, random), ""
        return whole, neighbour

    def telegram(self) -> bytes:
        self._number += 1
        whole = written(self._changed(self._telegram, f"{7_000_000 + self._number}")).encode()
        return broken(whole, self._random) if self._random.random() < 0.1 else whole

    def _changed(self, seeds: Sequence[JSON], person: str) -> JSON:
        value = _renamed(self._random.choice(seeds), person)
        for _ in range(self._random.choice((1, 1, 2, 3, 6))):
            value = changed(value, self._random, seeds) if isinstance(value, dict | list) else value
        return value


def neighbourly(person: str, event: str) -> JSON:
    """An event as LINE sends it: this person says one word."""
    message = {"type": "text", "id": "1", "text": NEIGHBOURLY}
    source = {"type": "user", "userId": person}
    named = {"webhookEventId": event, "replyToken": "t"}
    return {"type": "message", "mode": "active", **named, "source": source, "message": message}


def _renamed(value: JSON, person: str) -> JSON:
    """The same of another person: who says very much in a minute would be asked to wait."""
    text = re.sub(
        r'"(user|group|room)Id": "[^"]*"', lambda found: f'"{found[1]}Id": "{found[1]}{person}"', json.dumps(value)
    )
    text = re.sub(r'"webhookEventId": "[^"]*"', f'"webhookEventId": "E{person}"', text)
    return json.loads(
        text.replace("-100700", f"-{person}")
        .replace("700001", person)
        .replace('"update_id": 1', f'"update_id": {person}')
    )


# --- the house -------------------------------------------------------------------------------------------------------------
class Recording:
    """A way out that leads nowhere and remembers who was written to."""

    def __init__(self) -> None:
        self.to: Counter[str] = Counter()

    async def send(self, letter: Letter) -> Sent:
        self.to[letter.address.chat] += 1
        return Sent("1", "reply")

    async def working(self, message: Message) -> None:
        return

    async def content(self, file_id: str) -> bytes:
        raise NotFetched


@dataclass
class Found:
    """What came of it."""

    tries: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    neighbours: int = 0
    events_not_read: int = 0
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        return {
            "tries": self.tries,
            "statuses": dict(sorted(self.statuses.items())),
            "neighbours_answered": self.neighbours,
            "events_not_read": self.events_not_read,
            "faults": self.faults[:20],
            "seconds": round(self.seconds, 1),
        }


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[FastAPI, Running, Recording]]:
    """The whole application in this process, on a database of its own; it is called without a network."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=f"sqlite:///{folder}/rutan.db",
        secret_key="a key for tests only, long enough",
        line_channel_secret=LINE_SECRET,
        line_channel_access_token="line-token",
        line_api_url="http://127.0.0.1:9",
        telegram_bot_token="123:token",
        telegram_webhook_secret=TELEGRAM_SECRET,
        telegram_mode="webhook",
        telegram_api_url="http://127.0.0.1:9",
        log_level="warning",
    )
    logs.set_up(settings)
    app = build(settings)
    async with app.router.lifespan_context(app):
        bot: Running = app.state.bot
        bot.telegram_name = "rutan_bot"
        recording = Recording()
        bot.ports.senders.update(dict.fromkeys((Platform.LINE, Platform.TELEGRAM), recording))
        yield app, bot, recording


async def called(app: FastAPI, path: str, body: bytes, headers: dict[str, str]) -> int:
    """One POST straight into the application; the status that it answers."""
    statuses: list[int] = []
    told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"rutan.example"), *told],
        "client": ("203.0.113.9", 40_000), "server": ("rutan.example", 80),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


async def called_by_line(app: FastAPI, body: bytes) -> int:
    """One POST signed as LINE signs it."""
    signature = base64.b64encode(hmac.new(LINE_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return await called(app, "/webhooks/line", body, {"X-Line-Signature": signature})


class Listening(io.StringIO):
    """Standard error, of which only what counts is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.not_read = 0

    def write(self, text: str) -> int:
        self.not_read += " not read" in text
        if "failed" in text or "Traceback" in text or "could not" in text:
            self.kept.append(text[:400])
        return len(text)


async def mutated(folder: Path, tries: int, seed: int) -> Found:
    """Send so many bodies; what came of them."""
    found, making, listening = Found(), Tries(seed), Listening()
    began = time.monotonic()
    with redirect_stderr(listening):
        async with opened(folder) as (app, bot, recording):
            neighbours: set[str] = set()
            unanswered: set[str] = set()
            while found.tries < tries:
                some = min(AT_ONCE, tries - found.tries)
                new = set(await asyncio.gather(*(_tried(app, making, found) for _ in range(some)))) - {""}
                neighbours |= new
                unanswered = await _answered(recording, unanswered | new, MOST_WAITING)
            await _answered(recording, unanswered, 0)
            found.neighbours = sum(recording.to[each] == 1 for each in neighbours)
            found.faults += [
                f"neighbour answered {recording.to[n]} times: {n}" for n in neighbours if recording.to[n] != 1
            ]
            if "rutan_turns_broken_total 0.0" not in (await bot.measured()).decode():
                found.faults.append("a turn broke")
            # Whoever said much under one name still waits their turn: nobody needs to see that.
            found.seconds = time.monotonic() - began
    found.events_not_read = listening.not_read
    found.faults += listening.kept
    return found


async def _tried(app: FastAPI, making: Tries, found: Found) -> str:
    found.tries += 1
    by_line = bool(found.tries % 2)
    body, neighbour = making.line() if by_line else (making.telegram(), "")
    path, expected = ("/webhooks/line" if by_line else "/webhooks/telegram"), {200} if neighbour else {200, 400}
    try:
        if by_line:
            status = await called_by_line(app, body)
        else:
            status = await called(app, path, body, {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET})
    except Exception as trouble:
        found.faults.append(f"{path} raised {type(trouble).__name__}: {trouble}: {body[:300]!r}")
        return ""
    found.statuses[status] += 1
    if status not in (expected if len(body) <= LARGEST_BODY else {413}):
        found.faults.append(f"{path} answered {status}: {body[:300]!r}")
        return ""
    return neighbour if status == 200 else ""


async def _answered(recording: Recording, neighbours: set[str], most: int) -> set[str]:
    """Wait until no more than so many neighbours still wait; who does."""
    for _ in range(6_000):
        neighbours = {each for each in neighbours if not recording.to[each]}
        if len(neighbours) <= most:
            break
        await asyncio.sleep(0.02)
    return neighbours


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Webhook bodies as no platform sends them.")
    parser.add_argument("--tries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        outcome = asyncio.run(mutated(Path(place), chosen.tries, chosen.seed))
    print(json.dumps(outcome.told(), ensure_ascii=False, indent=1))
    sys.exit(bool(outcome.faults))
