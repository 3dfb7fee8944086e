"""The program as somebody outside meets it: `rutan` in a process of its own, in a folder of its own, both platforms beside it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from conftest import ROOT, free_port
from doubles import FakeLine, FakeTelegram

# How many command lines run at once: the machine may be small.
_AT_ONCE = asyncio.Semaphore(3)


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """`rutan` in one folder. Its settings are those of a fresh machine, but for the port and the platforms."""

    folder: Path
    line: FakeLine
    telegram: FakeTelegram
    http: aiohttp.ClientSession
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def surroundings(self, *, platforms: bool = True) -> dict[str, str]:
        plain = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": f"sqlite:///{self.folder}/rutan.db",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
        }
        if not platforms:
            return plain
        return plain | {
            "LINE_CHANNEL_SECRET": self.line.secret,
            "LINE_CHANNEL_ACCESS_TOKEN": "line-token",
            "LINE_API_URL": self.line.url,
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_WEBHOOK_SECRET": self.telegram.secret,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_API_URL": self.telegram.url,
        }

    async def rutan(self, *words: str, stdin: str | None = None) -> Said:
        """One command; without `stdin` it has none to read."""
        async with _AT_ONCE:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *words, cwd=self.folder, env=self.surroundings(),
                stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    async def serve(self, *, platforms: bool = True) -> None:
        """Returns when it is ready to be written to."""
        with (self.folder / "rutan.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", cwd=self.folder, env=self.surroundings(platforms=platforms),
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(120):
            while True:
                assert self.process.returncode is None, self.said()
                with suppress(aiohttp.ClientError):
                    async with self.http.get(f"{self.url}/health/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(how)
        async with asyncio.timeout(60):
            await self.process.wait()
        return time.monotonic() - began

    def said(self) -> str:
        """What `serve` has written so far."""
        return (self.folder / "rutan.log").read_text(encoding="utf-8")


@asynccontextmanager
async def program_in(folder: Path) -> AsyncIterator[Program]:
    """A program that is not serving yet; whatever of it runs at the end is ended."""
    jar = aiohttp.CookieJar(unsafe=True)
    # A connection is let go before the program does it: see the doubles.
    lines = aiohttp.TCPConnector(keepalive_timeout=2)
    async with (
        FakeLine() as line,
        FakeTelegram() as telegram,
        aiohttp.ClientSession(connector=lines, cookie_jar=jar) as http,
    ):
        program = Program(folder, line, telegram, http)
        line.webhook, telegram.webhook = f"{program.url}/webhooks/line", f"{program.url}/webhooks/telegram"
        try:
            yield program
        finally:
            if program.process is not None and program.process.returncode is None:
                await program.end(signal.SIGKILL)
