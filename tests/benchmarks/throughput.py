"""Answers per second and webhook acknowledgement, beside a bare echo bot: same machine, same fake LINE, one run.

    python tests/benchmarks/throughput.py [--rounds 3] [--messages 2000] [--json]

Each round starts the echo bot and then Rutan, each as a process of its own with an empty database, and writes to
it from distinct people as fast as it answers (never more than `OUTSTANDING` messages unanswered). Answers are
counted at the fake, between the first tenth and the last: starting and stopping are left out. Then Rutan alone is
written to at 60 % of the rate it reached, at random moments, and its acknowledgements are timed from the moment
that they were due. Bounded: about 15 s a round.
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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from aiohttp import web  # noqa: E402
from conftest import free_port  # noqa: E402
from doubles import JSON, FakeLine  # noqa: E402

SECRET = "line-secret"
# More than a second of answers, so that the window in which forwards are gathered does not stand still.
OUTSTANDING = 400
CONNECTIONS = 32
LONGEST = 60.0
SHARE = 0.6
SHARE_SECONDS = 6.0

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


class Standing(FakeLine):
    """The fake as a process of its own: a reply token names its person, so that nobody need hand them out."""

    async def _reply(self, request: web.Request, body: JSON) -> web.Response:
        token = body["replyToken"]
        self.tokens.setdefault(token, (token.partition(".")[0], time.monotonic()))
        return await super()._reply(request, body)


async def stand(port: int) -> None:
    async with Standing(SECRET, port=port, validate=False, token_life=None):
        await asyncio.Event().wait()


# --- processes -----------------------------------------------------------------------------


def wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        with suppress(OSError), urlopen(url) as response:
            if response.status == 200:
                return
        time.sleep(0.05)
    raise SystemExit(f"{process.args} did not become ready")


@contextmanager
def running(command: list[str], ready: str, environment: dict[str, str], folder: str) -> Iterator[psutil.Process]:
    usual = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, *command], env={**usual, **environment}, cwd=folder)
    try:
        wait_ready(process, ready)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def bot(name: str, fake: str, port: int) -> Iterator[psutil.Process]:
    command = {"echo": [str(Path(__file__).with_name("echo_bot.py"))], "rutan": ["-m", "bot", "serve"]}[name]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder}/rutan.db",
            "SECRET_KEY": "a key for benchmarks, long enough",
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": "line-token",
            "LINE_API_URL": fake,
            "LOG_LEVEL": "warning",
        }
        with running(command, f"http://127.0.0.1:{port}/health/ready", environment, folder) as process:
            yield process


# --- writing to it -------------------------------------------------------------------------


def request(person: str, dice: random.Random) -> bytes:
    """A whole signed webhook call, ready for the wire."""
    text = dice.choice(TEXTS).format(n=dice.randrange(10_000, 99_999), m=dice.randrange(10, 60))
    event = {
        "type": "message",
        "timestamp": int(time.time() * 1000),
        "mode": "active",
        "webhookEventId": f"01{dice.getrandbits(96):024X}",
        "deliveryContext": {"isRedelivery": False},
        "source": {"type": "user", "userId": person},
        "replyToken": f"{person}.{dice.getrandbits(64):016x}",
        "message": {"type": "text", "id": str(dice.randrange(10**12)), "text": text, "quoteToken": "q"},
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}, ensure_ascii=False).encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    head = (
        "POST /webhooks/line HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Line-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One kept-alive connection; as little work as possible, for the generator shares the machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def post(self, whole: bytes) -> None:
        self._writer.write(whole)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        if b" 200 " not in head[:20]:
            raise SystemExit(f"the webhook was answered {head[:40]!r}")


@dataclass
class Run:
    """What one bot did: answers a second, acknowledgement in milliseconds, memory in MiB."""

    answers: float
    p50: float
    p99: float
    rest: float
    after: float


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


class Load:
    """Writes to one bot and watches the fake."""

    def __init__(self, port: int, fake: str, dice: random.Random) -> None:
        self._port = port
        self._fake = f"{fake}/_calls"
        self._dice = dice
        self.taken: list[float] = []
        self.series: list[tuple[float, int]] = []
        self._before = 0

    async def saturate(self, messages: int) -> float:
        """As fast as it answers; the answers a second."""
        wires = [request(f"U{self._dice.getrandbits(64):016x}", self._dice) for _ in range(messages)]
        self._before = await self._count()
        watching = asyncio.create_task(self._watch(messages))
        await asyncio.gather(*(self._writer(wires) for _ in range(CONNECTIONS)))
        await watching
        (t1, n1) = next(each for each in self.series if each[1] >= messages * 0.1)
        (t2, n2) = next(each for each in self.series if each[1] >= messages * 0.9)
        return (n2 - n1) / (t2 - t1)

    async def _writer(self, wires: list[bytes]) -> None:
        connection = Connection(self._port)
        await connection.open()
        while wires:
            if len(self.taken) - (self.series[-1][1] if self.series else 0) > OUTSTANDING:
                await asyncio.sleep(0.01)
                continue
            wire, began = wires.pop(), time.perf_counter()
            await connection.post(wire)
            self.taken.append(time.perf_counter() - began)

    async def at_rate(self, rate: float, seconds: float) -> None:
        """At random moments, so many a second; timed from when it was due, not from when it could be sent."""
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            connection = Connection(self._port)
            await connection.open()
            free.put_nowait(connection)

        async def one(wire: bytes, due: float) -> None:
            connection = await free.get()
            await connection.post(wire)
            self.taken.append(time.perf_counter() - due)
            free.put_nowait(connection)

        wires = [request(f"U{self._dice.getrandbits(64):016x}", self._dice) for _ in range(int(rate * seconds))]
        self._before = await self._count()
        due, tasks = time.perf_counter(), []
        for wire in wires:
            due += self._dice.expovariate(rate)
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(one(wire, due)))
        await asyncio.gather(*tasks)
        await self._watch(len(wires))

    async def _watch(self, messages: int) -> None:
        ends = time.perf_counter() + LONGEST
        while time.perf_counter() < ends:
            self.series.append((time.perf_counter(), await self._count() - self._before))
            if self.series[-1][1] >= messages:
                return
            await asyncio.sleep(0.02)
        raise SystemExit(f"only {self.series[-1][1]} of {messages} answers in {LONGEST} s")

    async def _count(self) -> int:
        def ask() -> int:
            with urlopen(self._fake) as response:
                return int(json.load(response).get("reply", 0))

        return await asyncio.to_thread(ask)


def mebibytes(process: psutil.Process) -> float:
    return process.memory_info().rss / 2**20


async def measured(name: str, fake: str, messages: int, dice: random.Random, rate: float = 0) -> Run:
    """One bot, started and ended: saturated, or at `rate` messages a second."""
    port = free_port()
    with bot(name, fake, port) as process:
        await asyncio.sleep(1)
        rest = mebibytes(process)
        # The first calls pay for what is made on first use; they are not what is measured.
        await Load(port, fake, dice).saturate(64)
        load = Load(port, fake, dice)
        if rate:
            await load.at_rate(rate, SHARE_SECONDS)
            answers = 0.0
        else:
            answers = await load.saturate(messages)
        return Run(answers, percentile(load.taken, 0.5), percentile(load.taken, 0.99), rest, mebibytes(process))


async def bench(rounds: int, messages: int, seed: int) -> dict[str, object]:
    dice, fake_port = random.Random(seed), free_port()
    fake = f"http://127.0.0.1:{fake_port}"
    command = [__file__, "--stand", str(fake_port)]
    runs: dict[str, list[Run]] = {"echo": [], "rutan": []}
    with running(command, f"{fake}/_calls", {}, str(ROOT)):
        for _ in range(rounds):
            for name, kept in runs.items():
                kept.append(await measured(name, fake, messages, dice))
        rate = SHARE * statistics.median(run.answers for run in runs["rutan"])
        eased = [await measured("rutan", fake, messages, dice, rate) for _ in range(rounds)]
    middle = {name: median(kept) for name, kept in runs.items()}
    return {
        "rounds": rounds,
        "messages": messages,
        "cores": os.cpu_count(),
        "echo": asdict(middle["echo"]),
        "rutan": asdict(middle["rutan"]),
        "ratio": middle["rutan"].answers / middle["echo"].answers,
        "ratios": [r.answers / e.answers for e, r in zip(runs["echo"], runs["rutan"], strict=True)],
        "at_60_percent": {"rate": rate, **asdict(median(eased))},
        "answers_of_every_round": {name: [run.answers for run in kept] for name, kept in runs.items()},
        "p99_at_60_percent_of_every_round": [run.p99 for run in eased],
    }


def median(runs: list[Run]) -> Run:
    fields = [list(asdict(run).values()) for run in runs]
    return Run(*(statistics.median(column) for column in zip(*fields, strict=True)))


def table(found: dict[str, object]) -> str:
    lines = ["                      answers/s   ack p50 ms   ack p99 ms   at rest MB   after MB"]
    rows = (("echo bot, saturated", "echo"), ("Rutan, saturated", "rutan"), ("Rutan at 60 % of it", "at_60_percent"))
    for title, key in rows:
        row = found[key]
        assert isinstance(row, dict)
        shown = row["answers"] or row["rate"]
        lines.append(
            f"{title:<20} {shown:>10.0f} {row['p50']:>12.1f} {row['p99']:>12.1f} {row['rest']:>12.0f} {row['after']:>10.0f}"
        )
    ratios = ", ".join(f"{each:.2f}" for each in found["ratios"])  # type: ignore[attr-defined]
    lines.append(f"Rutan / echo bot: {found['ratio']:.2f} (by round: {ratios})")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stand", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stand:
        asyncio.run(stand(chosen.stand))
        return
    found = asyncio.run(bench(chosen.rounds, chosen.messages, chosen.seed))
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
