"""The browser as a platform: the same conversation without an account. verify · read · render · collect."""

from __future__ import annotations

import asyncio
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from weakref import WeakValueDictionary

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.browser_names import Names
from bot.inbox import LONG_WAIT
from bot.running import Running
from bot.sealing import Seal, SealBroken
from bot.store.transaction import StoreFailed
from bot.webform import Refused, taken_in
from content.cleaning import cut
from content.models import Language
from handlers.languages import script
from handlers.limits import in_need
from handlers.menu import menu
from handlers.messages import Address, Kind, Message, Platform, Reply, Tone
from handlers.wording import Voice

HERE = Path(__file__).parent
LONGEST_TEXT = 20_000
# An answer takes a second or two; a browser that waits longer is told to look again.
WAIT_SECONDS = 12.0
LOOK_SECONDS = 0.5
# Without JavaScript the page carries the conversation, sealed; with the longest text it must fit into a form.
MOST_TURNS = 12
MOST_CARRIED = 200_000
# `same-origin`, not `no-referrer`: with the latter a browser posts our own form with `Origin: null`.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_PAGE = re.compile(r"https://[\w.-]+(:\d+)?(/[^\s]*)?")
_pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
# The Thai repetition mark belongs to the word before it: no new line begins with it.
_pages.filters["tied"] = lambda text: text.replace(" ๆ", "\u00a0ๆ")


# --- verify · read · render · collect --------------------------------------------------------------------------------
def verify(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent from our own page: a browser says so itself (`Origin`, `Sec-Fetch-Site`)."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    own = origin is None or origin.partition("://")[2] == headers.get("host")
    return site in ("same-origin", "none") and own


def read(form: Mapping[str, str], chat: str, hint: Language, now: datetime) -> Message:
    """What was typed or tapped; a form with neither is an empty text."""
    tap = form.get("tap", "")[:300]
    return Message(
        address=Address(Platform.WEB, chat, chat),
        event_id=secrets.token_hex(16),
        kind=Kind.TAP if tap else Kind.TEXT,
        received_at=now,
        text="" if tap else form.get("text", "").replace("\r\n", "\n"),
        data=tap,
        language_hint=hint,
    )


def render(reply: Reply) -> Markup:
    """One bubble of HTML; everything in it is escaped."""
    return Markup(_pages.get_template("reply.html").render(reply=reply))  # noqa: S704  # nosec B704  # made by an escaping template


async def collect(bot: Running, message: Message) -> list[Reply]:
    """Into the inbox like any other message; then wait at the mailroom for what comes back."""
    address, voice = message.address, _voice(bot, message)
    bell = bot.mailroom.bell(address.chat)
    news: list[Reply] = []
    try:
        # What waited since the browser looked last is shown, and not taken for the answer.
        news = [letter.reply for letter in await bot.store.collect(address)]
        await bot.accept([message])
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_SECONDS
        while loop.time() < until:
            # Where another process answers, a bell may not ring here: so we also look.
            await bell.wait(LOOK_SECONDS)
            letters = await bot.store.collect(address)
            if letters:
                return [*news, *(letter.reply for letter in letters)]
            if bell.here:
                return news
        return [*news, await not_yet(bot, voice)]
    except StoreFailed:
        return [*news, _failed(voice)]
    finally:
        bot.mailroom.leave(address.chat, bell)


def _voice(bot: Running, message: Message) -> Voice:
    return Voice(bot.ports.knowledge, script(message.text) or message.language_hint or Language.THAI)


async def not_yet(bot: Running, voice: Voice) -> Reply:
    """Where many wait: how long it takes. The page looks for the answer by itself."""
    waited = (await bot.store.depths()).oldest
    if waited < LONG_WAIT:
        return _failed(voice)
    minutes = str(max(1, round(waited / timedelta(minutes=1))))
    buttons = (voice.call("1441"),)
    return voice.short("web_crowded_title", "web_crowded", tone=Tone.CALM, buttons=buttons, minutes=minutes)


def _failed(voice: Voice) -> Reply:
    return voice.short("failed_title", "failed", tone=Tone.CAUTION, buttons=(voice.call("1441"),))


# --- the page --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Turn:
    """One bubble of the conversation on the page: what the person said, or our rendered answer."""

    who: str  # "you" or "rutan"
    html: str


class Page:
    """Draws the page; the conversation so far travels inside it, sealed for one browser."""

    def __init__(self, bot: Running, seal: Seal) -> None:
        self._bot = bot
        self._seal = seal

    def draw(self, turns: Sequence[Turn], chat: str, language: Language) -> str:
        """The whole page. The answers after the last thing said are where the browser scrolls to."""
        voice = Voice(self._bot.ports.knowledge, language)
        offline = voice.short("web_offline", tone=Tone.CAUTION, buttons=(voice.call("1441"),))
        shown = _kept(turns)
        said = [index for index, turn in enumerate(shown) if turn.who == "you"]
        return _pages.get_template("webchat.html").render(
            voice=voice,
            turns=[Turn(t.who, Markup(t.html)) for t in shown],  # noqa: S704  # nosec B704  # rendered by us, and sealed since then
            latest=said[-1] + 1 if said else None,
            history=self._seal.close(json.dumps([chat, [[t.who, t.html] for t in shown]], ensure_ascii=False)),
            offline=render(offline),
            contact=self._bot.settings.publisher_contact,
            contact_link=link_to(self._bot.settings.publisher_contact),
            language=language.value,
        )

    def turns(self, history: str, chat: str) -> list[Turn]:
        """The conversation that the page carried; a forged, outdated or another browser's one is an empty one."""
        try:
            owner, raw = json.loads(self._seal.open(history))
            return [Turn(str(who), str(html)) for who, html in raw] if owner == chat else []
        except (SealBroken, ValueError, TypeError):
            return []


def link_to(contact: str) -> str:
    """Where a contact leads that is an e-mail address or an https page; "" for any other (a telephone, an office's name)."""
    if _MAIL.fullmatch(contact):
        return f"mailto:{contact}"
    return contact if _PAGE.fullmatch(contact) else ""


def _kept(turns: Sequence[Turn]) -> list[Turn]:
    """The newest turns that the page can carry; always at least the last."""
    kept: list[Turn] = []
    carried = 0
    for turn in reversed(turns[-MOST_TURNS:]):
        carried += len(turn.html.encode())
        if kept and carried > MOST_CARRIED:
            break
        kept.insert(0, turn)
    return kept


def said(message: Message, turns: Sequence[Turn]) -> Turn:
    """The person's own bubble: their words, or the label of the button that they tapped."""
    words = cut(message.text, LONGEST_TEXT).strip()
    if message.kind is Kind.TAP:
        words = _label(message.data, turns)
    if message.kind is Kind.IMAGE:
        words = f"🖼 {words}"
    return Turn("you", str(Markup("<p>{}</p>").format(words or "…")))


def _label(tap: str, turns: Sequence[Turn]) -> str:
    """A browser without JavaScript sends only a button's value; its label stands on the page that it came from."""
    marker = f'name="tap" value="{escape(tap)}">'
    for turn in reversed(turns):
        _, found, rest = turn.html.partition(marker)
        if found:
            return Markup(rest.partition("<")[0]).unescape().strip()  # noqa: S704  # nosec B704  # unescaped to be compared, never shown
    return ""


# --- routes ----------------------------------------------------------------------------------------------------------
class Static(StaticFiles):
    """Looks and script of the page; a browser asks each time whether they changed, so that they fit the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response


def mount(app: FastAPI, bot: Running) -> None:
    """Add the web chat's routes to the application."""
    chat = WebChat(bot)
    app.router.routes.extend(
        [
            Route("/", chat.show),
            Route("/chat", chat.show),  # a reload of the address that a browser without JavaScript ends at
            Route("/chat", chat.say, methods=["POST"]),
            Route("/chat/news", chat.news),
            Mount("/static", Static(directory=HERE / "static"), name="static"),
        ]
    )


class WebChat:
    """The pages of one running bot."""

    def __init__(self, bot: Running) -> None:
        seal = Seal(bot.settings.keys())
        self._bot = bot
        self._page = Page(bot, seal)
        self._names = Names(seal, secure=bot.settings.public_url.startswith("https://"))
        # One question of a browser at a time: two tabs must not collect each other's answers.
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def show(self, request: Request) -> Response:
        """The page with the greeting."""
        chat, language = self._names.known(request) or secrets.token_hex(16), hint(request)
        voice = Voice(self._bot.ports.knowledge, language)
        welcome = voice.short("greeting_title", "greeting", quick=menu(voice).quick)
        drawn = self._page.draw([Turn("rutan", render(welcome))], chat, language)
        return self._names.give(HTMLResponse(drawn, headers=SECURITY), request, chat)

    async def say(self, request: Request) -> Response:
        """What was typed or tapped, answered: a whole page, or (`fragment`) only the bubbles."""
        try:
            if not verify(request.headers):
                raise Refused(403, "this form was not sent from our page")
            taken = await taken_in(request)
        except Refused as refused:
            return PlainTextResponse(refused.why, status_code=refused.status, headers=SECURITY)
        chat, language = self._names.known(request) or secrets.token_hex(16), hint(request)
        form, now = taken.fields, self._bot.ports.clock.now()
        message = read(form, chat, language, now)
        wait = await self._bot.doors.chat(request, chat)
        if wait and not in_need(message, self._bot.ports.knowledge.words):
            return self._names.give(self._too_fast(message, form, wait), request, chat)
        if taken.picture and message.kind is not Kind.TAP:
            picture = await self._bot.pictures.read_file(taken.picture, message.address, now)
            message = replace(message, kind=Kind.IMAGE, picture=picture)
        bubbles = [Turn("rutan", render(reply)) for reply in await self._answers(message)]
        if form.get("fragment"):
            return self._names.give(_fragment(bubbles), request, chat)
        before = self._page.turns(form.get("history", ""), chat)
        drawn = self._page.draw([*before, said(message, before), *bubbles], chat, language)
        return self._names.give(HTMLResponse(drawn, headers=SECURITY), request, chat)

    def _too_fast(self, message: Message, form: Mapping[str, str], wait: float) -> Response:
        """Not answered yet, and said so, as any answer would be."""
        voice = _voice(self._bot, message)
        reply = voice.short("web_too_fast_title", "web_too_fast", tone=Tone.CAUTION, buttons=(voice.call("1441"),))
        bubble = Turn("rutan", render(reply))
        headers = SECURITY | {"Retry-After": str(math.ceil(wait))}
        if form.get("fragment"):
            return HTMLResponse(bubble.html, status_code=429, headers=headers)
        before = self._page.turns(form.get("history", ""), message.address.chat)
        drawn = self._page.draw([*before, said(message, before), bubble], message.address.chat, voice.language)
        return HTMLResponse(drawn, status_code=429, headers=headers)

    async def news(self, request: Request) -> Response:
        """What came in the meantime, for a page that stays open."""
        chat = self._names.known(request)
        if chat is None or chat in self._busy:
            return _fragment([])
        letters = await self._bot.store.collect(Address(Platform.WEB, chat, chat))
        return _fragment([Turn("rutan", render(each.reply)) for each in letters])

    async def _answers(self, message: Message) -> list[Reply]:
        if len(message.text) > LONGEST_TEXT:
            return [_voice(self._bot, message).short("web_too_long", tone=Tone.CALM)]
        async with self._busy.setdefault(message.address.chat, asyncio.Lock()):
            return await collect(self._bot, message)


def _fragment(bubbles: Sequence[Turn]) -> Response:
    if not bubbles:
        return Response(status_code=204, headers=SECURITY)
    return HTMLResponse("".join(each.html for each in bubbles), headers=SECURITY)


def hint(request: Request) -> Language:
    """The page's language: chosen by `?lang=`, else the browser's first, else Thai."""
    chosen = request.query_params.get("lang") or request.headers.get("accept-language", "th")
    return Language.ENGLISH if chosen.lower().startswith("en") else Language.THAI
