"""The whole bot, killed while it answers: nothing that it acknowledged is lost, nothing is said twice on LINE.

`python -m bot serve` runs as its own process with its own database; LINE and Telegram stand beside it and
misbehave. What a platform got no 200 for it brings again, as LINE and Telegram do.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from conftest import ROOT, free_port
from doubles import JSON, FakeLine, FakeTelegram, Fault

# Real processes, killed: seconds each.
pytestmark = pytest.mark.slow

STORIES = (
    "พัสดุของท่านติดศุลกากร กรุณาชำระค่าธรรมเนียม 35 บาท ที่ http://parcel-fee.example/pay ภายในวันนี้",
    "คุณได้รับอนุมัติสินเชื่อ 50,000 บาท โอนค่าค้ำประกันก่อน 1,500 บาท แอดไลน์ @quickloan-example",
    "ดิฉันเจ้าหน้าที่ตำรวจ บัญชีของคุณพัวพันการฟอกเงิน ต้องโอนเงินมาตรวจสอบเดี๋ยวนี้",
    "พรุ่งนี้ประชุมผู้ปกครองเก้าโมงเช้าที่ห้องประชุมใหญ่ ชั้นสองนะคะ",
    "Your parcel is held at customs. Pay the fee of 35 baht at http://parcel-fee.example today.",
    "Dinner on Saturday is moved to seven, same place as last time. Tell the others please.",
)
SHORT = ("เมนู", "help", "ขอบคุณค่ะ", "สวัสดี", "สถานะ")
FAULTS = (
    Fault(status=500, only="reply"),
    Fault(status=500, accepted=True, only="reply"),
    Fault(status=429, headers={"Retry-After": "1"}, only="reply"),
    Fault(status=0, only="reply"),
    Fault(status=0, accepted=True, only="reply"),
)
# Longer than our own patience with LINE.
HANGING = (Fault(hang=9, only="reply"), Fault(hang=9, accepted=True, only="reply"))
# A reply token is given up after fifty seconds of ours.
GIVEN_UP_AFTER = 49.0
# Deaths in one story: many where the machine is quick, and never so few that they mean nothing.
MOST_LIVES, FEWEST_LIVES, LONGEST_STORY = 10, 5, 60.0
TELEGRAM_FAULTS = (Fault(status=500, only="sendMessage"), Fault(status=429, only="sendMessage"))


class Witness(FakeLine):
    """LINE, which also writes down what each reply token and each retry key carried to a person."""

    def __init__(self, token_life: float | None = 60.0) -> None:
        super().__init__(token_life=token_life)
        self.carried: list[tuple[str, str, str]] = []  # person, reply token or retry key, words

    async def _reply(self, request: web.Request, body: JSON) -> web.Response:
        return await self._noted(await super()._reply(request, body), body["replyToken"])

    async def _push(self, request: web.Request, body: JSON) -> web.Response:
        return await self._noted(await super()._push(request, body), request.headers["X-Line-Retry-Key"])

    async def _noted(self, response: web.Response, key: str) -> web.Response:
        if response.status == 200:
            answer = self.answers[-1]
            self.carried.append((answer.to, key, answer.text))
        return response


@dataclass
class Bot:
    """The process under test; its next life has the same folder, port and platforms."""

    folder: Path
    line: Witness
    telegram: FakeTelegram
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": f"sqlite:///{self.folder}/rutan.db",
            "PORT": str(self.port),
            "SECRET_KEY": "a key for tests only, long enough",
            "LINE_CHANNEL_SECRET": self.line.secret,
            "LINE_CHANNEL_ACCESS_TOKEN": "line-token",
            "LINE_API_URL": self.line.url,
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_WEBHOOK_SECRET": self.telegram.secret,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_API_URL": self.telegram.url,
            "LOG_LEVEL": "info",
        }

    def words(self) -> Sequence[str]:
        """What stands behind `serve`."""
        return ()

    async def start(self) -> None:
        """Returns when it is ready to be written to."""
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", *self.words(),
                cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        ready = f"http://127.0.0.1:{self.port}/health/ready"
        async with aiohttp.ClientSession() as http, asyncio.timeout(120):
            while self.process.returncode is None:
                with suppress(aiohttp.ClientError):
                    if (await http.get(ready)).status == 200:
                        return
                await asyncio.sleep(0.05)
        pytest.fail(f"the bot did not start:\n{self.said()}")

    async def end(self, how: signal.Signals) -> float:
        """Send a signal and wait for the end; the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(how)
        async with asyncio.timeout(60):
            await self.process.wait()
        return time.monotonic() - began

    def said(self) -> str:
        return (self.folder / "bot.log").read_text()


@dataclass
class Post:
    """One webhook call: its events, and whether it was acknowledged."""

    events: list[JSON]
    acknowledged: bool = False


@dataclass
class Crowd:
    """Many people who write: some once, some several forwards in a row, some a short word."""

    line: Witness
    telegram: FakeTelegram
    dice: random.Random
    posts: list[Post] = field(default_factory=list)
    updates: list[Post] = field(default_factory=list)
    people: int = 0
    _by_token: dict[str, JSON] = field(default_factory=dict, repr=False)
    _by_person: dict[str, list[JSON]] = field(default_factory=dict, repr=False)

    async def write(self, writers: int = 6) -> None:
        """Until the bot is gone. First comes again what it did not acknowledge."""
        await self.bring_again()
        await asyncio.gather(*(self._writer() for _ in range(writers)), self._telegram_writer())

    async def bring_again(self) -> bool:
        """What a platform got no 200 for; whether it got one now."""
        lines = [await self._bring(post) for post in self.posts if not post.acknowledged]
        return all(lines + [await self._bring_update(post) for post in self.updates if not post.acknowledged])

    async def _writer(self) -> None:
        for _ in range(10_000):
            posts = self._new_person()
            self.posts += posts
            for post in posts:
                if not await self._bring(post):
                    return
            if self.dice.random() < 0.1 and not await self._bring(posts[-1]):  # LINE repeats itself at times
                return
            await asyncio.sleep(self.dice.uniform(0, 0.2))

    def _new_person(self) -> list[Post]:
        self.people += 1
        person = f"U{self.people}"
        kind = self.dice.random()
        if kind < 0.25:
            events = [self.line.text_event(person, self.dice.choice(SHORT))]
        elif kind < 0.7:
            events = [self._story(person, 0)]
        else:
            events = [self._story(person, n) for n in range(self.dice.randint(2, 4))]
        for event in events:
            self._know(event)
        if len(events) > 1 and self.dice.random() < 0.3:
            return [Post(events)]
        return [Post([event]) for event in events]

    def _know(self, event: JSON) -> None:
        self._by_token[event["replyToken"]] = event
        self._by_person.setdefault(event["source"]["userId"], []).append(event)

    def _story(self, person: str, number: int) -> JSON:
        return self.line.text_event(person, f"{mark(person, number)} {self.dice.choice(STORIES)}")

    async def _bring(self, post: Post) -> bool:
        try:
            status = await self.line.send(*post.events)
        except (aiohttp.ClientError, TimeoutError):
            return False
        assert status == 200
        post.acknowledged = True
        return True

    async def _telegram_writer(self) -> None:
        for _ in range(10_000):
            self.people += 1
            post = Post([self.telegram.update(message=self.telegram.message(self.people, self.dice.choice(STORIES)))])
            self.updates.append(post)
            if not await self._bring_update(post):
                return
            await asyncio.sleep(self.dice.uniform(0, 0.3))

    async def _bring_update(self, post: Post) -> bool:
        try:
            post.acknowledged = await self.telegram.send(post.events[0]) == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
        return True

    # what they saw

    def asked(self) -> list[JSON]:
        return [event for post in self.posts if post.acknowledged for event in post.events]

    def unanswered(self) -> list[str]:
        """Acknowledged messages that no answer is for."""
        answered = {each for person, key, words in self.line.carried for each in self._about(person, key, words)}
        lost = [name(event) for event in self.asked() if name(event) not in answered]
        reached = {answer.to for answer in self.telegram.answers}
        people = [str(post.events[0]["message"]["from"]["id"]) for post in self.updates if post.acknowledged]
        return lost + [f"telegram {person}" for person in people if person not in reached]

    def doubled(self) -> list[str]:
        """Messages that more than one answer is for, and answers that are for no message."""
        answers = Counter(each for carried in self.line.carried for each in self._about(*carried))
        nothing = [carried[0] for carried in self.line.carried if not self._about(*carried)]
        return [f"{person}: an answer to nothing" for person in nothing] + [
            each for each, times in answers.items() if times > 1
        ]

    def _about(self, person: str, key: str, words: str) -> set[str]:
        """Which messages an answer is for: the one whose token it used, those it names, and after a push to
        somebody who wrote one word only, that word."""
        event = self._by_token.get(key)
        about = {name(event)} if event is not None else set()
        about |= {mark(person, n) for n in range(4) if mark(person, n) in words}
        written = self._by_person.get(person, [])
        return about or ({name(written[0])} if len(written) == 1 else set())

    @property
    def late_pushes(self) -> bool:
        """Whether every push was for a message old enough that its token was given up."""
        for call in self.line.called("push"):
            written = self._by_person[call.body["to"]]
            if call.at - max(self.line.tokens[event["replyToken"]][1] for event in written) < GIVEN_UP_AFTER:
                return False
        return True

    def story(self, lost: str, database: Path) -> str:
        """All that is known of a message without an answer: for whoever reads the failure."""
        person = re.split(r"m\d|\s", lost)[0]
        lines = [f"{lost}:"]
        for event in self._by_person.get(person, []):
            given = self.line.tokens[event["replyToken"]][1]
            lines.append(f"  wrote {name(event)} {event['webhookEventId']} token {event['replyToken']} at {given:.1f}")
            lines += rows_of(database, event["webhookEventId"])
            lines += [
                f"  LINE was called {call.at - given:.1f} s later: {call.name}, answered {call.status}"
                for call in self.line.calls
                if event["replyToken"] == call.body.get("replyToken") or call.body.get("to") == person
            ]
        lines += [f"  LINE showed them: {words[:80]!r}" for to, _, words in self.line.carried if to == person]
        return "\n".join(lines)


def mark(person: str, number: int) -> str:
    """What a person's message begins with, so that an answer which names it can be told."""
    return f"{person}m{number}."


def name(event: JSON) -> str:
    text: str = event["message"]["text"]
    person: str = event["source"]["userId"]
    return text.split()[0] if text.startswith(f"{person}m") else f"{person} {text}"


def rows_of(database: Path, event_id: str) -> list[str]:
    """What the database holds of one event: its row in the inbox, and the letters that answer it."""
    with closing(sqlite3.connect(database)) as opened:
        opened.row_factory = sqlite3.Row
        inbox = opened.execute("select id, received_at, done_at from inbox where event_id = ?", (event_id,)).fetchall()
        letters = opened.execute(
            "select outbox.id, answers, state, tries, unknown, via, reason, due_at, held_at, sent_at, message_id from outbox"
            " join inbox on inbox.id = outbox.answers where event_id = ?",
            (event_id,),
        ).fetchall()
    shown = [f"    inbox {dict(row)}" for row in inbox] + [f"    outbox {dict(row)}" for row in letters]
    return shown or ["    not in the database"]


@asynccontextmanager
async def platforms(token_life: float | None) -> AsyncIterator[tuple[Witness, FakeTelegram]]:
    async with Witness(token_life) as line, FakeTelegram() as telegram:
        yield line, telegram


@asynccontextmanager
async def bot_of(folder: Path, token_life: float | None = 60.0) -> AsyncIterator[tuple[Bot, Witness]]:
    async with platforms(token_life) as (line, telegram):
        bot = Bot(folder, line, telegram)
        line.webhook = f"http://127.0.0.1:{bot.port}/webhooks/line"
        telegram.webhook = f"http://127.0.0.1:{bot.port}/webhooks/telegram"
        try:
            yield bot, line
        finally:
            if bot.process is not None and bot.process.returncode is None:
                await bot.end(signal.SIGKILL)


async def until(settled: Callable[[], bool], seconds: float) -> None:
    """Wait until it is true, or the time is up: the assertions that follow say what is missing."""
    for _ in range(int(seconds * 10)):
        if settled():
            return
        await asyncio.sleep(0.1)


async def live_and_die(bot: Bot, crowd: Crowd, seconds: float) -> None:
    await bot.start()
    writing = asyncio.create_task(crowd.write())
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        await asyncio.sleep(0.1)
        faults = FAULTS + HANGING if crowd.dice.random() < 0.1 else FAULTS
        bot.line.fault(crowd.dice.choice(faults))
        if crowd.dice.random() < 0.3:
            bot.telegram.fault(crowd.dice.choice(TELEGRAM_FAULTS))
    await bot.end(signal.SIGKILL)
    await writing


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_killed_while_answering_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    """Reply tokens live as long as it takes: once one is dead nobody can tell whether an attempt of unknown end arrived, and
    on a slow machine the whole of it lasts longer than LINE's minute. What happens at the end of a token is
    `test_trouble.py`'s."""
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    async with bot_of(tmp_path, token_life=None) as (bot, line):
        crowd, began, lives = Crowd(line, bot.telegram, dice), time.monotonic(), 0
        while lives < FEWEST_LIVES or (lives < MOST_LIVES and time.monotonic() - began < LONGEST_STORY):
            await live_and_die(bot, crowd, dice.uniform(0.2, 1.6))
            lives += 1
        line.clear_faults()
        bot.telegram.clear_faults()
        await bot.start()
        assert await crowd.bring_again()
        await settled(crowd, f"seed {seed}", bot.folder / "rutan.db", 200)
        assert crowd.late_pushes, "a push where the reply token was alive"
        assert len(crowd.asked()) > 5 * lives, f"seed {seed}: too little happened to mean anything"


async def settled(crowd: Crowd, clue: str, database: Path, seconds: float = 60) -> None:
    """Wait for the last answer, then see that each message has one and no more."""
    # A letter that met many faults and deaths in a row waits 20 s for its next try.
    await until(lambda: not crowd.unanswered(), seconds)
    # A second answer would come with the next look into the outbox.
    await asyncio.sleep(1.5)
    lost = crowd.unanswered()
    assert not lost, f"{len(lost)} lost; {clue}\n" + "\n".join(crowd.story(each, database) for each in lost[:5])
    assert not crowd.doubled(), f"said twice; {clue}"
    assert not crowd.line.violations + crowd.telegram.violations


async def test_sigterm_ends_within_ten_seconds_and_the_next_process_goes_on(tmp_path: Path) -> None:
    async with bot_of(tmp_path) as (bot, line):
        crowd = Crowd(line, bot.telegram, random.Random(7))
        await bot.start()
        # One answer hangs at LINE for longer than we may take to end, one arrives and we never hear so.
        for fault in HANGING:
            line.fault(fault)
        writing = asyncio.create_task(crowd.write())
        await asyncio.sleep(1.2)
        await until(lambda: len(crowd.asked()) > 10 and len(line.called("reply")) >= len(HANGING), 60)
        seconds = await bot.end(signal.SIGTERM)
        await writing
        assert seconds < 10
        assert bot.process is not None and bot.process.returncode in (0, -signal.SIGTERM)
        assert "Traceback" not in bot.said()
        line.clear_faults()
        await bot.start()
        assert await crowd.bring_again()
        await settled(crowd, "after SIGTERM", bot.folder / "rutan.db")
        assert len(crowd.asked()) > 10


async def test_a_message_older_than_its_reply_token_is_answered_by_one_push_with_a_retry_key(tmp_path: Path) -> None:
    async with bot_of(tmp_path) as (bot, line):
        await bot.start()
        assert await line.send(line.text_event("Uold", STORIES[0], age=120)) == 200
        answer = await line.next_answer(0, "Uold")
        await asyncio.sleep(1.5)
        assert [(a.to, a.via) for a in line.answers] == [("Uold", "push")]
        assert "1441" in answer.text
        (push,) = line.called("push")
        assert len(push.headers["X-Line-Retry-Key"]) == 36


async def test_a_reply_whose_answer_was_lost_is_not_said_again(tmp_path: Path) -> None:
    async with bot_of(tmp_path) as (bot, line):
        await bot.start()
        line.fault(Fault(status=500, accepted=True, only="reply"))
        assert await line.send(line.text_event("U1", STORIES[0])) == 200
        await line.until_called("reply", times=2)
        await bot.end(signal.SIGKILL)
        await bot.start()
        await asyncio.sleep(2.5)
        assert [(a.to, a.via) for a in line.answers] == [("U1", "reply")]
        assert not line.called("push")


async def test_killed_in_the_midst_of_a_push_it_is_pushed_again_under_the_same_key(tmp_path: Path) -> None:
    async with bot_of(tmp_path) as (bot, line):
        await bot.start()
        # Of two pushes without an answer one has arrived, the other has not: nobody here can know which.
        line.fault(Fault(hang=9, accepted=True, only="push"))
        line.fault(Fault(hang=9, accepted=False, only="push"))
        for person in ("U1", "U2"):
            assert await line.send(line.text_event(person, STORIES[0], age=120)) == 200
        await line.until_called("push", times=2)
        await bot.end(signal.SIGKILL)
        await bot.start()
        await until(lambda: len(line.called("push")) == 4, 60)
        assert sorted((a.to, a.via) for a in line.answers) == [("U1", "push"), ("U2", "push")]
        keys = [(call.body["to"], call.headers["X-Line-Retry-Key"]) for call in line.called("push")]
        assert len(keys) == 4 and len(set(keys)) == 2
