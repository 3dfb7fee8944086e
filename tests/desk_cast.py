"""Officials for the tests of the desk: signed in as any role, over real HTTP or in a real browser, and axe to look with.

    async def test_a_reader_sees_the_queue(house):
        async with at_desk(house, Role.READER) as reader:
            page = await reader.get("/desk/queue")
            assert page.status == 200 and "…" in page.text

In a real browser, with the fixtures `browser` and `axe` (conftest.py):

        async with desk_page(browser, house, Role.READER, "/desk/queue") as page:
            assert await faults(page, axe) == []
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pyotp
from argon2 import PasswordHasher
from conftest import House, client
from playwright.async_api import Browser, Page

from bot.credentials import Passwords
from bot.store.audit import OPERATOR
from bot.store.doorkeeping import Doorkeeping
from bot.store.officials import Officials
from content.models import Language
from handlers.officials import Official, Role

PASSWORD = "แม่น้ำสี่สายไหลช้า ๆ"
# The weakest that argon2 makes: what is tested is the door, not the hash.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


def officials_of(house: House) -> Officials:
    """The accounts of a house, with cheap hashes."""
    return Officials(house.bot.store.foundation, Passwords(CHEAP))


@dataclass(frozen=True)
class Account:
    """An account that is ready, with all that opens it."""

    official: Official
    secret: str
    codes: tuple[str, ...]
    password: str = PASSWORD

    def code(self, house: House, steps: int = 0) -> str:
        """What the app shows now, or so many half minutes later."""
        return app_code(house, self.secret, steps)


def app_code(house: House, secret: str, steps: int = 0) -> str:
    """What an authenticator app shows now, or so many half minutes later."""
    return pyotp.TOTP(secret).generate_otp(int(house.bot.ports.clock.now().timestamp()) // 30 + steps)


async def account(
    house: House, role: Role = Role.READER, name: str = "", language: Language = Language.ENGLISH
) -> Account:
    """An official who followed their one-time link to its end."""
    officials = officials_of(house)
    invitation = await officials.add(name or f"somebody who is {role.value}", role, OPERATOR, language)
    await officials.choose(invitation.token, PASSWORD)
    welcomed = await officials.welcomed(invitation.token)
    assert welcomed is not None
    # With the code of a half minute ago, so that the one of now can still be used at the door.
    official, codes = await officials.finish(invitation.token, app_code(house, welcomed.secret, -1))
    return Account(official, welcomed.secret, codes)


async def signed_in(
    house: House, role: Role, name: str = "", language: Language = Language.ENGLISH
) -> tuple[Official, str]:
    """An official and the cookie of a fresh session, without the way through the door."""
    official = (await account(house, role, name, language)).official
    entry = await Doorkeeping(officials_of(house)).begin(official, "a test")
    return official, entry.token


def stands_still(house: House) -> None:
    """From now on no time passes in this house: whoever must wait some seconds still must, however slowly they ask."""
    clock = house.bot.ports.clock
    moment = clock.now()
    clock.now = lambda: moment  # type: ignore[method-assign]


@dataclass(frozen=True)
class Seen:
    """A page as it came."""

    status: int
    text: str
    headers: Mapping[str, str]
    url: str

    @property
    def words(self) -> str:
        """What stands on it, without markup."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.text)))


@dataclass
class Visitor:
    """A browser without a screen: keeps cookies, sends forms as our pages do."""

    house: House
    http: aiohttp.ClientSession
    official: Official | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, *, follow: bool = True, **headers: str) -> Seen:
        """A page, after its redirects."""
        url = urljoin(self.house.url, path)
        async with self.http.get(url, headers={**self.headers, **headers}, allow_redirects=follow) as answer:
            return Seen(answer.status, await answer.text(errors="replace"), answer.headers, str(answer.url))

    async def send(
        self,
        path: str,
        fields: Any = None,
        *,
        page: str = "",
        csrf: str | None = None,
        follow: bool = True,
        **headers: str,
    ) -> Seen:
        """A form, with the proof from `page` (where the form stands; else any page of the desk)."""
        if csrf is None:
            csrf = await self.proof(page)
        given = list(fields.items()) if isinstance(fields, Mapping) else list(fields or [])
        url = urljoin(self.house.url, path)
        told = {"Origin": self.house.url, "Sec-Fetch-Site": "same-origin", **self.headers, **headers}
        async with self.http.post(url, data=[*given, ("csrf", csrf)], headers=told, allow_redirects=follow) as answer:
            return Seen(answer.status, await answer.text(errors="replace"), answer.headers, str(answer.url))

    async def proof(self, page: str = "") -> str:
        """The proof that stands in the forms of a page."""
        seen = await self.get(page or ("/desk/me" if self.official else "/desk/sign-in"))
        found = _CSRF.search(seen.text)
        assert found is not None, f"no form on {seen.url} ({seen.status})"
        return found[1]

    def cookie(self, name: str = "rutan_desk") -> str:
        """The value of a cookie that this browser holds; '' without one."""
        return next((each.value for each in self.http.cookie_jar if each.key == name), "")


@asynccontextmanager
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in."""
    async with client() as http:
        yield Visitor(house, http)


@asynccontextmanager
async def at_desk(
    house: House, role: Role, name: str = "", language: Language = Language.ENGLISH
) -> AsyncIterator[Visitor]:
    """An official of this role, signed in."""
    official, token = await signed_in(house, role, name, language)
    async with visitor(house) as browser:
        browser.http.cookie_jar.update_cookies({"rutan_desk": token}, aiohttp.client.URL(house.url))
        browser.official = official
        yield browser


PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1366, "height": 768}
# What makes a page wider than its screen, so that people have to push it about.
WIDER = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@asynccontextmanager
async def desk_page(
    browser: Browser,
    house: House,
    role: Role | None,
    path: str,
    *,
    size: dict[str, int] = DESKTOP,
    language: Language = Language.ENGLISH,
    name: str = "",
    **given: Any,
) -> AsyncIterator[Page]:
    """A page of the desk as an official of this role sees it (None: who stands at the door). Fails when the page
    complains on its console. `given` goes to the browser: `java_script_enabled=False`."""
    complaints: list[str] = []
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        locale="th-TH" if language is Language.THAI else "en-GB",
        **given,
    )
    if role:
        _, token = await signed_in(house, role, name, language)
        await context.add_cookies(
            [{"name": "rutan_desk", "value": token, "url": house.url, "httpOnly": True, "sameSite": "Strict"}]
        )
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await page.goto(house.url + path)
    yield page
    await context.close()
    assert complaints == []
